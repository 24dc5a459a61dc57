//! One end against the other, both ours, and against what no honest peer sends.

use proptest::prelude::*;

use super::super::frame;
use super::super::settings;
use super::{Connection, Role};
use crate::http2::Ending;
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::slots::{Key, Slots};

fn owner() -> Key {
    Slots::default().insert(|_| ())
}

/// A client and a server that speak with each other.
struct Pair {
    client: Connection,
    server: Connection,
    now: Time,
}

impl Pair {
    fn new() -> Self {
        let now = Time::now();
        let mut pair = Self {
            client: Connection::new(Role::Client, now),
            server: Connection::new(Role::Server, now),
            now,
        };
        pair.settle();
        pair
    }

    /// Carries what waits to the other ends, a few bytes at a time, until nothing does.
    fn settle(&mut self) {
        while self.client.has_output() || self.server.has_output() {
            let mut out = Vec::new();
            self.client.take_output(&mut out);
            for bytes in out.chunks(7) {
                self.server.take(bytes, self.now).expect("valid frames");
            }
            out.clear();
            self.server.take_output(&mut out);
            for bytes in out.chunks(7) {
                self.client.take(bytes, self.now).expect("valid frames");
            }
        }
    }

    /// Writes on a stream of the client; returns how much was taken.
    fn ask(&mut self, id: u32, bytes: &[u8]) -> usize {
        let mut out = Vec::new();
        let taken = self.client.write(id, bytes, &mut out);
        self.server.take(&out, self.now).expect("valid frames");
        self.settle();
        taken.used
    }

    /// Writes on a stream of the server; returns how much was taken.
    fn answer(&mut self, id: u32, bytes: &[u8]) -> usize {
        let mut out = Vec::new();
        let taken = self.server.write(id, bytes, &mut out);
        self.client.take(&out, self.now).expect("valid frames");
        self.settle();
        taken.used
    }

    /// Takes what came to the server on a stream.
    fn asked(&mut self, id: u32) -> String {
        text(&mut self.server, id)
    }

    /// Takes what came to the client on a stream.
    fn answered(&mut self, id: u32) -> String {
        text(&mut self.client, id)
    }
}

fn text(connection: &mut Connection, id: u32) -> String {
    let stream = connection.stream(id).expect("the stream");
    let bytes = std::mem::take(&mut stream.inbox);
    connection.note_used(id);
    String::from_utf8_lossy(&bytes).replace('\r', "")
}

#[test]
fn an_exchange_goes_both_ways_with_trailers() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    let request = b"POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
        Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(pair.ask(id, request), request.len());
    insta::assert_snapshot!(pair.asked(id), @r"
    POST /x HTTP/1.1
    host: a
    transfer-encoding: chunked

    3
    abc
    0
    ");
    let response = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\
        Transfer-Encoding: chunked\r\n\r\n4\r\ndefg\r\n0\r\ngrpc-status: 0\r\n\r\n";
    assert_eq!(pair.answer(id, response), response.len());
    insta::assert_snapshot!(pair.answered(id), @r"
    HTTP/1.1 103 Early Hints
    link: x

    HTTP/1.1 200 OK
    transfer-encoding: chunked

    4
    defg
    0
    grpc-status: 0
    ");
    for connection in [&mut pair.client, &mut pair.server] {
        let stream = connection.stream(id).expect("the stream");
        assert_eq!(stream.ending(), Ending::Whole);
        connection.release(id, true);
        assert!(connection.is_idle());
    }
    assert!(!pair.client.has_output() && !pair.server.has_output());
}

#[test]
fn a_body_waits_for_the_window_and_goes_on_with_it() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    let length = 3 * limits::STREAM_WINDOW_BYTES as usize;
    let head = format!("PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n");
    assert_eq!(pair.ask(id, head.as_bytes()), head.len());
    let body = vec![b'x'; length];
    let first = pair.ask(id, &body);
    assert_eq!(first, limits::STREAM_WINDOW_BYTES as usize);
    assert_eq!(pair.ask(id, &body[first..]), 0);
    // A stream more may use what is left of the connection's window.
    let other = pair.client.open(owner()).expect("a stream");
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(pair.ask(other, request), request.len());
    let mut sent = first;
    let mut seen = pair.asked(id).len();
    while sent < length {
        pair.settle();
        let is_told = pair.client.next_news() == Some(id);
        sent += pair.ask(id, &body[sent..]);
        seen += pair.asked(id).len();
        assert!(is_told, "the stream goes on after {sent} bytes");
    }
    assert_eq!(seen, head.len() - head.matches('\r').count() + length);
}

#[test]
fn a_client_that_cancels_is_noticed() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    pair.ask(id, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    pair.server.stream(id).expect("the stream").owner = Some(owner());
    pair.client.release(id, false);
    pair.settle();
    let stream = pair.server.stream(id).expect("the stream");
    assert_eq!(stream.ending(), Ending::Reset);
    pair.server.release(id, false);
    assert!(pair.server.is_idle() && !pair.server.has_output());
}

#[test]
fn an_answer_that_breaks_off_resets_the_stream() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    pair.ask(id, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    pair.answer(id, b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    pair.server.release(id, true);
    pair.settle();
    let stream = pair.client.stream(id).expect("the stream");
    assert_eq!(stream.ending(), Ending::Reset);
}

#[test]
fn an_answer_until_the_close_is_whole_with_it() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    pair.ask(id, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    pair.answer(id, b"HTTP/1.1 200 OK\r\n\r\nabc");
    pair.server.release(id, true);
    pair.settle();
    let stream = pair.client.stream(id).expect("the stream");
    assert_eq!(stream.ending(), Ending::Whole);
    assert!(pair.answered(id).ends_with("3\nabc\n0\n\n"));
}

#[test]
fn a_farewell_loses_no_stream() {
    let mut pair = Pair::new();
    let id = pair.client.open(owner()).expect("a stream");
    pair.server.announce_farewell();
    pair.ask(id, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    assert!(!pair.server.is_over());
    assert_eq!(pair.client.open(owner()), None);
    pair.answer(id, b"HTTP/1.1 204 No Content\r\n\r\n");
    pair.server.release(id, true);
    assert!(pair.server.is_over());
}

#[test]
fn streams_that_a_farewell_leaves_out_are_refused_unseen() {
    let mut pair = Pair::new();
    pair.server.say_farewell();
    let id = pair.client.open(owner()).expect("a stream");
    pair.ask(id, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let stream = pair.client.stream(id).expect("the stream");
    assert_eq!(stream.ending(), Ending::Refused);
}

/// What a server says to frames of a client, before it fails or not.
fn served(frames: &[u8]) -> Result<Connection, &'static str> {
    let now = Time::now();
    let mut server = Connection::new(Role::Server, now);
    let mut bytes = frame::PREFACE.to_vec();
    frame::write(frame::SETTINGS, 0, 0, &[], &mut bytes);
    bytes.extend_from_slice(frames);
    match server.take(&bytes, now) {
        Ok(()) => Ok(server),
        Err(fatal) => Err(fatal.cause),
    }
}

fn many(count: u32, mut write: impl FnMut(u32, &mut Vec<u8>)) -> Vec<u8> {
    let mut frames = Vec::new();
    for index in 0..count {
        write(index, &mut frames);
    }
    frames
}

const GET: &[u8] = &[0x82, 0x87, 0x84, 0x41, 0x01, b'a'];

fn verdict(name: &str, frames: &[u8]) -> String {
    match served(frames) {
        Ok(_) => format!("{name}: served"),
        Err(cause) => format!("{name}: {cause}"),
    }
}

const WHOLE: u8 = frame::END_HEADERS | frame::END_STREAM;

/// CVE-2019-9512, 9515 and 9518, and their kin.
#[test]
fn floods_of_idle_frames_are_ended() {
    let of =
        |kind, payload: &'static [u8]| many(2000, |_, out| frame::write(kind, 0, 0, payload, out));
    let mut data = Vec::new();
    frame::write(frame::HEADERS, frame::END_HEADERS, 1, GET, &mut data);
    data.extend(many(2000, |_, out| {
        frame::write(frame::DATA, 0, 1, &[], out);
    }));
    let verdicts = [
        verdict("pings", &of(frame::PING, b"12345678")),
        verdict("settings", &of(frame::SETTINGS, &[])),
        verdict("windows", &of(frame::WINDOW_UPDATE, &[0, 0, 0, 1])),
        verdict("unknown frames", &of(77, b"x")),
        verdict("empty data", &data),
    ];
    insta::assert_snapshot!(verdicts.join("\n"), @r"
    pings: too many frames that carry nothing
    settings: too many frames that carry nothing
    windows: too many frames that carry nothing
    unknown frames: too many frames that carry nothing
    empty data: too many frames that carry nothing
    ");
}

/// CVE-2019-9514, CVE-2023-44487 and CVE-2025-8671.
#[test]
fn floods_of_streams_are_ended() {
    let each = |more: fn(u32, &mut Vec<u8>)| {
        many(600, |index, out| {
            frame::write(frame::HEADERS, WHOLE, 2 * index + 1, GET, out);
            more(2 * index + 1, out);
        })
    };
    let reset = each(|id, out| frame::write(frame::RST_STREAM, 0, id, &[0, 0, 0, 8], out));
    let wrong = each(|id, out| frame::write(frame::WINDOW_UPDATE, 0, id, &[0; 4], out));
    let verdicts = [
        verdict("resets", &reset),
        verdict("resets that we are made to send", &wrong),
        verdict("streams beyond the limit", &each(|_, _| {})),
    ];
    insta::assert_snapshot!(verdicts.join("\n"), @r"
    resets: too many streams are reset
    resets that we are made to send: too many streams are reset
    streams beyond the limit: too many streams are reset
    ");
}

/// CVE-2024-27316 and its kin.
#[test]
fn floods_of_headers_are_ended() {
    let continued = |count, part: &[u8]| {
        let mut out = Vec::new();
        frame::write(frame::HEADERS, 0, 1, GET, &mut out);
        out.extend(many(count, |_, out| {
            frame::write(frame::CONTINUATION, 0, 1, part, out);
        }));
        out
    };
    let verdicts = [
        verdict("many", &continued(100, &[0, 1, b'x', 0])),
        verdict("empty", &continued(100, &[])),
        verdict("long", &continued(4, &[0x82; 16_000])),
    ];
    insta::assert_snapshot!(verdicts.join("\n"), @r"
    many: a block of headers is too long
    empty: a block of headers is too long
    long: a block of headers is too long
    ");
}

#[test]
fn frames_that_cannot_be_end_the_connection() {
    let frame = |kind, flags, id, payload: &[u8]| {
        let mut out = Vec::new();
        frame::write(kind, flags, id, payload, &mut out);
        served(&out).err().unwrap_or("served")
    };
    let end = frame::END_HEADERS | frame::END_STREAM;
    let verdicts = [
        ("data on 0", frame(frame::DATA, 0, 0, b"x")),
        ("data on an idle stream", frame(frame::DATA, 0, 1, b"x")),
        (
            "padding",
            frame(frame::HEADERS, end | frame::PADDED, 1, &[9, 0x82]),
        ),
        (
            "headers on an even stream",
            frame(frame::HEADERS, end, 2, GET),
        ),
        (
            "a block that cannot be read",
            frame(frame::HEADERS, end, 1, &[0x80]),
        ),
        ("push", frame(frame::PUSH_PROMISE, 0, 1, &[0; 4])),
        ("a lone continuation", frame(frame::CONTINUATION, 4, 1, GET)),
        (
            "reset of an idle stream",
            frame(frame::RST_STREAM, 0, 1, &[0; 4]),
        ),
        (
            "settings of seven bytes",
            frame(frame::SETTINGS, 0, 0, &[0; 7]),
        ),
        ("settings on a stream", frame(frame::SETTINGS, 0, 1, &[])),
        ("ping of seven bytes", frame(frame::PING, 0, 0, &[0; 7])),
        ("goaway on a stream", frame(frame::GOAWAY, 0, 1, &[0; 8])),
        ("a window of 0", frame(frame::WINDOW_UPDATE, 0, 0, &[0; 4])),
        (
            "a window too large",
            frame(frame::WINDOW_UPDATE, 0, 0, &[0x7f, 255, 255, 255]),
        ),
        (
            "an initial window too large",
            frame(
                frame::SETTINGS,
                0,
                0,
                &settings::payload(&[(settings::INITIAL_WINDOW_SIZE, 1 << 31)]),
            ),
        ),
        (
            "a frame too large",
            frame(frame::PING, 0, 0, &vec![0; 20_000]),
        ),
    ];
    let lines = verdicts.map(|(name, verdict)| format!("{name}: {verdict}"));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_body_that_is_not_as_long_as_declared_resets_its_stream() {
    let long = [GET, &[0x0f, 13, 1, b'5']].concat();
    for (data, flags) in [(&b"abcdef"[..], 0), (b"abcd", frame::END_STREAM)] {
        let mut out = Vec::new();
        frame::write(frame::HEADERS, frame::END_HEADERS, 1, &long, &mut out);
        frame::write(frame::DATA, flags, 1, data, &mut out);
        let mut server = served(&out).expect("the connection goes on");
        assert!(server.stream(1).is_none());
        let mut sent = Vec::new();
        server.take_output(&mut sent);
        assert!(sent.ends_with(&[3, 0, 0, 0, 0, 1, 0, 0, 0, 1]), "{sent:?}");
    }
}

#[test]
fn more_data_than_the_window_ends_the_connection() {
    let mut out = Vec::new();
    frame::write(frame::HEADERS, frame::END_HEADERS, 1, GET, &mut out);
    for _ in 0..17 {
        frame::write(frame::DATA, 0, 1, &vec![0; 16 * 1024], &mut out);
    }
    assert_eq!(
        served(&out).expect_err("too much"),
        "more data than the window takes"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(frames in proptest::collection::vec(
        (0_u8..11, any::<u8>(), 0_u32..6, proptest::collection::vec(any::<u8>(), 0..40)),
        0..12,
    ), size in 1_usize..60) {
        for role in [Role::Server, Role::Client] {
            let now = Time::now();
            let mut connection = Connection::new(role, now);
            connection.open(owner());
            let mut bytes = Vec::new();
            if role == Role::Server {
                bytes.extend_from_slice(frame::PREFACE);
            }
            frame::write(frame::SETTINGS, 0, 0, &[], &mut bytes);
            for (kind, flags, id, payload) in &frames {
                let payload: &[u8] = if *kind == frame::HEADERS && flags & 3 == 3 {
                    GET
                } else {
                    payload
                };
                frame::write(*kind, *flags, *id, payload, &mut bytes);
            }
            for part in bytes.chunks(size) {
                if connection.take(part, now).is_err() {
                    break;
                }
                while let Some(id) = connection.next_news() {
                    let mut out = Vec::new();
                    connection.write(id, b"HTTP/1.1 200 OK\r\n\r\nabc", &mut out);
                    connection.note_used(id);
                    connection.release(id, id % 2 == 0);
                }
            }
        }
    }
}

//! Laws of HTTP/2.

use super::read;
use crate::http1::body::Body;
use crate::http1::cookie::OnRequest;
use crate::http2::{Connection, Ending, Role};
use crate::runtime::clock::Time;
use crate::runtime::slots::Slots;

/// What is sent first by a client that may do what it likes afterwards.
const BEGIN: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// What came of bytes: why the connection ended, what was sent, and what is known of each stream.
type Outcome = (
    Option<&'static str>,
    Vec<u8>,
    Vec<(Ending, Option<Vec<u8>>)>,
);

/// Frames of a client mean the same however their bytes come, and what they make a member see on a
/// stream is one request, or the start of one, and nothing behind it.
pub fn http2_requests(bytes: &[u8]) {
    let take = |step: usize| {
        let now = Time::now();
        let mut connection = Connection::new(Role::Server, now);
        let begun = connection.take(BEGIN, now);
        assert!(begun.is_ok(), "an honest beginning is refused");
        outcome(connection, bytes, (step, now))
    };
    let at_once = take(bytes.len().max(1));
    for step in [1, 7] {
        assert_eq!(take(step), at_once, "it matters how bytes come");
    }
}

/// Frames of a member mean the same however their bytes come.
pub fn http2_responses(bytes: &[u8]) {
    let take = |step: usize| {
        let now = Time::now();
        let mut connection = Connection::new(Role::Client, now);
        let owner = Slots::default().insert(|_| ());
        for head in [
            &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
            b"HEAD / HTTP/1.1\r\n\r\n",
        ] {
            if let Some(id) = connection.open(owner) {
                connection.write(id, head, &mut Vec::new());
            }
        }
        let begun = connection.take(&BEGIN[24..], now);
        assert!(begun.is_ok(), "an honest beginning is refused");
        outcome(connection, bytes, (step, now))
    };
    let at_once = take(bytes.len().max(1));
    for step in [1, 7] {
        assert_eq!(take(step), at_once, "it matters how bytes come");
    }
}

fn outcome(mut connection: Connection, bytes: &[u8], (step, now): (usize, Time)) -> Outcome {
    let mut ended = None;
    for piece in bytes.chunks(step) {
        if let Err(fatal) = connection.take(piece, now) {
            ended = Some(fatal.cause);
            connection.fail(fatal);
            break;
        }
    }
    let mut out = Vec::new();
    connection.take_output(&mut out);
    let streams = connection.streams().map(|stream| {
        let body = (stream.owner.is_none() && !stream.is_too_large)
            .then(|| request(&stream.inbox, stream.ending()));
        (stream.ending(), body.flatten())
    });
    let streams = streams.collect();
    (ended, out, streams)
}

/// Returns the body of a request as it is without chunks, if it is taken at all.
fn request(bytes: &[u8], ending: Ending) -> Option<Vec<u8>> {
    let read = read(bytes, OnRequest::Nothing).ok()?;
    let (head, _) = read.expect("a head that was taken is whole");
    let (mut body, mut data) = (Body::new(head.body), Vec::new());
    let rest = &bytes[head.length..];
    let used = body.unpack(rest, &mut data);
    let used = used.expect("a body that was taken is valid");
    assert_eq!(used, rest.len(), "there is something behind the request");
    if ending == Ending::Whole {
        assert!(body.is_done(), "a whole request has no end");
    }
    Some(data)
}

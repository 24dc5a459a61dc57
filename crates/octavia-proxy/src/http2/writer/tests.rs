use proptest::prelude::*;

use super::super::frame::{self, Frame};
use super::{BadMessage, Message, Room, Writer};

const ROOM: Room = Room {
    stream: 1,
    data: 1 << 20,
};

/// Writes a message that comes in parts; shows the frames.
fn written(message: Message, parts: &[&str]) -> Result<String, BadMessage> {
    let (mut writer, mut out) = (Writer::new(message), Vec::new());
    let mut rest = Vec::new();
    for part in parts {
        rest.extend_from_slice(part.as_bytes());
        let used = writer.write(&rest, ROOM, &mut out)?.used;
        rest.drain(..used);
    }
    Ok(frames(&out).join("\n"))
}

fn frames(mut bytes: &[u8]) -> Vec<String> {
    let mut shown = Vec::new();
    while let Some(frame) = Frame::read(bytes) {
        let end = frame::HEAD + frame.length;
        let payload = String::from_utf8_lossy(&bytes[frame::HEAD..end]);
        let kind = match frame.kind {
            frame::DATA => format!("DATA {payload:?}"),
            frame::HEADERS => "HEADERS".into(),
            frame::CONTINUATION => "CONTINUATION".into(),
            kind => kind.to_string(),
        };
        let end_of = |flag, name| if frame.has(flag) { name } else { "" };
        let last = end_of(frame::END_STREAM, " END_STREAM");
        shown.push(format!("{kind}{last}"));
        bytes = &bytes[end..];
    }
    shown
}

#[test]
fn the_end_is_in_the_last_frame_where_it_can_be() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
    let whole = written(Message::Response, &[head, "ab", "cd"]);
    insta::assert_snapshot!(whole.expect("frames"), @r#"
    HEADERS
    DATA "ab"
    DATA "cd" END_STREAM
    "#);
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunked = written(Message::Response, &[head, "2\r\nab\r\n0\r\n\r\n"]);
    insta::assert_snapshot!(chunked.expect("frames"), @r#"
    HEADERS
    DATA "ab" END_STREAM
    "#);
    let late = written(Message::Response, &[head, "2\r\nab\r\n", "0\r\n", "\r\n"]);
    insta::assert_snapshot!(late.expect("frames"), @r#"
    HEADERS
    DATA "ab"
    DATA "" END_STREAM
    "#);
}

#[test]
fn messages_without_a_body_end_with_their_head() {
    let heads = [
        (Message::Response, "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            Message::Response,
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
        ),
        (
            Message::Response,
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ),
        (
            Message::HeadResponse,
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n",
        ),
        (Message::Request, "GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
    ];
    for (message, head) in heads {
        let shown = written(message, &[head]).expect("frames");
        assert_eq!(shown, "HEADERS END_STREAM", "{head}");
    }
}

#[test]
fn trailers_are_headers_at_the_end() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let parts = [head, "1\r\na\r\n0\r\nx: ", "y\r\n\r\n"];
    let shown = written(Message::Response, &parts).expect("frames");
    insta::assert_snapshot!(shown, @r#"
    HEADERS
    DATA "a"
    HEADERS END_STREAM
    "#);
}

#[test]
fn a_long_head_is_continued() {
    let value = "x".repeat(15_000);
    let head = format!("HTTP/1.1 204 No Content\r\na: {value}\r\nb: {value}\r\n\r\n");
    let shown = written(Message::Response, &[&head]).expect("frames");
    assert_eq!(shown, "HEADERS END_STREAM\nCONTINUATION");
}

#[test]
fn what_is_not_http_1_1_is_not_written() {
    assert_eq!(
        written(Message::Response, &["what?\r\n\r\n"]),
        Err(BadMessage)
    );
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx";
    assert_eq!(written(Message::Response, &[chunk]), Err(BadMessage));
}

proptest! {
    #[test]
    fn whatever_the_windows_and_parts_are_the_data_is_the_same(
        chunks in proptest::collection::vec("[a-z]{1,30}", 0..6),
        windows in proptest::collection::vec(0_usize..20, 1..60),
        size in 1_usize..40,
    ) {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let packed = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        let message = format!("{head}{}0\r\n\r\n", packed.collect::<String>());
        let (mut writer, mut out) = (Writer::new(Message::Response), Vec::new());
        let (mut at, mut offered, mut total) = (0, 0, 0);
        let mut windows = windows.into_iter().chain(std::iter::repeat(7));
        while !writer.is_done() {
            offered = (offered + size).min(message.len());
            let data = windows.next().unwrap_or(7);
            let room = Room { stream: 1, data };
            let written = writer.write(&message.as_bytes()[at..offered], room, &mut out);
            let written = written.expect("a valid message");
            prop_assert!(written.data <= data);
            at += written.used;
            total += written.data;
        }
        prop_assert_eq!(at, message.len());
        prop_assert_eq!(total, chunks.concat().len());
    }
}

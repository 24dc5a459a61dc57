use proptest::prelude::*;

use super::{Backward, Exchange, Persistence};
use crate::http1::answer::Refusal;
use crate::http1::body::Framing;
use crate::http1::cookie::OnResponse;
use crate::http1::request::RequestHead;

const GET: RequestHead = RequestHead {
    length: 0,
    body: Framing::None,
    wants_head_only: false,
    may_repeat: true,
    is_1_1: true,
    keep_alive: true,
    upgrade: false,
    cookie: None,
};

fn backward(persistence: Persistence) -> Backward<'static> {
    Backward {
        persistence,
        cookies: OnResponse::Nothing,
        lines: b"",
    }
}

/// What came out of a response that was received in pieces of `sizes`.
fn pass(
    request: RequestHead,
    response: &[u8],
    sizes: &[usize],
) -> Result<(Exchange, Vec<u8>), Refusal> {
    let mut exchange = Exchange::new(request);
    let (mut out, mut held, mut rest) = (Vec::new(), Vec::new(), response);
    for size in sizes.iter().cycle() {
        let (piece, left) = rest.split_at((*size).min(rest.len()));
        held.extend_from_slice(piece);
        let taken = exchange.take_from_member(&held, backward(Persistence::Keep), &mut out)?;
        out.extend_from_slice(&held[taken.forward_from..taken.used]);
        held.drain(..taken.used);
        rest = left;
        if rest.is_empty() || exchange.is_response_complete() {
            break;
        }
    }
    Ok((exchange, out))
}

fn passed(request: RequestHead, response: &str) -> (Exchange, String) {
    let response = response.replace('\n', "\r\n");
    let (exchange, out) = pass(request, response.as_bytes(), &[1000]).expect("a valid response");
    (
        exchange,
        String::from_utf8_lossy(&out).replace("\r\n", "\n"),
    )
}

fn refused(response: &str) -> bool {
    let response = response.replace('\n', "\r\n");
    pass(GET, response.as_bytes(), &[1000]).is_err()
}

#[test]
fn the_cookie_of_the_answer_is_told_and_not_that_of_an_interim_one() {
    let bytes = b"HTTP/1.1 103 Early Hints\r\nSet-Cookie: SID=one\r\n\r\n\
        HTTP/1.1 200 OK\r\nSet-Cookie: a=SID\r\nset-cookie: SID=two; Path=/\r\n\
        Content-Length: 2\r\n\r\nok";
    let backward = Backward {
        persistence: Persistence::Keep,
        cookies: OnResponse::Find(b"SID"),
        lines: b"",
    };
    let mut out = Vec::new();
    let taken = Exchange::new(GET).take_from_member(bytes, backward, &mut out);
    let cookie = taken.expect("a valid response").cookie;
    assert_eq!(cookie.map(|span| span.within(bytes)), Some(&b"two"[..]));
    assert!(bytes.starts_with(&out));
}

#[test]
fn a_response_is_copied_and_both_connections_go_on() {
    let text = "HTTP/1.1 200 Fine\nServer: x\nContent-Length: 2\n\nok";
    let (exchange, out) = passed(GET, text);
    assert_eq!(out, text);
    assert!(exchange.is_response_complete());
    assert!(exchange.keeps_client() && exchange.keeps_member());
}

#[test]
fn a_member_that_closes_does_not_close_the_client() {
    let (exchange, out) = passed(
        GET,
        "HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n",
    );
    assert_eq!(out, "HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    assert!(exchange.keeps_client() && !exchange.keeps_member());
}

#[test]
fn a_body_without_length_ends_with_both_connections() {
    let (mut exchange, out) = passed(GET, "HTTP/1.0 200 OK\nA: b\n\nsome");
    assert_eq!(out, "HTTP/1.1 200 OK\nA: b\nConnection: close\n\nsome");
    assert!(!exchange.is_response_complete());
    assert!(exchange.end_of_member());
    assert!(exchange.is_response_complete());
    assert!(!exchange.keeps_client() && !exchange.keeps_member());
}

#[test]
fn an_answer_that_breaks_off_is_not_complete() {
    let (mut exchange, _) = passed(GET, "HTTP/1.1 200 OK\nContent-Length: 5\n\nsome");
    assert!(!exchange.end_of_member());
    let (mut exchange, _) = passed(
        GET,
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nsome\n",
    );
    assert!(!exchange.end_of_member());
}

#[test]
fn responses_without_bodies_have_none_whatever_they_say() {
    let head = RequestHead {
        wants_head_only: true,
        ..GET
    };
    for (request, response) in [
        (head, "HTTP/1.1 200 OK\nContent-Length: 500\n\n"),
        (GET, "HTTP/1.1 304 Not Modified\nContent-Length: 500\n\n"),
        (GET, "HTTP/1.1 204 No Content\n\n"),
    ] {
        let (exchange, out) = passed(request, response);
        assert_eq!(out, response);
        assert!(exchange.is_response_complete() && exchange.keeps_member());
    }
}

#[test]
fn interim_responses_come_before_the_answer() {
    let text = "HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: a\n\n\
                HTTP/1.1 200 OK\nContent-Length: 2\n\nok";
    let (exchange, out) = passed(GET, text);
    assert_eq!(out, text);
    assert!(exchange.is_response_complete());
    let old = RequestHead {
        is_1_1: false,
        ..GET
    };
    let (_, out) = passed(old, text);
    assert_eq!(
        out,
        "HTTP/1.1 200 OK\nContent-Length: 2\nConnection: keep-alive\n\nok"
    );
}

#[test]
fn chunks_are_unpacked_for_http_1_0() {
    let old = RequestHead {
        is_1_1: false,
        ..GET
    };
    let response = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nsome\n0\n\n";
    let (exchange, out) = passed(old, response);
    assert_eq!(out, "HTTP/1.1 200 OK\nConnection: close\n\nsome");
    assert!(exchange.is_response_complete() && exchange.keeps_member());
    assert!(!exchange.keeps_client());
}

#[test]
fn a_switch_of_protocols_must_have_been_asked_for() {
    let response = "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\n";
    assert!(refused(response));
    let request = RequestHead {
        upgrade: true,
        ..GET
    };
    let (exchange, out) = passed(request, response);
    assert!(exchange.is_switched());
    assert_eq!(
        out,
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: upgrade\n\n"
    );
}

#[test]
fn answers_of_unclear_length_are_refused() {
    for fields in [
        "Content-Length: 5\nTransfer-Encoding: chunked",
        "Content-Length: 5\nContent-Length: 6",
        "Content-Length: five",
        "Transfer-Encoding: gzip",
    ] {
        assert!(
            refused(&format!("HTTP/1.1 200 OK\n{fields}\n\n")),
            "{fields}"
        );
    }
    assert!(refused("HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n"));
    assert!(refused("220 mail.example ESMTP\n"));
}

#[test]
fn a_draining_listener_closes_after_the_answer() {
    let mut exchange = Exchange::new(GET);
    let mut out = Vec::new();
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let taken = exchange.take_from_member(response, backward(Persistence::Close), &mut out);
    assert!(taken.is_ok());
    assert!(out.ends_with(b"Connection: close\r\n\r\n"));
    assert!(!exchange.keeps_client() && exchange.keeps_member());
}

proptest! {
    #[test]
    fn pieces_pass_as_the_whole_does(sizes in prop::collection::vec(1_usize..30, 1..40), old: bool) {
        let response = b"HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nKeep-Alive: 1\r\nA: b\r\n\
            Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nsome\r\n10\r\n0123456789abcdef\r\n0\r\nT: u\r\n\r\n";
        let request = RequestHead { is_1_1: !old, ..GET };
        let (whole, expected) = pass(request, response, &[1000]).expect("valid");
        let (pieces, out) = pass(request, response, &sizes).expect("valid");
        prop_assert!(whole.is_response_complete() && pieces.is_response_complete());
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
    }

    #[test]
    fn random_bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop(pass(GET, &bytes, &[7]));
        let mut response = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        response.extend(bytes);
        drop(pass(GET, &response, &[7]));
    }
}

use proptest::prelude::*;

use super::{Forward, RequestHead, read};
use crate::config::snapshot::Headers;
use crate::http1::answer::Refusal;
use crate::http1::body::Framing;
use crate::http1::cookie::OnRequest;
use crate::limits;
use crate::tls::{PeerHeader, PeerHeaders};

fn headers() -> Headers {
    Headers {
        forwarded_for: true,
        forwarded_port: true,
        forwarded_proto: true,
        peer: PeerHeaders::default(),
        lines: b"X-Forwarded-Port: 80\r\nX-Forwarded-Proto: http\r\n".to_vec(),
    }
}

fn read_with(headers: &Headers, bytes: &[u8]) -> Result<Option<(RequestHead, String)>, Refusal> {
    read_cookies(headers, OnRequest::Nothing, bytes)
}

fn read_cookies(
    headers: &Headers,
    cookies: OnRequest<'_>,
    bytes: &[u8],
) -> Result<Option<(RequestHead, String)>, Refusal> {
    let forward = Forward {
        headers,
        client: "192.0.2.7".parse().expect("an address"),
        peer: None,
        local: "198.51.100.1:80".parse().expect("an address"),
        cookies,
    };
    let mut out = Vec::new();
    let head = read(bytes, forward, &mut out)?;
    let text = String::from_utf8_lossy(&out).replace("\r\n", "\n");
    Ok(head.map(|head| (head, text)))
}

fn plain(text: &str) -> Result<Option<(RequestHead, String)>, Refusal> {
    read_with(&Headers::default(), text.replace('\n', "\r\n").as_bytes())
}

fn accepted(text: &str) -> (RequestHead, String) {
    let result = plain(text).expect("a valid request");
    result.expect("a whole head")
}

fn refused(text: &str) -> u16 {
    plain(text).expect_err("a bad request").status().0
}

#[test]
fn what_a_proxy_does_not_touch_is_copied() {
    let text = "POST /a?b=c HTTP/1.1\nhOsT: x\nContent-Length: 5\nX-A:  spaced \t\nCookie: a=b\n\n";
    let (head, rendered) = accepted(text);
    assert_eq!(rendered, text);
    assert_eq!(head.body, Framing::Length(5));
    assert!(head.keep_alive && head.is_1_1 && !head.may_repeat);
}

#[test]
fn forwarding_headers_are_added_and_forged_ones_replaced() {
    let text = b"GET / HTTP/1.1\r\nX-Forwarded-Port: 1\r\nHost: x\r\nx-forwarded-proto: https\r\n\
        X-Forwarded-For: 10.0.0.1\r\n\r\n";
    let (_, rendered) = read_with(&headers(), text).expect("valid").expect("whole");
    insta::assert_snapshot!(rendered, @"
    GET / HTTP/1.1
    Host: x
    X-Forwarded-For: 10.0.0.1
    X-Forwarded-Port: 80
    X-Forwarded-Proto: http
    X-Forwarded-For: 192.0.2.7
    ");
}

/// What a member sees of cookies, and what the one called SRV says.
fn cookies(cookies: OnRequest<'_>, lines: &str) -> (String, Option<String>) {
    let text = format!("GET / HTTP/1.1\nHost: x\n{lines}\n\n").replace('\n', "\r\n");
    let read = read_cookies(&Headers::default(), cookies, text.as_bytes());
    let (head, rendered) = read.expect("valid").expect("whole");
    let value = head.cookie.map(|span| span.within(text.as_bytes()));
    let value = value.map(|value| String::from_utf8_lossy(value).into_owned());
    let rest = rendered.strip_prefix("GET / HTTP/1.1\nHost: x\n");
    (rest.expect("the rest of the head").into(), value)
}

#[test]
fn a_cookie_of_ours_is_told_and_taken_out() {
    let taken = |lines| cookies(OnRequest::Take(b"SRV"), lines);
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(taken("Cookie: SRV=a"), ("\n".into(), some("a")));
    for lines in [
        "Cookie: SRV=a; b=c; d=e",
        "cookie:b=c;SRV=a;d=e",
        "Cookie: b=c; d=e;  SRV=a",
        "Cookie: SRV=a; b=c; SRV=f; d=e",
    ] {
        let expected = ("Cookie: b=c; d=e\n\n".into(), some("a"));
        assert_eq!(taken(lines), expected, "{lines}");
    }
    let two = taken("Cookie: b=c\nCookie: SRV=a; d=e\nX-A: b");
    let expected = "Cookie: b=c\nX-A: b\nCookie: d=e\n\n";
    assert_eq!(two, (expected.into(), some("a")));
}

#[test]
fn other_cookies_are_left_as_they_are() {
    let lines = "Cookie:  b=c;; SRVX=a ;x; srv=y\nX-Cookie: SRV=a";
    let untouched = (format!("{lines}\n\n"), None);
    assert_eq!(cookies(OnRequest::Take(b"SRV"), lines), untouched);
    assert_eq!(cookies(OnRequest::Nothing, "Cookie: SRV=a").1, None);
}

#[test]
fn a_cookie_of_the_application_is_told_and_passed_on() {
    let (rendered, value) = cookies(OnRequest::Find(b"SID"), "Cookie: a=b; SID=\"x\"");
    assert_eq!(rendered, "Cookie: a=b; SID=\"x\"\n\n");
    assert_eq!(value.as_deref(), Some("\"x\""));
}

#[test]
fn what_is_meant_for_one_hop_stays_here() {
    let (_, rendered) = accepted(
        "GET / HTTP/1.1\nConnection: keep-alive, X-Private, Host\nKeep-Alive: timeout=5\nHost: x\n\
         X-Private: 1\nTE: trailers\nProxy-Connection: close\nUpgrade: websocket\n\n",
    );
    assert_eq!(rendered, "GET / HTTP/1.1\nHost: x\n\n");
}

#[test]
fn an_upgrade_is_passed_on_but_not_to_http2() {
    let (head, rendered) =
        accepted("GET / HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: websocket\n\n");
    assert!(head.upgrade && !head.may_repeat);
    assert_eq!(
        rendered,
        "GET / HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: upgrade\n\n"
    );
    let (head, rendered) = accepted(
        "GET / HTTP/1.1\nHost: x\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n\
         HTTP2-Settings: AA\n\n",
    );
    assert!(!head.upgrade);
    assert_eq!(rendered, "GET / HTTP/1.1\nHost: x\n\n");
}

#[test]
fn a_client_of_http_1_0_is_spoken_for_in_1_1() {
    let (head, rendered) = accepted("GET / HTTP/1.0\n\n");
    assert!(!head.keep_alive && !head.is_1_1);
    assert_eq!(rendered, "GET / HTTP/1.1\nHost: 198.51.100.1:80\n\n");
    let (head, _) = accepted("GET / HTTP/1.0\nConnection: Keep-Alive\n\n");
    assert!(head.keep_alive);
}

#[test]
fn ambiguous_lengths_are_refused() {
    for fields in [
        "Content-Length: 5\nTransfer-Encoding: chunked",
        "Content-Length: 5\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: ",
        "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
    ] {
        let text = format!("POST / HTTP/1.1\nHost: x\n{fields}\n\n");
        assert_eq!(refused(&text), 400, "{fields}");
    }
    for length in ["9223372036854775808", "99999999999999999999"] {
        let text = format!("POST / HTTP/1.1\nHost: x\nContent-Length: {length}\n\n");
        assert_eq!(refused(&text), 413, "{length}");
    }
    let chunked_1_0 = "POST / HTTP/1.0\nHost: x\nTransfer-Encoding: chunked\n\n";
    assert_eq!(refused(chunked_1_0), 400);
}

#[test]
fn unknown_codings_versions_and_methods_are_named() {
    let coding = |coding| format!("POST / HTTP/1.1\nHost: x\nTransfer-Encoding: {coding}\n\n");
    assert_eq!(refused(&coding("gzip, chunked")), 501);
    assert_eq!(refused(&coding("xchunked")), 501);
    assert_eq!(refused("GET / HTTP/2.0\nHost: x\n\n"), 505);
    assert_eq!(refused("CONNECT a:1 HTTP/1.1\nHost: a:1\n\n"), 405);
}

#[test]
fn malformed_heads_are_refused() {
    for text in [
        "GET / HTTP/1.1\n\n",
        "GET / HTTP/1.1\nHost: x\nHost: x\n\n",
        "GET / HTTP/1.1\nHost: x\n folded\n\n",
        "GET / HTTP/1.1\nHost : x\n\n",
        "GET / HTTP/1.1\nHost: x\nNo colon\n\n",
        "GET / HTTP/1.1\nHost: a\0b\n\n",
        "G@T / HTTP/1.1\nHost: x\n\n",
        "GET  / HTTP/1.1\nHost: x\n\n",
        "GET /\n\n",
    ] {
        assert_eq!(refused(text), 400, "{text:?}");
    }
    for bytes in [
        &b"GET / HTTP/1.1\nHost: x\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
    ] {
        let refusal = read_with(&Headers::default(), bytes).expect_err("a lone CR or LF");
        assert_eq!(refusal.status().0, 400, "{bytes:?}");
    }
}

#[test]
fn targets_that_could_mean_something_else_are_refused() {
    let accepts = |target| accepted(&format!("GET {target} HTTP/1.1\nHost: a.example\n\n"));
    assert!(
        accepts("http://A.example:80/x?y")
            .1
            .starts_with("GET http://A.example:80/x?y ")
    );
    assert!(accepts("/redirect?to=http://b.example/").0.keep_alive);
    for target in [
        "http://b.example/",
        "http://user@a.example/",
        "/a#b",
        "/\u{e9}",
    ] {
        let text = format!("GET {target} HTTP/1.1\nHost: a.example\n\n");
        assert_eq!(refused(&text), 400, "{target}");
    }
}

#[test]
fn large_heads_are_refused_complete_or_not() {
    let many = "A: b\n".repeat(limits::HEADERS);
    assert_eq!(refused(&format!("GET / HTTP/1.1\nHost: x\n{many}\n")), 431);
    let long = "a".repeat(limits::HEAD_BYTES);
    assert_eq!(refused(&format!("GET / HTTP/1.1\nHost: x\nA: {long}")), 431);
    assert_eq!(
        refused(&format!("GET / HTTP/1.1\nHost: x\nA: {long}\n\n")),
        431
    );
}

proptest! {
    #[test]
    fn exactly_our_cookies_are_taken_out(
        pairs in prop::collection::vec(("(SRV|a|SRVX|sRV)", "[a-z=]{0,5}"), 1..8),
    ) {
        let join = |pairs: Vec<String>| pairs.join("; ");
        let all = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        let rest = all.clone().filter(|pair| !pair.starts_with("SRV="));
        let expected = match join(rest.collect()) {
            rest if rest.is_empty() => "\n".to_owned(),
            rest => format!("Cookie: {rest}\n\n"),
        };
        let ours = pairs.iter().find(|(name, _)| name == "SRV");
        let line = format!("Cookie: {}", join(all.collect()));
        let (rendered, value) = cookies(OnRequest::Take(b"SRV"), &line);
        prop_assert_eq!(rendered, expected);
        prop_assert_eq!(value.as_ref(), ours.map(|(_, value)| value));
    }

    #[test]
    fn random_bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(read_with(&headers(), &bytes));
    }

    #[test]
    fn nearly_valid_heads_are_never_a_panic(
        mut bytes in Just(b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close, a\r\nA: b\r\nContent-Length: 3\r\n\r\nabc".to_vec()),
        at in 0_usize..70, byte: u8,
    ) {
        bytes[at] = byte;
        drop(read_with(&headers(), &bytes));
    }

    #[test]
    fn a_head_is_read_only_when_it_is_whole(cut in 0_usize..48) {
        let whole = b"GET /some/path HTTP/1.1\r\nHost: x\r\nA: bcdefgh\r\n\r\n";
        let read = |bytes| read_with(&headers(), bytes).expect("nothing wrong so far");
        prop_assert_eq!(read(&whole[..cut]), None);
        prop_assert!(read(whole).is_some());
    }
}

#[test]
fn what_a_client_says_of_its_certificate_is_replaced_where_we_say_it() {
    let headers = Headers {
        peer: PeerHeaders::of(|header| header == PeerHeader::CommonName),
        ..Headers::default()
    };
    let head =
        b"GET / HTTP/1.1\r\nHost: x\r\nx-ssl-client-cn: forged\r\nX-SSL-Issuer: kept\r\n\r\n";
    let (_, out) = read_with(&headers, head).expect("valid").expect("complete");
    insta::assert_snapshot!(out.replace(" \r", "").replace('\r', ""), @"
    GET / HTTP/1.1
    Host: x
    X-SSL-Issuer: kept
    X-SSL-Client-CN:
    ");
}

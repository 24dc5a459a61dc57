use super::{Kind, Packing, RequestHead, ResponseHead, Trailers};

type Fields<'a> = &'a [(&'a str, &'a str)];

const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "https"),
    (":path", "/a?b"),
    (":authority", "example.com"),
];

/// Reads a request; what is malformed is told in brackets.
fn request(fields: Fields<'_>, ends: bool) -> String {
    let (mut head, mut out) = (RequestHead::default(), Vec::new());
    for (name, value) in fields {
        head.add(name.as_bytes(), value.as_bytes(), &mut out);
    }
    match head.finish(ends, &mut out) {
        Ok(head) if head.is_too_large => "[too large]".into(),
        Ok(_) => String::from_utf8_lossy(&out).replace('\r', ""),
        Err(cause) => format!("[{cause}]"),
    }
}

fn with(more: Fields<'_>) -> String {
    request(&[&GET, more].concat(), true)
}

fn instead(name: &str, value: &str) -> String {
    let fields = GET.map(|(known, before)| (known, if known == name { value } else { before }));
    request(&fields, true)
}

#[test]
fn a_request_becomes_a_head_of_http_1_1() {
    let fields = [
        ("cookie", "a=1"),
        ("accept", "*/*"),
        ("te", "trailers"),
        ("host", "EXAMPLE.com"),
        ("cookie", "b=2"),
    ];
    insta::assert_snapshot!(with(&fields), @r"
    GET /a?b HTTP/1.1
    host: example.com
    accept: */*
    cookie: a=1; b=2
    ");
    insta::assert_snapshot!(request(&GET, false), @r"
    GET /a?b HTTP/1.1
    host: example.com
    transfer-encoding: chunked
    ");
    let post = [&GET[..], &[("content-length", "5")]].concat();
    insta::assert_snapshot!(request(&post, false), @r"
    GET /a?b HTTP/1.1
    host: example.com
    content-length: 5
    ");
}

#[test]
fn a_host_field_does_for_an_authority() {
    let fields = [&GET[..3], &[("host", "x")]].concat();
    insta::assert_snapshot!(request(&fields, true), @r"
    GET /a?b HTTP/1.1
    host: x
    ");
}

/// What would be another field, line, request or body as HTTP/1.1 (RFC 9113 section 10.3).
#[test]
fn nothing_can_be_injected() {
    let mut verdicts = Vec::new();
    let fields = [
        ("x", "a\r\nb: c"),
        ("x", "a\nb"),
        ("x", "a\0"),
        ("x", " a"),
        ("x", "a\t"),
        ("x", "\u{7f}"),
        ("X-Upper", "a"),
        ("x y", "a"),
        ("x:y", "a"),
        ("x\r\ny", "a"),
        ("", "a"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("keep-alive", "1"),
        ("proxy-connection", "close"),
        ("te", "gzip"),
        ("content-length", "1, 1"),
        ("content-length", "+1"),
        ("content-length", ""),
        ("host", "other"),
        (":path", "/b"),
        (":status", "200"),
        (":protocol", "websocket"),
    ];
    for (name, value) in fields {
        verdicts.push(format!("{name:?}: {value:?} {}", with(&[(name, value)])));
    }
    for (name, value) in [
        (":method", "GE T"),
        (":method", "GET / HTTP/1.1\r\nx:"),
        (":path", ""),
        (":path", "a"),
        (":path", "/ HTTP/1.1"),
        (":path", "/\r\n"),
        (":path", "*"),
        (":path", "http://x/"),
        (":scheme", "ftp"),
        (":authority", "a@b"),
        (":authority", "a/b"),
        (":authority", "a\r\nb"),
        (":method", "CONNECT"),
    ] {
        verdicts.push(format!("{name}={value:?} {}", instead(name, value)));
    }
    insta::assert_snapshot!(verdicts.join("\n"));
}

#[test]
fn fields_that_must_not_be_there_twice_are_not() {
    let twice = |name, value| with(&[(name, value), (name, value)]);
    assert_eq!(
        twice("content-length", "1"),
        "[there are two content-length fields]"
    );
    assert_eq!(twice("host", "example.com"), "[there are two host fields]");
    let late = [&GET[..3], &[("accept", "*"), GET[3]]].concat();
    assert_eq!(
        request(&late, true),
        "[a pseudo-header comes after a field]"
    );
    for missing in 0..3 {
        let mut fields = GET.to_vec();
        fields.remove(missing);
        assert!(request(&fields, true).starts_with('['), "{fields:?}");
    }
}

#[test]
fn a_head_that_is_too_large_is_told_as_such() {
    let value = "a".repeat(9000);
    assert_eq!(with(&[("x", &value), ("y", &value)]), "[too large]");
}

#[test]
fn connect_is_left_to_the_reader_of_http_1_1() {
    let fields = [(":method", "CONNECT"), (":authority", "a:443")];
    insta::assert_snapshot!(request(&fields, true), @r"
    CONNECT a:443 HTTP/1.1
    host: a:443
    ");
}

fn response(fields: Fields<'_>, wants_body: bool, ends: bool) -> String {
    let (mut head, mut out) = (ResponseHead::default(), Vec::new());
    for (name, value) in fields {
        head.add(name.as_bytes(), value.as_bytes(), &mut out);
    }
    match head.finish(wants_body, ends, &mut out) {
        Ok(head) => format!(
            "{}{}",
            String::from_utf8_lossy(&out).replace('\r', ""),
            match (head.kind, head.packing) {
                (Kind::Interim, _) => "interim",
                (_, Packing::Chunked) => "in chunks",
                (_, Packing::Plain) => "plain",
            }
        ),
        Err(cause) => format!("[{cause}]"),
    }
}

#[test]
fn an_answer_becomes_a_head_of_http_1_1() {
    let ok = [(":status", "200"), ("x", "y")];
    insta::assert_snapshot!(response(&ok, true, false), @r"
    HTTP/1.1 200 OK
    x: y
    transfer-encoding: chunked

    in chunks
    ");
    insta::assert_snapshot!(response(&ok, true, true), @r"
    HTTP/1.1 200 OK
    x: y
    content-length: 0

    plain
    ");
    insta::assert_snapshot!(response(&ok, false, true), @r"
    HTTP/1.1 200 OK
    x: y

    plain
    ");
    insta::assert_snapshot!(response(&[(":status", "103")], true, false), @r"
    HTTP/1.1 103 Early Hints

    interim
    ");
    let length = [(":status", "404"), ("content-length", "3")];
    insta::assert_snapshot!(response(&length, true, false), @r"
    HTTP/1.1 404 Not Found
    content-length: 3

    plain
    ");
}

#[test]
fn answers_that_are_malformed_are_known() {
    let bad: [Fields<'_>; 6] = [
        &[("x", "y")],
        &[(":status", "2000")],
        &[(":status", "101")],
        &[(":status", "200"), (":status", "200")],
        &[(":status", "200"), ("connection", "close")],
        &[(":status", "200"), ("x", "a\r\nb")],
    ];
    for fields in bad {
        let response = response(fields, true, false);
        assert!(response.starts_with('['), "{fields:?} {response}");
    }
}

#[test]
fn trailers_frame_and_route_nothing() {
    let (mut trailers, mut out) = (Trailers::default(), Vec::new());
    for (name, value) in [("grpc-status", "0"), ("content-length", "7"), ("host", "x")] {
        trailers.add(name.as_bytes(), value.as_bytes(), &mut out);
    }
    assert_eq!(trailers.finish(), Ok(()));
    assert_eq!(out, b"grpc-status: 0\r\n");
    trailers.add(b":status", b"200", &mut out);
    assert!(trailers.finish().is_err());
}

//! What is asked of both.

/// Questions that belong together.
pub(super) type Set = &'static [Probe];

/// Bytes of a client, and where it sends them.
pub(super) struct Probe {
    pub(super) name: &'static str,
    /// The port of the listener as upstream wrote it, and the number of the address.
    pub(super) to: (u16, usize),
    /// The bytes; what follows an empty piece waits for the answer to what came before.
    pub(super) send: &'static [&'static str],
    pub(super) speaks: Speaks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Plain,
    /// TLS, with a certificate for those who ask.
    Tls,
    /// TLS, without one.
    TlsUnnamed,
}

const fn plain(name: &'static str, send: &'static [&'static str]) -> Probe {
    Probe {
        name,
        to: (80, 0),
        send,
        speaks: Speaks::Plain,
    }
}

const fn tls(name: &'static str, send: &'static [&'static str]) -> Probe {
    Probe {
        name,
        to: (443, 0),
        send,
        speaks: Speaks::Tls,
    }
}

const GET: &[&str] = &["GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"];
const POST: &[&str] =
    &["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"];

pub(super) const SHORT: Set = &[plain("get", GET), plain("post", POST)];

pub(super) const HTTP: Set = &[
    plain("get", GET),
    plain("post", POST),
    plain(
        "head",
        &["HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain("http-1-0", &["GET / HTTP/1.0\r\n\r\n"]),
    plain(
        "http-1-0-keep-alive",
        &[
            "GET / HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
        ],
    ),
    plain(
        "http-1-0-chunked-answer",
        &["GET /chunked HTTP/1.0\r\nHost: x\r\n\r\n"],
    ),
    plain(
        "keep-alive",
        &[
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "pipelined",
        &[
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "chunked",
        &[
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ],
    ),
    plain(
        "request-trailer",
        &[
            "POST / HTTP/1.1\r\nHost: x\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        ],
    ),
    plain(
        "chunked-answer",
        &["GET /chunked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain("answer-of-1-0", &["GET /old HTTP/1.1\r\nHost: x\r\n\r\n"]),
    plain(
        "early-hints",
        &["GET /early HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "continue",
        &[
            "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
            "hello",
        ],
    ),
    plain(
        "status-204",
        &["GET /status/204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "status-304",
        &["GET /status/304 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "status-404",
        &["GET /status/404 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "status-500",
        &["GET /status/500 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "hop-by-hop",
        &[
            "GET /hop HTTP/1.1\r\nHost: x\r\nConnection: close, x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\nProxy-Connection: keep-alive\r\n\r\n",
        ],
    ),
    plain(
        "forwarding-headers-of-the-client",
        &[
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-SSL-Client-CN: me\r\nForwarded: for=192.0.2.1\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "upgrade",
        &[
            "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            "ping",
        ],
    ),
    plain(
        "cookies-twice",
        &["GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nCookie: c=d\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "absolute-target",
        &["GET http://x/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "escapes",
        &["GET /%41/../%2f?%20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "options-all",
        &["OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
];

pub(super) const FAILURES: Set = &[
    plain(
        "bad-request",
        &["GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n"],
    ),
    plain("no-answer", &["GET /none HTTP/1.1\r\nHost: x\r\n\r\n"]),
    plain(
        "no-answer-to-post",
        &["POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"],
    ),
    plain("garbage", &["GET /garbage HTTP/1.1\r\nHost: x\r\n\r\n"]),
    plain(
        "answer-breaks-off",
        &["GET /short HTTP/1.1\r\nHost: x\r\n\r\n"],
    ),
    plain(
        "two-lengths-in-answer",
        &["GET /lengths HTTP/1.1\r\nHost: x\r\n\r\n"],
    ),
    plain("connect", &["CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"]),
];

pub(super) const TCP: Set = &[Probe {
    to: (5432, 0),
    ..plain("get", GET)
}];

pub(super) const PROXY: Set = &[plain("get", GET)];

pub(super) const TLS: Set = &[
    tls("get", GET),
    tls("post", POST),
    tls(
        "forwarding-headers-of-the-client",
        &[
            "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\nX-SSL-Client-CN: me\r\nX-SSL-Client-Verify: 0\r\nConnection: close\r\n\r\n",
        ],
    ),
    tls(
        "strict-transport-of-the-member",
        &["GET /hsts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
];

pub(super) const PASSED_TLS: Set = &[tls("get", GET)];

pub(super) const NO_CERTIFICATE: Set = &[Probe {
    speaks: Speaks::TlsUnnamed,
    ..tls("no-certificate", GET)
}];

pub(super) const TURNS: Set = &[
    plain("first", GET),
    plain("second", GET),
    plain("third", GET),
    plain("fourth", GET),
];

pub(super) const COOKIES: Set = &[
    plain("first", GET),
    plain(
        "own-cookie",
        &[
            "GET / HTTP/1.1\r\nHost: x\r\nCookie: a=b; SRV=3e3e0000-0000-4000-8000-000000000012; c=d\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "own-cookie-alone",
        &[
            "GET / HTTP/1.1\r\nHost: x\r\nCookie: SRV=3e3e0000-0000-4000-8000-000000000011\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "own-cookie-unknown",
        &["GET / HTTP/1.1\r\nHost: x\r\nCookie: SRV=nobody\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "member-sets-cookies",
        &["GET /cookie HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "member-caches",
        &["GET /cached HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "application-cookie",
        &["GET / HTTP/1.1\r\nHost: x\r\nCookie: JSESSIONID=s-11\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "application-cookie-unknown",
        &["GET / HTTP/1.1\r\nHost: x\r\nCookie: JSESSIONID=other\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "one-connection",
        &[
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /2 HTTP/1.1\r\nHost: x\r\nCookie: SRV=3e3e0000-0000-4000-8000-000000000012\r\nConnection: close\r\n\r\n",
        ],
    ),
];

pub(super) const L7: Set = &[
    plain("none-holds", GET),
    plain(
        "rejected",
        &["GET / HTTP/1.1\r\nHost: bad.example.test\r\n\r\n"],
    ),
    plain(
        "rejected-in-any-case",
        &["GET / HTTP/1.1\r\nHost: BAD.example.TEST\r\n\r\n"],
    ),
    plain(
        "rejected-with-port",
        &["GET / HTTP/1.1\r\nHost: bad.example.test:80\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "not-rejected",
        &[
            "GET / HTTP/1.1\r\nHost: bad.example.test\r\nX-Probe: xa bx\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "rejected-post",
        &["POST / HTTP/1.1\r\nHost: bad.example.test\r\nContent-Length: 5\r\n\r\nhello"],
    ),
    plain(
        "redirected",
        &["GET /old/a.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "redirected-jpeg",
        &["GET /old/a.jpeg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "redirected-with-query",
        &["GET /old/a.jpg?x=y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "redirected-keep-alive",
        &[
            "GET /old/a.jpg HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "redirected-head",
        &["HEAD /old/a.jpg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "redirected-http-1-0",
        &["GET /old/a.jpg HTTP/1.0\r\nHost: x\r\n\r\n"],
    ),
    plain(
        "prefixed",
        &["GET /an/end HTTP/1.1\r\nHost: x\r\nCookie: sid=12.x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "prefixed-with-query",
        &[
            "GET /an/end?a=b HTTP/1.1\r\nHost: x\r\nCookie: a=b; sid=12.x\r\nConnection: close\r\n\r\n",
        ],
    ),
    plain(
        "not-prefixed",
        &["GET /an/end HTTP/1.1\r\nHost: x\r\nCookie: sid=12x\r\nConnection: close\r\n\r\n"],
    ),
    plain(
        "disabled-pool",
        &["GET /disabled-pool HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"],
    ),
];

pub(super) const ADDRESSES: Set = &[
    plain("first-address", GET),
    Probe {
        to: (80, 1),
        ..plain("second-address", GET)
    },
    Probe {
        to: (80, 2),
        ..plain("third-address", GET)
    },
    Probe {
        to: (2222, 1),
        ..plain("second-listener", GET)
    },
];

pub(super) const DISABLED: Set = &[
    Probe {
        to: (81, 0),
        ..plain("no-pool", GET)
    },
    plain("disabled-listener", GET),
];

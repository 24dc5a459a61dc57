use proptest::prelude::*;

use super::{
    chunked, cookies, http2_requests, http2_responses, proxy_header, request_head, response,
};

proptest! {
    #[test]
    fn laws_hold_for_pieces_of_messages(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..12),
        noise in any::<[u8; 3]>(),
    ) {
        let mut bytes = pieces.concat();
        for law in [request_head, response, chunked, cookies] {
            law(&bytes);
        }
        if !bytes.is_empty() {
            let at = usize::from(noise[0]) * bytes.len() / 256;
            bytes[at] = noise[1];
            bytes.insert(at, noise[2]);
        }
        for law in [request_head, response, chunked, cookies] {
            law(&bytes);
        }
    }

    #[test]
    fn a_proxy_header_names_any_addresses(bytes in prop::collection::vec(any::<u8>(), 38)) {
        proxy_header(&bytes);
    }
}

proptest! {
    #[test]
    fn laws_hold_for_pieces_of_frames(
        pieces in prop::collection::vec(prop::sample::select(FRAMES), 0..12),
        noise in any::<[u8; 3]>(),
    ) {
        let mut bytes = pieces.concat();
        for law in [http2_requests, http2_responses] {
            law(&bytes);
        }
        if !bytes.is_empty() {
            let at = usize::from(noise[0]) * bytes.len() / 256;
            bytes[at] = noise[1];
        }
        for law in [http2_requests, http2_responses] {
            law(&bytes);
        }
    }
}

/// What connections of HTTP/2 are made of.
const FRAMES: &[&[u8]] = &[
    // Heads of requests: whole, with a body to come, with a length of 5, to be continued.
    b"\0\0\x06\x01\x05\0\0\0\x01\x82\x87\x84\x41\x01a",
    b"\0\0\x06\x01\x04\0\0\0\x01\x82\x87\x84\x41\x01a",
    b"\0\0\x06\x01\x04\0\0\0\x03\x83\x87\x84\x41\x01a",
    b"\0\0\x0a\x01\x04\0\0\0\x03\x83\x87\x84\x41\x01a\x0f\x0d\x015",
    b"\0\0\x03\x01\x01\0\0\0\x05\x82\x87\x84",
    b"\0\0\x03\x09\x04\0\0\0\x05\x41\x01a",
    // Heads of answers, interim ones, and trailers.
    b"\0\0\x01\x01\x04\0\0\0\x01\x88",
    b"\0\0\x01\x01\x05\0\0\0\x03\x88",
    b"\0\0\x05\x01\x04\0\0\0\x01\x08\x03103",
    b"\0\0\x05\x01\x05\0\0\0\x01\x00\x01x\x01y",
    b"\0\0\x05\x01\x05\0\0\0\x03\x00\x01x\x01y",
    // Bodies: with and without an end, padded, empty.
    b"\0\0\x05\0\x00\0\0\0\x01hello",
    b"\0\0\x05\0\x01\0\0\0\x03hello",
    b"\0\0\x05\0\x09\0\0\0\x01\x02he\0\0",
    b"\0\0\x00\0\x01\0\0\0\x01",
    // What concerns streams and the connection.
    b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08",
    b"\0\0\x04\x03\0\0\0\0\x03\0\0\0\x07",
    b"\0\0\x04\x08\0\0\0\0\x00\0\0\x01\0",
    b"\0\0\x04\x08\0\0\0\0\x01\0\0\x01\0",
    b"\0\0\x08\x06\0\0\0\0\x0012345678",
    b"\0\0\x00\x04\x01\0\0\0\x00",
    b"\0\0\x06\x04\0\0\0\0\x00\0\x04\0\0\0\x01",
    b"\0\0\x08\x07\0\0\0\0\x00\0\0\0\x01\0\0\0\0",
];

/// What messages are made of.
const PIECES: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\n",
    b"POST http://x/ HTTP/1.0\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 204 No\r\n",
    b"Host: x\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close, upgrade\r\n",
    b"Upgrade: websocket\r\n",
    b"Cookie: a=b; SRV=c\r\n",
    b"Set-Cookie: SRV=c; Path=/\r\n",
    b"\r\n",
    b"5;a=b\r\nhello\r\n",
    b"0\r\n",
    b"X-Sum: 1\r\n",
    b"SRV=",
    b"; ",
    b"\x01",
];

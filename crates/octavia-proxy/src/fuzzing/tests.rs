use proptest::prelude::*;

use super::{chunked, cookies, proxy_header, request_head, response};

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

use proptest::prelude::*;

use super::{BadChunk, Body, Framing};
use crate::limits;

fn unpack(bytes: &[u8]) -> Result<(String, usize, bool), BadChunk> {
    let mut body = Body::new(Framing::Chunked);
    let mut data = Vec::new();
    let taken = body.unpack(bytes, &mut data)?;
    let data = String::from_utf8_lossy(&data).into_owned();
    Ok((data, taken, body.is_done()))
}

#[test]
fn chunks_end_with_the_last_one_and_its_trailers() {
    let text = b"4;a=b\r\nWiki\r\n00a\r\npedia in\r\n\r\n0\r\nExpires: never\r\n\r\nGET /";
    let end = text.len() - "GET /".len();
    assert_eq!(unpack(text), Ok(("Wikipedia in\r\n".into(), end, true)));
}

#[test]
fn a_length_takes_no_more_than_it_says() {
    let mut body = Body::new(Framing::Length(5));
    assert_eq!(body.take(b"abc"), Ok(3));
    assert!(!body.is_done());
    assert_eq!(body.take(b"defg"), Ok(2));
    assert!(body.is_done());
}

#[test]
fn only_some_bodies_may_end_with_the_connection() {
    assert!(Body::new(Framing::UntilClose).end());
    assert!(Body::new(Framing::None).end());
    assert!(!Body::new(Framing::Length(1)).end());
    assert!(!Body::new(Framing::Chunked).end());
}

#[test]
fn chunks_that_readers_could_understand_differently_are_refused() {
    for text in [
        &b"\r\n"[..],
        b"5\nhello\n",
        b"5 \r\nhello\r\n",
        b" 5\r\nhello\r\n",
        b"0x5\r\nhello\r\n",
        b"-5\r\n",
        b"5\r\nhello0\r\n",
        b"5\r\nhello\n",
        b"5;a\nb\r\nhello\r\n",
        b"ffffffffffffffff\r\n",
        b"0\r\n\n",
        b"0\r\nA: b\n\r\n",
        b"0\r\n folded\r\n\r\n",
    ] {
        assert_eq!(
            unpack(text),
            Err(BadChunk),
            "{:?}",
            String::from_utf8_lossy(text)
        );
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let long = "a".repeat(limits::TRAILER_BYTES as usize + 1);
    assert_eq!(unpack(format!("5;{long}").as_bytes()), Err(BadChunk));
    assert_eq!(unpack(format!("0\r\nA: {long}").as_bytes()), Err(BadChunk));
}

#[test]
fn trailers_are_fields_that_neither_frame_nor_route() {
    let trailer = |line: &str| unpack(format!("0\r\n{line}\r\n\r\n").as_bytes());
    assert!(trailer("grpc-status: 0").is_ok());
    for line in [
        "X",
        ": a",
        "X : a",
        "GET / HTTP/1.1",
        "content-LENGTH: 5",
        "Host: a",
    ] {
        assert_eq!(trailer(line), Err(BadChunk), "{line}");
    }
}

proptest! {
    #[test]
    fn random_bytes_are_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(unpack(&bytes));
    }

    #[test]
    fn pieces_unpack_as_the_whole_does(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..5),
        cuts in prop::collection::vec(1_usize..20, 1..60),
    ) {
        let mut text = Vec::new();
        for chunk in &chunks {
            text.extend(format!("{:x}\r\n", chunk.len()).bytes());
            text.extend(chunk);
            text.extend(b"\r\n");
        }
        text.extend(b"0\r\nA: b\r\n\r\n");
        let mut body = Body::new(Framing::Chunked);
        let mut packed = body;
        let (mut data, mut rest) = (Vec::new(), &text[..]);
        for cut in cuts.iter().cycle() {
            let (piece, left) = rest.split_at((*cut).min(rest.len()));
            prop_assert_eq!(body.unpack(piece, &mut data), Ok(piece.len()));
            prop_assert_eq!(packed.take(piece), Ok(piece.len()));
            rest = left;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert!(body.is_done() && packed.is_done());
        prop_assert_eq!(data, chunks.concat());
    }
}

//! The envelope: zlib and HMAC-SHA256.

use std::fmt;
use std::io::{Read, Write};

use aws_lc_rs::hmac;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{DecodeError, Malformation};

/// The most bytes that a UDP datagram carries over IPv4.
pub const MAX_DATAGRAM: usize = 65_507;

/// The most text that a datagram may inflate to. The ids of a full datagram inflate to three
/// times its size; pools that many listeners share repeat themselves and shrink better.
const MAX_TEXT: u64 = 4 * 1024 * 1024;

const HEX_CODE: usize = 64;
const BINARY_CODE: usize = 32;

/// The key that all amphorae and controllers of an installation share.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl Key {
    /// Makes the key from the bytes of `[health_manager] heartbeat_key`.
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub(super) fn seal(text: &[u8], key: &Key) -> Vec<u8> {
    let mut datagram = deflate(text);
    let code = hmac::sign(&key.0, &datagram);
    for byte in code.as_ref() {
        datagram.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
    }
    datagram
}

pub(super) fn open(datagram: &[u8], key: &Key) -> Result<Vec<u8>, DecodeError> {
    let stream = authentic_part(datagram, key).ok_or(DecodeError::Unauthentic)?;
    inflate(stream).map_err(DecodeError::Malformed)
}

/// Tries the form of today, then the binary one of agents from before it.
fn authentic_part<'a>(datagram: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    hex_authentic_part(datagram, key).or_else(|| {
        let (stream, code) = datagram.split_at_checked(datagram.len().checked_sub(BINARY_CODE)?)?;
        hmac::verify(&key.0, stream, code).ok()?;
        Some(stream)
    })
}

fn hex_authentic_part<'a>(datagram: &'a [u8], key: &Key) -> Option<&'a [u8]> {
    let (stream, hex) = datagram.split_at_checked(datagram.len().checked_sub(HEX_CODE)?)?;
    let mut code = [0; BINARY_CODE];
    for (byte, digits) in code.iter_mut().zip(hex.as_chunks::<2>().0) {
        *byte = hex_value(digits[0])? << 4 | hex_value(digits[1])?;
    }
    hmac::verify(&key.0, stream, &code).ok()?;
    Some(stream)
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(text)
        .and_then(|()| encoder.finish())
        .expect("writing to a vector never fails")
}

fn inflate(stream: &[u8]) -> Result<Vec<u8>, Malformation> {
    let mut text = Vec::new();
    ZlibDecoder::new(stream)
        .take(MAX_TEXT + 1)
        .read_to_end(&mut text)
        .map_err(Malformation::Stream)?;
    if text.len() as u64 > MAX_TEXT {
        return Err(Malformation::TooLong(MAX_TEXT));
    }
    Ok(text)
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }
}

/// Upper case is refused, as upstream compares text.
const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

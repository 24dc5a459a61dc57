//! What each field must be.

use super::Malformed;

/// What a field means for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    ContentLength(u64),
    Cookie,
    Host,
    /// Said between two neighbours only.
    Te,
    Plain,
}

/// Judges a field that is not one of those with a colon.
pub(super) fn judge(name: &[u8], value: &[u8]) -> Result<Meaning, Malformed> {
    if name.is_empty() || !name.iter().all(|byte| is_name_byte(*byte)) {
        return Err("a field name is not valid");
    }
    if !is_value(value) {
        return Err("a field value is not valid");
    }
    match name {
        b"te" if value == b"trailers" => Ok(Meaning::Te),
        b"te" | b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding"
        | b"upgrade" => Err("a field concerns the connection"),
        b"content-length" => length(value).map(Meaning::ContentLength),
        b"cookie" => Ok(Meaning::Cookie),
        b"host" => Ok(Meaning::Host),
        _ => Ok(Meaning::Plain),
    }
}

/// Appends a line.
pub(super) fn put_line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Tells whether `byte` may be part of a method.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Tells whether `byte` is visible ASCII.
pub(super) fn is_visible(byte: u8) -> bool {
    (0x21..0x7f).contains(&byte)
}

const NAME_BYTES: [bool; 256] = name_bytes();

const fn name_bytes() -> [bool; 256] {
    let mut allowed = [false; 256];
    let more = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
    let mut at = 0;
    while at < more.len() {
        allowed[more[at] as usize] = true;
        at += 1;
    }
    allowed
}

fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES[usize::from(byte)]
}

fn is_value(value: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let is_text = |byte: &u8| (*byte >= b' ' && *byte != 0x7f) || *byte == b'\t';
    !is_space(value.first()) && !is_space(value.last()) && value.iter().all(is_text)
}

fn length(value: &[u8]) -> Result<u64, Malformed> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits);
    text.and_then(|text| text.parse().ok())
        .ok_or("the content-length is not a number")
}

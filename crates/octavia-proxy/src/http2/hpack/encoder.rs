//! Header blocks, written.

use super::integer;
use super::table;

/// Appends a field. The name is written in lower case.
pub(crate) fn field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    let mut lower = [0; 32];
    match lower.get_mut(..name.len()) {
        Some(lower) => {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            literal(lower, value, out);
        }
        None => literal(&name.to_ascii_lowercase(), value, out),
    }
}

fn literal(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    match table::index_of(name) {
        0 => {
            out.push(0);
            string(name, out);
        }
        index => integer::put(0, 4, index, out),
    }
    string(value, out);
}

fn string(text: &[u8], out: &mut Vec<u8>) {
    integer::put(0, 7, text.len(), out);
    out.extend_from_slice(text);
}

/// Appends the status of an answer, which has three digits.
pub(crate) fn status(code: &[u8], out: &mut Vec<u8>) {
    let index: u8 = match code {
        b"200" => 8,
        b"204" => 9,
        b"206" => 10,
        b"304" => 11,
        b"400" => 12,
        b"404" => 13,
        b"500" => 14,
        _ => {
            integer::put(0, 4, 8, out);
            return string(code, out);
        }
    };
    out.push(0x80 | index);
}

/// Appends method, path and authority of a request over TLS.
pub(crate) fn request(method: &[u8], path: &[u8], authority: &[u8], out: &mut Vec<u8>) {
    const SCHEME_HTTPS: u8 = 0x80 | 7;
    match method {
        b"GET" => out.push(0x80 | 2),
        b"POST" => out.push(0x80 | 3),
        _ => {
            integer::put(0, 4, 2, out);
            string(method, out);
        }
    }
    out.push(SCHEME_HTTPS);
    if path == b"/" {
        out.push(0x80 | 4);
    } else {
        integer::put(0, 4, 4, out);
        string(path, out);
    }
    if !authority.is_empty() {
        integer::put(0, 4, 1, out);
        string(authority, out);
    }
}

//! Lines as JSON objects.

use std::fmt::Display;
use std::io::Write;

use super::date::Date;
use super::entry::Entry;

/// Writes an object.
pub(super) fn write(entry: &Entry<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    Date::of(entry.began).write_rfc3339(out);
    out.push(b'"');
    text("project_id", entry.names.project.as_bytes(), out);
    word("loadbalancer_id", entry.names.load_balancer, out);
    word("listener_id", entry.names.listener, out);
    word("client", entry.client, out);
    word("local", entry.local, out);
    if let Some(line) = entry.line {
        text("request", line, out);
        number("status", entry.status, out);
    }
    number("bytes_in", entry.bytes_in, out);
    number("bytes_out", entry.bytes_out, out);
    if let Some(pool) = entry.pool {
        word("pool_id", pool, out);
    }
    if let Some((member, address)) = entry.member {
        word("member_id", member, out);
        word("member", address, out);
    }
    if let Some(connect) = entry.connect {
        number("connect_us", connect.as_micros(), out);
    }
    if let Some(response) = entry.response {
        number("first_byte_us", response.as_micros(), out);
    }
    number("total_us", entry.total.as_micros(), out);
    word("termination", entry.state, out);
    if let Some(cause) = entry.cause {
        text("cause", cause.as_bytes(), out);
    }
    if let Some(trace) = entry.trace {
        word("trace_id", format_args!("{trace:032x}"), out);
    }
    out.push(b'}');
}

fn number(name: &str, value: impl Display, out: &mut Vec<u8>) {
    write!(out, ",\"{name}\":{value}").expect("a vector takes every byte");
}

/// Writes what needs no escaping.
fn word(name: &str, value: impl Display, out: &mut Vec<u8>) {
    write!(out, ",\"{name}\":\"{value}\"").expect("a vector takes every byte");
}

/// Bytes beyond ASCII are written as if they were Latin-1: nobody says what they are.
fn text(name: &str, value: &[u8], out: &mut Vec<u8>) {
    write!(out, ",\"{name}\":\"").expect("a vector takes every byte");
    for byte in value {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0..=0x1f | 0x7f.. => {
                write!(out, "\\u{byte:04x}").expect("a vector takes every byte");
            }
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

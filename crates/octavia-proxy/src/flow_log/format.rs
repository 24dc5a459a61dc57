//! The language of `user_log_format`: HAProxy's, as far as the variables mean something here.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use uuid::Uuid;

use super::date::{Date, decimal};
use super::entry::Entry;
use super::json;

/// How a line is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// As the operator's format has it.
    Text(Vec<Item>),
    /// As JSON; the format is the one word `json`.
    Json,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    Literal(Vec<u8>),
    Variable { name: Variable, quoted: bool },
}

macro_rules! variables {
    ($($text:literal $name:ident,)*) => {
        /// What may be named in a format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Variable { $($name,)* /** Anything else: there is nothing to tell. */ Nothing }

        impl Variable {
            fn read(text: &str) -> Self {
                match text { $($text => Self::$name,)* _ => Self::Nothing }
            }
        }
    };
}

variables! {
    "f" Listener, "ft" ListenerToo, "ci" ClientIp, "cp" ClientPort, "fi" LocalIp, "fp" LocalPort,
    "t" Date, "tr" DateToo, "Ts" Seconds, "ms" Millis, "r" Line, "HM" Method, "HU" Target,
    "HP" Path, "HQ" Query, "HV" Version, "ST" Status, "B" BytesOut, "U" BytesIn, "b" Pool,
    "s" Member, "si" MemberIp, "sp" MemberPort, "Tc" Connect, "Tr" Response, "Ta" Active,
    "Tt" Total, "Tw" Wait, "ts" State, "tsc" StateAndCookie, "ID" Trace,
    "{{ project_id }}" Project, "{{ lb_id }}" LoadBalancer,
    "[cause]" Cause, "[project]" ProjectToo, "[load_balancer]" LoadBalancerToo,
}

impl Format {
    /// Reads a format. What is not known is written as `-`, as HAProxy writes what is not there.
    pub(crate) fn parse(text: &str) -> Self {
        if text.trim() == "json" {
            return Self::Json;
        }
        let text = text
            .replace("{{ project_id }}", "%[project]")
            .replace("{{ lb_id }}", "%[load_balancer]");
        let mut items = Vec::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find('%') {
            literal(&mut items, &rest[..at]);
            rest = item(&mut items, &rest[at + 1..]);
        }
        literal(&mut items, rest);
        Self::Text(items)
    }

    /// Writes a line, without its end.
    pub(crate) fn write(&self, entry: &Entry<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Json => json::write(entry, out),
            Self::Text(items) => {
                for item in items {
                    match item {
                        Item::Literal(text) => out.extend_from_slice(text),
                        Item::Variable { name, quoted } => quote(*name, *quoted, entry, out),
                    }
                }
            }
        }
    }

    /// Tells whether lines name their request.
    pub(crate) fn traces(&self) -> bool {
        let is_trace = |item: &Item| {
            let trace = Variable::Trace;
            matches!(item, Item::Variable { name, .. } if *name == trace)
        };
        match self {
            Self::Json => true,
            Self::Text(items) => items.iter().any(is_trace),
        }
    }
}

fn literal(items: &mut Vec<Item>, text: &str) {
    if text.is_empty() {
        return;
    }
    if let Some(Item::Literal(before)) = items.last_mut() {
        before.extend_from_slice(text.as_bytes());
    } else {
        items.push(Item::Literal(text.as_bytes().to_vec()));
    }
}

/// Reads what follows a percent sign; returns what follows that.
fn item<'a>(items: &mut Vec<Item>, text: &'a str) -> &'a str {
    if let Some(rest) = text.strip_prefix('%') {
        literal(items, "%");
        return rest;
    }
    let (flags, text) = match text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        Some((flags, rest)) => (flags, rest),
        None => ("", text),
    };
    let end = if text.starts_with('[') {
        text.find(']').map_or(text.len(), |end| end + 1)
    } else {
        let is_end = |letter: char| !letter.is_ascii_alphanumeric();
        text.find(is_end).unwrap_or(text.len())
    };
    items.push(Item::Variable {
        name: Variable::read(&text[..end]),
        quoted: flags.contains("+Q"),
    });
    &text[end..]
}

/// Writes what is not there as a dash, or as nothing in quotes.
fn quote(name: Variable, quoted: bool, entry: &Entry<'_>, out: &mut Vec<u8>) {
    // Lines of what is no HTTP have no place for it, not even quotes.
    let is_of_http = matches!(name, Variable::Line | Variable::Status);
    let quoted = quoted && !(is_of_http && entry.line.is_none());
    if quoted {
        out.push(b'"');
    }
    let before = out.len();
    value(name, entry, out);
    match (quoted, out.len() == before) {
        (true, _) => out.push(b'"'),
        (false, true) => out.push(b'-'),
        (false, false) => {}
    }
}

fn value(name: Variable, entry: &Entry<'_>, out: &mut Vec<u8>) {
    match name {
        Variable::Project | Variable::ProjectToo => escape(entry.names.project.as_bytes(), out),
        Variable::LoadBalancer | Variable::LoadBalancerToo => {
            uuid(&entry.names.load_balancer, out);
        }
        Variable::Listener | Variable::ListenerToo => uuid(&entry.names.listener, out),
        Variable::ClientIp => display(&entry.client.ip(), out),
        Variable::ClientPort => decimal(entry.client.port().into(), 1, out),
        Variable::LocalIp => display(&entry.local.ip(), out),
        Variable::LocalPort => decimal(entry.local.port().into(), 1, out),
        Variable::Date | Variable::DateToo => Date::of(entry.began).write(out),
        Variable::Seconds => decimal(entry.began / 1_000_000, 1, out),
        Variable::Millis => decimal(entry.began / 1000 % 1000, 3, out),
        Variable::Status if entry.line.is_some() => decimal(entry.status.into(), 1, out),
        Variable::Line if entry.line == Some(b"") => out.extend_from_slice(b"<BADREQ>"),
        Variable::Line => escape(entry.line.unwrap_or_default(), out),
        Variable::Method => escape(word(entry, 0), out),
        Variable::Target => escape(word(entry, 1), out),
        Variable::Version => escape(word(entry, 2), out),
        Variable::Path => escape(path_and_query(entry).0, out),
        Variable::Query => escape(path_and_query(entry).1, out),
        Variable::Status | Variable::Nothing => {}
        Variable::BytesOut => decimal(entry.bytes_out, 1, out),
        Variable::BytesIn => decimal(entry.bytes_in, 1, out),
        Variable::Pool => pool(entry, out),
        Variable::Member => match entry.member {
            Some((id, _)) => uuid(&id, out),
            None => out.extend_from_slice(b"<NOSRV>"),
        },
        Variable::MemberIp => of_member(entry, |address| display(&address.ip(), out)),
        Variable::MemberPort => of_member(entry, |address| display(&address.port(), out)),
        Variable::Connect => millis(entry.connect, out),
        Variable::Response => millis(entry.response, out),
        Variable::Active | Variable::Total => millis(Some(entry.total), out),
        Variable::Wait => millis(entry.connect.map(|_| Duration::ZERO), out),
        Variable::State => out.extend_from_slice(entry.state.as_bytes()),
        // Whether a cookie was set is not told.
        Variable::StateAndCookie => {
            out.extend_from_slice(entry.state.as_bytes());
            out.extend_from_slice(b"--");
        }
        Variable::Cause => escape(entry.cause.unwrap_or_default().as_bytes(), out),
        Variable::Trace => {
            if let Some(trace) = entry.trace {
                display(&format_args!("{trace:032x}"), out);
            }
        }
    }
}

fn display(value: &dyn std::fmt::Display, out: &mut Vec<u8>) {
    write!(out, "{value}").expect("a vector takes every byte");
}

fn uuid(id: &Uuid, out: &mut Vec<u8>) {
    let mut text = Uuid::encode_buffer();
    out.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
}

/// As HAProxy, whose backends are pools of one listener; without one, it names the listener.
fn pool(entry: &Entry<'_>, out: &mut Vec<u8>) {
    if let Some(pool) = entry.pool {
        uuid(&pool, out);
        out.push(b':');
    }
    uuid(&entry.names.listener, out);
}

fn of_member(entry: &Entry<'_>, write: impl FnOnce(SocketAddr)) {
    if let Some((_, address)) = entry.member {
        write(address);
    }
}

/// What did not happen took -1.
fn millis(took: Option<Duration>, out: &mut Vec<u8>) {
    match took {
        Some(took) => decimal(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), 1, out),
        None => out.extend_from_slice(b"-1"),
    }
}

fn word<'a>(entry: &Entry<'a>, index: usize) -> &'a [u8] {
    let mut words = entry.line.unwrap_or_default().split(|byte| *byte == b' ');
    words.nth(index).unwrap_or_default()
}

fn path_and_query<'a>(entry: &Entry<'a>) -> (&'a [u8], &'a [u8]) {
    let target = word(entry, 1);
    target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()))
}

/// Writes what would end or forge a line as `#` and its code, as HAProxy does.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'#');
    if text.iter().all(is_plain) {
        return out.extend_from_slice(text);
    }
    for byte in text {
        match byte {
            b'"' | b'#' | 0..=0x1f | 0x7f.. => display(&format_args!("#{byte:02X}"), out),
            _ => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests;

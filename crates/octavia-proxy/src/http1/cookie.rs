//! Cookies by which a client is known again: found, taken out, set.
//!
//! Heads are looked at for cookies only where somebody asks for them.

use std::io::Write;

use httparse::Header;
use uuid::Uuid;

use super::field::{self, Dropped};

/// What is done with the cookies of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnRequest<'a> {
    /// Nothing.
    Nothing,
    /// The value of this one is told.
    Find(&'a [u8]),
    /// The value of this one is told, and the member does not see it.
    Take(&'a [u8]),
}

/// What is done with the cookies of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnResponse<'a> {
    /// Nothing.
    Nothing,
    /// The value that the member sets this one to is told.
    Find(&'a [u8]),
    /// This one is ours: what the member sets it to stays here, and we may set it.
    Own {
        /// Its name.
        name: &'a [u8],
        /// The value that it is set to.
        set: Option<Uuid>,
    },
}

/// A part of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Finds `part`, which is a slice of `head`.
    fn of(part: &[u8], head: &[u8]) -> Self {
        let start = part.as_ptr().addr() - head.as_ptr().addr();
        let end = start + part.len();
        Self { start, end }
    }

    /// Returns the span in what `head` was cut from, `offset` further on.
    pub(super) fn moved(self, offset: usize) -> Self {
        let (start, end) = (self.start + offset, self.end + offset);
        Self { start, end }
    }

    /// Returns the part of `head`.
    pub(crate) fn within(self, head: &[u8]) -> &[u8] {
        &head[self.start..self.end]
    }
}

impl OnRequest<'_> {
    /// Finds the cookie in `head`, and drops the fields that hold one which is taken.
    pub(super) fn examine(
        self,
        head: &[u8],
        headers: &[Header<'_>],
        dropped: &mut Dropped,
    ) -> Option<Span> {
        let (name, is_taken) = match self {
            Self::Nothing => return None,
            Self::Find(name) => (name, false),
            Self::Take(name) => (name, true),
        };
        let mut found = None;
        for (index, header) in fields(headers, "cookie") {
            let value = pairs(header.value).find_map(|pair| value_of(pair, name));
            if let Some(value) = value {
                found.get_or_insert(Span::of(value, head));
                if is_taken {
                    dropped.drop_field(index);
                }
            }
        }
        found
    }

    /// Appends what is left of the fields that held a cookie which was taken.
    pub(super) fn add_rest(self, headers: &[Header<'_>], out: &mut Vec<u8>) {
        let Self::Take(name) = self else {
            return;
        };
        for (_, header) in fields(headers, "cookie") {
            let is_taken = |pair: &[u8]| value_of(pair, name).is_some();
            if !pairs(header.value).any(is_taken) {
                continue;
            }
            let mut before: &[u8] = b"Cookie: ";
            for pair in pairs(header.value).filter(|pair| !is_taken(pair)) {
                out.extend_from_slice(before);
                out.extend_from_slice(pair);
                before = b"; ";
            }
            if before == b"; " {
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

impl OnResponse<'_> {
    /// Finds the cookie in `head`, and drops the fields that set one which is ours.
    pub(super) fn examine(
        self,
        head: &[u8],
        headers: &[Header<'_>],
        dropped: &mut Dropped,
    ) -> Option<Span> {
        let (name, is_ours) = match self {
            Self::Nothing => return None,
            Self::Find(name) => (name, false),
            Self::Own { name, .. } => (name, true),
        };
        let mut found = None;
        for (index, header) in fields(headers, "set-cookie") {
            let value = pairs(header.value).next().map(|pair| value_of(pair, name));
            if let Some(value) = value.flatten() {
                found.get_or_insert(Span::of(value, head));
                if is_ours {
                    dropped.drop_field(index);
                }
            }
        }
        found.filter(|_| !is_ours)
    }

    /// Appends the fields that set our cookie, and keep caches from handing it to others.
    pub(super) fn add_lines(self, headers: &[Header<'_>], out: &mut Vec<u8>) {
        let Self::Own {
            name,
            set: Some(value),
        } = self
        else {
            return;
        };
        out.extend_from_slice(b"Set-Cookie: ");
        out.extend_from_slice(name);
        write!(out, "={value}; path=/\r\n").expect("a vector takes every byte");
        if may_be_cached(headers) {
            out.extend_from_slice(b"Cache-Control: private\r\n");
        }
    }
}

fn fields<'h, 'a>(
    headers: &'h [Header<'a>],
    name: &'static str,
) -> impl Iterator<Item = (usize, &'h Header<'a>)> {
    let is_named = move |header: &Header<'_>| header.name.eq_ignore_ascii_case(name);
    let headers = headers.iter().enumerate();
    headers.filter(move |(_, header)| is_named(header))
}

/// Splits what lies between semicolons.
fn pairs(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pairs = value.split(|byte| *byte == b';');
    pairs
        .map(<[u8]>::trim_ascii)
        .filter(|pair| !pair.is_empty())
}

/// Returns the value of `pair` if it is the cookie of that name.
fn value_of<'v>(pair: &'v [u8], name: &[u8]) -> Option<&'v [u8]> {
    let rest = pair.strip_prefix(name)?.trim_ascii_start();
    Some(rest.strip_prefix(b"=")?.trim_ascii_start())
}

/// Tells whether a cache that serves many may keep the response: something says how long it is
/// fresh, or how to ask whether it is, and nothing forbids it.
fn may_be_cached(headers: &[Header<'_>]) -> bool {
    let has = |name| fields(headers, name).next().is_some();
    let mut is_allowed = has("expires") || has("etag") || has("last-modified");
    for (_, header) in fields(headers, "cache-control") {
        for token in field::tokens(header.value) {
            let token = token.to_ascii_lowercase();
            match token.as_slice() {
                b"private" | b"no-store" | b"no-cache" | b"max-age=0" | b"s-maxage=0" => {
                    return false;
                }
                other => {
                    is_allowed |= other == b"public"
                        || other.starts_with(b"max-age=")
                        || other.starts_with(b"s-maxage=");
                }
            }
        }
    }
    is_allowed
}

#[cfg(test)]
mod tests {
    use super::{may_be_cached, value_of};

    fn cached(fields: &[(&str, &str)]) -> bool {
        let headers = fields.iter().map(|(name, value)| httparse::Header {
            name,
            value: value.as_bytes(),
        });
        may_be_cached(&headers.collect::<Vec<_>>())
    }

    #[test]
    fn names_are_whole_and_case_counts() {
        assert_eq!(value_of(b"SRV=a=b", b"SRV"), Some(&b"a=b"[..]));
        assert_eq!(value_of(b"SRV = a", b"SRV"), Some(&b"a"[..]));
        for pair in [&b"SRVX=a"[..], b"srv=a", b"XSRV=a", b"SRV", b"S=SRV=a"] {
            assert_eq!(value_of(pair, b"SRV"), None);
        }
    }

    #[test]
    fn only_what_caches_may_keep_is_made_private() {
        for fields in [
            &[("Cache-Control", "max-age=5")][..],
            &[("Cache-Control", "Public")],
            &[("Expires", "x")],
            &[("ETag", "x")],
            &[("Last-Modified", "x")],
        ] {
            assert!(cached(fields), "{fields:?}");
        }
        for fields in [
            &[][..],
            &[("Cache-Control", "max-age=0")],
            &[("Cache-Control", "public, Private")],
            &[("ETag", "x"), ("cache-control", "no-store")],
            &[("Expires", "x"), ("Cache-Control", "no-cache")],
        ] {
            assert!(!cached(fields), "{fields:?}");
        }
    }
}

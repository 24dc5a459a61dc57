use std::borrow::Cow;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::edge::Origin;
use crate::error::{Error, Result};

/// The arguments behind the `?`, in their order, and where the request was sent to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    /// Where the request was sent to.
    pub(crate) origin: Origin,
}

impl Query {
    /// Reads the arguments of a URL.
    pub(crate) fn parse(query: &str) -> Vec<(String, String)> {
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                (unescape(key), unescape(value))
            })
            .collect()
    }

    /// Returns all arguments.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Returns the last value of an argument.
    pub(crate) fn last<'a>(&'a self, key: &'a str) -> Option<&'a str> {
        self.all(key).last()
    }

    /// Returns all values of an argument.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs().filter(move |(k, _)| *k == key).map(|(_, v)| v)
    }

    /// Refuses arguments that the call does not know.
    pub(crate) fn only(&self, known: &[&str]) -> Result<()> {
        self.pairs()
            .find(|(key, _)| !known.contains(key))
            .map_or(Ok(()), |(key, _)| Err(unknown(key)))
    }

    /// Reads a loose boolean: everything that is not a word for true is false.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.last(key).is_some_and(is_true)
    }
}

/// Says that an argument is not known.
pub(crate) fn unknown(key: &str) -> Error {
    Error::BadRequest(format!("Unknown argument: \"{key}\""))
}

/// Tells whether a word means true.
pub(crate) fn is_true(word: &str) -> bool {
    let word = word.trim().to_ascii_lowercase();
    matches!(word.as_str(), "true" | "t" | "yes" | "y" | "on" | "1")
}

fn unescape(text: &str) -> String {
    let text = text.replace('+', " ");
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = bytes
            .get(at + 1..at + 3)
            .filter(|_| *byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        plain.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Escapes a value for a link.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~:,".contains(&b);
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::new();
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(["%", &format!("{byte:02X}")]);
        }
    }
    Cow::Owned(escaped)
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        Ok(Self {
            pairs: Self::parse(parts.uri.query().unwrap_or_default()),
            origin: parts.extensions.get().cloned().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_unescaped() {
        let pairs = Query::parse("a=b%20c&d+e=%zz&f&=%e2%82%ac");
        let expected = [("a", "b c"), ("d e", "%zz"), ("f", ""), ("", "€")];
        let expected = expected.map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(pairs, expected);
    }
}

//! Servers as they are: each reads requests with a habit of its own.

/// What a reader does that RFC 9112 does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Habit {
    /// Nothing.
    Strict,
    /// Believes Content-Length where there is a Transfer-Encoding, too.
    LengthFirst,
    /// Takes any coding that contains `chunked` for it.
    CodingByPart,
    /// Takes the last of several equal fields, and not the first.
    LastWins,
    /// Ends a line at a lone LF, too.
    LoneLf,
    /// Ends a line at a lone CR, too.
    LoneCr,
    /// Forgives white space around the name of a field.
    TrimsNames,
    /// Takes `_` in a name for `-`.
    Underscores,
    /// Reads a number as far as it goes, after spaces and a plus.
    LooseNumbers,
    /// Ends a chunked body at the empty chunk, and skips what is no request then.
    NoTrailers,
}

pub(super) const HABITS: [Habit; 10] = [
    Habit::Strict,
    Habit::LengthFirst,
    Habit::CodingByPart,
    Habit::LastWins,
    Habit::LoneLf,
    Habit::LoneCr,
    Habit::TrimsNames,
    Habit::Underscores,
    Habit::LooseNumbers,
    Habit::NoTrailers,
];

impl Habit {
    /// Counts the complete requests at the start of `bytes`.
    pub(super) fn count(self, mut bytes: &[u8]) -> usize {
        let mut count = 0;
        while let Some(rest) = self.request(bytes) {
            count += 1;
            bytes = rest;
        }
        count
    }

    /// Reads one request; returns what follows it.
    fn request(self, bytes: &[u8]) -> Option<&[u8]> {
        let (mut line, mut rest) = self.line(bytes)?;
        while line.is_empty() {
            (line, rest) = self.line(rest)?;
        }
        while !line.windows(6).any(|part| part == b" HTTP/") {
            if self != Self::NoTrailers {
                return None;
            }
            (line, rest) = self.line(rest)?;
        }
        let (mut length, mut coding) = (None, None);
        loop {
            (line, rest) = self.line(rest)?;
            if line.is_empty() {
                break;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let (name, value) = (self.name(&line[..colon]), line[colon + 1..].trim_ascii());
            let place = match name.as_slice() {
                b"content-length" => &mut length,
                b"transfer-encoding" => &mut coding,
                _ => continue,
            };
            if place.is_none() || self == Self::LastWins {
                *place = Some(value);
            }
        }
        let chunked = coding.is_some_and(|coding| self.is_chunked(coding));
        match length {
            Some(length) if !chunked || self == Self::LengthFirst => {
                rest.get(self.number(length, 10)?..)
            }
            _ if chunked => self.chunks(rest),
            _ => Some(rest),
        }
    }

    fn chunks(self, mut rest: &[u8]) -> Option<&[u8]> {
        loop {
            let (line, after) = self.line(rest)?;
            let size = line.split(|byte| *byte == b';').next()?;
            let size = self.number(size, 16)?;
            if size == 0 {
                return self.trailers(after);
            }
            let (end, after) = self.line(after.get(size..)?)?;
            if !end.is_empty() {
                return None;
            }
            rest = after;
        }
    }

    fn trailers(self, mut rest: &[u8]) -> Option<&[u8]> {
        loop {
            let (line, after) = self.line(rest)?;
            if line.is_empty() {
                return Some(after);
            }
            if self == Self::NoTrailers {
                return Some(rest);
            }
            rest = after;
        }
    }

    /// Splits a line off.
    fn line(self, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
        (0..bytes.len()).find_map(|at| {
            let end = match (bytes[at], bytes.get(at + 1)) {
                (b'\r', Some(b'\n')) => 2,
                (b'\n', _) if self == Self::LoneLf => 1,
                (b'\r', Some(_)) if self == Self::LoneCr => 1,
                _ => return None,
            };
            Some((&bytes[..at], &bytes[at + end..]))
        })
    }

    fn name(self, name: &[u8]) -> Vec<u8> {
        let mut name = name.to_ascii_lowercase();
        match self {
            Self::TrimsNames => name = name.trim_ascii().to_vec(),
            Self::Underscores => name
                .iter_mut()
                .filter(|byte| **byte == b'_')
                .for_each(|byte| *byte = b'-'),
            Self::Strict
            | Self::LengthFirst
            | Self::CodingByPart
            | Self::LastWins
            | Self::LoneLf
            | Self::LoneCr
            | Self::LooseNumbers
            | Self::NoTrailers => {}
        }
        name
    }

    fn is_chunked(self, coding: &[u8]) -> bool {
        let coding = coding.to_ascii_lowercase();
        if self == Self::CodingByPart {
            return coding.windows(7).any(|part| part == b"chunked");
        }
        coding == b"chunked"
    }

    fn number(self, text: &[u8], radix: u32) -> Option<usize> {
        let text = std::str::from_utf8(text).ok()?;
        if self != Self::LooseNumbers {
            let digits = text.chars().all(|sign| sign.is_digit(radix));
            return usize::from_str_radix(text, radix).ok().filter(|_| digits);
        }
        let text = text.trim_start().trim_start_matches('+');
        let end = text.find(|sign: char| !sign.is_digit(radix));
        let digits = &text[..end.unwrap_or(text.len())];
        Some(usize::from_str_radix(digits, radix).unwrap_or(0))
    }
}

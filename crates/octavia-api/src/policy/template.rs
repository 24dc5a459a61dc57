use std::fmt;

use super::parse::ParseError;

/// Text with places for attributes of the target: `%(project_id)s`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Target(String),
}

impl Template {
    /// Reads the right side of a check.
    pub(super) fn parse(written: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::Template(written.to_owned());
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = written;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let (name, after) = after
                .strip_prefix('(')
                .and_then(|after| after.split_once(")s"))
                .filter(|(name, _)| !name.contains(['(', ')', '%']))
                .ok_or_else(wrong)?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Target(name.to_owned()));
            rest = after;
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self(pieces))
    }

    /// Tells whether nothing of the target stands in it.
    pub(super) fn is_literal(&self) -> bool {
        !self.0.iter().any(|piece| matches!(piece, Piece::Target(_)))
    }

    /// Puts the target in; `None` when it lacks an attribute.
    pub(super) fn fill<'a>(&self, target: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let mut filled = String::new();
        for piece in &self.0 {
            filled.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Target(name) => target(name)?,
            });
        }
        Some(filled)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(&text.replace('%', "%%")),
            Piece::Target(name) => write!(f, "%({name})s"),
        })
    }
}

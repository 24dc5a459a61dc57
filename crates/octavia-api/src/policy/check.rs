use std::fmt;

use super::template::Template;

/// A rule, read: what must hold for it to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// `@`: holds for everybody.
    Always,
    /// `!`: holds for nobody.
    Never,
    /// `not X`.
    Not(Box<Self>),
    /// `X and Y`.
    All(Vec<Self>),
    /// `X or Y`.
    Any(Vec<Self>),
    /// `rule:NAME`: another rule holds.
    Rule(String),
    /// `role:NAME`: the caller has the role, in any case of its letters.
    Role(Template),
    /// `SUBJECT:MATCH`: something of the caller, or a literal, is what stands behind the colon.
    Compare {
        /// What is compared.
        subject: Subject,
        /// With what.
        template: Template,
    },
}

/// The left side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// An attribute of the caller: `project_id`.
    Attribute(String),
    /// `'text'`, a whole number, `True`, `False` or `None`.
    Literal {
        /// As it was written.
        written: String,
        /// What it means.
        value: String,
    },
}

impl Check {
    /// Returns the names of the rules that this one asks.
    pub(super) fn references(&self) -> Vec<&str> {
        match self {
            Self::Rule(name) => vec![name],
            Self::Not(inner) => inner.references(),
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().flat_map(Self::references).collect()
            }
            Self::Always | Self::Never | Self::Role(_) | Self::Compare { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("@"),
            Self::Never => f.write_str("!"),
            Self::Not(inner) => write!(f, "not {inner}"),
            Self::All(parts) => joined(f, parts, "and"),
            Self::Any(parts) => joined(f, parts, "or"),
            Self::Rule(name) => write!(f, "rule:{name}"),
            Self::Role(role) => write!(f, "role:{role}"),
            Self::Compare { subject, template } => write!(f, "{subject}:{template}"),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Check], word: &str) -> fmt::Result {
    f.write_str("(")?;
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            write!(f, " {word} ")?;
        }
        write!(f, "{part}")?;
    }
    f.write_str(")")
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(text) | Self::Literal { written: text, .. } => f.write_str(text),
        }
    }
}

//! What is wrong with a configuration, for the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A line of the configuration that the binary carries.
    BuiltIn(usize),
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    CommandLine(&'static str),
    /// Nobody said it: the default holds.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::BuiltIn(line) => write!(f, "built-in configuration:{line}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine(option) => write!(f, "command line {option}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Something that stops the start: where it stands, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    place: String,
    cause: String,
}

impl Problem {
    /// Describes a file, a folder or a line that cannot be used.
    pub(crate) fn at(place: impl fmt::Display, cause: impl Into<String>) -> Self {
        Self {
            place: place.to_string(),
            cause: cause.into(),
        }
    }

    /// Describes a value that is not allowed; `written` is stars for a secret.
    pub(crate) fn value(
        origin: &Origin,
        (section, option): (&str, &str),
        written: &str,
        allowed: &str,
    ) -> Self {
        Self::at(
            origin,
            format!("[{section}] {option} = {written}: {allowed}"),
        )
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.cause)
    }
}

/// All that is wrong with a configuration, so that it can be mended in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// Fails when there are any.
    pub(crate) fn none_of(problems: &[Problem]) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self(problems.to_vec()))
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Problems {}

/// Something to know about a configuration that is used all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remark {
    /// An option that nobody knows.
    Unknown {
        /// Where it stands.
        origin: String,
        /// What was written, `[section] option`.
        name: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// An old name for an option.
    OldName {
        /// Where it stands.
        origin: String,
        /// What was written.
        name: String,
        /// How it is called today.
        today: String,
    },
    /// An option of upstream's that does nothing here.
    WithoutUse {
        /// Where it stands.
        origin: String,
        /// The option.
        name: String,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown {
                origin,
                name,
                nearest,
            } => {
                write!(f, "{origin}: there is no option {name}")?;
                nearest
                    .as_ref()
                    .map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
            }
            Self::OldName {
                origin,
                name,
                today,
            } => write!(f, "{origin}: {name} is called {today} today"),
            Self::WithoutUse { origin, name } => {
                write!(f, "{origin}: {name} is known and has no effect here")
            }
        }
    }
}

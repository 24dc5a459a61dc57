//! What is wrong with a configuration, for the person who wrote it.

use std::fmt;
use std::path::PathBuf;

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
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

/// Something that stops the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// A file or folder that cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A line that is not of the format.
    Syntax {
        /// Where.
        origin: Origin,
        /// What is wrong with it.
        cause: String,
    },
    /// A value that is not allowed.
    Value {
        /// Where.
        origin: Origin,
        /// The section of the option.
        section: String,
        /// The option.
        option: String,
        /// The value as it was written; stars for a secret.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, cause } => write!(f, "{}: {cause}", path.display()),
            Self::Syntax { origin, cause } => write!(f, "{origin}: {cause}"),
            Self::Value {
                origin,
                section,
                option,
                value,
                allowed,
            } => write!(f, "{origin}: [{section}] {option} = {value}: {allowed}"),
        }
    }
}

/// All that is wrong with a configuration, so that it can be mended in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

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
pub enum Remark {
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

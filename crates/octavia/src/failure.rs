//! Why the process ends, and its exit code.

use std::fmt;
use std::process::ExitCode;

/// What ended the process early. Each variant is an exit code of its own, for supervisors.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The configuration cannot be used (exit code 78): starting again does not help.
    Configuration(Box<dyn std::error::Error + Send + Sync>),
    /// Something else holds what the process needs: a port, a folder (exit code 75).
    #[cfg(feature = "control-plane")]
    Taken(String),
    /// Anything else (exit code 1).
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// A failure in our own words.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Other(text.into().into())
    }

    /// Writes the failure and its causes for a person, and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        use std::io::Write;
        let written = writeln!(std::io::stderr().lock(), "error: {self}");
        // Nobody is left to tell when standard error is closed.
        drop(written);
        match self {
            Self::Configuration(_) => ExitCode::from(78),
            #[cfg(feature = "control-plane")]
            Self::Taken(_) => ExitCode::from(75),
            Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(error) => chain(&**error, f),
            #[cfg(feature = "control-plane")]
            Self::Taken(text) => f.write_str(text),
            Self::Other(error) => chain(&**error, f),
        }
    }
}

/// Writes an error and its causes; a cause that its error has quoted already is not said again.
fn chain(error: &(dyn std::error::Error + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut said = error.to_string();
    f.write_str(&said)?;
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !said.contains(&text) {
            write!(f, ": {text}")?;
            said = text;
        }
        source = cause.source();
    }
    Ok(())
}

#[cfg(feature = "control-plane")]
impl From<crate::config::Problems> for Failure {
    fn from(problems: crate::config::Problems) -> Self {
        Self::Configuration(problems.into())
    }
}

#[cfg(feature = "control-plane")]
impl From<octavia_store::Error> for Failure {
    fn from(error: octavia_store::Error) -> Self {
        Self::Other(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Step {
        text: &'static str,
        source: Option<Box<Step>>,
    }

    #[test]
    fn causes_are_told_once() {
        let step = |text, source| Step { text, source };
        let cause = step("no route", None);
        let quoted = step("connect: no route", Some(Box::new(cause)));
        let error = step("ask the database", Some(Box::new(quoted)));
        let failure = Failure::Other(error.into());
        assert_eq!(failure.to_string(), "ask the database: connect: no route");
    }
}

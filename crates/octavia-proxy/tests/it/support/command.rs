use std::io::Write;
use std::process::Command;

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) succeeded: bool,
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs a program; `None`, said aloud, where this machine has none of that name.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<Said> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(Said {
            succeeded: output.status.success(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
        Err(error) => {
            let mut stderr = std::io::stderr();
            writeln!(stderr, "SKIPPED: {program} cannot be run: {error}").expect("say so");
            None
        }
    }
}

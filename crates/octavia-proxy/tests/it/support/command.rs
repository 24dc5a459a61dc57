use std::io::Write;
use std::process::{Command, Stdio};

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) output: String,
    pub(crate) errors: String,
}

/// Runs a program, which gets no input; `None`, said aloud, where this machine has none of that name.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<Said> {
    match Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
    {
        Ok(output) => Some(Said {
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

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::wait_until;

/// A server that nobody here wrote. Ends with its owner.
pub(crate) struct Program {
    directory: tempfile::TempDir,
    child: Child,
}

impl Program {
    /// Starts `command` with its files in `directory`, and waits until it listens at `address`;
    /// `None`, said aloud, where this machine has no such program.
    pub(crate) fn start(
        directory: tempfile::TempDir,
        command: Command,
        address: SocketAddr,
    ) -> Option<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut program = Self::start_silent(directory, command)?;
        wait_until(&format!("{name} listens"), || {
            let ended = program.child.try_wait().expect("look after a program");
            assert!(ended.is_none(), "{name} ended: {}", program.said());
            TcpStream::connect(address).is_ok()
        });
        Some(program)
    }

    /// As [`Program::start`], for one that listens nowhere.
    pub(crate) fn start_silent(directory: tempfile::TempDir, mut command: Command) -> Option<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let said = File::create(directory.path().join("said")).expect("a file");
        let again = said.try_clone().expect("a second handle");
        command.stdin(Stdio::null()).stdout(said).stderr(again);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let mut stderr = std::io::stderr();
                writeln!(stderr, "SKIPPED: {name} cannot be run: {error}").expect("say so");
                return None;
            }
        };
        Some(Self { directory, child })
    }

    /// Returns where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Returns what it has printed.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.directory().join("said")).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

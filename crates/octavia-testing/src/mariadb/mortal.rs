use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use super::{installed, skip, wait_for};

/// A MariaDB server of one test's own, which is killed and comes back when it is told to.
/// It ends with the thread that started it last.
#[derive(Debug)]
pub struct MortalServer {
    directory: TempDir,
    running: Mutex<Option<Child>>,
}

impl MortalServer {
    /// Starts one. `None`, and a line that says so, when this machine has none.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn start() -> Option<Self> {
        if !installed() {
            skip();
            return None;
        }
        let directory = tempfile::Builder::new()
            .prefix("octavia-mortal-")
            .tempdir()
            .expect("a temporary directory can be made");
        let server = Self {
            directory,
            running: Mutex::default(),
        };
        let mut install = server.shell(
            "TMPDIR=\"$1\" mariadb-install-db --no-defaults --datadir=\"$1/data\" --user=\"$(id -un)\" \
             --skip-test-db --auth-root-authentication-method=normal --innodb-log-file-size=8M",
        );
        let installed = install.status().expect("a shell can be started");
        assert!(installed.success(), "mariadb-install-db failed");
        server.revive();
        Some(server)
    }

    /// Kills it, as `SIGKILL` does.
    ///
    /// # Panics
    ///
    /// When it is not running.
    pub fn kill(&self) {
        let running = self.running().take();
        let mut running = running.expect("the server runs");
        running.kill().expect("a child can be killed");
        running.wait().expect("a child can be waited for");
    }

    /// Starts it on what it left behind, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it does not come up.
    pub fn revive(&self) {
        let socket = self.socket();
        // A killed server leaves its socket behind; nobody answers there.
        std::fs::remove_file(&socket).ok();
        let mut server = self.shell(
            "export TMPDIR=\"$1\"; exec setpriv --pdeathsig KILL mariadbd --no-defaults --datadir=\"$1/data\" \
             --socket=\"$1/socket\" --pid-file=\"$1/pid\" --user=\"$(id -un)\" --skip-networking \
             --skip-log-bin --innodb-log-file-size=8M --innodb-buffer-pool-size=32M",
        );
        let child = server.spawn().expect("a shell can be started");
        *self.running() = Some(child);
        wait_for(&socket);
    }

    /// Returns where it listens. The user is `root`, without a password.
    pub fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Returns its URL, with `%` in the place of a database's name.
    pub(crate) fn url(&self) -> String {
        format!(
            "mysql://root@localhost/%?socket={}",
            self.socket().display()
        )
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shell(&self, script: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script, "mortal"])
            .arg(self.directory.path())
            .env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        shell
    }
}

impl Drop for MortalServer {
    fn drop(&mut self) {
        if let Some(mut running) = self.running().take() {
            // Fails only when it has ended, which is what is wanted.
            running.kill().ok();
            running.wait().ok();
        }
    }
}

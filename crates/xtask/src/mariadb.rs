//! A MariaDB of one's own, on a socket in a folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::bench::process::Program;
use crate::shell::{Step, find, until};

/// How long a new database may take until it answers.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A running MariaDB with an empty database `octavia`. It ends when this is dropped.
pub(crate) struct Mariadb {
    socket: PathBuf,
    _server: Program,
}

impl Mariadb {
    /// Starts one that keeps its files in `directory`; `start` adds options and chooses the core.
    pub(crate) fn start(
        directory: &Path,
        start: impl FnOnce(Command) -> anyhow::Result<Program>,
    ) -> anyhow::Result<Self> {
        let mariadbd = find("mariadbd").context("apt install mariadb-server")?;
        let (data, socket) = (directory.join("data"), directory.join("socket"));
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid())?;
        let user = user.context("the user who runs this has no name")?.name;
        let common = |program: &Path| {
            let mut command = Command::new(program);
            // A server that starts removes the temporary tables of all that share this folder.
            command
                .env("TMPDIR", directory)
                .arg("--no-defaults")
                .arg(format!("--datadir={}", data.display()))
                .arg(format!("--user={user}"));
            command
        };
        let install = find("mariadb-install-db").context("apt install mariadb-server")?;
        let mut install = common(&install);
        install.arg("--auth-root-authentication-method=normal");
        let installed = install.output().context("start mariadb-install-db")?;
        if !installed.status.success() {
            let said = String::from_utf8_lossy(&installed.stdout);
            bail!("mariadb-install-db failed:\n{said}");
        }
        let first = directory.join("first.sql");
        std::fs::write(&first, "CREATE DATABASE octavia;\n")?;
        let log = std::fs::File::create(directory.join("mariadb.log"))?;
        let mut command = common(&mariadbd);
        command
            .arg(format!("--socket={}", socket.display()))
            .arg(format!("--init-file={}", first.display()))
            .arg("--skip-networking")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let server = start(command)?;
        let ping = Step::new(find("mariadb-admin").context("apt install mariadb-client")?)
            .args(["--no-defaults", "--user=root", "--socket"])
            .args([&socket])
            .args(["ping"]);
        until(START_PATIENCE, "MariaDB", || Ok(ping.succeeds()))?;
        Ok(Self {
            socket,
            _server: server,
        })
    }

    /// Returns how `octavia.conf` names the database, here and upstream.
    pub(crate) fn url(&self) -> String {
        self.url_of("octavia")
    }

    /// Returns how `octavia.conf` names another database of this server.
    pub(crate) fn url_of(&self, database: &str) -> String {
        let socket = self.socket.display();
        format!("mysql+pymysql://root@localhost/{database}?charset=utf8&unix_socket={socket}")
    }

    /// Runs SQL in the database, and returns what it answers: a line a row, without names.
    pub(crate) fn sql(&self, sql: &str) -> anyhow::Result<String> {
        Step::new(find("mariadb").context("apt install mariadb-client")?)
            .args(["--no-defaults", "--user=root", "--socket"])
            .args([&self.socket])
            .args(["--skip-column-names", "--execute", sql, "octavia"])
            .output()
    }
}

//! A database of its own for each server that is measured.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::bench::process::{Core, Program};
use crate::shell::{Step, find, until};

/// How long a new database may take until it answers.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A database, and how octavia.conf names it.
pub(super) struct Database {
    pub(super) url: String,
    /// Its server, if it has one, which lives as long as this.
    _server: Option<Program>,
}

impl Database {
    pub(super) fn sqlite(directory: &Path) -> Self {
        let file = directory.join("octavia.db");
        Self {
            url: format!("sqlite:///{}", file.display()),
            _server: None,
        }
    }

    /// Starts a MariaDB that listens on a socket in the directory alone.
    pub(super) fn mariadb(directory: &Path) -> anyhow::Result<Self> {
        let mariadbd = find("mariadbd").context("apt install mariadb-server")?;
        let (data, socket) = (directory.join("data"), directory.join("socket"));
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid())?;
        let user = user.context("the user who runs this has no name")?.name;
        let common = |program: &Path| {
            let mut command = Command::new(program);
            command
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
        let server = Program::start(command, Core::Others)?;
        let ping = Step::new(find("mariadb-admin").context("apt install mariadb-client")?)
            .args(["--no-defaults", "--user=root", "--socket"])
            .args([&socket])
            .args(["ping"]);
        until(START_PATIENCE, "MariaDB", || Ok(ping.succeeds()))?;
        Ok(Self {
            url: format!(
                "mysql+pymysql://root@localhost/octavia?unix_socket={}",
                socket.display()
            ),
            _server: Some(server),
        })
    }
}

//! A Keystone of one's own: the real one, from PyPI, on SQLite.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use crate::bench::http::ask;
use crate::bench::process::{Program, free_address, last_lines};
use crate::shell::{Step, until};
use crate::venv;

/// Keystone and what serves it, pinned so that a run says the same tomorrow.
const PACKAGES: [&str; 2] = ["keystone==28.0.0", "gunicorn==23.0.0"];
/// How long it may take until it answers.
const START_PATIENCE: Duration = Duration::from_mins(2);

/// Makes SQLite keep a log of writes, in Python: else who reads keeps others from writing.
const READERS_BLOCK_NOBODY: &str =
    "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = WAL')";

/// The password of every account here.
pub(crate) const PASSWORD: &str = "not-a-secret";

/// A Keystone with the account `admin` in the project `admin`.
pub(crate) struct Keystone {
    url: String,
    address: SocketAddr,
    directory: PathBuf,
    log: PathBuf,
    server: Option<Program>,
}

impl Keystone {
    /// Starts one that keeps its files in `directory`.
    pub(crate) fn start(directory: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut keystone = Self {
            url: format!("http://{address}/v3"),
            address,
            directory: directory.to_owned(),
            log: directory.join("keystone.log"),
            server: None,
        };
        keystone.prepare()?;
        keystone.resume()?;
        Ok(keystone)
    }

    /// Makes its keys, its database and its first account.
    fn prepare(&self) -> anyhow::Result<()> {
        let (venv, directory) = (installed()?, &self.directory);
        std::fs::write(directory.join("keystone.conf"), configuration(directory))?;
        let (user, group) = ourselves()?;
        let owner = ["--keystone-user", &user, "--keystone-group", &group];
        for words in [
            &["db_sync"][..],
            &[&["fernet_setup"], &owner[..]].concat(),
            &[&["credential_setup"], &owner[..]].concat(),
            &[
                "bootstrap",
                "--bootstrap-password",
                PASSWORD,
                "--bootstrap-region-id",
                "RegionOne",
                "--bootstrap-public-url",
                &self.url,
            ],
        ] {
            Step::new(venv.join("bin/keystone-manage"))
                .args(["--config-dir"])
                .args([directory])
                .args(words)
                .output()?;
        }
        Step::new(venv.join("bin/python"))
            .args(["-c", READERS_BLOCK_NOBODY])
            .args([directory.join("keystone.db")])
            .output()?;
        let server = directory.join("gunicorn.conf.py");
        std::fs::write(&server, serving(self.address)).context("write gunicorn's configuration")
    }

    /// Stops it; what it keeps stays.
    pub(crate) fn stop(&mut self) {
        self.server = None;
    }

    /// Starts it again where it was, on what it keeps, and waits until it answers.
    pub(crate) fn resume(&mut self) -> anyhow::Result<()> {
        let output = File::options().create(true).append(true).open(&self.log)?;
        let server = self.directory.join("gunicorn.conf.py");
        let mut command = Command::new(installed()?.join("bin/gunicorn"));
        command
            // Keystone reads the words of the command line as its own.
            .env(
                "GUNICORN_CMD_ARGS",
                format!("--config {}", server.display()),
            )
            .env("OS_KEYSTONE_CONFIG_DIR", &self.directory)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        self.server = Some(Program::start_anywhere(command)?);
        let answers = until(START_PATIENCE, "Keystone to answer", || {
            Ok(ask(self.address, "GET", "/v3", None).is_ok_and(|answer| answer.status == 200))
        });
        answers.with_context(|| self.log())
    }

    /// Returns the end of its log.
    pub(crate) fn log(&self) -> String {
        last_lines(&self.log)
    }

    /// Returns where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the environment in which the `openstack` client acts for an account in a project.
    pub(crate) fn environment(&self, user: &str, project: &str) -> Vec<(String, String)> {
        [
            ("OS_AUTH_URL", self.url()),
            ("OS_IDENTITY_API_VERSION", "3"),
            ("OS_USERNAME", user),
            ("OS_PASSWORD", PASSWORD),
            ("OS_PROJECT_NAME", project),
            ("OS_USER_DOMAIN_NAME", "Default"),
            ("OS_PROJECT_DOMAIN_NAME", "Default"),
            ("OS_REGION_NAME", "RegionOne"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }
}

/// Returns where Keystone and what serves it are installed.
fn installed() -> anyhow::Result<PathBuf> {
    venv::install("keystone", &PACKAGES)
}

/// One request at a time: SQLite takes one writer.
fn serving(address: SocketAddr) -> String {
    format!(
        "wsgi_app = 'keystone.wsgi.api:application'
bind = '{address}'
workers = 1
worker_class = 'sync'
"
    )
}

/// Returns our names as a user and as a group: who owns Keystone's keys.
fn ourselves() -> anyhow::Result<(String, String)> {
    use nix::unistd::{Group, User, getegid, geteuid};
    let user = User::from_uid(geteuid())?.context("the user who runs this has no name")?;
    let group = Group::from_gid(getegid())?.context("the group that runs this has no name")?;
    Ok((user.name, group.name))
}

fn configuration(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///{directory}/keystone.db
[token]
provider = fernet
[fernet_tokens]
key_repository = {directory}/fernet-keys
[credential]
key_repository = {directory}/credential-keys
[identity]
password_hash_rounds = 4
"
    )
}

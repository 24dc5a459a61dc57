//! How a person, or a package manager, asks for an upgrade: a socket beside the configuration.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::START_LIMIT;

/// What is asked.
const UPGRADE: &[u8; 8] = b"upgrade\n";
/// How long asking may take.
const ASK_LIMIT: Duration = Duration::from_secs(5);

/// Returns where the amphora with this folder listens.
fn path(base_path: &Path) -> PathBuf {
    base_path.join("control.sock")
}

/// Listens for those who may: the same user, and root.
pub(in crate::amphora) struct Control(UnixListener);

/// Somebody who asked for an upgrade.
pub(in crate::amphora) struct Asker(UnixStream);

impl Control {
    /// Listens in a folder; who listened there before is heard no more.
    pub(in crate::amphora) fn listen(base_path: &Path) -> io::Result<Self> {
        let path = path(base_path);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self(listener))
    }

    /// Returns the next who asks for an upgrade.
    pub(in crate::amphora) async fn next(&self) -> Asker {
        loop {
            let asked = async {
                let (mut stream, _) = self.0.accept().await?;
                let user = stream.peer_cred()?.uid();
                let mut words = [0; UPGRADE.len()];
                let read = tokio::time::timeout(ASK_LIMIT, stream.read_exact(&mut words));
                read.await.map_err(io::Error::from)??;
                let may = user == 0 || user == rustix::process::geteuid().as_raw();
                io::Result::Ok((stream, may && words == *UPGRADE))
            };
            match asked.await {
                Ok((stream, true)) => return Asker(stream),
                Ok((_, false)) => tracing::warn!("somebody asked for what is not granted"),
                Err(error) => {
                    tracing::debug!(%error, "nobody asked: {error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }
}

impl Asker {
    /// Tells how it went.
    pub(in crate::amphora) async fn answer(mut self, how: &str) {
        let text = format!("{how}\n");
        let written = tokio::time::timeout(ASK_LIMIT, self.0.write_all(text.as_bytes()));
        if !matches!(written.await, Ok(Ok(()))) {
            tracing::debug!("who asked for an upgrade did not wait for the answer");
        }
    }
}

/// How an answer begins that tells of success.
pub(in crate::amphora) const SUCCESS: &str = "ok: ";

/// Asks the amphora with this folder for an upgrade; returns what it says.
pub(in crate::amphora) fn ask(base_path: &Path) -> io::Result<String> {
    let mut stream = std::os::unix::net::UnixStream::connect(path(base_path))?;
    stream.set_read_timeout(Some(2 * START_LIMIT))?;
    stream.write_all(UPGRADE)?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    match answer.trim_end().strip_prefix(SUCCESS) {
        Some(success) => Ok(success.to_owned()),
        None if answer.is_empty() => Err(io::Error::other("the amphora did not answer")),
        None => Err(io::Error::other(answer.trim_end().to_owned())),
    }
}

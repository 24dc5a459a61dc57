//! The binary, started as a process on ports and addresses of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// Runs `octavia <words>` to its end, away from this machine's own configuration.
pub(crate) fn octavia(words: &[&str]) -> Output {
    octavia_in(Path::new("/nonexistent"), words)
}

/// Runs `octavia <words>` to its end, with its home and its temporary files in a folder.
pub(crate) fn octavia_in(folder: &Path, words: &[&str]) -> Output {
    command(folder)
        .env("TMPDIR", folder)
        .args(words)
        .output()
        .unwrap()
}

fn command(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_octavia"));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .stdin(Stdio::null());
    command
}

/// A state folder, and a piece of 127.0.0.0/8 that no other test uses.
pub(crate) struct Home {
    folder: TempDir,
    piece: u8,
}

impl Home {
    /// Makes one.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(0);
        let number = u32::from(NEXT.fetch_add(1, Ordering::Relaxed)) + std::process::id() * 7;
        let piece = 20 + u8::try_from(number % 70).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder, piece };
        let text = format!(
            "[local_cloud]\nsubnet = private-subnet private 127.{piece}.0.0/24\n\
             management_cidr = 127.{piece}.128.0/17\nisolation = process\n\
             [api_settings]\nbind_port = 0\nsync_wait = 0\n\
             [health_manager]\nheartbeat_interval = 1\nheartbeat_timeout = 3\nserver_check_interval = 0.2\n"
        );
        std::fs::write(home.config(), text).unwrap();
        home
    }

    /// Adds to the configuration.
    pub(crate) fn configure(&self, text: &str) {
        let before = std::fs::read_to_string(self.config()).unwrap();
        std::fs::write(self.config(), before + text).unwrap();
    }

    /// Puts another configuration in the place of the one it was made with.
    pub(crate) fn set_configuration(&self, text: &str) {
        std::fs::write(self.config(), text).unwrap();
    }

    /// Returns the processes of its amphorae.
    pub(crate) fn amphorae(&self) -> Vec<i32> {
        let is_amphora = |pid: &i32| {
            let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words
                .split(|octet| *octet == 0)
                .any(|word| word == b"amphora")
        };
        self.processes().into_iter().filter(is_amphora).collect()
    }

    /// Returns the host's address on the amphorae's network.
    pub(crate) fn host(&self) -> std::net::IpAddr {
        [127, self.piece, 128, 1].into()
    }

    /// Returns the configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("octavia.conf")
    }

    /// Returns the state folder.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Returns an address for a web server.
    pub(crate) fn site(&self, number: u8) -> std::net::SocketAddr {
        ([127, self.piece, 1, number], 0).into()
    }

    /// Prepares a role that is not all-in-one.
    pub(crate) fn role(&self, role: &str) -> Command {
        let mut command = command(self.folder.path());
        command.arg("--config-file").arg(self.config()).arg(role);
        command
    }

    /// Prepares `octavia all-in-one` with more words.
    pub(crate) fn all_in_one(&self, words: &[&str]) -> Command {
        let mut command = command(self.folder.path());
        command
            .arg("all-in-one")
            .arg("--config-file")
            .arg(self.config())
            .arg("--state-dir")
            .arg(self.state())
            .args(words);
        command
    }

    /// Returns the processes that work on this home.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let state = self.folder.path().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap() {
            let entry = entry.unwrap();
            let Ok(pid) = entry.file_name().to_string_lossy().parse() else {
                continue;
            };
            let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&words).contains(&state) {
                found.push(pid);
            }
        }
        found
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for pid in self.processes() {
            send(pid, Signal::SIGKILL);
        }
    }
}

/// A running all-in-one.
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
    pub(crate) endpoint: String,
    pub(crate) http: reqwest::Client,
}

impl Service {
    /// Starts all-in-one on a home, and waits until it greets.
    pub(crate) async fn start(home: &Home) -> Self {
        let log = home.folder.path().join("log");
        let greeting = home.folder.path().join("greeting");
        let file = |path: &Path| std::fs::File::create(path).unwrap();
        let mut child = home
            .all_in_one(&[])
            .stdout(file(&greeting))
            .stderr(file(&log))
            .spawn()
            .unwrap();
        let endpoint = until("all-in-one to greet", async || {
            if let Some(status) = child.try_wait().unwrap() {
                let log = std::fs::read_to_string(&log).unwrap();
                panic!("all-in-one ended with {status}:\n{log}");
            }
            let text = std::fs::read_to_string(&greeting).unwrap();
            let (_, behind) = text.split_once("answers on ")?;
            behind
                .split_once('\n')
                .map(|(endpoint, _)| endpoint.to_owned())
        })
        .await;
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        Self {
            child,
            log,
            endpoint,
            http,
        }
    }

    /// Returns what it logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Returns its process.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    /// Asks the API for something.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}/v2.0/lbaas/{path}", self.endpoint);
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Makes something by the API.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/v2.0/lbaas/{path}", self.endpoint);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}\n{}", self.log());
        serde_json::from_str(&text).unwrap()
    }

    /// Deletes something by the API.
    pub(crate) async fn delete(&self, path: &str) {
        let url = format!("{}/v2.0/lbaas/{path}", self.endpoint);
        let answer = self.http.delete(url).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.status());
    }

    /// Sends a request to a site; `None` when it fails in any way.
    pub(crate) async fn visit(&self, url: &str) -> Option<String> {
        let answer = self.http.get(url).send().await.ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    /// Asks it to stop, as often as one likes.
    pub(crate) fn ask_to_stop(&self) {
        send(self.pid(), Signal::SIGTERM);
    }

    /// Waits until it ends, and returns how.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let status = until("all-in-one to end", async || self.child.try_wait().unwrap()).await;
        (status, self.log())
    }

    /// Stops it softly, and returns how it ended.
    pub(crate) async fn terminate(self) -> (ExitStatus, String) {
        self.ask_to_stop();
        self.ended().await
    }

    /// Kills it, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Sends a signal to a process, which may be gone.
pub(crate) fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).ok();
}

/// Waits until `reached` answers.
pub(crate) async fn until<T>(what: &str, mut reached: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = reached().await {
            return found;
        }
        assert!(Instant::now() < end, "waited in vain for {what}");
        sleep(LOOK).await;
    }
}

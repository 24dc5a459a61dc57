//! A MariaDB server for the tests of one process: on a socket in a temporary directory, without a
//! network. It ends with the process, however that ends, and takes its directory with it.

mod mortal;

use std::io::PipeWriter;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::Duration;

pub use mortal::MortalServer;

/// Names a server that is there already: `mysql://user:password@host`, without a database.
const EXISTING: &str = "OCTAVIA_TEST_MYSQL_URL";

/// Waits for the end of its input, which is the end of the tests; then nothing is left.
///
/// Temporary tables lie in the directory as well: a server that starts removes those of all others
/// that share its `tmpdir`, and a server whose open table is gone may crash.
const GUARDIAN: &str = r#"
trap "" INT TERM HUP
export TMPDIR="$1"
user="--user=$(id -un)"
mariadb-install-db --no-defaults --datadir="$1/data" "$user" --skip-test-db \
    --auth-root-authentication-method=normal --innodb-log-file-size=8M </dev/null
mariadbd --no-defaults --datadir="$1/data" --socket="$1/socket" --pid-file="$1/pid" "$user" \
    --skip-networking --skip-log-bin --innodb-log-file-size=8M --innodb-buffer-pool-size=64M \
    --innodb-flush-log-at-trx-commit=0 --max-connections=500 </dev/null &
server=$!
cat >/dev/null
kill -KILL "$server"
wait "$server"
rm -rf "$1"
"#;
/// How often, and how long apart, to try whether the server is up: 90 seconds.
const TRIES: u32 = 900;
const PAUSE: Duration = Duration::from_millis(100);

/// A server that tests may make databases on.
pub(crate) struct Server {
    /// Its URL, with `%` in the place of a database's name.
    pub(crate) url: String,
    /// The guardian waits for the pipe to close.
    guardian: Option<(Child, PipeWriter)>,
}

impl Server {
    /// Tells whether somebody else runs it.
    pub(crate) const fn outlives_tests(&self) -> bool {
        self.guardian.is_none()
    }
}

/// Returns the server. `None`, and a line that says so, when this machine has none.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(start).as_ref()
}

fn start() -> Option<Server> {
    if let Ok(url) = std::env::var(EXISTING) {
        let (server, query) = url.split_once('?').unwrap_or((&url, ""));
        return Some(Server {
            url: format!("{}/%?{query}", server.trim_end_matches('/')),
            guardian: None,
        });
    }
    if !installed() {
        skip();
        return None;
    }
    let directory = tempfile::Builder::new()
        .prefix("octavia-mariadb-")
        .tempdir()
        .expect("a temporary directory can be made")
        .keep();
    let guardian = guard(&directory);
    let socket = directory.join("socket");
    wait_for(&socket);
    Some(Server {
        url: format!("mysql://root@localhost/%?socket={}", socket.display()),
        guardian: Some(guardian),
    })
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skip() {
    eprintln!("SKIPPED on MariaDB: there is no mariadbd, and {EXISTING} is not set");
}

fn installed() -> bool {
    ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .any(|place| Path::new(place).join("mariadbd").exists())
}

/// Starts the server with its guardian.
fn guard(directory: &Path) -> (Child, PipeWriter) {
    let (input, alive) = std::io::pipe().expect("a pipe can be made");
    let path = std::env::var("PATH").unwrap_or_default();
    let guardian = Command::new("sh")
        .args(["-c", GUARDIAN, "guardian"])
        .arg(directory)
        .env("PATH", format!("{path}:/usr/sbin:/usr/local/sbin"))
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell can be started");
    (guardian, alive)
}

fn wait_for(socket: &PathBuf) {
    for _ in 0..TRIES {
        if UnixStream::connect(socket).is_ok() {
            return;
        }
        sleep(PAUSE);
    }
    assert!(socket.exists(), "mariadbd does not come up");
}

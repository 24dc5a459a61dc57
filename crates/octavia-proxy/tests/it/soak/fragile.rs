//! Members that are killed and stopped, and clients who bear it.

use std::io::{BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use octavia_amphora_api::config::{Check, ListenerProtocol};

use crate::churn::change::Chance;
use crate::churn::traffic::{connect, request};
use crate::support::config::{free_port, monitor, own_address};
use crate::support::{Setup, wait_until};

/// How many members there are; one is always left alone.
const MEMBERS: usize = 3;
const CLIENTS: usize = 4;

/// A proxy of its own in front of members that suffer.
pub(super) struct Fragile {
    members: Vec<Member>,
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
    /// Serves for as long as clients ask.
    setup: Setup,
}

/// An nginx, which may be dead or stopped.
struct Member {
    address: SocketAddr,
    directory: tempfile::TempDir,
    child: Child,
    is_stopped: bool,
}

impl Member {
    fn start() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let ip = own_address();
        let address = SocketAddr::new(ip, free_port(ip));
        let path = directory.path().display();
        let text = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/error.log;\n\
             events {{}}\n\
             http {{ access_log off; client_body_temp_path {path}/body;\n\
             proxy_temp_path {path}/proxy; fastcgi_temp_path {path}/fastcgi;\n\
             uwsgi_temp_path {path}/uwsgi; scgi_temp_path {path}/scgi;\n\
             server {{ listen {address}; location / {{ return 200 member; }} }} }}\n"
        );
        std::fs::write(directory.path().join("nginx.conf"), text).expect("write a file");
        let child = match spawn(&directory) {
            Ok(child) => child,
            Err(error) => {
                let mut stderr = std::io::stderr();
                writeln!(stderr, "SKIPPED: nginx cannot be run: {error}").expect("say so");
                return None;
            }
        };
        wait_until("nginx listens", || {
            std::net::TcpStream::connect(address).is_ok()
        });
        Some(Self {
            address,
            directory,
            child,
            is_stopped: false,
        })
    }

    /// Is killed, or stopped; or recovers from either.
    fn suffer(&mut self, chance: &mut Chance) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a number of a process"));
        if self.is_stopped {
            kill(pid, Signal::SIGCONT).expect("it is there");
            self.is_stopped = false;
        } else if self.child.try_wait().expect("look after nginx").is_some() {
            self.child = spawn(&self.directory).expect("it ran before");
        } else if chance.is_one_of(2) {
            self.child.kill().expect("it is there");
            self.child.wait().expect("it ends");
        } else {
            kill(pid, Signal::SIGSTOP).expect("it is there");
            self.is_stopped = true;
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn spawn(directory: &tempfile::TempDir) -> std::io::Result<Child> {
    Command::new("nginx")
        .arg("-p")
        .arg(directory.path())
        .arg("-c")
        .arg(directory.path().join("nginx.conf"))
        .stderr(Stdio::null())
        .spawn()
}

impl Fragile {
    /// Starts it all; `None`, said aloud, where this machine has no nginx.
    pub(super) fn start() -> Option<Self> {
        let members: Option<Vec<_>> = (0..MEMBERS).map(|_| Member::start()).collect();
        let members = members?;
        let addresses: Vec<_> = members.iter().map(|member| member.address).collect();
        let setup = Setup::new(ListenerProtocol::Http, &addresses, |config| {
            config.pools[0].health_monitor = Some(monitor(Check::Tcp));
            config.listeners[0].timeouts.member_data_ms = 1000;
        });
        let mut fragile = Self {
            members,
            stop: Arc::default(),
            served: Arc::default(),
            failed: Arc::default(),
            clients: Vec::new(),
            setup,
        };
        let address = fragile.setup.address();
        for _ in 0..CLIENTS {
            let (stop, served) = (Arc::clone(&fragile.stop), Arc::clone(&fragile.served));
            let failed = Arc::clone(&fragile.failed);
            let ask = move || {
                let answer = connect(address).and_then(|s| request(&mut BufReader::new(s)));
                let counter = if answer.is_ok() { &served } else { &failed };
                counter.fetch_add(1, Ordering::SeqCst);
            };
            let ask = move || {
                while !stop.load(Ordering::SeqCst) {
                    ask();
                }
            };
            fragile.clients.push(std::thread::spawn(ask));
        }
        Some(fragile)
    }

    /// Lets one member suffer, now and then; the first never does.
    pub(super) fn suffer(&mut self, chance: &mut Chance) {
        if chance.is_one_of(10) {
            let which = if chance.is_one_of(2) { 1 } else { 2 };
            self.members[which].suffer(chance);
        }
    }

    /// Ends; returns how many requests were served, and how many were not.
    pub(super) fn stop(self) -> (u64, u64) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().expect("a client had an error");
        }
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        (count(&self.served), count(&self.failed))
    }
}

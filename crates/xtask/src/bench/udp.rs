//! CPU time for each datagram's round trip: our proxy beside nginx's stream module.
//!
//! Both serve the same echo with one thread on the same core, and take turns; clients, each with a
//! flow of its own, and the echo run on the other cores, inside this program.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use serde_json::json;

use super::process::{self, Core, Program, now, on_core};
use super::proxy::{Target, summary};
use super::report::{Report, say};
use crate::shell::{find, until};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a proxy may take until it answers.
const START_PATIENCE: Duration = Duration::from_secs(20);

/// What goes to and fro.
const BALL: [u8; 64] = [b'x'; 64];

/// How to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How often each proxy takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a turn lasts, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// The build of our proxy alone (the example of its crate) to measure; built if absent.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Flows at once.
    #[arg(long, default_value_t = 64)]
    flows: usize,
}

impl Args {
    /// Measures with 64 flows.
    pub(super) fn new(binary: &Path, rounds: u32, seconds: u32) -> Self {
        Self {
            binary: Some(binary.to_owned()),
            rounds,
            seconds: seconds.into(),
            flows: 64,
        }
    }
}

/// What a round trip may cost, as a ratio to nginx.
pub(super) const TARGET: Target = Target::Ratio(0.60);

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    let mut report = Report::new(
        "CPU time of the proxy's process for each round trip, in microseconds; median of rounds",
        vec![
            "operation",
            "ours",
            "nginx",
            "ratio",
            "lowest",
            "highest",
            "target",
            "",
        ],
    );
    let name = format!("UDP round trip, 64 B, {} flows", args.flows);
    let numbers = summary(&rounds(args)?);
    report.add(&name, &numbers, TARGET.judge(&numbers));
    Ok(report)
}

/// Lets both take their turns; returns what a round trip cost ours and nginx.
pub(super) fn rounds(args: &Args) -> anyhow::Result<Vec<[f64; 2]>> {
    let echo = on_core(Core::Others, Echo::start)??;
    let directory = tempfile::tempdir()?;
    let binary = process::proxy(args.binary.as_deref())?;
    let ours = Contender::ours(&binary, directory.path(), echo.address)?;
    let peer = Contender::nginx(directory.path(), echo.address)?;
    let mut rounds = Vec::new();
    for round in 0..args.rounds {
        let [first, second] = if round.is_multiple_of(2) {
            [&ours, &peer]
        } else {
            [&peer, &ours]
        };
        let mut pair = [first.cost(args)?, second.cost(args)?];
        if !round.is_multiple_of(2) {
            pair.reverse();
        }
        say(&format!("{:.2} us beside {:.2} us", pair[0], pair[1]));
        rounds.push(pair);
    }
    Ok(rounds)
}

/// A server that answers what it is sent.
struct Echo {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    fn start() -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, client)) = socket.recv_from(&mut buffer) {
                if stops.load(Relaxed) {
                    return;
                }
                // A client that is gone needs no answer.
                socket.send_to(&buffer[..length], client).ok();
            }
        });
        Ok(Self {
            address,
            stopping,
            thread: Some(thread),
        })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        let waker = UdpSocket::bind("127.0.0.1:0");
        let woken = waker.and_then(|waker| waker.send_to(b"", self.address));
        if woken.is_ok() {
            self.thread.take().map(JoinHandle::join);
        }
    }
}

/// A proxy in front of the echo.
struct Contender {
    program: Program,
    listener: SocketAddr,
}

impl Contender {
    /// Starts our proxy alone, without an agent.
    fn ours(binary: &Path, directory: &Path, echo: SocketAddr) -> anyhow::Result<Self> {
        let listener = free_address()?;
        let file = directory.join("proxy.json");
        std::fs::write(&file, document(listener, echo).to_string())?;
        let mut command = Command::new(binary);
        // It serves until its input closes, which is when we end.
        command.arg(file).arg("1").stdin(Stdio::piped());
        command.stdout(Stdio::null());
        Self::start(command, listener)
    }

    fn nginx(directory: &Path, echo: SocketAddr) -> anyhow::Result<Self> {
        let nginx = find("nginx").context("nginx is the peer: apt install nginx")?;
        let listener = free_address()?;
        let file = directory.join("nginx.conf");
        std::fs::write(&file, configuration(directory, listener, echo))?;
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(directory)
            .args(["-e", "stderr", "-c"]);
        command.arg(&file).stdin(Stdio::null());
        Self::start(command, listener)
            .context("nginx needs its stream module: apt install libnginx-mod-stream")
    }

    fn start(command: Command, listener: SocketAddr) -> anyhow::Result<Self> {
        let program = Program::start(command, Core::Measured)?;
        let client = UdpSocket::bind("127.0.0.1:0")?;
        client.set_read_timeout(Some(Duration::from_millis(100)))?;
        client.connect(listener)?;
        until(START_PATIENCE, "the first answer", || {
            // Nobody may listen yet.
            client.send(b"x").ok();
            Ok(client.recv(&mut [0; 8]).is_ok())
        })?;
        Ok(Self { program, listener })
    }

    /// Returns the CPU time that one round trip cost, in microseconds.
    fn cost(&self, args: &Args) -> anyhow::Result<f64> {
        let before = self.program.cpu_time()?;
        let trips = on_core(Core::Others, || trips(self.listener, args))??;
        let spent = self.program.cpu_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / f64::from(u32::try_from(trips)?))
    }
}

/// Plays ping-pong on every flow until the time is up; returns how many answers came.
///
/// One loop plays all flows, as `wrk` does: were each a thread of its own, most of what a proxy
/// spends would be waking them, which real clients do for themselves.
fn trips(listener: SocketAddr, args: &Args) -> anyhow::Result<u64> {
    let players: Vec<_> = (0..args.flows)
        .map(|_| {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.set_nonblocking(true)?;
            socket.connect(listener)?;
            Ok(socket)
        })
        .collect::<std::io::Result<_>>()?;
    let epoll = Epoll::new(EpollCreateFlags::empty())?;
    for (index, player) in players.iter().enumerate() {
        epoll.add(player, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
        player.send(&BALL)?;
    }
    let end = now()? + Duration::from_secs(args.seconds);
    let (mut events, mut buffer) = (vec![EpollEvent::empty(); args.flows], [0; 128]);
    let mut trips = 0;
    while now()? < end {
        let patience = EpollTimeout::try_from(PATIENCE)?;
        let heard = epoll.wait(&mut events, patience)?;
        ensure!(heard > 0, "datagrams were lost");
        for event in &events[..heard] {
            let player = &players[usize::try_from(event.data())?];
            let length = player.recv(&mut buffer)?;
            ensure!(length == BALL.len(), "another datagram came back");
            player.send(&BALL)?;
            trips += 1;
        }
    }
    Ok(trips)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(UdpSocket::bind("127.0.0.1:0")?.local_addr()?)
}

fn document(listener: SocketAddr, echo: SocketAddr) -> serde_json::Value {
    let id = |number: u32| format!("00000000-0000-0000-0000-{number:012}");
    json!({
        "generation": 1, "amphora_id": id(1), "load_balancer_id": id(2), "vips": [listener.ip()],
        "listeners": [{
            "id": id(3), "protocol": "UDP", "port": listener.port(), "default_pool": id(4),
            "timeouts": {"client_data_ms": 50_000, "member_connect_ms": 5_000,
                "member_data_ms": 50_000, "tcp_inspect_ms": 0},
        }],
        "pools": [{
            "id": id(4), "protocol": "UDP", "algorithm": "ROUND_ROBIN",
            "members": [{"id": id(5), "address": echo.ip(), "port": echo.port(), "weight": 1}],
        }],
    })
}

fn configuration(directory: &Path, listener: SocketAddr, echo: SocketAddr) -> String {
    let directory = directory.display();
    format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
master_process off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 4096; multi_accept on; }}
stream {{
    access_log off;
    server {{
        listen {listener} udp reuseport;
        proxy_pass {echo};
        proxy_timeout 300s;
    }}
}}
"
    )
}

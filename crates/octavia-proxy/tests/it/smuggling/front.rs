//! A proxy in front of recorders: ours, HAProxy, nginx.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use octavia_amphora_api::config::{Algorithm, ListenerProtocol, Pool, PoolProtocol};

use super::reader::{HABITS, Habit};
use super::recorder::{MARK, Recorder};
use crate::support::config::{free_port, id, listener, member, own_address};
use crate::support::program::Program;
use crate::support::{PATIENCE, Setup};

/// How long nothing must come for the answers to be all.
const SILENCE: Duration = Duration::from_millis(200);

/// A proxy with a listener and a recorder for each lane.
pub(super) struct Front {
    pub(super) name: &'static str,
    addresses: Vec<SocketAddr>,
    recorders: Vec<Recorder>,
    _proxy: Proxy,
}

#[expect(
    dead_code,
    reason = "they end with their owner, and are held for nothing else"
)]
enum Proxy {
    Ours(Box<Setup>),
    Peer(Program),
}

/// What became of bytes.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The codes of the answers, in order.
    pub(super) answers: Vec<u16>,
    /// How many of them came from the recorder.
    by_member: usize,
    /// What the recorder got, by connection.
    seen: Vec<Vec<u8>>,
}

impl Verdict {
    /// Tells who counts the requests that the recorder got otherwise than the client does.
    pub(super) fn disagreement(&self) -> Option<String> {
        let count = |habit: Habit| {
            self.seen
                .iter()
                .map(|bytes| habit.count(bytes))
                .sum::<usize>()
        };
        let habit = HABITS
            .into_iter()
            .find(|habit| count(*habit) != self.by_member)?;
        let (found, answers) = (count(habit), self.by_member);
        Some(format!("{answers} passed, but {habit:?} finds {found}"))
    }

    /// Tells whether a request was refused that `other` served.
    pub(super) fn refused_earlier_than(&self, other: &Self) -> bool {
        let mut pairs = self.answers.iter().zip(&other.answers);
        pairs.any(|(mine, others)| *mine >= 400 && *others == 200)
    }
}

/// Our proxy.
pub(super) fn ours(lanes: usize) -> Front {
    let recorders: Vec<_> = (0..lanes).map(|_| Recorder::start()).collect();
    let setup = Setup::new(ListenerProtocol::Http, &[], |config| {
        (config.listeners, config.pools) = (Vec::new(), Vec::new());
        for (number, recorder) in (0..).zip(&recorders) {
            let port = free_port(config.vips[0]);
            let mut listener = listener(1000 + number, ListenerProtocol::Http, port);
            listener.default_pool = Some(id(2000 + number));
            config.listeners.push(listener);
            config.pools.push(Pool {
                id: id(2000 + number),
                protocol: PoolProtocol::Http,
                algorithm: Algorithm::RoundRobin,
                members: vec![member(3000 + number, recorder.address)],
                session_persistence: None,
                health_monitor: None,
                passive_health: None,
                enabled: true,
                tls: None,
            });
        }
    });
    let vip = setup.config.vips[0];
    let ports = setup.config.listeners.iter().map(|listener| listener.port);
    Front {
        name: "ours",
        addresses: ports.map(|port| SocketAddr::new(vip, port)).collect(),
        recorders,
        _proxy: Proxy::Ours(Box::new(setup)),
    }
}

/// HAProxy, with the defaults that upstream gives it.
pub(super) fn haproxy(lanes: usize) -> Option<Front> {
    let top = "defaults\n mode http\n retries 3\n option redispatch\n option http-keep-alive\n \
               timeout client 10s\n timeout server 10s\n timeout connect 5s\n";
    peer("haproxy", lanes, top, "", |front, recorder| {
        format!(
            "listen l{}\n bind {front}\n server s {recorder}\n",
            front.port()
        )
    })
}

/// nginx, which buffers requests as it does by default.
pub(super) fn nginx(lanes: usize) -> Option<Front> {
    let top = "daemon off; master_process off; pid nginx.pid; error_log stderr crit; events {}\n\
               http { access_log off; client_body_temp_path body; proxy_temp_path proxy;\n\
               fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n";
    peer("nginx", lanes, top, "}\n", |front, recorder| {
        format!(
            "server {{ listen {front}; location / {{ proxy_pass http://{recorder};\n\
             proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
             proxy_set_header Host $http_host; }} }}\n"
        )
    })
}

fn peer(
    name: &'static str,
    lanes: usize,
    top: &str,
    bottom: &str,
    server: impl Fn(SocketAddr, SocketAddr) -> String,
) -> Option<Front> {
    let recorders: Vec<_> = (0..lanes).map(|_| Recorder::start()).collect();
    let (mut text, mut addresses) = (top.to_owned(), Vec::new());
    for recorder in &recorders {
        let ip = own_address();
        let address = SocketAddr::new(ip, free_port(ip));
        addresses.push(address);
        text.write_str(&server(address, recorder.address))
            .expect("a string grows");
    }
    text += bottom;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("peer.cfg");
    std::fs::write(&file, text).expect("write a file");
    let mut command = Command::new(name);
    match name {
        "nginx" => command.arg("-p").arg(directory.path()).arg("-c").arg(&file),
        _ => command.arg("-f").arg(&file),
    };
    let proxy = Program::start(directory, command, addresses[0])?;
    Some(Front {
        name,
        addresses,
        recorders,
        _proxy: Proxy::Peer(proxy),
    })
}

impl Front {
    /// Sends bytes, and gathers all answers: at least `enough`, unless the connection ends before
    /// or nothing comes for long.
    pub(super) fn ask(&self, lane: usize, bytes: &[u8], enough: usize) -> Verdict {
        let mut stream =
            TcpStream::connect_timeout(&self.addresses[lane], PATIENCE).expect("connect");
        // A proxy that refuses may close before it has taken everything.
        stream.write_all(bytes).ok();
        let mut came = Vec::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let awaited = (1..usize::MAX).contains(&enough) && answers(&came).0.len() < enough;
            let patience = if awaited { PATIENCE } else { SILENCE };
            stream
                .set_read_timeout(Some(patience))
                .expect("set a limit");
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => came.extend_from_slice(&buffer[..count]),
                Ok(0) | Err(_) => break,
            }
        }
        drop(stream);
        let (answers, by_member) = answers(&came);
        Verdict {
            answers,
            by_member,
            seen: self.recorders[lane].take(),
        }
    }
}

/// Splits what came into answers: their codes, and how many the recorder gave.
fn answers(mut came: &[u8]) -> (Vec<u16>, usize) {
    let (mut codes, mut by_member) = (Vec::new(), 0);
    while let Some(end) = came.windows(4).position(|four| four == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&came[..end]).to_ascii_lowercase();
        let code = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse::<u16>().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        let mark = String::from_utf8_lossy(MARK).to_ascii_lowercase();
        by_member += usize::from(head.contains(mark.trim_end()));
        // Interim answers are not counted.
        codes.extend(code.filter(|code| *code >= 200));
        came = came.get(end + 4 + length..).unwrap_or_default();
    }
    (codes, by_member)
}

//! One load balancer, twice: under HAProxy and under our proxy, each with members of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use octavia_proxy::{Proxy, ProxyOptions};
use rustls::ClientConfig;

use super::adapt::{self, Fronts, Keys};
use super::difference::Outcome;
use super::member::Members;
use super::message;
use super::probe::{Probe, Speaks};
use crate::support::program::Program;
use crate::support::secure;
use crate::support::{PATIENCE, wait_until};

/// How long nothing must come for an answer to be all.
const SILENCE: Duration = Duration::from_millis(300);

pub(super) struct Twin {
    sides: [Side; 2],
    keys: Keys,
    has_monitor: bool,
    tells_members: bool,
}

struct Side {
    fronts: Fronts,
    members: Members,
    /// The member that served last, and that which set the application's cookie.
    last: Option<&'static str>,
    /// What monitors asked.
    checks: Vec<Vec<u8>>,
    cookie: Option<&'static str>,
    _proxy: Runs,
}

#[expect(
    dead_code,
    reason = "they end with their owner, and are held for nothing else"
)]
enum Runs {
    Haproxy(Program),
    Ours(Proxy),
}

impl Twin {
    /// Starts both; `None`, said aloud, where this machine has no HAProxy or nginx.
    pub(super) fn start(name: &str) -> Option<Self> {
        let keys = Keys::new();
        let read = |kind: &str| {
            let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/haproxy");
            std::fs::read_to_string(format!("{directory}/{name}.{kind}")).expect("a configuration")
        };
        let secured =
            name.starts_with("pool-tls") || ["https-passthrough", "tls-hello"].contains(&name);
        let members = || Members::start(secured.then_some(&keys));
        let cfg = read("cfg");
        let theirs = haproxy(&cfg, &keys, members()?)?;
        let ours = ours(&read("json"), &keys, members()?);
        Some(Self {
            sides: [theirs, ours],
            keys,
            has_monitor: cfg.contains(" check inter "),
            tells_members: name.starts_with("persist") || name == "old-haproxy",
        })
    }

    /// Waits until the monitors of both have asked, and returns what.
    pub(super) fn await_checks(&mut self) -> [Outcome; 2] {
        self.sides.each_mut().map(|side| {
            wait_until("a monitor asks", || {
                side.take_seen(true);
                !side.checks.is_empty()
            });
            Outcome {
                answer: Vec::new(),
                member: message::lines(&side.normal(&side.checks[0])),
            }
        })
    }

    /// Asks both, HAProxy first.
    pub(super) fn ask(&mut self, probe: &Probe) -> [Outcome; 2] {
        let tls = client_config(&self.keys, probe.speaks);
        let (has_monitor, tells_members) = (self.has_monitor, self.tells_members);
        self.sides.each_mut().map(|side| {
            side.take_seen(has_monitor);
            let answer = match side.fronts.get(&probe.to) {
                Some(address) => exchange(*address, probe, tls.as_ref()),
                None => vec![b"nobody listens".to_vec()],
            };
            let seen = side.take_seen(has_monitor);
            let mut outcome = Outcome {
                answer: message::lines(&answer.concat()),
                member: Vec::new(),
            };
            for (member, bytes) in &seen {
                let normal = side.normal(bytes);
                outcome.member.extend(message::lines(&normal));
                if tells_members {
                    outcome.member.push(side.judge(probe, member));
                }
            }
            for line in &mut outcome.answer {
                *line = side.normal_text(line);
            }
            outcome
        })
    }
}

impl Side {
    /// Takes what members saw of the probes; what monitors ask is kept: it has no such Host.
    fn take_seen(&mut self, has_monitor: bool) -> Vec<(&'static str, Vec<u8>)> {
        let is_probe = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
            !has_monitor || text.contains("\r\nhost: x\r\n")
        };
        let seen = self.members.take().into_iter();
        let (probes, checks): (_, Vec<_>) = seen.partition(|(_, bytes)| is_probe(bytes));
        self.checks
            .extend(checks.into_iter().map(|(_, bytes)| bytes));
        probes
    }

    /// Tells which member it was, in words that are the same on either side.
    fn judge(&mut self, probe: &Probe, member: &'static str) -> String {
        let text = probe.send.concat();
        let word = match () {
            () if text.contains("SRV=3e3e") => member,
            () if probe.name == "application-cookie" && self.cookie == Some(member) => {
                "that which set the cookie"
            }
            () if probe.name == "application-cookie" => "not that which set the cookie",
            () if self.last == Some(member) => "the same as before",
            () if self.last.is_some() => "another than before",
            () => "the first",
        };
        if text.contains("/cookie") {
            self.cookie = Some(member);
        }
        self.last = Some(member);
        format!("served by {word}")
    }

    fn normal(&self, bytes: &[u8]) -> Vec<u8> {
        // Bytes that are no text stay as they are only in bodies, of which the probes have none.
        self.normal_text(&String::from_utf8_lossy(bytes))
            .into_bytes()
    }

    /// Puts back the addresses and ports that upstream wrote, and hides what is by chance.
    fn normal_text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for ((port, number), address) in &self.fronts {
            let (ip, bound) = (address.ip().to_string(), address.port().to_string());
            text = text.replace(&format!("-Port: {bound}\r"), &format!("-Port: {port}\r"));
            text = text.replace(&format!("-port: {bound}\r"), &format!("-port: {port}\r"));
            text = text.replace(&format!("{ip}:{bound}"), &format!("VIP{number}:{port}"));
            text = text.replace(&format!(" {bound}\r\n"), &format!(" {port}\r\n"));
            text = text.replace(&ip, &format!("VIP{number}"));
        }
        for number in 1..=5 {
            let id = format!("3e3e0000-0000-4000-8000-00000000001{number}");
            text = text.replace(&format!("SRV={id}; path"), "SRV=MEMBER; path");
        }
        if let Some(line) = text.strip_prefix("PROXY TCP") {
            // The port of the client.
            let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            "PORT".clone_into(&mut words[3]);
            text = format!("PROXY TCP{}", words.join(" "));
        }
        text
    }
}

fn haproxy(text: &str, keys: &Keys, members: Members) -> Option<Side> {
    let directory = tempfile::tempdir().expect("a directory");
    let (text, fronts) = adapt::haproxy(text, directory.path(), keys, |name| members.find(name));
    let file = directory.path().join("haproxy.cfg");
    std::fs::write(&file, &text).expect("write a file");
    let mut command = Command::new("haproxy");
    command.arg("-f").arg(&file);
    if let Some(peer) = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("peer "))
    {
        command
            .arg("-L")
            .arg(peer.split(' ').next().expect("a name"));
    }
    // One that serves nothing has no address to wait for: it is left out, and refuses as such.
    let proxy = match fronts.values().next() {
        Some(address) => Program::start(directory, command, *address)?,
        None => Program::start_silent(directory, command)?,
    };
    Some(Side {
        fronts,
        members,
        last: None,
        checks: Vec::new(),
        cookie: None,
        _proxy: Runs::Haproxy(proxy),
    })
}

fn ours(text: &str, keys: &Keys, members: Members) -> Side {
    let (config, fronts) = adapt::ours(text, keys, |name| members.find(name));
    let proxy = Proxy::start(ProxyOptions {
        threads: 1,
        ..ProxyOptions::default()
    });
    let proxy = proxy.expect("start the proxy");
    proxy.apply(&config).expect("serve the configuration");
    Side {
        fronts,
        members,
        last: None,
        checks: Vec::new(),
        cookie: None,
        _proxy: Runs::Ours(proxy),
    }
}

fn client_config(keys: &Keys, speaks: Speaks) -> Option<Arc<ClientConfig>> {
    match speaks {
        Speaks::Plain => None,
        Speaks::Tls => Some(secure::client(&keys.authority, Some(&keys.client))),
        Speaks::TlsUnnamed => Some(secure::client(&keys.authority, None)),
    }
}

trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

/// Sends piece by piece, each after the answer to the one before; returns what came.
fn exchange(address: SocketAddr, probe: &Probe, tls: Option<&Arc<ClientConfig>>) -> Vec<Vec<u8>> {
    if TcpStream::connect_timeout(&address, PATIENCE).is_err() {
        return vec![b"nobody listens".to_vec()];
    }
    let (mut wire, socket): (Box<dyn Wire>, _) = match tls {
        None => {
            let socket = TcpStream::connect_timeout(&address, PATIENCE).expect("connect");
            let clone = socket.try_clone().expect("a second handle");
            (Box::new(socket), clone)
        }
        Some(config) => {
            let stream = secure::connect(address, "x", config);
            let clone = stream.sock.try_clone().expect("a second handle");
            (Box::new(stream), clone)
        }
    };
    let mut came = Vec::new();
    for piece in probe.send {
        if wire.write_all(piece.as_bytes()).is_err() {
            break;
        }
        came.push(read(&mut *wire, &socket));
    }
    came
}

fn read(wire: &mut dyn Wire, socket: &TcpStream) -> Vec<u8> {
    let mut came = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let patience = if came.is_empty() { PATIENCE } else { SILENCE };
        socket
            .set_read_timeout(Some(patience))
            .expect("set a limit");
        match wire.read(&mut buffer) {
            Ok(count @ 1..) => came.extend_from_slice(&buffer[..count]),
            Ok(0) | Err(_) => return came,
        }
    }
}

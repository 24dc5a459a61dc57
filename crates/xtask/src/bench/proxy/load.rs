//! What is asked of a proxy, by `wrk`, `h2load` and OpenSSL.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::CONNECTIONS;
use super::contender::Contender;
use crate::bench::process::{Core, on_core};
use crate::shell::find;

/// One kind of work.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    listener: Listener,
    path: &'static str,
    connections: Connections,
    /// How many connections there are at once.
    pub(crate) at_once: u32,
    /// What it may cost, as a ratio to HAProxy.
    pub(crate) target: f64,
}

/// Where a contender is asked.
#[derive(Clone, Copy)]
pub(crate) enum Listener {
    Http,
    Tcp,
    Ecdsa,
    Rsa,
}

impl Listener {
    /// Returns the URL of what a contender serves there.
    pub(crate) fn url(self, contender: &Contender, path: &str) -> String {
        let scheme = match self {
            Self::Http | Self::Tcp => "http",
            Self::Ecdsa | Self::Rsa => "https",
        };
        format!("{scheme}://{}/{path}", self.address(contender))
    }

    fn address(self, contender: &Contender) -> SocketAddr {
        let listeners = contender.listeners;
        match self {
            Self::Http => listeners.http,
            Self::Tcp => listeners.tcp,
            Self::Ecdsa => listeners.ecdsa,
            Self::Rsa => listeners.rsa,
        }
    }
}

#[derive(Clone, Copy)]
enum Connections {
    /// A client keeps its connection.
    Kept,
    /// Each request comes on a connection of its own.
    New,
    /// Each request comes on a connection of its own, with a whole TLS handshake.
    Shaken,
    /// As `Shaken`, but each goes on with the TLS session of the first.
    Resumed,
    /// A client keeps its connection, and has several requests on it at once, by HTTP/2.
    Shared { streams: u32 },
}

const fn http(
    name: &'static str,
    path: &'static str,
    connections: Connections,
    target: f64,
) -> Scenario {
    Scenario {
        name,
        listener: Listener::Http,
        path,
        connections,
        at_once: CONNECTIONS,
        target,
    }
}

const fn tcp(
    name: &'static str,
    path: &'static str,
    connections: Connections,
    target: f64,
) -> Scenario {
    Scenario {
        listener: Listener::Tcp,
        at_once: 64,
        ..http(name, path, connections, target)
    }
}

const fn tls(
    name: &'static str,
    path: &'static str,
    connections: Connections,
    target: f64,
) -> Scenario {
    Scenario {
        listener: Listener::Ecdsa,
        ..http(name, path, connections, target)
    }
}

/// What is asked most.
pub(crate) const SMALL: Scenario = http(
    "HTTP request, 128 B, keep-alive",
    "small",
    Connections::Kept,
    0.70,
);

/// All that is measured.
pub(crate) const SCENARIOS: [Scenario; 14] = [
    SMALL,
    http(
        "HTTP request, 128 B, new connection",
        "small",
        Connections::New,
        0.50,
    ),
    http(
        "HTTP request, 1 MiB, content-length",
        "large",
        Connections::Kept,
        0.70,
    ),
    http(
        "HTTP request, 1 MiB, chunked",
        "chunked",
        Connections::Kept,
        0.80,
    ),
    tcp(
        "TCP exchange, 128 B, kept connection",
        "small",
        Connections::Kept,
        0.50,
    ),
    tcp(
        "TCP exchange, 128 B, new connection",
        "small",
        Connections::New,
        0.90,
    ),
    tcp("TCP stream, 1 MiB", "large", Connections::Kept, 0.50),
    tls(
        "TLS request, 128 B, keep-alive",
        "small",
        Connections::Kept,
        0.70,
    ),
    tls(
        "TLS request, 1 MiB, keep-alive",
        "large",
        Connections::Kept,
        0.45,
    ),
    tls(
        "TLS handshake and request, ECDSA P-256",
        "small",
        Connections::Shaken,
        0.40,
    ),
    Scenario {
        listener: Listener::Rsa,
        ..tls(
            "TLS handshake and request, RSA 2048",
            "small",
            Connections::Shaken,
            0.60,
        )
    },
    tls(
        "TLS handshake and request, resumed",
        "small",
        Connections::Resumed,
        0.40,
    ),
    tls(
        "HTTP/2 request, 128 B, 10 streams a connection",
        "small",
        Connections::Shared { streams: 10 },
        0.65,
    ),
    Scenario {
        at_once: 8,
        ..tls(
            "HTTP/2 request, 1 MiB, 2 streams a connection",
            "large",
            Connections::Shared { streams: 2 },
            0.45,
        )
    },
];

/// How many programs shake hands at once.
const HAND_SHAKERS: usize = 4;

/// A scenario, and how much of it.
pub(crate) struct Load<'a> {
    scenario: &'a Scenario,
    wrk: PathBuf,
    seconds: u32,
    connections: u32,
}

impl<'a> Load<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        seconds: u32,
        connections: u32,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            scenario,
            wrk: find("wrk").context("wrk makes the load: apt install wrk")?,
            seconds,
            connections,
        })
    }

    /// Returns the CPU time that one operation cost, in microseconds.
    pub(crate) fn cost(&self, contender: &Contender) -> anyhow::Result<f64> {
        let before = contender.program.cpu_time()?;
        let operations = self.run(contender)?;
        let spent = contender.program.cpu_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / operations)
    }

    /// Returns how many operations were done.
    pub(crate) fn run(&self, contender: &Contender) -> anyhow::Result<f64> {
        let Scenario { listener, path, .. } = self.scenario;
        let address = listener.address(contender);
        match self.scenario.connections {
            Connections::Shaken => return self.shake_hands(address, "-new"),
            Connections::Resumed => return self.shake_hands(address, "-reuse"),
            Connections::Shared { streams } => {
                return self.share(&listener.url(contender, path), streams);
            }
            Connections::Kept | Connections::New => {}
        }
        let mut command = Command::new(&self.wrk);
        command
            // With thousands of connections some wait for seconds; that is no error here.
            .args(["--threads=1", "--timeout=30s"])
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.seconds));
        if matches!(self.scenario.connections, Connections::New) {
            command.args(["--header", "Connection: close"]);
        }
        command.arg(listener.url(contender, path));
        let output = on_core(Core::Others, || command.output())?.context("start wrk")?;
        answered(&String::from_utf8_lossy(&output.stdout))
    }

    /// Sends requests by HTTP/2.
    fn share(&self, url: &str, streams: u32) -> anyhow::Result<f64> {
        let h2load = find("h2load").context("h2load makes the load: apt install nghttp2-client")?;
        let mut command = Command::new(h2load);
        command
            .args(["--threads=1", "--warm-up-time=0"])
            .arg(format!("--clients={}", self.connections))
            .arg(format!("--max-concurrent-streams={streams}"))
            .arg(format!("--duration={}", self.seconds))
            .arg(url);
        let output = on_core(Core::Others, || command.output())?.context("start h2load")?;
        succeeded(&String::from_utf8_lossy(&output.stdout))
    }

    /// `wrk` resumes its sessions, whether one wants it or not; OpenSSL's own program is told.
    fn shake_hands(&self, address: SocketAddr, how: &str) -> anyhow::Result<f64> {
        let mut command = Command::new("openssl");
        command
            .args(["s_time", how, "-connect", &address.to_string()])
            .args(["-www", &format!("/{}", self.scenario.path)])
            .args(["-time", &self.seconds.to_string()])
            .stdout(Stdio::piped());
        let clients = on_core(Core::Others, || {
            let clients = (0..HAND_SHAKERS).map(|_| command.spawn());
            clients.collect::<std::io::Result<Vec<_>>>()
        })?;
        let mut count = 0.0;
        for client in clients.context("start openssl")? {
            let output = client.wait_with_output()?;
            count += connected(&String::from_utf8_lossy(&output.stdout), how)?;
        }
        Ok(count)
    }
}

/// Returns how many connections were made. The program prints an `r` for each that went on with a
/// session, and a star for each that did not.
fn connected(output: &str, how: &str) -> anyhow::Result<f64> {
    let other = if how == "-reuse" { '*' } else { 'r' };
    let marks = output.lines().filter(|line| line.starts_with(['*', 'r']));
    let count = output
        .lines()
        .find_map(|line| line.split_once(" connections in "))
        .and_then(|(count, _)| count.trim().parse::<f64>().ok())
        .filter(|count| *count > 0.0 && !marks.clone().any(|line| line.contains(other)));
    count.with_context(|| format!("openssl did not connect as it should:\n{output}"))
}

/// Returns how many requests were answered by HTTP/2, and refuses a run in which one was not.
fn succeeded(output: &str) -> anyhow::Result<f64> {
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("requests: "));
    let counts = line.into_iter().flat_map(|line| line.split(", "));
    let count = |what: &str| {
        let mut counts = counts.clone().filter_map(|count| count.split_once(' '));
        let count = counts.find(|(_, name)| *name == what);
        count.and_then(|(count, _)| count.parse::<f64>().ok())
    };
    let is_http2 = output.contains("Application protocol: h2");
    let failed = [count("failed"), count("errored"), count("timeout")];
    let done = count("succeeded").filter(|count| *count > 0.0);
    match done {
        Some(done) if is_http2 && failed == [Some(0.0); 3] => Ok(done),
        Some(_) | None => bail!("not every request was answered by HTTP/2:\n{output}"),
    }
}

/// Returns how many requests were answered, and refuses a run in which one was not.
pub(crate) fn answered(output: &str) -> anyhow::Result<f64> {
    let troubles = ["Non-2xx", "Socket errors"];
    if troubles.iter().any(|trouble| output.contains(trouble)) {
        bail!("not every request was answered:\n{output}");
    }
    let count = output
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .and_then(|(count, _)| count.parse::<f64>().ok())
        .filter(|count| *count > 0.0);
    count.with_context(|| format!("wrk did not say how many requests were answered:\n{output}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_requests_is_read_from_what_wrk_prints() {
        let output = "Running 1s test @ http://127.0.0.1:80/\n  1 threads and 4 connections\n  \
            8 requests in 1.00s, 1.2MB read\nRequests/sec: 8.00\n";
        assert!((answered(output).unwrap() - 8.0).abs() < f64::EPSILON);
        assert!(answered("").is_err());
        assert!(answered("  0 requests in 1.00s, 0B read\n").is_err());
    }

    #[test]
    fn the_count_of_requests_is_read_from_what_h2load_prints() {
        let output = "Application protocol: h2\n\nfinished in 1.00s, 9.00 req/s, 1MB/s\n\
            requests: 9 total, 11 started, 9 done, 9 succeeded, 0 failed, 0 errored, 0 timeout\n";
        assert!((succeeded(output).unwrap() - 9.0).abs() < f64::EPSILON);
        for (good, bad) in [
            ("0 failed", "1 failed"),
            ("h2", "http/1.1"),
            ("9 succ", "0 succ"),
        ] {
            assert!(succeeded(&output.replace(good, bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_run_with_an_error_does_not_count() {
        let output = "  8 requests in 1.00s, 1.2MB read\n  Non-2xx or 3xx responses: 8\n";
        assert!(answered(output).is_err());
    }
}

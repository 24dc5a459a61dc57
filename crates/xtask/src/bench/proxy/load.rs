//! What is asked of a proxy, by `wrk`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::contender::Contender;
use crate::bench::process::{Core, on_core};
use crate::shell::find;

/// One kind of work.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    listener: Listener,
    path: &'static str,
    connections: Connections,
}

#[derive(Clone, Copy)]
enum Listener {
    Http,
    Tcp,
    Ecdsa,
    Rsa,
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
}

/// All that is measured.
pub(crate) const SCENARIOS: [Scenario; 11] = [
    Scenario {
        name: "HTTP request, 128 B, keep-alive",
        listener: Listener::Http,
        path: "small",
        connections: Connections::Kept,
    },
    Scenario {
        name: "HTTP request, 128 B, new connection",
        listener: Listener::Http,
        path: "small",
        connections: Connections::New,
    },
    Scenario {
        name: "HTTP request, 64 KiB, keep-alive",
        listener: Listener::Http,
        path: "medium",
        connections: Connections::Kept,
    },
    Scenario {
        name: "TCP exchange, 128 B, kept connection",
        listener: Listener::Tcp,
        path: "small",
        connections: Connections::Kept,
    },
    Scenario {
        name: "TCP exchange, 128 B, new connection",
        listener: Listener::Tcp,
        path: "small",
        connections: Connections::New,
    },
    Scenario {
        name: "TCP stream, 1 MiB",
        listener: Listener::Tcp,
        path: "large",
        connections: Connections::Kept,
    },
    Scenario {
        name: "TLS request, 128 B, keep-alive",
        listener: Listener::Ecdsa,
        path: "small",
        connections: Connections::Kept,
    },
    Scenario {
        name: "TLS request, 1 MiB, keep-alive",
        listener: Listener::Ecdsa,
        path: "large",
        connections: Connections::Kept,
    },
    Scenario {
        name: "TLS handshake and request, ECDSA P-256",
        listener: Listener::Ecdsa,
        path: "small",
        connections: Connections::Shaken,
    },
    Scenario {
        name: "TLS handshake and request, RSA 2048",
        listener: Listener::Rsa,
        path: "small",
        connections: Connections::Shaken,
    },
    Scenario {
        name: "TLS handshake and request, resumed",
        listener: Listener::Ecdsa,
        path: "small",
        connections: Connections::Resumed,
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

    fn run(&self, contender: &Contender) -> anyhow::Result<f64> {
        let listeners = contender.listeners;
        let (scheme, address) = match self.scenario.listener {
            Listener::Http => ("http", listeners.http),
            Listener::Tcp => ("http", listeners.tcp),
            Listener::Ecdsa => ("https", listeners.ecdsa),
            Listener::Rsa => ("https", listeners.rsa),
        };
        match self.scenario.connections {
            Connections::Shaken => return self.shake_hands(address, "-new"),
            Connections::Resumed => return self.shake_hands(address, "-reuse"),
            Connections::Kept | Connections::New => {}
        }
        let mut command = Command::new(&self.wrk);
        command
            .arg("--threads=1")
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.seconds));
        if matches!(self.scenario.connections, Connections::New) {
            command.args(["--header", "Connection: close"]);
        }
        command.arg(format!("{scheme}://{address}/{}", self.scenario.path));
        let output = on_core(Core::Others, || command.output())?.context("start wrk")?;
        answered(&String::from_utf8_lossy(&output.stdout))
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
    fn a_run_with_an_error_does_not_count() {
        let output = "  8 requests in 1.00s, 1.2MB read\n  Non-2xx or 3xx responses: 8\n";
        assert!(answered(output).is_err());
    }
}

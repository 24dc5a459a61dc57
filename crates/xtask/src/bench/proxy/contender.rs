//! The two that take turns, with configurations that ask for the same.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Program;
use super::backend::Backend;
use crate::bench::process::{Core, build, free_address};
use crate::shell::{find, target};

/// A proxy with an HTTP and a TCP listener in front of the members.
pub(crate) struct Contender {
    pub(crate) program: Program,
    pub(crate) http: SocketAddr,
    pub(crate) tcp: SocketAddr,
}

impl Contender {
    /// Builds our proxy and starts it alone, without an agent.
    pub(crate) fn ours(backend: &Backend) -> anyhow::Result<Self> {
        build(&["--package", "octavia-proxy", "--example", "proxy"])?;
        let (http, tcp) = (free_address()?, free_address()?);
        let document = document(backend, http, tcp).to_string();
        let file = write(backend, "proxy.json", &document)?;
        let mut command = Command::new(target().join("release/examples/proxy"));
        // It serves until its input closes, which is when we end.
        command.arg(file).arg("1").stdin(Stdio::piped());
        command.stdout(Stdio::null());
        Self::start(command, http, tcp)
    }

    /// Starts HAProxy.
    pub(crate) fn haproxy(backend: &Backend, reuse: &str) -> anyhow::Result<Self> {
        let haproxy = find("haproxy").context("HAProxy is the peer: apt install haproxy")?;
        let (http, tcp) = (free_address()?, free_address()?);
        let file = write(
            backend,
            "haproxy.cfg",
            &configuration(backend, [http, tcp], reuse),
        )?;
        let mut command = Command::new(haproxy);
        command.arg("-db").arg("-f").arg(file).stdin(Stdio::null());
        Self::start(command, http, tcp)
    }

    fn start(command: Command, http: SocketAddr, tcp: SocketAddr) -> anyhow::Result<Self> {
        let mut program = Program::start(command, Core::Measured)?;
        program.wait_for(http)?;
        program.wait_for(tcp)?;
        Ok(Self { program, http, tcp })
    }
}

fn write(backend: &Backend, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path: &Path = backend.directory.path();
    let path = path.join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}

/// HAProxy as upstream configures it, but for how connections to members are shared.
fn configuration(backend: &Backend, [http, tcp]: [SocketAddr; 2], reuse: &str) -> String {
    let [one, other] = backend.members;
    format!(
        "global
    nbthread 1
    maxconn 4096
defaults
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend http
    mode http
    bind {http}
    option forwardfor
    default_backend http
backend http
    mode http
    balance roundrobin
    http-reuse {reuse}
    server one {one}
    server other {other}
frontend tcp
    mode tcp
    bind {tcp}
    default_backend tcp
backend tcp
    mode tcp
    balance roundrobin
    server one {one}
    server other {other}
"
    )
}

fn document(backend: &Backend, http: SocketAddr, tcp: SocketAddr) -> Value {
    let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
    let timeouts = json!({
        "client_data_ms": 50_000,
        "member_connect_ms": 5_000,
        "member_data_ms": 50_000,
        "tcp_inspect_ms": 0,
    });
    let members: Vec<Value> = (10..)
        .zip(backend.members)
        .map(|(number, member)| {
            json!({
                "id": id(number),
                "address": member.ip(),
                "port": member.port(),
                "weight": 1,
            })
        })
        .collect();
    let pool = |number: u32, protocol: &str| {
        json!({
            "id": id(number),
            "protocol": protocol,
            "algorithm": "ROUND_ROBIN",
            "members": members,
        })
    };
    json!({
        "generation": 1,
        "amphora_id": id(1),
        "load_balancer_id": id(2),
        "vips": [http.ip()],
        "listeners": [
            {
                "id": id(3),
                "protocol": "HTTP",
                "port": http.port(),
                "default_pool": id(5),
                "timeouts": timeouts,
                "insert_headers": {"x_forwarded_for": true},
            },
            {
                "id": id(4),
                "protocol": "TCP",
                "port": tcp.port(),
                "default_pool": id(6),
                "timeouts": timeouts,
            },
        ],
        "pools": [pool(5, "HTTP"), pool(6, "TCP")],
    })
}

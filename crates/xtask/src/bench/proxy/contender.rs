//! The two that take turns, with configurations that ask for the same.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Program;
use super::backend::Backend;
use super::certificates::{Certificate, ECDSA, RSA};
use crate::bench::process::{Core, build, free_address};
use crate::shell::{find, target};

/// A proxy with a listener of each kind in front of the members.
pub(crate) struct Contender {
    pub(crate) program: Program,
    pub(crate) listeners: Listeners,
}

/// Where a contender listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listeners {
    pub(crate) http: SocketAddr,
    pub(crate) tcp: SocketAddr,
    /// HTTP inside TLS, with an ECDSA certificate.
    pub(crate) ecdsa: SocketAddr,
    /// HTTP inside TLS, with an RSA certificate.
    pub(crate) rsa: SocketAddr,
}

impl Listeners {
    fn free() -> anyhow::Result<Self> {
        Ok(Self {
            http: free_address()?,
            tcp: free_address()?,
            ecdsa: free_address()?,
            rsa: free_address()?,
        })
    }
}

impl Contender {
    /// Builds our proxy and starts it alone, without an agent.
    pub(crate) fn ours(backend: &Backend) -> anyhow::Result<Self> {
        build(&["--package", "octavia-proxy", "--example", "proxy"])?;
        let listeners = Listeners::free()?;
        let document = document(backend, listeners)?.to_string();
        let file = write(backend, "proxy.json", &document)?;
        let mut command = Command::new(target().join("release/examples/proxy"));
        // It serves until its input closes, which is when we end.
        command.arg(file).arg("1").stdin(Stdio::piped());
        command.stdout(Stdio::null());
        Self::start(command, listeners)
    }

    /// Starts HAProxy.
    pub(crate) fn haproxy(backend: &Backend, reuse: &str) -> anyhow::Result<Self> {
        let haproxy = find("haproxy").context("HAProxy is the peer: apt install haproxy")?;
        let listeners = Listeners::free()?;
        let text = configuration(backend, listeners, reuse);
        let file = write(backend, "haproxy.cfg", &text)?;
        let mut command = Command::new(haproxy);
        command.arg("-db").arg("-f").arg(file).stdin(Stdio::null());
        Self::start(command, listeners)
    }

    fn start(command: Command, listeners: Listeners) -> anyhow::Result<Self> {
        let mut program = Program::start(command, Core::Measured)?;
        program.wait_for(listeners.http)?;
        program.wait_for(listeners.tcp)?;
        Ok(Self { program, listeners })
    }
}

fn write(backend: &Backend, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path: &Path = backend.directory.path();
    let path = path.join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}

/// The ciphers of a new listener, as upstream renders them. Ours has the same, in the same order.
const CIPHERS: &str = "ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
    ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:\
    ECDHE-RSA-CHACHA20-POLY1305 ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:\
    TLS_CHACHA20_POLY1305_SHA256";

/// HAProxy as upstream configures it, but for how connections to members are shared.
fn configuration(backend: &Backend, listeners: Listeners, reuse: &str) -> String {
    let [one, other] = backend.members;
    let Listeners {
        http,
        tcp,
        ecdsa,
        rsa,
    } = listeners;
    let [ecdsa_file, rsa_file] = [ECDSA, RSA].map(|c| c.file(backend.directory.path()));
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
    bind {ecdsa} ssl crt {ecdsa_file} {CIPHERS} alpn http/1.1
    bind {rsa} ssl crt {rsa_file} {CIPHERS} alpn http/1.1
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

fn document(backend: &Backend, listeners: Listeners) -> anyhow::Result<Value> {
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
    let listener = |number: u32, protocol: &str, address: SocketAddr| {
        json!({
            "id": id(number),
            "protocol": protocol,
            "port": address.port(),
            "default_pool": if protocol == "TCP" { id(8) } else { id(7) },
            "timeouts": timeouts,
            "insert_headers": { "x_forwarded_for": protocol == "HTTP" },
        })
    };
    let secured = |number, address, certificate: &Certificate| {
        let mut listener = listener(number, "HTTP", address);
        let [chain, key] = certificate.make(backend.directory.path())?;
        listener["tls"] = json!({
            "certificates": [{ "chain": chain, "key": key }],
            "versions": ["TLSv1.2", "TLSv1.3"],
            "alpn": ["http/1.1"],
        });
        anyhow::Ok(listener)
    };
    Ok(json!({
        "generation": 1,
        "amphora_id": id(1),
        "load_balancer_id": id(2),
        "vips": [listeners.http.ip()],
        "listeners": [
            listener(3, "HTTP", listeners.http),
            listener(4, "TCP", listeners.tcp),
            secured(5, listeners.ecdsa, &ECDSA)?,
            secured(6, listeners.rsa, &RSA)?,
        ],
        "pools": [pool(7, "HTTP"), pool(8, "TCP")],
    }))
}

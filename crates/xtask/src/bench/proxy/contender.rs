//! The two that take turns, with configurations that ask for the same.

mod document;
mod haproxy;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::resource::{Resource, getrlimit};

use super::Program;
use super::backend::Backend;
use crate::bench::process::{Core, free_address, now};
use crate::shell::find;

/// A proxy with a listener of each kind in front of the members.
pub(crate) struct Contender {
    pub(crate) program: Program,
    pub(crate) listeners: Listeners,
}

/// What both are asked to do.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// HAProxy's `http-reuse`.
    pub(crate) reuse: &'static str,
    /// The syslog receiver, if they log.
    pub(crate) logs: Option<SocketAddr>,
    /// How many members the pool for HTTP has; the same two servers, again and again.
    pub(crate) members: usize,
    /// How many policies the HTTP listener has, none of which matches.
    pub(crate) policies: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            reuse: "safe",
            logs: None,
            members: 2,
            policies: 0,
        }
    }
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
    /// Starts our proxy alone, without an agent.
    pub(crate) fn ours(binary: &Path, backend: &Backend, setup: &Setup) -> anyhow::Result<Self> {
        let listeners = Listeners::free()?;
        let file = write_document(backend, setup, (listeners, 1))?;
        let mut command = Command::new(binary);
        // It serves until its input closes, which is when we end.
        command.arg(file).arg("1").stdin(Stdio::piped());
        command.args(setup.logs.map(|logs| logs.to_string()));
        command.stdout(Stdio::piped());
        let mut ours = Self::start(command, listeners)?;
        ours.program.hear()?;
        Ok(ours)
    }

    /// Starts HAProxy.
    pub(crate) fn haproxy(backend: &Backend, setup: &Setup) -> anyhow::Result<Self> {
        let haproxy = find("haproxy").context("HAProxy is the peer: apt install haproxy")?;
        let listeners = Listeners::free()?;
        let text = haproxy::configuration(backend, setup, listeners)?;
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

/// Returns how many connections HAProxy can have, as upstream does where nobody limits them, or as
/// many as it finds descriptors for: it wants two and a half each, and some.
pub(crate) fn most_connections() -> anyhow::Result<u32> {
    let (descriptors, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let most = descriptors.saturating_sub(100) / 5 * 2;
    Ok(u32::try_from(most).unwrap_or(u32::MAX).min(50_000))
}

/// Changes the weight of a member; returns the time until ours serves that, with the reading of the
/// document.
pub(crate) fn change(
    ours: &mut Contender,
    backend: &Backend,
    setup: &Setup,
    round: u32,
) -> anyhow::Result<Duration> {
    write_document(backend, setup, (ours.listeners, round + 2))?;
    let start = now()?;
    let answer = ours.program.ask("apply")?;
    let taken = now()?.saturating_sub(start);
    let expected = format!("serving generation {}", round + 2);
    ensure!(answer == expected, "it answered: {answer}");
    Ok(taken)
}

fn write_document(
    backend: &Backend,
    setup: &Setup,
    (listeners, generation): (Listeners, u32),
) -> anyhow::Result<PathBuf> {
    let document = document::document(backend, setup, (listeners, generation))?;
    write(backend, "proxy.json", &document.to_string())
}

fn write(backend: &Backend, name: &str, content: &str) -> anyhow::Result<PathBuf> {
    let path: &Path = backend.directory.path();
    let path = path.join(name);
    std::fs::write(&path, content)?;
    Ok(path)
}

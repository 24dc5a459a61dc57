//! An upgrade in place: another process, of the binary as it is on disk by now, takes over.
//!
//! The process that serves starts its successor with a socket as its standard input, and sends it
//! every listening socket and what it has counted. The successor serves the document on disk from
//! these sockets and says so; only then does the old process stop accepting. It goes on with the
//! connections that it has, tells what they count, and ends with the last of them. A successor that
//! fails before it serves is ended, and nothing has changed.

pub(super) mod control;
pub(super) mod heir;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use octavia_agent::{Agent, DataPlane as _, Told};
use octavia_proxy::handover::{Carries, Counted};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::data_plane::ProxyDataPlane;
use wire::Wire;

/// How long a successor may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long connections may go on that were there before.
const DRAIN: Duration = Duration::from_hours(1);
/// How often the successor is told what they count.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What the two processes tell each other.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    /// To the successor: what it gets. The sockets follow.
    Offer(Offer),
    /// From the successor: it serves this.
    Serving {
        /// The generation of the document.
        generation: Option<u64>,
    },
    /// From the successor: it cannot serve.
    Failed {
        /// Why.
        cause: String,
    },
    /// To the successor: nothing is accepted any more, and this is what heartbeats have told.
    Yours {
        /// What was told.
        told: Told,
        /// What was counted until then.
        counted: Counted,
    },
    /// To the successor, again and again: what was counted until now.
    Counted(Counted),
}

/// What a successor gets.
#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    addresses: Vec<Bound>,
    counted: Counted,
}

/// An address, and how many sockets there are.
#[derive(Debug, Serialize, Deserialize)]
struct Bound {
    address: SocketAddr,
    carries: Carries,
    sockets: usize,
}

/// How to start a successor.
pub(super) struct Launch {
    program: PathBuf,
    arguments: Vec<std::ffi::OsString>,
}

impl Launch {
    /// Notes how this process was started, before the binary on disk is another.
    pub(super) fn note() -> io::Result<Self> {
        let arguments = std::env::args_os().skip(1);
        Ok(Self {
            program: std::env::current_exe()?,
            arguments: arguments.filter(|word| word != heir::OPTION).collect(),
        })
    }

    /// Starts it with `wire` as its standard input, the leader of a group of its own.
    fn start(&self, wire: UnixStream) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(heir::OPTION)
            .stdin(Stdio::from(OwnedFd::from(wire)))
            .process_group(0)
            .spawn()
    }
}

/// A successor that serves.
pub(super) struct Successor {
    wire: Wire,
    /// Its process.
    pub(super) pid: u32,
}

/// Starts a successor and waits until it serves what `agent` does. After an error everything is as
/// it was.
pub(super) async fn begin(
    launch: &Arc<Launch>,
    agent: &Agent,
    data_plane: &Arc<ProxyDataPlane>,
) -> io::Result<Successor> {
    agent.freeze().await;
    let (launch, data_plane) = (Arc::clone(launch), Arc::clone(data_plane));
    let (listener, generation) = (agent.listener(), agent.generation());
    let begun = tokio::task::spawn_blocking(move || {
        let successor = offer(&launch, &listener?, &data_plane)?;
        successor.wait_until_serving(generation)
    });
    let begun = begun.await.unwrap_or_else(|error| Err(error.into()));
    if begun.is_err() {
        agent.thaw().await;
    }
    begun
}

/// A successor that does not serve yet; it ends with this.
struct Starting {
    wire: Wire,
    child: Option<Child>,
}

fn offer(
    launch: &Launch,
    agent: &std::net::TcpListener,
    data_plane: &ProxyDataPlane,
) -> io::Result<Starting> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut starting = Starting {
        child: Some(launch.start(theirs)?),
        wire: Wire::new(ours, START_LIMIT)?,
    };
    let (bound, counted) = data_plane.bequest();
    let address = |bound: &octavia_proxy::handover::BoundSockets| Bound {
        address: bound.address,
        carries: bound.carries,
        sockets: bound.sockets.len(),
    };
    let offer = Offer {
        addresses: bound.iter().map(address).collect(),
        counted,
    };
    starting.wire.send(&Message::Offer(offer))?;
    let sockets = bound.iter().flat_map(|bound| bound.sockets.iter());
    let descriptors: Vec<BorrowedFd<'_>> = std::iter::once(agent.as_fd())
        .chain(sockets.map(AsFd::as_fd))
        .collect();
    starting.wire.send_descriptors(&descriptors)?;
    Ok(starting)
}

impl Starting {
    fn wait_until_serving(mut self, expected: Option<u64>) -> io::Result<Successor> {
        let refused = |cause: String| Err(io::Error::other(cause));
        match self.wire.receive()? {
            Some(Message::Serving { generation }) if generation == expected => {}
            Some(Message::Serving { generation }) => {
                return refused(format!(
                    "the new process serves generation {generation:?} in place of {expected:?}"
                ));
            }
            Some(Message::Failed { cause }) => return refused(cause),
            Some(Message::Offer(_) | Message::Yours { .. } | Message::Counted(_)) => {
                return refused("the new process said what it should not".to_owned());
            }
            None => return refused("the new process ended before it served".to_owned()),
        }
        let child = self.child.take();
        let child = child.ok_or_else(|| io::Error::other("there is no new process"))?;
        let pid = child.id();
        // It outlives us; where it does not, nobody else may wait for it.
        std::thread::Builder::new()
            .name("successor".to_owned())
            .spawn(move || wait_for(child))?;
        let wire = self.wire.another()?;
        Ok(Successor { wire, pid })
    }
}

fn wait_for(mut child: Child) {
    if let Ok(status) = child.wait() {
        let pid = child.id();
        tracing::error!(pid, %status, "the process that took over ended: {status}");
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Fails only where it has ended already.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Successor {
    /// Stops accepting, and leaves API and heartbeats to the successor. Then waits until the
    /// connections that are there have ended, until it is too late, or until `stop`.
    pub(super) async fn finish(
        self,
        agent: Agent,
        data_plane: &Arc<ProxyDataPlane>,
        stop: &CancellationToken,
    ) {
        data_plane.hand_over(DRAIN);
        let told = agent.hand_over().await;
        let (_, counted) = data_plane.bequest();
        let mut wire = Some(self.wire);
        let mut message = Message::Yours { told, counted };
        let mut is_over = data_plane.is_over();
        // The last that is told is all that was counted.
        loop {
            wire = match wire {
                Some(wire) => tell(wire, message).await,
                None => None,
            };
            if is_over {
                break;
            }
            let pause = tokio::time::sleep(TELL_EVERY);
            is_over = stop.run_until_cancelled(pause).await.is_none() || data_plane.is_over();
            message = Message::Counted(data_plane.counted());
        }
        let (data_plane, drain) = (Arc::clone(data_plane), remaining(stop));
        if let Err(error) = tokio::task::spawn_blocking(move || data_plane.shutdown(drain)).await {
            tracing::error!(%error, "the data plane did not stop");
        }
    }
}

/// Tells the successor something; returns the wire unless it is broken.
async fn tell(mut wire: Wire, message: Message) -> Option<Wire> {
    let sent = tokio::task::spawn_blocking(move || wire.send(&message).map(|()| wire));
    let sent = sent.await.unwrap_or_else(|error| Err(error.into()));
    sent.inspect_err(|error| {
        tracing::error!(%error, "nobody hears any more what is counted here: {error}");
    })
    .ok()
}

/// Whoever is told to stop has a little time.
fn remaining(stop: &CancellationToken) -> Duration {
    if stop.is_cancelled() {
        super::DRAIN
    } else {
        Duration::ZERO
    }
}

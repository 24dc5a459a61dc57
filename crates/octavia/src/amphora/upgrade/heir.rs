//! The process that takes over.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use octavia_agent::{Agent, Told};
use octavia_proxy::Inheritance;
use octavia_proxy::handover::BoundSockets;
use tokio::sync::oneshot;

use super::super::data_plane::ProxyDataPlane;
use super::wire::Wire;
use super::{Message, Offer, START_LIMIT};

/// How a process is told that it takes over, and that its standard input is the wire to the process
/// before it.
pub(in crate::amphora) const OPTION: &str = "--take-over";

/// What was received.
pub(in crate::amphora) struct Received {
    wire: Wire,
    /// Where the API of the agent listens.
    agent: std::net::TcpListener,
    /// What the proxy begins with.
    proxy: Inheritance,
}

/// Receives what the process before offers, at the standard input.
pub(in crate::amphora) fn receive() -> io::Result<Received> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let mut wire = Wire::new(UnixStream::from(input), START_LIMIT)?;
    let Some(Message::Offer(Offer { addresses, counted })) = wire.receive()? else {
        return Err(io::Error::other("nothing is offered"));
    };
    let count: usize = addresses.iter().map(|bound| bound.sockets).sum();
    let mut descriptors = VecDeque::from(wire.receive_descriptors(1 + count)?);
    let missing = || io::Error::other("a socket is missing");
    let agent = descriptors.pop_front().ok_or_else(missing)?;
    let mut sockets = Vec::new();
    for bound in addresses {
        let own: Vec<OwnedFd> = descriptors.drain(..bound.sockets).collect();
        sockets.push(BoundSockets {
            address: bound.address,
            carries: bound.carries,
            sockets: own.into(),
        });
    }
    Ok(Received {
        wire,
        agent: agent.into(),
        proxy: Inheritance { sockets, counted },
    })
}

/// The rest of a take-over, once the agent serves or does not.
pub(in crate::amphora) struct TakeOver {
    wire: Wire,
    told: oneshot::Sender<Told>,
}

impl Received {
    /// Parts the wire from what else was received.
    pub(in crate::amphora) fn split(self) -> (TakeOver, octavia_agent::Inheritance, Inheritance) {
        let (told, to_be_told) = oneshot::channel();
        let agent = octavia_agent::Inheritance {
            listener: self.agent,
            told: to_be_told,
        };
        let wire = self.wire;
        (TakeOver { wire, told }, agent, self.proxy)
    }
}

impl TakeOver {
    /// Says that `agent` serves, and listens to the process before until its end; an error where it
    /// does not serve, which that process learns, too.
    pub(in crate::amphora) fn go_on(
        mut self,
        agent: &Agent,
        data_plane: Arc<ProxyDataPlane>,
    ) -> io::Result<()> {
        if let Some(cause) = agent.fault() {
            self.wire.send(&Message::Failed {
                cause: cause.clone(),
            })?;
            return Err(io::Error::other(cause));
        }
        data_plane.set_told(true);
        let generation = agent.generation();
        self.wire.send(&Message::Serving { generation })?;
        std::thread::Builder::new()
            .name("predecessor".to_owned())
            .spawn(move || self.listen(&data_plane))?;
        Ok(())
    }

    fn listen(mut self, data_plane: &ProxyDataPlane) {
        let mut told = Some(self.told);
        let mut last = None;
        loop {
            let counted = match self.wire.receive() {
                Ok(Some(Message::Yours {
                    told: what,
                    counted,
                })) => {
                    // The agent is gone where nobody listens.
                    told.take().map(|told| told.send(what).ok());
                    // Its connections may be silent for long.
                    if let Err(error) = self.wire.wait_for_ever() {
                        tracing::warn!(%error, "could not wait for the process before: {error}");
                    }
                    counted
                }
                Ok(Some(Message::Counted(counted))) => counted,
                Ok(Some(Message::Offer(_) | Message::Serving { .. } | Message::Failed { .. })) => {
                    continue;
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the process before broke off: {error}");
                    break;
                }
            };
            data_plane.inherit(&counted);
            last = Some(counted);
        }
        if let Some(counted) = last {
            data_plane.inherit(&counted.ended());
        }
        data_plane.set_told(false);
        tracing::info!("the process before has ended");
    }
}

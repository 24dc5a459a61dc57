//! Datagrams on their way between clients and members.

mod flow;
mod port;

use crate::limits;
use crate::runtime::slots::{Key, Slots};
use crate::udp::flows::Flows;
use crate::udp::inbox::Inbox;
use crate::udp::outbox::Outbox;
use port::Port;

/// What a loop has for datagrams.
pub(super) struct Datagrams {
    ports: Slots<Port>,
    flows: Flows,
    inbox: Inbox,
    outbox: Outbox,
    /// Where the datagrams of the outbox leave from.
    sender: Option<Key>,
}

impl Datagrams {
    /// Makes room for the flows of one of `loops` loops.
    pub(super) fn new(loops: usize) -> Self {
        // Connections need descriptors too.
        let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let descriptors =
            descriptors.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(0));
        Self {
            ports: Slots::default(),
            flows: Flows::new(limits::FLOWS.min(descriptors / 2 / loops)),
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            sender: None,
        }
    }

    /// Tells whether there is a flow.
    pub(super) fn has_flows(&self) -> bool {
        !self.flows.keys().is_empty()
    }
}

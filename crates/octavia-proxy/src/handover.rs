//! What passes from a process to the one that takes its place: sockets, counters, verdicts.
//!
//! Both processes hold the same sockets, so that no connection is lost between them: the new one
//! serves before the old one stops accepting. The old one goes on with the connections that it has,
//! and tells what it counts until it ends.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use octavia_amphora_api::report::Counters;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Snapshot;
use crate::config::snapshot::Binding;
use crate::runtime::clock::Time;
use crate::tally::Named;

/// What the sockets of an address carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carries {
    /// Connections.
    Connections,
    /// Datagrams.
    Datagrams,
}

/// The sockets that are bound to an address: as many as there are loops.
#[derive(Debug, Clone)]
pub struct BoundSockets {
    /// The address.
    pub address: SocketAddr,
    /// What they carry.
    pub carries: Carries,
    /// The sockets, in the order of the loops.
    pub sockets: Arc<[OwnedFd]>,
}

/// What a proxy has counted, and thinks of members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    listeners: Vec<CountedListener>,
    pools: Vec<CountedPool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CountedListener {
    id: Uuid,
    counters: Counters,
    named: Named,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CountedPool {
    id: Uuid,
    named: Named,
    /// Clients that stay with a member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clients: Vec<(String, Uuid)>,
    members: Vec<CountedMember>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CountedMember {
    id: Uuid,
    address: SocketAddr,
    is_down: bool,
    named: Named,
}

impl Counted {
    /// Reads what `snapshot` has counted.
    pub(crate) fn of(snapshot: &Snapshot) -> Self {
        let listeners = snapshot.listeners.iter().map(|listener| CountedListener {
            id: listener.id,
            counters: listener.state.counters(),
            named: listener.state.tallies.named(),
        });
        let pools = snapshot.pools.iter().map(|pool| CountedPool {
            id: pool.id,
            named: pool.tallies.named(),
            clients: Vec::new(),
            members: pool
                .members
                .iter()
                .map(|member| &member.state)
                .map(|state| CountedMember {
                    id: state.id,
                    address: state.address,
                    is_down: state.is_down(),
                    named: state.tallies.named(),
                })
                .collect(),
        });
        Self {
            listeners: listeners.collect(),
            pools: pools.collect(),
        }
    }

    /// Adds the clients that stay with their members.
    pub(crate) fn with_clients(mut self, snapshot: &Snapshot) -> Self {
        for (counted, pool) in self.pools.iter_mut().zip(&snapshot.pools) {
            if let Some(stickiness) = &pool.stickiness {
                counted.clients = stickiness.known(Time::now());
            }
        }
        self
    }

    /// Lets what `snapshot` serves count on from here.
    pub(crate) fn give_to(&self, snapshot: &Snapshot) {
        for counted in &self.listeners {
            if let Some(listener) = snapshot.listener(counted.id) {
                listener.state.inherit(&counted.counters);
                listener.state.tallies.inherit(&counted.named);
            }
        }
        for (counted, member) in self.members_in(snapshot) {
            member.state.tallies.inherit(&counted.named);
        }
        for counted in &self.pools {
            let mut pools = snapshot.pools.iter();
            if let Some(pool) = pools.find(|pool| pool.id == counted.id) {
                pool.tallies.inherit(&counted.named);
                if let Some(stickiness) = &pool.stickiness {
                    stickiness.learn(&counted.clients, Time::now());
                }
            }
        }
    }

    /// Lets members that were down be so until a check says otherwise.
    pub(crate) fn give_verdicts_to(&self, snapshot: &Snapshot) {
        for (counted, member) in self.members_in(snapshot) {
            member.state.set_down(counted.is_down);
        }
    }

    /// Forgets what was open: who served it has ended.
    #[must_use]
    pub fn ended(mut self) -> Self {
        for listener in &mut self.listeners {
            listener.counters.active_connections = 0;
        }
        self
    }

    fn members_in<'a>(
        &'a self,
        snapshot: &'a Snapshot,
    ) -> impl Iterator<Item = (&'a CountedMember, &'a crate::config::snapshot::Member)> {
        self.pools.iter().flat_map(|counted| {
            let pool = snapshot.pools.iter().find(|pool| pool.id == counted.id);
            let members = pool.map_or(&[][..], |pool| &pool.members);
            counted.members.iter().filter_map(move |counted| {
                let mut members = members.iter();
                let same = members.find(|member| {
                    member.state.id == counted.id && member.state.address == counted.address
                });
                same.map(|member| (counted, member))
            })
        })
    }
}

/// Returns the sockets that `snapshot` is served from.
pub(crate) fn sockets(snapshot: &Snapshot) -> Vec<BoundSockets> {
    let bound = |carries: Carries| {
        move |binding: &Binding| BoundSockets {
            address: binding.address,
            carries,
            sockets: Arc::clone(&binding.sockets),
        }
    };
    let connections = snapshot.bindings.iter().map(bound(Carries::Connections));
    let datagrams = snapshot.ports.iter().map(bound(Carries::Datagrams));
    connections.chain(datagrams).collect()
}

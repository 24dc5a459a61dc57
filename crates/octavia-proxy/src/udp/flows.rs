//! Who sends from where, and to which member it goes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::config::{Listener, MemberState, Pool};
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Timer;
use crate::runtime::slots::{Key, Slots};
use crate::tally::Tally;

/// Datagrams between one client and one member.
pub(crate) struct Flow {
    /// The address of the listener that the client sends to.
    pub(crate) port: Key,
    /// Where the client sends from.
    pub(crate) client: SocketAddr,
    /// Connected to the member.
    pub(crate) socket: OwnedFd,
    pub(crate) member: Arc<MemberState>,
    /// As of the present snapshot.
    pub(crate) listener: Arc<Listener>,
    /// When its first datagram came.
    pub(crate) began: Time,
    /// Bytes of the client.
    pub(crate) bytes_in: u64,
    /// Bytes to the client.
    pub(crate) bytes_out: u64,
    /// When the latest datagram passed.
    pub(crate) heard_at: Time,
    pub(crate) timer: Timer,
    /// Whether it gives answers back, and takes nothing of its client any more.
    pub(crate) is_detached: bool,
    /// How it is read.
    pub(crate) appetite: Appetite,
}

impl Flow {
    /// Returns what the loop `index` counts for its member and pool.
    pub(crate) fn tallies(&self, index: usize) -> [Option<&Tally>; 2] {
        let pool = self.listener.pool.as_ref();
        [
            Some(self.member.tallies.of_loop(index)),
            pool.map(|pool| pool.tallies.of_loop(index)),
        ]
    }

    /// Tells whether its member may go on with it: one that drains may.
    pub(crate) fn may_go_on(&self) -> bool {
        let pool = self.listener.pool.as_deref();
        pool.is_some_and(|pool| may_keep(pool, &self.member))
    }
}

/// Tells whether a flow of `pool` may stay with `state`.
fn may_keep(pool: &Pool, state: &Arc<MemberState>) -> bool {
    pool.monitor.is_none() || !state.is_down()
}

/// How many datagrams are taken from a flow at once. Most have one; asking for more that are not
/// there would cost as much as taking one, so it is tried now and then.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Appetite {
    is_large: bool,
    taken: u8,
}

impl Appetite {
    /// Returns how many datagrams to ask for now.
    pub(crate) fn portion(&mut self) -> usize {
        self.taken = self.taken.wrapping_add(1);
        if self.is_large || self.taken.is_multiple_of(limits::TASTE_EVERY) {
            limits::FLOW_DATAGRAMS
        } else {
            1
        }
    }

    /// Learns how many there were, when asked for more than one.
    pub(crate) fn learn(&mut self, found: usize) {
        self.is_large = found > 1;
    }
}

/// The flows of a loop.
pub(crate) struct Flows {
    table: Slots<Flow>,
    known: HashMap<(Key, SocketAddr), Key>,
    limit: usize,
    /// Where the next search for an idle flow starts.
    hand: usize,
}

impl Flows {
    /// Makes room for `limit` flows.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            table: Slots::default(),
            known: HashMap::new(),
            limit,
            hand: 0,
        }
    }

    /// Returns the flow of `client` at `port`.
    pub(crate) fn find(&self, port: Key, client: SocketAddr) -> Option<Key> {
        self.known.get(&(port, client)).copied()
    }

    /// Returns a flow.
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Flow> {
        self.table.get_mut(key)
    }

    /// Tells whether another flow needs the place of one that is there.
    pub(crate) fn is_full(&self) -> bool {
        self.table.len() >= self.limit
    }

    /// Adds a flow.
    pub(crate) fn insert(&mut self, flow: Flow) -> Key {
        let place = (flow.port, flow.client);
        let key = self.table.insert(|_| flow);
        self.known.insert(place, key);
        key
    }

    /// Lets the next datagram of the client begin another flow; this one goes on answering.
    pub(crate) fn detach(&mut self, key: Key) {
        if let Some(flow) = self.table.get_mut(key).filter(|flow| !flow.is_detached) {
            flow.is_detached = true;
            self.known.remove(&(flow.port, flow.client));
        }
    }

    /// Removes a flow.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Flow> {
        let flow = self.table.remove(key)?;
        if !flow.is_detached {
            self.known.remove(&(flow.port, flow.client));
        }
        Some(flow)
    }

    /// Returns the flow that may go for the sake of another: of a few, the one that was silent for
    /// longest. The next call looks at others.
    pub(crate) fn idlest(&mut self) -> Option<Key> {
        let start = self.hand;
        self.hand = self.hand.wrapping_add(limits::IDLE_SAMPLES);
        let flows = self.table.near(start, limits::IDLE_SAMPLES);
        let idlest = flows.min_by_key(|(_, flow)| flow.heard_at);
        idlest
            .map(|(key, _)| key)
            .or_else(|| self.table.keys().pop())
    }

    /// Returns the keys of all flows.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.table.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::Appetite;
    use crate::limits;

    #[test]
    fn one_datagram_at_a_time_until_there_were_more() {
        let mut appetite = Appetite::default();
        let portions: Vec<_> = (0..limits::TASTE_EVERY)
            .map(|_| appetite.portion())
            .collect();
        let (last, first) = portions.split_last().expect("some portions");
        assert!(first.iter().all(|portion| *portion == 1));
        assert_eq!(*last, limits::FLOW_DATAGRAMS);
        appetite.learn(2);
        assert_eq!(appetite.portion(), limits::FLOW_DATAGRAMS);
        appetite.learn(1);
        assert_eq!(appetite.portion(), 1);
    }
}

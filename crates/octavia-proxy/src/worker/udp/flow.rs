//! Flows: found or begun with a datagram of a client, ended by silence or by what became of their
//! listener or member.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::super::{FLOW, Worker, log};
use crate::config::{Listener, MemberState, Pool};
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Due, Timer};
use crate::runtime::slots::Key;
use crate::tally::Tally;
use crate::udp::flows::{Appetite, Flow};
use crate::udp::socket;

impl Worker {
    /// Hands datagram `index` of the inbox to the member of its flow.
    pub(super) fn forward(&mut self, port: Key, index: usize) {
        let (client, _) = self.udp.inbox.datagram(index);
        let Some(key) = self.flow_of(port, client) else {
            let port = self.udp.ports.get_mut(port);
            if let Some(port) = port {
                port.listener.state.shards[self.index].add_error();
            }
            return;
        };
        let (_, bytes) = self.udp.inbox.datagram(index);
        let Some(flow) = self.udp.flows.get_mut(key) else {
            return;
        };
        let shard = &flow.listener.state.shards[self.index];
        shard.add_in(bytes.len());
        flow.bytes_in += bytes.len() as u64;
        let count = |tally: &Tally| tally.bytes_in.add(bytes.len() as u64);
        flow.tallies(self.index)
            .into_iter()
            .flatten()
            .for_each(count);
        if let Err(error) = send_to_member(&flow.socket, bytes) {
            shard.add_error();
            let member = flow.member.id;
            tracing::debug!(member.id = %member, %error, "member {member} took no datagram: {error}");
        }
        flow.heard_at = self.io.now;
        self.set_idle_deadline(key);
    }

    /// Finds the flow of a client; begins one, or moves it, where that is needed.
    fn flow_of(&mut self, port: Key, client: SocketAddr) -> Option<Key> {
        if let Some(key) = self.udp.flows.find(port, client) {
            if self
                .udp
                .flows
                .get_mut(key)
                .is_some_and(|flow| flow.may_go_on())
            {
                return Some(key);
            }
            self.end_flow(key);
        }
        let known = self.udp.ports.get_mut(port)?;
        if known.is_leaving {
            return None;
        }
        let listener = Arc::clone(&known.listener);
        if client.port() == 0 || !listener.admits(client.ip(), self.io.now) {
            return None;
        }
        let member = choose(&listener, client, self.io.now)?;
        let socket = self.connect_flow(member.address)?;
        self.begin_flow(Flow {
            port,
            client,
            socket,
            member,
            listener,
            began: self.io.now,
            heard_at: self.io.now,
            bytes_in: 0,
            bytes_out: 0,
            timer: Timer::default(),
            is_detached: false,
            appetite: Appetite::default(),
        })
    }

    /// Connects to a member; where that takes too much of the host, a flow that was silent ends.
    fn connect_flow(&mut self, address: SocketAddr) -> Option<OwnedFd> {
        if self.udp.flows.is_full() {
            self.end_idlest();
        }
        let connected = socket::connect(address).or_else(|error| {
            if !socket::is_shortage(error) {
                return Err(error);
            }
            self.end_idlest();
            socket::connect(address)
        });
        connected
            .inspect_err(
                |error| tracing::warn!(%error, "could not begin a flow to {address}: {error}"),
            )
            .ok()
    }

    fn end_idlest(&mut self) {
        if let Some(key) = self.udp.flows.idlest() {
            self.end_flow(key);
        }
    }

    fn begin_flow(&mut self, flow: Flow) -> Option<Key> {
        flow.member.begin();
        let now = self.io.now.micros();
        let count = |tally: &Tally| {
            tally.sessions.add(1);
            tally.last.set(now);
        };
        flow.tallies(self.index)
            .into_iter()
            .flatten()
            .for_each(count);
        flow.listener.state.enter(u32::MAX);
        flow.listener.state.shards[self.index].add_connection();
        if let Some(port) = self.udp.ports.get_mut(flow.port) {
            port.flows += 1;
        }
        let key = self.udp.flows.insert(flow);
        let flow = self.udp.flows.get_mut(key)?;
        let added = self.io.poller.add_datagrams(&flow.socket, key.token(FLOW));
        if let Err(error) = added {
            tracing::warn!(%error, "could not watch a flow: {error}");
            self.end_flow(key);
            return None;
        }
        Some(key)
    }

    /// Ends a flow; what its member still sends is lost.
    fn end_flow(&mut self, key: Key) {
        if let Some(flow) = self.udp.flows.remove(key) {
            flow.member.end();
            self.log_flow(&flow);
            flow.listener.state.leave();
            if let Some(stickiness) = flow.listener.stickiness(None) {
                stickiness.remember(flow.client.ip(), flow.member.id, self.io.now);
            }
            self.leave_flow_of(flow.port);
        }
    }

    /// A port whose listener is gone closes with its last flow.
    fn leave_flow_of(&mut self, port: Key) {
        if let Some(known) = self.udp.ports.get_mut(port) {
            known.flows -= 1;
            if known.is_leaving && known.flows == 0 {
                self.close_port(port);
            }
        }
    }

    /// Ends all flows of a port.
    pub(super) fn end_flows_of(&mut self, port: Key) {
        for key in self.udp.flows.keys() {
            let flow = self.udp.flows.get_mut(key);
            if flow.is_some_and(|flow| flow.port == port) {
                self.end_flow(key);
            }
        }
    }

    fn log_flow(&mut self, flow: &Flow) {
        let log = flow.listener.log.as_ref();
        let Some(log) = log.filter(|_| self.shared.log.is_some()) else {
            return;
        };
        let port = self.udp.ports.get_mut(flow.port);
        let local = port.map_or(flow.client, |port| port.address);
        let entry = log::of_flow(flow, log, local, self.io.now);
        log::write(log, &entry, &mut self.io.lines);
    }

    /// Hands what a member sent to the client of its flow.
    pub(in crate::worker) fn answer_datagrams(&mut self, key: Key) {
        let Some(flow) = self.udp.flows.get_mut(key) else {
            return;
        };
        let (port, portion) = (flow.port, flow.appetite.portion());
        let mut found = 0;
        while found < portion && self.answer_datagram(key, port) {
            found += 1;
        }
        if let Some(flow) = self.udp.flows.get_mut(key) {
            if portion > 1 {
                flow.appetite.learn(found);
            }
            self.set_idle_deadline(key);
        }
    }

    /// Tells whether there was a datagram.
    fn answer_datagram(&mut self, key: Key, port: Key) -> bool {
        if self.udp.sender != Some(port) || self.udp.outbox.is_full() {
            self.send_datagrams();
            self.udp.sender = Some(port);
        }
        let Some(flow) = self.udp.flows.get_mut(key) else {
            return false;
        };
        let room = self.udp.outbox.room();
        match retry_on_intr(|| recv(&flow.socket, &mut *room, RecvFlags::DONTWAIT)) {
            Ok((_, length)) => {
                flow.listener.state.shards[self.index].add_out(length);
                flow.bytes_out += length as u64;
                let count = |tally: &Tally| tally.bytes_out.add(length as u64);
                flow.tallies(self.index)
                    .into_iter()
                    .flatten()
                    .for_each(count);
                flow.heard_at = self.io.now;
                self.udp.outbox.push(flow.client, length);
                true
            }
            Err(Errno::AGAIN) => false,
            Err(error) => {
                let member = flow.member.id;
                tracing::debug!(member.id = %member, %error, "flow to member {member}: {error}");
                false
            }
        }
    }

    fn set_idle_deadline(&mut self, key: Key) {
        if let Some(flow) = self.udp.flows.get_mut(key) {
            let (io, token) = (&mut self.io, key.token(FLOW));
            let port = self.udp.ports.get_mut(flow.port);
            let drains = flow.is_detached || port.is_some_and(|port| port.is_leaving);
            let most = if drains {
                limits::LAST_ANSWER_TIME
            } else {
                Duration::MAX
            };
            let at = flow.heard_at.after(flow.listener.flow_time.min(most));
            io.deadlines.set(&mut flow.timer, token, at, io.now);
        }
    }

    /// Ends a flow that was silent for too long.
    pub(in crate::worker) fn expire_flow(&mut self, key: Key, entry: (Time, u64)) {
        let Some(flow) = self.udp.flows.get_mut(key) else {
            return;
        };
        let (now, deadlines) = (self.io.now, &mut self.io.deadlines);
        if deadlines.check(&mut flow.timer, entry, now) == Due::Expired {
            self.end_flow(key);
        }
    }

    /// Carries flows on as the present snapshot has it. Those whose member is gone give answers that
    /// are on their way back; what their clients send goes elsewhere.
    pub(super) fn review_flows(&mut self) {
        for key in self.udp.flows.keys() {
            let Some(flow) = self.udp.flows.get_mut(key) else {
                continue;
            };
            let Some(port) = self.udp.ports.get_mut(flow.port) else {
                self.end_flow(key);
                continue;
            };
            let listener = Arc::clone(&port.listener);
            if !listener.allows(flow.client.ip()) {
                self.end_flow(key);
            } else if port.is_leaving {
                self.set_idle_deadline(key);
            } else if Arc::ptr_eq(&listener.state, &flow.listener.state)
                && listener.may_keep(&flow.member)
            {
                flow.listener = listener;
            } else {
                self.udp.flows.detach(key);
                self.set_idle_deadline(key);
            }
        }
    }
}

/// Chooses the member of a new flow.
fn choose(listener: &Listener, client: SocketAddr, now: Time) -> Option<Arc<MemberState>> {
    let pool = listener.pool.as_ref()?;
    let full = full_members(pool, listener.limit);
    let recalled = pool
        .stickiness
        .as_ref()
        .and_then(|sticky| sticky.recall(client.ip(), now));
    let kept = recalled.and_then(|member| pool.keep(member, &full, now));
    let member = kept.or_else(|| pool.choose(client, &full, now))?;
    if let Some(stickiness) = &pool.stickiness {
        stickiness.remember(client.ip(), member.id, now);
    }
    Some(Arc::clone(member))
}

/// Returns the slots of those that serve as many flows as they may.
fn full_members(pool: &Pool, limit: u32) -> Vec<usize> {
    if limit == u32::MAX {
        return Vec::new();
    }
    let states = pool.members.iter().map(|member| &member.state);
    let full = states.filter(|state| state.active() >= limit);
    full.map(|state| state.slot).collect()
}

/// An ICMP error about an earlier datagram is told in place of sending this one.
fn send_to_member(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    match retry_on_intr(|| send(socket, bytes, flags)) {
        Err(Errno::CONNREFUSED | Errno::HOSTUNREACH | Errno::NETUNREACH) => {
            send(socket, bytes, flags)
        }
        outcome => outcome,
    }
}

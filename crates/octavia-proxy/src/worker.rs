//! An event loop and the connections it owns.
//!
//! A turn: wait; look at the snapshot; note what events told; let the connections concerned take
//! steps until they would block; then those whose deadline has passed.

mod accept;
mod account;
mod client;
mod drive;
mod exchange;
mod expire;
mod handshake;
mod log;
mod member;
mod own;
mod policy;
mod reach;
mod record;
mod request;
mod streams;
mod swap;
mod tunnel;
mod udp;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Snapshot;
use crate::flow_log::{Lines, Traces};
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::Deadlines;
use crate::runtime::poller::{Event, Poller};
use crate::runtime::slots::{Key, Slots};
use crate::shared::Shared;
use crate::tcp::Pipes;
use accept::Acceptor;
use client::Client;
use member::Members;
use streams::Agenda;
use udp::Datagrams;

pub(crate) use member::connect;

const WAKER: u64 = 0;
const ACCEPTOR: u8 = 1;
const CLIENT: u8 = 2;
const MEMBER: u8 = 3;
const PORT: u8 = 4;
const FLOW: u8 = 5;

/// One event loop.
pub(crate) struct Worker {
    index: usize,
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    io: Io,
    acceptors: Slots<Acceptor>,
    clients: Slots<Client>,
    members: Members,
    udp: Datagrams,
    /// Connections that wait for the sake of others.
    queue: VecDeque<Key>,
    /// Listening sockets that have more to accept.
    acceptable: Vec<Key>,
    /// Exchanges and connections of HTTP/2 that have something to do.
    agenda: Agenda,
    /// When connections that are left at the end are cut.
    stop_at: Option<Time>,
}

/// What every connection of a loop uses in its turn.
struct Io {
    /// The number of the loop.
    index: usize,
    poller: Poller,
    deadlines: Deadlines,
    now: Time,
    buffer: Box<[u8]>,
    out: Vec<u8>,
    /// What is sent on a connection of HTTP/2.
    frames: Vec<u8>,
    pipes: Pipes,
    traces: Traces,
    /// What was logged in this turn.
    lines: Lines,
    /// How many bytes the connection that has its turn has moved.
    moved: usize,
}

/// What a step of a connection came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Something moved; there may be more to do.
    Again,
    /// An event or a deadline comes next.
    Wait,
    /// It is over.
    Close,
}

impl Worker {
    /// Makes loop `index`.
    pub(crate) fn new(index: usize, shared: Arc<Shared>) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.add_source(&shared.wakers[index], WAKER)?;
        let udp = Datagrams::new(shared.wakers.len());
        Ok(Self {
            index,
            snapshot: Arc::new(Snapshot::empty(0)),
            shared,
            io: Io {
                index,
                poller,
                deadlines: Deadlines::default(),
                now: Time::now(),
                buffer: vec![0; limits::READ_BYTES].into_boxed_slice(),
                out: Vec::with_capacity(limits::HEAD_BYTES),
                frames: Vec::new(),
                pipes: Pipes::default(),
                traces: Traces::of_loop(index),
                lines: Lines::default(),
                moved: 0,
            },
            acceptors: Slots::default(),
            clients: Slots::default(),
            members: Members::default(),
            udp,
            queue: VecDeque::new(),
            acceptable: Vec::new(),
            agenda: Agenda::default(),
            stop_at: None,
        })
    }

    /// Runs until a snapshot says stop, and the connections have ended.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Vec::new();
        while !self.is_over() {
            self.io.poller.wait(&mut events, self.patience())?;
            self.turn(&events);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let is_late = |stop_at| self.io.now >= stop_at;
        self.stop_at
            .is_some_and(|stop_at| self.is_idle() || is_late(stop_at))
    }

    /// Tells whether nobody is left to wait for at the end.
    fn is_idle(&self) -> bool {
        let has_flows = self.snapshot.is_handed_over && self.udp.has_flows();
        self.clients.len() == 0 && !has_flows
    }

    fn patience(&self) -> Option<Duration> {
        let is_busy = !self.queue.is_empty() || !self.acceptable.is_empty();
        if is_busy || self.has_stream_work() {
            return Some(Duration::ZERO);
        }
        let stop = self.stop_at.map(|stop_at| stop_at.since(self.io.now));
        let due = self.io.deadlines.wait(self.io.now);
        [stop, due].into_iter().flatten().min()
    }

    fn turn(&mut self, events: &[Event]) {
        self.io.now = Time::now();
        self.look_at_snapshot();
        self.note_members(events);
        for event in events {
            self.handle(*event);
        }
        self.send_datagrams();
        self.serve_queue();
        for key in std::mem::take(&mut self.acceptable) {
            self.accept(key);
        }
        self.expire_due();
        self.serve_streams();
        if let Some(queue) = self.shared.log.as_ref().filter(|_| self.io.lines.count > 0) {
            queue.put(&mut self.io.lines);
        }
    }

    /// Notes what became of member connections before any client takes one from the pool.
    fn note_members(&mut self, events: &[Event]) {
        for event in events {
            let (kind, key) = Key::from_token(event.data.u64());
            if kind == MEMBER {
                self.members.note(key, event.flags);
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let token = event.data.u64();
        let (kind, key) = Key::from_token(token);
        match kind {
            ACCEPTOR => self.accept(key),
            CLIENT => {
                if let Some(client) = self.clients.get_mut(key) {
                    client.stream.note(event.flags);
                    self.drive_or_queue(key);
                }
            }
            MEMBER => {
                if let Some(client) = self.members.client_of(key) {
                    self.drive_or_queue(client);
                } else {
                    self.drive_trunk(key);
                }
            }
            PORT => self.receive_datagrams(key),
            FLOW => self.answer_datagrams(key),
            _ => {
                self.shared.wakers[self.index].clear();
                self.look_at_snapshot();
                self.unblock();
            }
        }
    }
}

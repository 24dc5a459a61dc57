//! A document, resolved: what the loops read.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use octavia_amphora_api::config::{Algorithm, HealthMonitor, ListenerProtocol, PassiveHealth};
use uuid::Uuid;

use super::state::{ListenerState, MemberState};
use crate::balance::{self, Candidate, Crowd, Ranking, RoundRobin, Turn};
use crate::flow_log::{Format, Names};
use crate::handover::{BoundSockets, Carries};
use crate::l7::Policies;
use crate::networks::Networks;
use crate::proxy_protocol::Version;
use crate::rate::RateLimits;
use crate::runtime::clock::Time;
use crate::sticky::Stickiness;
use crate::tally::Tallies;
use crate::tls::{ClientTls, PeerHeaders, ServerTls, Spoken};

/// What is served. Built whole, never changed.
pub(crate) struct Snapshot {
    /// Grows with each snapshot.
    pub(crate) version: u64,
    /// The generation of the document; `None` before the first.
    pub(crate) generation: Option<u64>,
    /// The addresses that are bound for connections, and for whom.
    pub(crate) bindings: Vec<Binding>,
    /// The addresses that are bound for datagrams.
    pub(crate) ports: Vec<Binding>,
    /// The addresses whose datagrams only known clients exchange any more, for as long as there are
    /// such: a listener that is made there takes the sockets over.
    pub(crate) leaving: Vec<(SocketAddr, Weak<[OwnedFd]>)>,
    /// The listeners, in the order of the document.
    pub(crate) listeners: Vec<Arc<Listener>>,
    /// The pools, in the order of the document.
    pub(crate) pools: Vec<Arc<Pool>>,
    /// The members by slot.
    pub(crate) members: Vec<Option<Arc<MemberState>>>,
    /// How long connections may go on whose listener is gone.
    pub(crate) drain: Duration,
    /// Whether the loops end once no connection is left.
    pub(crate) stopping: bool,
    /// Whether another process accepts at our sockets from now on.
    pub(crate) is_handed_over: bool,
    /// Sockets of an earlier process, for the listeners that need them.
    pub(crate) inherited: Vec<BoundSockets>,
}

/// A bound address.
#[derive(Clone)]
pub(crate) struct Binding {
    /// The address.
    pub(crate) address: SocketAddr,
    /// A socket for each loop.
    pub(crate) sockets: Arc<[OwnedFd]>,
    /// Whose it is now.
    pub(crate) listener: Arc<Listener>,
}

/// A listener.
pub(crate) struct Listener {
    /// Its id.
    pub(crate) id: Uuid,
    /// What it speaks.
    pub(crate) protocol: ListenerProtocol,
    /// The version of the snapshot that it is part of.
    pub(crate) version: u64,
    /// How many connections it serves at once; for datagrams, how many flows each member does.
    pub(crate) limit: u32,
    /// Where connections go, if a pool that takes traffic is set.
    pub(crate) pool: Option<Arc<Pool>>,
    /// How long a silent client is kept.
    pub(crate) client_time: Duration,
    /// How long connecting to a member may take.
    pub(crate) connect_time: Duration,
    /// How long a silent member is kept.
    pub(crate) member_time: Duration,
    /// How long a silent flow of datagrams is kept.
    pub(crate) flow_time: Duration,
    /// The headers added to requests.
    pub(crate) headers: Headers,
    /// How its traffic is logged, if it is.
    pub(crate) log: Option<Log>,
    /// Who may connect; everybody when empty.
    pub(crate) allowed: Networks,
    /// How often one client may ask, if that is limited.
    pub(crate) rate: Option<Arc<RateLimits>>,
    /// The TLS that its clients speak, if they do.
    pub(crate) tls: Option<Arc<ServerTls>>,
    /// What is done with certain requests.
    pub(crate) l7: Option<Policies>,
    /// What lives on.
    pub(crate) state: Arc<ListenerState>,
}

/// How the traffic of a listener is logged.
pub(crate) struct Log {
    /// How a line is written.
    pub(crate) format: Format,
    /// What all lines have in common.
    pub(crate) names: Names,
}

/// The headers that a listener adds to requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Headers {
    /// Whether `X-Forwarded-For` is added.
    pub(crate) forwarded_for: bool,
    /// Whether `X-Forwarded-Port` is set.
    pub(crate) forwarded_port: bool,
    /// Whether `X-Forwarded-Proto` is set.
    pub(crate) forwarded_proto: bool,
    /// What is told of the client's certificate.
    pub(crate) peer: PeerHeaders,
    /// The lines that are the same for each request, ready to be copied.
    pub(crate) lines: Vec<u8>,
}

impl Listener {
    /// Returns how clients stay with their members, if they do.
    pub(crate) fn stickiness<'a>(
        &'a self,
        chosen: Option<&'a Arc<Pool>>,
    ) -> Option<&'a Stickiness> {
        chosen.or(self.pool.as_ref())?.stickiness.as_ref()
    }

    /// Returns the header that names the client to members, if they get one.
    pub(crate) fn header(&self, chosen: Option<&Arc<Pool>>) -> Option<Version> {
        chosen.or(self.pool.as_ref()).and_then(|pool| pool.header)
    }

    /// Tells whether a flow may stay with `member`: one that drains keeps what it has.
    pub(crate) fn may_keep(&self, member: &Arc<MemberState>) -> bool {
        let members = self.pool.iter().flat_map(|pool| &pool.members);
        let mut members = members.filter(|candidate| candidate.enabled);
        members.any(|candidate| Arc::ptr_eq(&candidate.state, member))
    }

    /// Returns what may be spoken with the members of `pool` in TLS: a connection that names its
    /// client is not shared by others.
    pub(crate) fn spoken_with(&self, pool: &Pool) -> Spoken {
        let carries_requests = match self.protocol {
            ListenerProtocol::Http | ListenerProtocol::Prometheus => true,
            ListenerProtocol::Tcp | ListenerProtocol::Udp => false,
        };
        if carries_requests && pool.header.is_none() {
            Spoken::Any
        } else {
            Spoken::NotHttp2
        }
    }

    /// Returns the lines that are added to answers.
    pub(crate) fn answer_lines(&self) -> &[u8] {
        self.tls.as_ref().map_or(&[], |tls| &tls.answer_lines)
    }

    /// Tells whether `client` may begin a connection or flow now. One that asks over HTTP is counted
    /// by its requests.
    pub(crate) fn admits(&self, client: IpAddr, now: Time) -> bool {
        let limits = match self.protocol {
            ListenerProtocol::Tcp | ListenerProtocol::Udp => self.rate.as_ref(),
            ListenerProtocol::Http | ListenerProtocol::Prometheus => None,
        };
        self.allows(client) && limits.is_none_or(|limits| limits.take(client, now).is_ok())
    }

    /// Tells whether `client` may connect.
    pub(crate) fn allows(&self, client: IpAddr) -> bool {
        self.allowed.is_empty() || self.allowed.contains(client)
    }
}

/// A pool.
pub(crate) struct Pool {
    /// Its id.
    pub(crate) id: Uuid,
    /// How a member is chosen.
    pub(crate) algorithm: Algorithm,
    /// The header that names the client to its members, if they get one.
    pub(crate) header: Option<Version>,
    /// The TLS that is spoken with its members, if any.
    pub(crate) tls: Option<Arc<ClientTls>>,
    /// Its members, in order of creation.
    pub(crate) members: Vec<Member>,
    /// How a client stays with its member, if it does.
    pub(crate) stickiness: Option<Stickiness>,
    /// How its members are asked whether they work.
    pub(crate) monitor: Option<HealthMonitor>,
    /// When they are left alone because of what clients met there.
    pub(crate) passive_health: Option<PassiveHealth>,
    /// Whether it takes traffic.
    pub(crate) enabled: bool,
    /// What a weight of 1 counts: more than 1 where shares grow slowly.
    pub(crate) scale: u32,
    /// What is counted.
    pub(crate) tallies: Arc<Tallies>,
    /// Whose turn it is, for all loops.
    pub(crate) turns: Arc<Mutex<RoundRobin>>,
    /// Whom clients would get if all members served, where that is worth remembering.
    pub(crate) ranking: Option<Ranking>,
}

/// A member, as the document has it.
pub(crate) struct Member {
    /// Its share; none with 0.
    pub(crate) weight: u16,
    /// Whether it serves only when no other member can.
    pub(crate) backup: bool,
    /// How long its share takes to grow once it is there, if it does.
    pub(crate) slow_start: Option<Duration>,
    /// Whether it takes traffic.
    pub(crate) enabled: bool,
    /// Where the health monitor asks.
    pub(crate) check_address: SocketAddr,
    /// The header that comes before the question of the health monitor.
    pub(crate) check_header: Option<Version>,
    /// What lives on.
    pub(crate) state: Arc<MemberState>,
}

/// Who is to be chosen from.
#[derive(Clone, Copy)]
enum Among {
    /// Those that serve.
    Active,
    /// Those that serve when no other can.
    Backups,
    /// All that would serve but for what clients met there.
    Ejected,
}

impl Pool {
    /// Chooses a member for `client`, other than those whose slots are in `tried`.
    ///
    /// Members that were ejected are better than none.
    pub(crate) fn choose(
        &self,
        client: SocketAddr,
        tried: &[usize],
        now: Time,
    ) -> Option<&Arc<MemberState>> {
        if let Some(index) = self.ranked(client, tried, now) {
            return Some(&self.members[index].state);
        }
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match self.algorithm {
            Algorithm::RoundRobin => turns.next(|index| self.turn(index, tried, now)),
            Algorithm::LeastConnections | Algorithm::SourceIp | Algorithm::SourceIpPort => None,
        };
        if let Some(index) = next {
            return Some(&self.members[index].state);
        }
        let mut choose = |among| {
            let candidates = self.candidates(among, tried, now);
            balance::choose(self.algorithm, &mut turns, client, candidates)
        };
        let ejected = self.passive_health.map(|_| Among::Ejected);
        let index = choose(Among::Active)
            .or_else(|| choose(Among::Backups))
            .or_else(|| choose(ejected?))?;
        Some(&self.members[index].state)
    }

    /// Looks up the member of `client`; `None` where nothing is remembered, and where all that are
    /// remembered for it are away.
    fn ranked(&self, client: SocketAddr, tried: &[usize], now: Time) -> Option<usize> {
        let ranking = self.ranking.as_ref()?;
        let crowd = Crowd::of(client, self.algorithm)?;
        let mut best = ranking.best(crowd, self.electable());
        best.find(|index| {
            let member = &self.members[*index];
            self.takes_traffic(member, now) && !tried.contains(&member.state.slot)
        })
    }

    /// Returns the members that serve when they can.
    fn electable(&self) -> impl Iterator<Item = Candidate> {
        let members = self.members.iter().enumerate();
        members
            .filter(|(_, member)| member.enabled && member.weight > 0 && !member.backup)
            .map(|(index, member)| Candidate {
                index,
                id: member.state.id,
                weight: u32::from(member.weight),
                active: 0,
            })
    }

    /// Tells whether the member at `index` takes its turn: most do.
    fn turn(&self, index: usize, tried: &[usize], now: Time) -> Turn {
        let member = &self.members[index];
        let serves = !member.backup && self.takes_traffic(member, now);
        let weight = self.share(member, now).max(1);
        if serves && !tried.contains(&member.state.slot) {
            Turn::Takes(weight)
        } else {
            Turn::Misses(weight)
        }
    }

    /// Returns the member that a client wishes to stay with, if that may go on: draining members
    /// keep what they have.
    pub(crate) fn keep(&self, wish: Uuid, tried: &[usize], now: Time) -> Option<&Arc<MemberState>> {
        let member = &self.members[self.stickiness.as_ref()?.place(wish)?];
        let may_go_on = member.enabled && !self.is_down(member) && !self.is_ejected(member, now);
        let is_tried = tried.contains(&member.state.slot);
        (may_go_on && !is_tried).then_some(&member.state)
    }

    fn candidates(
        &self,
        among: Among,
        tried: &[usize],
        now: Time,
    ) -> impl Iterator<Item = Candidate> + Clone {
        let is_meant = move |member: &Member| match among {
            Among::Active => !member.backup && self.takes_traffic(member, now),
            Among::Backups => member.backup && self.takes_traffic(member, now),
            Among::Ejected => self.could_serve(member),
        };
        let members = self.members.iter().enumerate();
        members
            .filter(move |(_, member)| is_meant(member))
            .filter(|(_, member)| !tried.contains(&member.state.slot))
            .map(move |(index, member)| Candidate {
                index,
                id: member.state.id,
                weight: self.share(member, now),
                active: member.state.active(),
            })
    }

    /// Tells whether `member` may get something new.
    pub(crate) fn takes_traffic(&self, member: &Member, now: Time) -> bool {
        self.could_serve(member) && !self.is_ejected(member, now)
    }

    /// Tells whether `member` could get something new, if it is not ejected.
    pub(super) fn could_serve(&self, member: &Member) -> bool {
        member.enabled && member.weight > 0 && !self.is_down(member)
    }

    /// Tells whether `member` is left alone because of what clients met there.
    pub(crate) fn is_ejected(&self, member: &Member, now: Time) -> bool {
        self.passive_health.is_some() && member.state.is_ejected(now)
    }

    fn is_down(&self, member: &Member) -> bool {
        self.monitor.is_some() && member.state.is_down()
    }

    /// Returns the ids of the members, in order.
    pub(crate) fn member_ids(&self) -> Vec<Uuid> {
        self.members.iter().map(|member| member.state.id).collect()
    }
}

impl Snapshot {
    /// Serves nothing.
    pub(crate) fn empty(version: u64) -> Self {
        Self {
            version,
            generation: None,
            bindings: Vec::new(),
            ports: Vec::new(),
            leaving: Vec::new(),
            listeners: Vec::new(),
            pools: Vec::new(),
            members: Vec::new(),
            drain: Duration::ZERO,
            stopping: false,
            is_handed_over: false,
            inherited: Vec::new(),
        }
    }

    /// Serves nothing, after this one.
    pub(crate) fn emptied(&self, drain: Duration) -> Self {
        Self {
            leaving: self.leaving_without(&[]),
            drain,
            ..Self::empty(self.version + 1)
        }
    }

    /// Returns what becomes of its sockets for datagrams that are not among `ports`.
    pub(crate) fn leaving_without(&self, ports: &[Binding]) -> Vec<(SocketAddr, Weak<[OwnedFd]>)> {
        let left = self
            .ports
            .iter()
            .map(|port| (port.address, Arc::downgrade(&port.sockets)));
        let earlier = self.leaving.iter().cloned();
        left.chain(earlier)
            .filter(|(address, sockets)| {
                let is_taken = ports.iter().any(|port| port.address == *address);
                !is_taken && sockets.strong_count() > 0
            })
            .collect()
    }

    /// Returns the sockets for datagrams that are open at `address`.
    pub(crate) fn datagram_sockets(&self, address: SocketAddr) -> Option<Arc<[OwnedFd]>> {
        let leaving = self.leaving.iter().find(|(known, _)| *known == address);
        let leaving = leaving.and_then(|(_, sockets)| sockets.upgrade());
        leaving.or_else(|| self.inherited_sockets(address, Carries::Datagrams))
    }

    /// Returns the sockets of an earlier process at `address`.
    pub(crate) fn inherited_sockets(
        &self,
        address: SocketAddr,
        carries: Carries,
    ) -> Option<Arc<[OwnedFd]>> {
        let mut inherited = self.inherited.iter();
        let known = inherited.find(|known| (known.address, known.carries) == (address, carries));
        known.map(|known| Arc::clone(&known.sockets))
    }

    /// Returns the listener of that id.
    pub(crate) fn listener(&self, id: Uuid) -> Option<&Arc<Listener>> {
        self.listeners.iter().find(|listener| listener.id == id)
    }

    /// Returns the state of each member by pool, id and address.
    pub(crate) fn member_states(&self) -> HashMap<(Uuid, Uuid, SocketAddr), &Arc<MemberState>> {
        let of_pool = |pool: &Arc<Pool>| pool.id;
        self.pools
            .iter()
            .flat_map(|pool| {
                pool.members
                    .iter()
                    .map(move |member| (of_pool(pool), member))
            })
            .map(|(pool, member)| ((pool, member.state.id, member.state.address), &member.state))
            .collect()
    }
}

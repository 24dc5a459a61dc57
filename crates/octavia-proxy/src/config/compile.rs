//! From a document and what is served now to the next snapshot.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::config::{self, Algorithm, ListenerProtocol, PoolProtocol};
use uuid::Uuid;

use super::slow_start;
use super::snapshot::{Binding, Headers, Listener, Log, Member, Pool, Snapshot};
use super::state::{ListenerState, MemberState};
use crate::balance::{Ranking, RoundRobin};
use crate::flow_log::{Format, Names};
use crate::handover::Carries;
use crate::l7::Policies;
use crate::limits;
use crate::networks::Networks;
use crate::proxy::ApplyError;
use crate::proxy_protocol::Version;
use crate::rate::RateLimits;
use crate::runtime::clock::Time;
use crate::sticky::Stickiness;
use crate::tally::Tallies;
use crate::tls::{ClientTls, PeerHeader, PeerHeaders, ServerTls};

/// Builds the snapshot of `config` that follows `before`, for so many loops.
///
/// Binds what is new; nothing of `before` is changed, so that a failure changes nothing.
pub(crate) fn compile(
    config: &AmphoraConfig,
    before: &Snapshot,
    loops: usize,
) -> Result<Snapshot, ApplyError> {
    check(config)?;
    let version = before.version + 1;
    let mut slots = MemberSlots::new(before, loops);
    let pools: Vec<_> = config
        .pools
        .iter()
        .map(|pool| Ok(Arc::new(compile_pool(pool, before, &mut slots)?)))
        .collect::<Result<_, ApplyError>>()?;
    let listeners: Vec<_> = config
        .listeners
        .iter()
        .map(|listener| Ok(Arc::new(compile_listener(listener, &pools, before, loops)?)))
        .collect::<Result<_, ApplyError>>()?;
    let wanted = wanted(config, &listeners);
    let (ports, bindings): (Vec<_>, Vec<_>) = wanted
        .into_iter()
        .partition(|(_, listener)| listener.protocol == ListenerProtocol::Udp);
    let bindings = bind(bindings, &before.bindings, |address| {
        match before.inherited_sockets(address, Carries::Connections) {
            Some(sockets) => Ok(sockets),
            None => super::bind::bind(address, loops),
        }
    })?;
    let ports = bind(ports, &before.ports, |address| {
        match before.datagram_sockets(address) {
            Some(sockets) => Ok(sockets),
            None => super::bind::bind_datagrams(address, loops),
        }
    })?;
    Ok(Snapshot {
        version,
        generation: Some(config.generation),
        bindings,
        leaving: before.leaving_without(&ports),
        ports,
        listeners,
        members: member_table(&pools),
        pools,
        drain: limits::DRAIN_TIME,
        stopping: false,
        is_handed_over: false,
        inherited: Vec::new(),
    })
}

fn check(config: &AmphoraConfig) -> Result<(), ApplyError> {
    let mut pools = HashSet::new();
    for pool in &config.pools {
        if !pools.insert(pool.id) {
            return Err(ApplyError::Invalid(format!(
                "pool {} is there twice",
                pool.id
            )));
        }
    }
    let (mut ids, mut ports) = (HashSet::new(), HashSet::new());
    for listener in &config.listeners {
        let id = listener.id;
        if !ids.insert(id) {
            return Err(ApplyError::Invalid(format!("listener {id} is there twice")));
        }
        let is_udp = listener.protocol == ListenerProtocol::Udp;
        if !ports.insert((is_udp, listener.port)) {
            let port = listener.port;
            let text = format!("listener {id}: another listener has port {port}");
            return Err(ApplyError::Invalid(text));
        }
        let chosen = listener.l7_policies.iter().filter_map(chosen_pool);
        let mut needed = listener.default_pool.into_iter().chain(chosen);
        if let Some(pool) = needed.find(|pool| !pools.contains(pool)) {
            let text = format!("listener {id}: its pool {pool} is missing");
            return Err(ApplyError::Invalid(text));
        }
    }
    Ok(())
}

fn chosen_pool(policy: &config::L7Policy) -> Option<Uuid> {
    match policy.action {
        config::L7Action::RedirectToPool { pool } => Some(pool),
        config::L7Action::Reject
        | config::L7Action::FixedResponse { .. }
        | config::L7Action::RedirectToUrl { .. }
        | config::L7Action::RedirectPrefix { .. } => None,
    }
}

/// Gives members their places in the tables of the loops.
struct MemberSlots<'a> {
    known: HashMap<(Uuid, Uuid, SocketAddr), &'a Arc<MemberState>>,
    taken: HashSet<usize>,
    next: usize,
    loops: usize,
}

impl<'a> MemberSlots<'a> {
    fn new(before: &'a Snapshot, loops: usize) -> Self {
        let known = before.member_states();
        Self {
            taken: known.values().map(|state| state.slot).collect(),
            known,
            next: 0,
            loops,
        }
    }

    fn state(&mut self, pool: Uuid, member: &config::Member) -> Arc<MemberState> {
        let address = SocketAddr::new(member.address, member.port);
        if let Some(state) = self.known.get(&(pool, member.id, address)) {
            return Arc::clone(state);
        }
        while self.taken.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        Arc::new(MemberState::new(
            member.id,
            address,
            self.next - 1,
            self.loops,
        ))
    }
}

/// Arranges the members of `pools` by slot.
fn member_table(pools: &[Arc<Pool>]) -> Vec<Option<Arc<MemberState>>> {
    let members = || pools.iter().flat_map(|pool| &pool.members);
    let length = members().map(|member| member.state.slot + 1).max();
    let mut table = vec![None; length.unwrap_or(0)];
    for member in members() {
        table[member.state.slot] = Some(Arc::clone(&member.state));
    }
    table
}

fn compile_pool(
    pool: &config::Pool,
    before: &Snapshot,
    slots: &mut MemberSlots<'_>,
) -> Result<Pool, ApplyError> {
    let members: Vec<_> = pool
        .members
        .iter()
        .map(|member| compile_member(pool, member, slots))
        .collect();
    let ids: Vec<_> = pool.members.iter().map(|member| member.id).collect();
    let before = before.pools.iter().find(|other| other.id == pool.id);
    if let Some(before) = before {
        slow_start::begin(&members, before, Time::now());
    }
    let sticky_before = before.and_then(|other| other.stickiness.as_ref());
    let tls_before = before.and_then(|other| other.tls.as_ref());
    let tls = pool
        .tls
        .as_ref()
        .map(|wanted| ClientTls::compile(wanted, tls_before));
    let tls = tls.transpose();
    Ok(Pool {
        id: pool.id,
        tls: tls.map_err(|cause| ApplyError::Invalid(format!("pool {}: {cause}", pool.id)))?,
        algorithm: pool.algorithm,
        header: header(pool),
        scale: slow_start::scale(&members),
        members,
        stickiness: pool
            .session_persistence
            .as_ref()
            .map(|wanted| Stickiness::continued(wanted, &ids, sticky_before)),
        monitor: pool.health_monitor.clone(),
        passive_health: pool.passive_health,
        enabled: pool.enabled,
        tallies: before.map_or_else(
            || Arc::new(Tallies::new(slots.loops)),
            |other| Arc::clone(&other.tallies),
        ),
        turns: turns(before, &ids),
        ranking: ranking(pool),
    })
}

fn ranking(pool: &config::Pool) -> Option<Ranking> {
    match pool.algorithm {
        Algorithm::RoundRobin | Algorithm::LeastConnections => None,
        Algorithm::SourceIp | Algorithm::SourceIpPort => Ranking::of(pool.members.len()),
    }
}

/// Where the members are the same, both snapshots share their turns: what is chosen until every loop
/// serves the new one counts, too.
fn turns(before: Option<&Arc<Pool>>, ids: &[Uuid]) -> Arc<Mutex<RoundRobin>> {
    let Some(before) = before else {
        return Arc::new(Mutex::new(RoundRobin::continued(&HashMap::new(), ids)));
    };
    let known = before.member_ids();
    if known == ids {
        return Arc::clone(&before.turns);
    }
    let turns = before.turns.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::new(Mutex::new(RoundRobin::continued(
        &turns.standings(&known),
        ids,
    )))
}

fn header(pool: &config::Pool) -> Option<Version> {
    match pool.protocol {
        PoolProtocol::Http | PoolProtocol::Tcp | PoolProtocol::Udp => None,
        PoolProtocol::Proxy => Some(Version::One),
        PoolProtocol::ProxyV2 => Some(Version::Two),
    }
}

fn compile_member(
    pool: &config::Pool,
    member: &config::Member,
    slots: &mut MemberSlots<'_>,
) -> Member {
    Member {
        weight: member.weight,
        backup: member.backup,
        slow_start: member
            .slow_start_s
            .map(|seconds| Duration::from_secs(seconds.into())),
        enabled: member.enabled,
        check_address: SocketAddr::new(
            member.monitor_address.unwrap_or(member.address),
            member.monitor_port.unwrap_or(member.port),
        ),
        // As with HAProxy: whoever is asked elsewhere is not the one that expects a header.
        check_header: header(pool)
            .filter(|_| member.monitor_address.is_none() && member.monitor_port.is_none()),
        state: slots.state(pool.id, member),
    }
}

fn compile_listener(
    listener: &config::Listener,
    pools: &[Arc<Pool>],
    before: &Snapshot,
    loops: usize,
) -> Result<Listener, ApplyError> {
    let pool = pools
        .iter()
        .find(|pool| Some(pool.id) == listener.default_pool && pool.enabled);
    let known = before.listener(listener.id);
    let state = known.map_or_else(
        || Arc::new(ListenerState::new(loops)),
        |known| Arc::clone(&known.state),
    );
    let timeouts = &listener.timeouts;
    let invalid = |cause: String| ApplyError::Invalid(format!("listener {}: {cause}", listener.id));
    let l7 = known.and_then(|known| known.l7.as_ref());
    let l7 = Policies::compile(&listener.l7_policies, pools, l7)
        .map_err(|bad| invalid(bad.to_string()))?;
    let rate = known.and_then(|known| known.rate.as_ref());
    let rate = listener
        .rate_limit
        .map(|wanted| RateLimits::continued(wanted, rate));
    let tls = known.and_then(|known| known.tls.as_ref());
    let tls = listener
        .tls
        .as_ref()
        .map(|wanted| ServerTls::compile(wanted, tls));
    Ok(Listener {
        id: listener.id,
        protocol: listener.protocol,
        version: before.version + 1,
        limit: listener.connection_limit.unwrap_or(u32::MAX),
        pool: pool.map(Arc::clone),
        client_time: Duration::from_millis(timeouts.client_data_ms),
        connect_time: Duration::from_millis(timeouts.member_connect_ms),
        member_time: Duration::from_millis(timeouts.member_data_ms),
        flow_time: Duration::from_millis(timeouts.udp_idle_ms),
        headers: headers(listener),
        log: listener.log.as_ref().map(|log| Log {
            format: Format::parse(&log.format),
            names: Names {
                project: log.project_id.clone(),
                load_balancer: log.load_balancer_id,
                listener: listener.id,
            },
        }),
        allowed: Networks::of(&listener.allowed_cidrs),
        rate: rate.transpose().map_err(invalid)?,
        tls: tls.transpose().map_err(invalid)?,
        l7,
        state,
    })
}

fn headers(listener: &config::Listener) -> Headers {
    let insert = listener.insert_headers;
    let port = format!("X-Forwarded-Port: {}\r\n", listener.port);
    let mut lines = String::new();
    if insert.x_forwarded_port {
        lines.push_str(&port);
    }
    if insert.x_forwarded_proto {
        lines.push_str(match listener.tls {
            Some(_) => "X-Forwarded-Proto: https\r\n",
            None => "X-Forwarded-Proto: http\r\n",
        });
    }
    Headers {
        forwarded_for: insert.x_forwarded_for,
        forwarded_port: insert.x_forwarded_port,
        forwarded_proto: insert.x_forwarded_proto,
        peer: PeerHeaders::of(|header| match header {
            _ if listener.tls.is_none() => false,
            PeerHeader::Verify => insert.x_ssl_client_verify,
            PeerHeader::HasCertificate => insert.x_ssl_client_has_cert,
            PeerHeader::SubjectName => insert.x_ssl_client_dn,
            PeerHeader::CommonName => insert.x_ssl_client_cn,
            PeerHeader::IssuerName => insert.x_ssl_issuer,
            PeerHeader::Sha1 => insert.x_ssl_client_sha1,
            PeerHeader::NotBefore => insert.x_ssl_client_not_before,
            PeerHeader::NotAfter => insert.x_ssl_client_not_after,
        }),
        lines: lines.into_bytes(),
    }
}

/// Returns every address that is to be bound, and for whom.
fn wanted(config: &AmphoraConfig, listeners: &[Arc<Listener>]) -> Vec<(SocketAddr, Arc<Listener>)> {
    let listeners = config.listeners.iter().zip(listeners);
    let of_listener = |(listener, compiled): (&config::Listener, &Arc<Listener>)| {
        let (port, compiled) = (listener.port, Arc::clone(compiled));
        let address = move |vip: &IpAddr| (SocketAddr::new(*vip, port), Arc::clone(&compiled));
        config.vips.iter().map(address).collect::<Vec<_>>()
    };
    listeners.flat_map(of_listener).collect()
}

/// Binds what is not bound `before`.
fn bind(
    wanted: Vec<(SocketAddr, Arc<Listener>)>,
    before: &[Binding],
    fresh: impl Fn(SocketAddr) -> io::Result<Arc<[OwnedFd]>>,
) -> Result<Vec<Binding>, ApplyError> {
    let bound: HashMap<_, _> = before
        .iter()
        .map(|binding| (binding.address, &binding.sockets))
        .collect();
    let binding = |(address, listener): (SocketAddr, Arc<Listener>)| {
        let sockets = bound.get(&address).map(|known| Ok(Arc::clone(known)));
        let sockets = sockets.unwrap_or_else(|| fresh(address));
        Ok(Binding {
            address,
            sockets: sockets.map_err(|source| ApplyError::Bind {
                listener: listener.id,
                address,
                source,
            })?,
            listener,
        })
    };
    wanted.into_iter().map(binding).collect()
}

#[cfg(test)]
mod tests;

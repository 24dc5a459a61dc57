//! Changes, drawn from a seed.

use std::net::SocketAddr;

use octavia_amphora_api::config::{
    Algorithm, AmphoraConfig, Check, Hsts, L7Action, L7Compare, L7Policy, L7Rule, L7Subject,
    ListenerProtocol, ListenerTls, Pool, SessionPersistence, TlsVersion,
};

use super::world::{CALLS, FIRST_OTHER, PAGES, SECURE, STREAM, WEB, World};
use crate::support::config::{free_port, listener, member, monitor};
use crate::support::id;
use crate::support::pki::listener_tls;

/// Numbers that look like chance, and are the same for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % limit as u64).unwrap_or(0)
    }

    /// Draws one lot of so many.
    pub(crate) fn is_one_of(&mut self, lots: usize) -> bool {
        self.below(lots) == 0
    }

    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// One kind of change; it says what it does.
type Change = fn(&World, &mut AmphoraConfig, &mut Chance) -> String;

const CHANGES: [Change; 13] = [
    add_member,
    remove_member,
    weigh_member,
    switch_member,
    choose_algorithm,
    add_policy,
    remove_policy,
    add_listener,
    remove_listener,
    swap_certificate,
    limit,
    persist,
    watch,
];

/// Changes the document in one way.
pub(crate) fn change(world: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    chance.one_of(&CHANGES)(world, config, chance)
}

/// Pools whose members change under traffic.
fn some_pool<'a>(config: &'a mut AmphoraConfig, chance: &mut Chance) -> &'a mut Pool {
    let number = chance.one_of(&[WEB, STREAM, CALLS]);
    let pools = &mut config.pools;
    let pool = pools.iter_mut().find(|pool| pool.id == id(number));
    pool.expect("these pools are never removed")
}

fn serving(pool: &Pool) -> usize {
    let serves =
        |member: &&octavia_amphora_api::config::Member| member.enabled && member.weight > 0;
    pool.members.iter().filter(serves).count()
}

fn add_member(world: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    let candidates: Vec<(u128, SocketAddr)> = world
        .members_of(pool.id)
        .into_iter()
        .filter(|(number, _)| pool.members.iter().all(|member| member.id != id(*number)))
        .collect();
    if candidates.is_empty() {
        return "every member is there".into();
    }
    let (number, address) = chance.one_of(&candidates);
    let mut member = member(number, address);
    member.backup = chance.below(8) == 0;
    pool.members.push(member);
    format!("member {number} comes")
}

fn remove_member(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    let gone = pool.members.remove(chance.below(pool.members.len()));
    if serving(pool) == 0 {
        pool.members.push(gone);
        return "the last member stays".into();
    }
    format!("member {} goes", gone.id.as_u128())
}

fn weigh_member(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    let index = chance.below(pool.members.len());
    let before = pool.members[index].weight;
    pool.members[index].weight = chance.one_of(&[0, 0, 1, 5, 256]);
    if serving(pool) == 0 {
        pool.members[index].weight = before;
    }
    let member = &pool.members[index];
    format!(
        "member {} has weight {}",
        member.id.as_u128(),
        member.weight
    )
}

fn switch_member(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    let index = chance.below(pool.members.len());
    pool.members[index].enabled ^= true;
    if serving(pool) == 0 {
        pool.members[index].enabled = true;
    }
    let member = &pool.members[index];
    format!("member {} is on: {}", member.id.as_u128(), member.enabled)
}

fn choose_algorithm(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    pool.algorithm = chance.one_of(&[
        Algorithm::RoundRobin,
        Algorithm::LeastConnections,
        Algorithm::SourceIp,
        Algorithm::SourceIpPort,
    ]);
    format!("pool {} by {:?}", pool.id.as_u128(), pool.algorithm)
}

fn web_listener<'a>(
    config: &'a mut AmphoraConfig,
    chance: &mut Chance,
) -> &'a mut octavia_amphora_api::config::Listener {
    let number = chance.one_of(&[PAGES, SECURE]);
    let mut listeners = config.listeners.iter_mut();
    let listener = listeners.find(|listener| listener.id == id(number));
    listener.expect("these listeners are never removed")
}

fn add_policy(world: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let number = 1000 + u128::from(world.setup.config.generation);
    let (action, path) = match chance.below(3) {
        0 => (L7Action::Reject, "/private"),
        1 => (
            L7Action::RedirectToUrl {
                url: "https://www.example.org/".into(),
                code: 302,
            },
            "/old",
        ),
        _ => (L7Action::RedirectToPool { pool: id(WEB) }, "/page"),
    };
    let compare = chance.one_of(&[L7Compare::StartsWith, L7Compare::Regex, L7Compare::Contains]);
    web_listener(config, chance).l7_policies.push(L7Policy {
        id: id(number),
        action,
        rules: vec![L7Rule {
            subject: L7Subject::Path,
            compare,
            value: path.into(),
            invert: false,
        }],
    });
    format!("a policy for {path}")
}

fn remove_policy(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let policies = &mut web_listener(config, chance).l7_policies;
    if !policies.is_empty() {
        policies.remove(chance.below(policies.len()));
    }
    "a policy goes".into()
}

fn add_listener(world: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    if config.listeners.len() > 12 {
        return remove_listener(world, config, chance);
    }
    let number = FIRST_OTHER + u128::from(config.generation);
    let (protocol, pool) = chance.one_of(&[
        (ListenerProtocol::Http, WEB),
        (ListenerProtocol::Tcp, STREAM),
        (ListenerProtocol::Udp, CALLS),
    ]);
    let mut added = listener(number, protocol, free_port(config.vips[0]));
    added.default_pool = Some(id(pool));
    if protocol == ListenerProtocol::Http && chance.below(2) == 0 {
        added.tls = Some(listener_tls(vec![chance.one_of(&world.certificates)]));
    }
    config.listeners.push(added);
    format!("listener {number} for {protocol:?} comes")
}

fn remove_listener(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let others: Vec<_> = config
        .listeners
        .iter()
        .map(|listener| listener.id)
        .filter(|known| *known >= id(FIRST_OTHER))
        .collect();
    if others.is_empty() {
        return "no listener to remove".into();
    }
    let gone = chance.one_of(&others);
    config.listeners.retain(|listener| listener.id != gone);
    format!("listener {} goes", gone.as_u128())
}

fn swap_certificate(world: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let first = chance.one_of(&world.certificates);
    let second = chance.one_of(&world.certificates);
    let versions = chance.one_of(&[
        vec![TlsVersion::V1_2, TlsVersion::V1_3],
        vec![TlsVersion::V1_3],
        vec![TlsVersion::V1_2],
    ]);
    let hsts = Hsts {
        max_age_s: 60,
        include_subdomains: chance.below(2) == 0,
        preload: false,
    };
    let tls = ListenerTls {
        versions,
        hsts: Some(hsts).filter(|_| chance.below(2) == 0),
        ..listener_tls(vec![first, second])
    };
    let mut listeners = config.listeners.iter_mut();
    let listener = listeners.find(|listener| listener.id == id(SECURE));
    listener.expect("it is never removed").tls = Some(tls);
    "certificates are swapped".into()
}

fn limit(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let everybody = "127.0.0.0/8".parse().expect("a network");
    let limit = chance.one_of(&[None, Some(20), Some(1000)]);
    let patience = chance.one_of(&[10_000, 60_000]);
    let listener = web_listener(config, chance);
    listener.connection_limit = limit;
    listener.timeouts.client_data_ms = patience;
    listener.timeouts.member_data_ms = patience;
    listener.insert_headers.x_forwarded_for ^= true;
    listener.allowed_cidrs = if chance.below(2) == 0 {
        vec![everybody]
    } else {
        Vec::new()
    };
    format!("limits: {limit:?}, {patience} ms")
}

fn persist(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let pool = some_pool(config, chance);
    let cookie_name = "session".to_owned();
    pool.session_persistence = match (pool.id == id(WEB), chance.below(4)) {
        (true, 0) => Some(SessionPersistence::HttpCookie),
        (true, 1) => Some(SessionPersistence::AppCookie { cookie_name }),
        (_, 2) => Some(SessionPersistence::SourceIp),
        _ => None,
    };
    format!("persistence: {:?}", pool.session_persistence)
}

fn watch(_: &World, config: &mut AmphoraConfig, chance: &mut Chance) -> String {
    let number = chance.one_of(&[WEB, STREAM]);
    let mut pools = config.pools.iter_mut();
    let pool = pools.find(|pool| pool.id == id(number));
    let pool = pool.expect("these pools are never removed");
    pool.health_monitor = match pool.health_monitor {
        Some(_) => None,
        None => Some(monitor(Check::Tcp)),
    };
    format!(
        "pool {number} is watched: {}",
        pool.health_monitor.is_some()
    )
}

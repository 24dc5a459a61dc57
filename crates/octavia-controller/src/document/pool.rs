use std::net::IpAddr;

use octavia_amphora_api::config;
use octavia_model::{
    LbAlgorithm, LoadBalancerTree, Member, Pool, PoolProtocol, PoolTree, ProvisioningStatus,
    SessionPersistence, SessionPersistenceType, Weight,
};

use super::{Material, Unsupported, health_monitor, tls};

pub(super) fn pools(
    tree: &LoadBalancerTree,
    material: &Material,
) -> Result<Vec<config::Pool>, Unsupported> {
    tree.pools
        .iter()
        .filter(|tree| tree.pool.provisioning_status != ProvisioningStatus::PendingDelete)
        .map(|tree| translate(tree, material))
        .collect()
}

fn translate(tree: &PoolTree, material: &Material) -> Result<config::Pool, Unsupported> {
    let pool = &tree.pool;
    Ok(config::Pool {
        id: pool.id.uuid(),
        protocol: protocol(pool)?,
        algorithm: algorithm(pool.lb_algorithm),
        members: tree
            .members
            .iter()
            .filter(|member| member.provisioning_status != ProvisioningStatus::PendingDelete)
            .map(member)
            .collect(),
        session_persistence: pool
            .session_persistence
            .as_ref()
            .and_then(|persistence| session_persistence(pool, persistence)),
        health_monitor: health_monitor::deployed(tree)
            .map(health_monitor::translate)
            .transpose()?,
        passive_health: None,
        enabled: pool.enabled,
        tls: tls::of_pool(pool, material)?,
    })
}

fn protocol(pool: &Pool) -> Result<config::PoolProtocol, Unsupported> {
    match pool.protocol {
        PoolProtocol::Http => Ok(config::PoolProtocol::Http),
        PoolProtocol::Tcp | PoolProtocol::Https => Ok(config::PoolProtocol::Tcp),
        PoolProtocol::Proxy => Ok(config::PoolProtocol::Proxy),
        PoolProtocol::ProxyV2 => Ok(config::PoolProtocol::ProxyV2),
        PoolProtocol::Udp => Ok(config::PoolProtocol::Udp),
        PoolProtocol::Sctp => Err(Unsupported {
            object: "pool",
            id: pool.id.to_string(),
            feature: format!("protocol {}", pool.protocol),
        }),
    }
}

fn algorithm(algorithm: LbAlgorithm) -> config::Algorithm {
    match algorithm {
        LbAlgorithm::LeastConnections => config::Algorithm::LeastConnections,
        LbAlgorithm::RoundRobin => config::Algorithm::RoundRobin,
        LbAlgorithm::SourceIp => config::Algorithm::SourceIp,
        LbAlgorithm::SourceIpPort => config::Algorithm::SourceIpPort,
    }
}

/// A cookie of the application that has no name (a tree may ask for it) is set by nobody.
fn session_persistence(
    pool: &Pool,
    persistence: &SessionPersistence,
) -> Option<config::SessionPersistence> {
    match persistence.kind {
        SessionPersistenceType::SourceIp if pool.protocol == PoolProtocol::Udp => {
            Some(source_network(persistence))
        }
        SessionPersistenceType::SourceIp => Some(config::SessionPersistence::SourceIp),
        SessionPersistenceType::HttpCookie => Some(config::SessionPersistence::HttpCookie),
        SessionPersistenceType::AppCookie => {
            let cookie_name = persistence.cookie_name.clone()?;
            Some(config::SessionPersistence::AppCookie { cookie_name })
        }
    }
}

/// Upstream keeps clients for 360 s, each address for itself. A mask is of one family; of the other
/// each address is for itself.
fn source_network(persistence: &SessionPersistence) -> config::SessionPersistence {
    let timeout = persistence.persistence_timeout;
    let (ipv4_prefix, ipv6_prefix) = match persistence.persistence_granularity {
        Some(IpAddr::V4(mask)) => (mask.to_bits().leading_ones(), 128),
        Some(IpAddr::V6(mask)) => (32, mask.to_bits().leading_ones()),
        None => (32, 128),
    };
    config::SessionPersistence::SourceNetwork {
        timeout_s: timeout
            .and_then(|timeout| u32::try_from(timeout).ok())
            .unwrap_or(360),
        ipv4_prefix: u8::try_from(ipv4_prefix).unwrap_or(32),
        ipv6_prefix: u8::try_from(ipv6_prefix).unwrap_or(128),
    }
}

fn member(member: &Member) -> config::Member {
    config::Member {
        id: member.id.uuid(),
        address: member.ip_address,
        port: member.protocol_port,
        weight: member.weight.unwrap_or(Weight::DEFAULT).get(),
        backup: member.backup,
        slow_start_s: None,
        enabled: member.enabled,
        monitor_address: member.monitor_address,
        monitor_port: member.monitor_port,
    }
}

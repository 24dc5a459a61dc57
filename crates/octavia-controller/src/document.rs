//! The document of an amphora: what is wanted, in the words of the data plane. Pure.

mod health_monitor;
mod interface;
mod l7;
mod listener;
mod pool;
#[cfg(test)]
mod tests;
mod tls;
mod vrrp;

use std::collections::BTreeMap;

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::config::Timeouts;
use octavia_cloud::{Network, Port, Subnet};
use octavia_model::{Amphora, Id, LoadBalancerTree, Network as NetworkId, Subnet as SubnetId};

use crate::ca::Tickets;

pub use tls::{Material, References, references};
pub use vrrp::Pair;
pub(crate) use vrrp::{peers_of, speaks_vrrp};

/// Something that this version's amphora cannot do; nothing of it is left out in silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{object} {id}: {feature} is not supported by the amphora")]
pub struct Unsupported {
    /// `listener`, `pool`, `health monitor`.
    pub object: &'static str,
    /// Its id.
    pub id: String,
    /// What it asks for: `protocol UDP`.
    pub feature: String,
}

/// Where the addresses of an amphora live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmphoraNetworking {
    /// On the host: amphorae are plain processes, and nobody sets up interfaces.
    #[default]
    Host,
    /// On interfaces of its own, which the agent sets up.
    Own,
}

/// What is known of the networks that a document refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topography {
    /// The networks.
    pub networks: BTreeMap<Id<NetworkId>, Network>,
    /// The subnets.
    pub subnets: BTreeMap<Id<SubnetId>, Subnet>,
    /// The ports of the load balancer and its amphorae.
    pub ports: Vec<Port>,
}

/// Returns the whole configuration of one amphora. Disabled listeners, everything below a disabled
/// load balancer, and what is about to be deleted are left out.
///
/// # Errors
///
/// [`Unsupported`] when the load balancer asks for what the amphora cannot do.
pub fn document(
    tree: &LoadBalancerTree,
    amphora: &Amphora,
    generation: u64,
    surroundings: &Surroundings<'_>,
) -> Result<AmphoraConfig, Unsupported> {
    let load_balancer = &tree.load_balancer;
    Ok(AmphoraConfig {
        generation,
        amphora_id: amphora.id.uuid(),
        load_balancer_id: load_balancer.id.uuid(),
        vips: vips(tree),
        interfaces: match surroundings.networking {
            AmphoraNetworking::Host => Vec::new(),
            AmphoraNetworking::Own => interface::interfaces(tree, amphora, surroundings.topography),
        },
        vrrp: vrrp::vrrp(tree, amphora, surroundings),
        listeners: listener::listeners(tree, surroundings)?,
        pools: pool::pools(tree, surroundings.material)?,
    })
}

/// What a document depends on beside the wish.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Time limits of listeners that name none.
    pub timeouts: Timeouts,
    /// How traffic is logged, if it is.
    pub log_format: Option<&'a str>,
    /// Where the addresses live.
    pub networking: AmphoraNetworking,
    /// The networks, needed when the amphora has interfaces of its own.
    pub topography: &'a Topography,
    /// What the secrets hold that the load balancer names.
    pub material: &'a Material,
    /// What the keys of session tickets come from; without it each amphora makes its own.
    pub tickets: Option<&'a Tickets>,
    /// What the amphorae of a pair share, once that is on record.
    pub pair: Option<Pair<'a>>,
}

fn vips(tree: &LoadBalancerTree) -> Vec<std::net::IpAddr> {
    let load_balancer = &tree.load_balancer;
    let additional = load_balancer
        .additional_vips
        .iter()
        .filter_map(|vip| vip.ip_address);
    load_balancer
        .vip
        .ip_address
        .into_iter()
        .chain(additional)
        .collect()
}

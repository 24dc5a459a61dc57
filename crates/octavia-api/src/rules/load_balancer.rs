use octavia_model::LoadBalancer;

use super::{choice, distinct};
use crate::Api;
use crate::error::Result;
use crate::provider::Capabilities;
use crate::wire::load_balancer::LoadBalancerPut;

/// Checks what an update asks for, and changes the load balancer.
pub(crate) fn update(
    api: &Api,
    load_balancer: LoadBalancer,
    put: LoadBalancerPut,
) -> Result<LoadBalancer> {
    let sg_ids = put.vip_sg_ids.as_ref().is_some_and(|ids| !ids.is_empty());
    carried(&api.capabilities, put.vip_qos_policy_id.is_value(), sg_ids)?;
    let changed = put.apply_to(load_balancer);
    choice::security_groups(changed.vip.vnic_type, &changed.vip.sg_ids)?;
    distinct(&changed.tags)?;
    distinct(&changed.vip.sg_ids)?;
    Ok(changed)
}

/// Refuses what the data plane does not carry.
pub(crate) fn carried(
    carried: &Capabilities,
    qos_policy: bool,
    security_groups: bool,
) -> Result<()> {
    Capabilities::check(carried.qos_policies || !qos_policy, || {
        "QoS policies of VIPs are not supported yet".to_owned()
    })?;
    Capabilities::check(carried.security_groups || !security_groups, || {
        "security groups of VIPs are not supported yet".to_owned()
    })
}

use octavia_model::LoadBalancer;

use super::{choice, distinct};
use crate::Api;
use crate::error::Result;
use crate::wire::load_balancer::LoadBalancerPut;

/// Checks what an update asks for, and changes the load balancer.
pub(crate) fn update(
    api: &Api,
    load_balancer: LoadBalancer,
    put: LoadBalancerPut,
) -> Result<LoadBalancer> {
    let groups = put.vip_sg_ids.as_ref().map_or(&[][..], Vec::as_slice);
    api.driver(load_balancer.provider.as_deref())
        .vip::<_, _, ()>(put.vip_qos_policy_id.as_ref(), groups, &[])?;
    let changed = put.apply_to(load_balancer);
    choice::security_groups(changed.vip.vnic_type, &changed.vip.sg_ids)?;
    distinct(&changed.tags)?;
    distinct(&changed.vip.sg_ids)?;
    Ok(changed)
}

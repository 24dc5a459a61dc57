//! What a VIP's port has in the cloud beside its address: a QoS policy, security groups.

use octavia_cloud::Error as CloudError;
use octavia_model::{Id, QosPolicy, SecurityGroup};

use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::load_balancer::{LoadBalancerPost, LoadBalancerPut};

/// Checks what a create call names.
pub(crate) async fn of_new(api: &Api, post: &LoadBalancerPost) -> Result<()> {
    if let Some(policy) = post.vip_qos_policy_id.as_ref() {
        allowed(api).await?;
        policy_exists(api, *policy).await?;
    }
    groups_exist(api, &post.vip_sg_ids).await
}

/// Checks what an update names. As upstream, taking a policy away is refused where there are none.
pub(crate) async fn of_changed(api: &Api, put: &LoadBalancerPut) -> Result<()> {
    if !put.vip_qos_policy_id.is_absent() {
        allowed(api).await?;
    }
    if let Some(policy) = put.vip_qos_policy_id.as_ref() {
        policy_exists(api, *policy).await?;
    }
    groups_exist(api, &put.vip_sg_ids).await
}

/// Tells whether an update names any.
pub(crate) fn are_named(put: &LoadBalancerPut) -> bool {
    !put.vip_qos_policy_id.is_absent() || put.vip_sg_ids.is_value()
}

async fn allowed(api: &Api) -> Result<()> {
    if api.network.has_qos().await? {
        return Ok(());
    }
    Err(Error::validation(
        "VIP QoS policy is not allowed in this deployment.",
    ))
}

async fn policy_exists(api: &Api, id: Id<QosPolicy>) -> Result<()> {
    let found = api.network.qos_policy_exists(id).await;
    found.map_err(|error| named("qos_policy", error))
}

async fn groups_exist(api: &Api, groups: &Given<Vec<Id<SecurityGroup>>>) -> Result<()> {
    for id in groups.as_ref().into_iter().flatten() {
        let found = api.network.security_group_exists(*id).await;
        found.map_err(|error| named("Security Group", error))?;
    }
    Ok(())
}

/// Says what is not there as upstream calls it.
fn named(resource: &'static str, error: CloudError) -> Error {
    if let CloudError::NotFound { id, .. } = &error {
        return Error::no_subresource(resource, id);
    }
    Error::Cloud(error)
}

//! Locks: which statuses allow a change, and what becomes pending with it.

use octavia_model::{Change, Id, L7Policy, Listener, LoadBalancer, Pool, ProvisioningStatus};
use octavia_store::Tx;

use crate::error::{Error, Immutable, Result};

/// Locks a load balancer for a change of itself.
pub(crate) async fn of_load_balancer(
    tx: &mut Tx,
    id: Id<LoadBalancer>,
    change: Change,
) -> Result<LoadBalancer> {
    let mut load_balancer = lock(tx, id).await?;
    load_balancer.provisioning_status = load_balancer
        .provisioning_status
        .begin(change)
        .map_err(|refused| immutable(None, id, refused.0, id))?;
    Ok(load_balancer)
}

/// Locks a load balancer for a change below it, and makes it pending.
pub(crate) async fn below(tx: &mut Tx, id: Id<LoadBalancer>) -> Result<LoadBalancer> {
    let load_balancer = lock(tx, id).await?;
    make_pending(tx, load_balancer).await
}

async fn make_pending(tx: &mut Tx, mut load_balancer: LoadBalancer) -> Result<LoadBalancer> {
    let id = load_balancer.id;
    load_balancer.provisioning_status = load_balancer
        .provisioning_status
        .begin(Change::Update)
        .map_err(|refused| immutable(Some("Load Balancer"), id, refused.0, id))?;
    tx.save_load_balancer(&load_balancer).await?;
    Ok(load_balancer)
}

/// Locks the load balancer of a pool for a change inside the pool, and makes it, the pool and the
/// listeners that use the pool pending. Returns both as they are under the lock.
pub(crate) async fn inside_pool(tx: &mut Tx, pool: &Pool) -> Result<(LoadBalancer, Pool)> {
    let load_balancer = lock(tx, pool.load_balancer_id).await?;
    let id = pool.id;
    let mut pool = tx
        .pool(id)
        .await?
        .ok_or_else(|| Error::not_found("Pool", &id))?;
    let status = pool.provisioning_status;
    if status != ProvisioningStatus::Active {
        return Err(immutable(Some("Pool"), id, status, load_balancer.id));
    }
    let load_balancer = make_pending(tx, load_balancer).await?;
    pool.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_pool(&pool).await?;
    listeners(tx, &pool.listeners).await?;
    Ok((load_balancer, pool))
}

/// Locks the load balancer of a listener for a change of a rule, and makes it, the policy and the
/// listener pending. Returns load balancer and policy as they are under the lock.
pub(crate) async fn inside_policy(
    tx: &mut Tx,
    listener: &Listener,
    id: Id<L7Policy>,
) -> Result<(LoadBalancer, L7Policy)> {
    let load_balancer = lock(tx, listener.load_balancer_id).await?;
    let mut policy = tx
        .l7_policy(id)
        .await?
        .ok_or_else(|| Error::not_found("L7 Policy", &id))?;
    let status = policy.provisioning_status;
    if status != ProvisioningStatus::Active {
        return Err(immutable(Some("L7Policy"), id, status, load_balancer.id));
    }
    let load_balancer = make_pending(tx, load_balancer).await?;
    policy.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_l7_policy(&policy).await?;
    listeners(tx, &[listener.id]).await?;
    Ok((load_balancer, policy))
}

/// Makes the listeners that use a pool pending.
pub(crate) async fn listeners(tx: &mut Tx, ids: &[Id<Listener>]) -> Result<()> {
    for id in ids {
        if let Some(mut listener) = tx.listener(*id).await? {
            listener.provisioning_status = ProvisioningStatus::PendingUpdate;
            tx.save_listener(&listener).await?;
        }
    }
    Ok(())
}

async fn lock(tx: &mut Tx, id: Id<LoadBalancer>) -> Result<LoadBalancer> {
    tx.lock_load_balancer(id)
        .await?
        .ok_or_else(|| Error::not_found("Load Balancer", &id))
}

fn immutable<T>(
    resource: Option<&'static str>,
    id: Id<T>,
    status: ProvisioningStatus,
    load_balancer: Id<LoadBalancer>,
) -> Error {
    Error::Immutable(Immutable {
        resource,
        id: id.to_string(),
        status,
        load_balancer,
    })
}

//! Doing a plan, in the transaction that it was made in.

use octavia_model::Member;
use octavia_model::ProvisioningStatus::{PendingDelete, PendingUpdate};
use octavia_store::Tx;

use super::plan::{Changes, Plan};
use super::row::Row;
use crate::error::Result;

/// Writes what a plan says below the load balancer. What refers to something else comes after it.
pub(crate) async fn write(tx: &mut Tx, plan: &Plan) -> Result<()> {
    for new in &plan.pools.created {
        tx.insert_pool(&new.row).await?;
    }
    for pool in touched(&plan.pools) {
        tx.save_pool(&pool).await?;
    }
    for new in &plan.health_monitors.created {
        tx.insert_health_monitor(&new.row).await?;
    }
    for monitor in touched(&plan.health_monitors) {
        tx.save_health_monitor(&monitor).await?;
    }
    write_members(tx, &plan.members).await?;
    for new in &plan.listeners.created {
        tx.insert_listener(&new.row).await?;
    }
    for listener in touched(&plan.listeners) {
        tx.save_listener(&listener).await?;
    }
    write_policies(tx, plan).await
}

/// There may be thousands of them.
async fn write_members(tx: &mut Tx, changes: &Changes<Member>) -> Result<()> {
    let new: Vec<_> = changes.created.iter().map(|new| new.row.clone()).collect();
    tx.insert_members(&new).await?;
    let written_over = changes.changed.iter().map(|change| {
        let mut member = change.after.clone();
        member.set_status(PendingUpdate);
        member
    });
    tx.save_members(&written_over.collect::<Vec<_>>()).await?;
    let gone: Vec<_> = changes.deleted.iter().map(|member| member.id).collect();
    Ok(tx.mark_members(&gone, PendingDelete).await?)
}

async fn write_policies(tx: &mut Tx, plan: &Plan) -> Result<()> {
    for new in &plan.l7_policies.created {
        tx.insert_l7_policy(&new.row).await?;
    }
    for policy in touched(&plan.l7_policies) {
        tx.save_l7_policy(&policy).await?;
    }
    for (listener, order) in &plan.order {
        tx.order_l7_policies(*listener, order).await?;
    }
    for new in &plan.l7_rules.created {
        tx.insert_l7_rule(&new.row).await?;
    }
    for rule in touched(&plan.l7_rules) {
        tx.save_l7_rule(&rule).await?;
    }
    Ok(())
}

/// Returns the rows that are written, with their new status: those that change, and those that go.
fn touched<T: Row>(changes: &Changes<T>) -> impl Iterator<Item = T> {
    let staying = changes
        .changed
        .iter()
        .map(|change| (&change.after, PendingUpdate));
    let going = changes.deleted.iter().map(|row| (row, PendingDelete));
    staying.chain(going).map(|(row, status)| {
        let mut row = row.clone();
        row.set_status(status);
        row
    })
}

//! What was heard goes into the database, in batches.

use octavia_amphora_api::heartbeat::Heartbeat;
use octavia_model::{Amphora, AmphoraHealth, AmphoraStatus, Id, LoadBalancerTree};
use octavia_store::{EventKind, NewEvent, Tx};

use super::fold::{BATCH, Fold, Unwritten};
use super::statuses::{Judgement, statuses};
use crate::error::Result;

impl Fold {
    /// Writes what was heard. What cannot be written is kept for the next time; later heartbeats
    /// of the same amphora are folded into it.
    pub(super) async fn write(&mut self) {
        while !self.unwritten.is_empty() {
            let ids: Vec<_> = self.unwritten.keys().take(BATCH).copied().collect();
            let written = match self.write_batch(&ids).await {
                // One amphora that cannot be written must not silence the others.
                Err(error) if !error.may_retry() => self.write_each(&ids).await,
                result => result,
            };
            match written {
                Ok(unknown) => {
                    self.unwritten.retain(|id, _| !ids.contains(id));
                    for id in unknown {
                        tracing::debug!(amphora.id = %id, "heard amphora {id}, which serves nobody");
                        self.forget(id);
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %error.chain(), "could not write what amphorae told");
                    return;
                }
            }
        }
    }

    /// Writes each by itself; what cannot be written is dropped. Returns the unknown ones.
    async fn write_each(&self, ids: &[Id<Amphora>]) -> Result<Vec<Id<Amphora>>> {
        let mut unknown = Vec::new();
        for id in ids {
            match self.write_batch(&[*id]).await {
                Ok(more) => unknown.extend(more),
                Err(error) if error.may_retry() => return Err(error),
                Err(error) => {
                    tracing::error!(
                        amphora.id = %id, error = %error.chain(),
                        "could not write what amphora {id} told, and dropped it"
                    );
                }
            }
        }
        Ok(unknown)
    }

    /// Writes some, and returns those of which nobody knows what they serve.
    async fn write_batch(&self, ids: &[Id<Amphora>]) -> Result<Vec<Id<Amphora>>> {
        let mut tx = self.world.store.begin("health.write").await?;
        let mut unknown = Vec::new();
        let mut alive = Vec::new();
        for (id, unwritten) in ids
            .iter()
            .filter_map(|id| Some((*id, self.unwritten.get(id)?)))
        {
            let Some(tree) = tx.tree_of_amphora(id).await? else {
                unknown.push(id);
                continue;
            };
            let judgement = judge(&tree, id, &unwritten.heartbeat);
            if judgement.is_sign_of_life {
                alive.push(AmphoraHealth {
                    amphora_id: id,
                    last_update: unwritten.at,
                    busy: false,
                });
            } else {
                // It is there and does not serve what it should: perhaps a push helps.
                tx.look(tree.load_balancer.id).await?;
            }
            apply(&mut tx, &tree, &judgement).await?;
            tell(&mut tx, &tree, &judgement, unwritten).await?;
            let mut differences = unwritten.differences.clone();
            differences.retain(|id, _| tree.listeners.iter().any(|listener| listener.id == *id));
            tx.add_statistics(id, &differences).await?;
        }
        tx.save_amphora_health(&alive).await?;
        tx.commit().await?;
        Ok(unknown)
    }
}

/// Returns what a heartbeat means. While amphorae take turns (a failover), one that is to go and one
/// that serves nothing yet are alive, and say nothing about the load balancer.
fn judge(tree: &LoadBalancerTree, id: Id<Amphora>, heartbeat: &Heartbeat) -> Judgement {
    let mut amphorae = tree.amphorae.iter();
    let is_going = amphorae.any(|a| a.id == id && a.status == AmphoraStatus::PendingDelete);
    // Upstream's amphorae name no generation; ours name the time, and no generation before they
    // serve one.
    let is_empty = heartbeat.sent_at.is_some() && heartbeat.generation.is_none();
    let judgement = statuses(tree, heartbeat);
    if is_going || is_empty {
        Judgement {
            is_sign_of_life: judgement.is_sign_of_life,
            ..Judgement::default()
        }
    } else {
        judgement
    }
}

/// Writes the statuses that differ.
async fn apply(tx: &mut Tx, tree: &LoadBalancerTree, judgement: &Judgement) -> Result<()> {
    for (id, status) in &judgement.listeners {
        tx.set_listener_operating_status(*id, *status).await?;
    }
    for (id, status) in &judgement.pools {
        tx.set_pool_operating_status(*id, *status).await?;
    }
    for (id, status) in &judgement.members {
        tx.set_member_operating_status(*id, *status).await?;
    }
    if let Some(status) = judgement.load_balancer {
        tx.set_load_balancer_operating_status(tree.load_balancer.id, status)
            .await?;
    }
    Ok(())
}

/// Puts changes into the timeline, with the cause of each member's.
async fn tell(
    tx: &mut Tx,
    tree: &LoadBalancerTree,
    judgement: &Judgement,
    unwritten: &Unwritten,
) -> Result<()> {
    if judgement.is_unchanged() {
        return Ok(());
    }
    let members = judgement.members.iter().map(|(id, status)| {
        match unwritten.heartbeat.causes.get(&id.uuid()) {
            Some(cause) => format!("member {id} is {status}: {cause}"),
            None => format!("member {id} is {status}"),
        }
    });
    let pools = judgement
        .pools
        .iter()
        .map(|(id, s)| format!("pool {id} is {s}"));
    let listeners = judgement
        .listeners
        .iter()
        .map(|(id, s)| format!("listener {id} is {s}"));
    let load_balancer = judgement
        .load_balancer
        .map(|s| format!("the load balancer is {s}"));
    let events: Vec<_> = members
        .chain(pools)
        .chain(listeners)
        .chain(load_balancer)
        .map(|message| NewEvent {
            load_balancer_id: tree.load_balancer.id,
            at: unwritten.at,
            kind: EventKind::Status,
            message,
        })
        .collect();
    Ok(tx.add_events(&events).await?)
}

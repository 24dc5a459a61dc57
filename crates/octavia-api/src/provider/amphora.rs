use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use octavia_model::{Amphora, AmphoraStatus, Clock, Id, LoadBalancer};
use octavia_store::{EventKind, NewEvent, Tx};

use super::settings::{of_flavor, of_zone};
use super::{AmphoraOrder, Order, Provider, ReservedVip, Setting, VipWish};
use crate::error::Result;

/// The provider whose amphorae we drive: it calls a reconciler, which finds the rest in the database.
pub(super) struct AmphoraProvider {
    clock: Arc<dyn Clock>,
}

impl AmphoraProvider {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }
}

impl Provider for AmphoraProvider {
    fn flavor_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        ready(Ok(of_flavor(super::OF_AMPHORAE).to_vec())).boxed()
    }

    fn zone_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        ready(Ok(of_zone(super::OF_AMPHORAE).to_vec())).boxed()
    }

    fn accepts_zone<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }

    fn reserve_vip<'a>(&'a self, _: &'a VipWish) -> BoxFuture<'a, Result<Option<ReservedVip>>> {
        ready(Ok(None)).boxed()
    }

    fn take<'a>(
        &'a self,
        tx: &'a mut Tx,
        load_balancer: Id<LoadBalancer>,
        order: &'a Order<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        let at = self.clock.now();
        take(tx, load_balancer, order, at).boxed()
    }

    fn take_amphora<'a>(
        &'a self,
        tx: &'a mut Tx,
        amphora: &'a Amphora,
        order: AmphoraOrder,
    ) -> BoxFuture<'a, Result<()>> {
        take_amphora(tx, amphora, order, self.clock.now()).boxed()
    }
}

async fn take(
    tx: &mut Tx,
    id: Id<LoadBalancer>,
    order: &Order<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    match order {
        Order::Create(..)
        | Order::Update(..)
        | Order::Delete(..)
        | Order::Members(..)
        | Order::Declare => {
            tx.wake(id).await?;
        }
        Order::CascadeDelete => {
            tx.wake_for_cascade_delete(id).await?;
        }
        Order::Failover => {
            tx.wake_for_failover(id).await?;
        }
    }
    note(tx, id, order.to_string(), at).await
}

async fn take_amphora(
    tx: &mut Tx,
    amphora: &Amphora,
    order: AmphoraOrder,
    at: DateTime<Utc>,
) -> Result<()> {
    let Some(owner) = amphora.load_balancer_id else {
        if order == AmphoraOrder::Delete {
            // No reconciler looks after it; what it leaves in the cloud is found as an orphan.
            let mut gone = amphora.clone();
            gone.status = AmphoraStatus::Deleted;
            tx.save_amphora(&gone).await?;
        }
        return Ok(());
    };
    match order {
        AmphoraOrder::Failover => {
            tx.wake_for_amphora_failover(owner, amphora.id).await?;
            let what = format!("failover of amphora {}", amphora.id);
            note(tx, owner, what, at).await
        }
        AmphoraOrder::Delete | AmphoraOrder::Configure => Ok(tx.look(owner).await?),
    }
}

/// Notes in the timeline that a change was accepted.
async fn note(
    tx: &mut Tx,
    load_balancer_id: Id<LoadBalancer>,
    message: String,
    at: DateTime<Utc>,
) -> Result<()> {
    let event = NewEvent {
        load_balancer_id,
        at,
        kind: EventKind::Accepted,
        message,
    };
    Ok(tx.add_events(&[event]).await?)
}

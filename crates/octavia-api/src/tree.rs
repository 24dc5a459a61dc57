//! A load balancer with everything below it, in one call.

pub(crate) mod asked;
mod build;

use std::collections::{BTreeMap, HashMap};

use octavia_model::{Id, L7Policy, Listener, LoadBalancer, PoolTree, QuotaKind};
use octavia_store::Tx;
use serde_json::Value;
use uuid::Uuid;

use crate::Api;
use crate::error::Result;
use crate::rules::references::References;
use crate::wire::{listener, load_balancer, pool};
use asked::AskedTree;
pub(crate) use build::Strictness;

/// What is below a load balancer, with new ids, in the order in which it is written.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// The pools with what is below them.
    pub(crate) pools: Vec<PoolTree>,
    /// The listeners.
    pub(crate) listeners: Vec<Listener>,
    /// The policies of each listener, by position.
    pub(crate) policies: BTreeMap<Id<Listener>, Vec<L7Policy>>,
    /// What the request says of each object beside its fields, by its new id.
    marks: HashMap<Uuid, Mark<Uuid>>,
}

/// What a request says of an object beside its fields.
#[derive(Debug)]
struct Mark<I> {
    /// Its place in the body.
    at: String,
    /// The present object that it is to be.
    id: Option<I>,
}

impl Tree {
    /// Checks the children that a call asks for, and makes them. Errors say where in the body.
    pub(crate) fn build(
        api: &Api,
        load_balancer: &LoadBalancer,
        asked: AskedTree,
        strictness: Strictness,
    ) -> Result<Self> {
        build::Builder::new(api, load_balancer, strictness).build(asked)
    }

    /// Returns where in the body an object is.
    pub(crate) fn place<T>(&self, id: Id<T>) -> &str {
        self.marks.get(&id.uuid()).map_or("", |mark| &mark.at)
    }

    /// Returns the present object that an object is to be.
    pub(crate) fn claimed<T>(&self, id: Id<T>) -> Option<Id<T>> {
        let mark = self.marks.get(&id.uuid())?;
        mark.id.map(Id::from_uuid)
    }

    fn mark<T>(&mut self, id: Id<T>, mark: Mark<Id<T>>) {
        let mark = Mark {
            at: mark.at,
            id: mark.id.map(Id::uuid),
        };
        self.marks.insert(id.uuid(), mark);
    }

    /// Returns what its pools and listeners refer to in the store of secrets.
    pub(crate) fn references(&self) -> Vec<References> {
        let of_pools = self
            .pools
            .iter()
            .map(|branch| References::of_pool(&branch.pool));
        let of_listeners = self.listeners.iter().map(References::of_listener);
        of_pools.chain(of_listeners).collect()
    }

    /// Returns how many of each kind this is, with the load balancer itself.
    /// As upstream, quotas do not limit the policies and rules of a tree; whoever makes the next one
    /// alone finds them counted.
    pub(crate) fn counts(&self) -> [(QuotaKind, usize); 5] {
        let members = self.pools.iter().map(|branch| branch.members.len()).sum();
        let monitors = self
            .pools
            .iter()
            .filter(|branch| branch.health_monitor.is_some());
        [
            (QuotaKind::LoadBalancer, 1),
            (QuotaKind::Listener, self.listeners.len()),
            (QuotaKind::Pool, self.pools.len()),
            (QuotaKind::HealthMonitor, monitors.count()),
            (QuotaKind::Member, members),
        ]
    }

    /// Writes everything.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<()> {
        for branch in &self.pools {
            tx.insert_pool(&branch.pool).await?;
            if let Some(monitor) = &branch.health_monitor {
                tx.insert_health_monitor(monitor).await?;
            }
            tx.insert_members(&branch.members).await?;
        }
        for listener in &self.listeners {
            tx.insert_listener(listener).await?;
            for policy in self.policies_of(listener) {
                tx.insert_l7_policy(policy).await?;
                for rule in &policy.rules {
                    tx.insert_l7_rule(rule).await?;
                }
            }
        }
        Ok(())
    }

    /// Shows everything.
    pub(crate) fn view(&self, lb: &LoadBalancer) -> Value {
        let listeners: Vec<_> = self
            .listeners
            .iter()
            .map(|listener| listener::full(listener, self.policies_of(listener)))
            .collect();
        let pools: Vec<_> = self
            .pools
            .iter()
            .map(|branch| {
                pool::full(
                    &branch.pool,
                    &branch.members,
                    branch.health_monitor.as_ref(),
                )
            })
            .collect();
        load_balancer::full(lb, &listeners, &pools)
    }

    fn policies_of(&self, listener: &Listener) -> &[L7Policy] {
        self.policies.get(&listener.id).map_or(&[], Vec::as_slice)
    }
}

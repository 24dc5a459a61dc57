//! A load balancer with everything below it, in one call.

use std::collections::BTreeMap;

use octavia_model::{HealthMonitor, Id, L7Policy, Listener, LoadBalancer, Member, Pool, QuotaKind};
use octavia_store::Tx;
use serde_json::Value;

use crate::Api;
use crate::error::{Error, Result};
use crate::rules;
use crate::rules::references::References;
use crate::wire::given::Given;
use crate::wire::l7policy::L7PolicyInTree;
use crate::wire::listener::ListenerFields;
use crate::wire::pool::PoolFields;
use crate::wire::{listener, load_balancer, pool};

/// What is below a new load balancer, in the order in which it is written.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pools: Vec<Branch>,
    listeners: Vec<Listener>,
    /// The policies of each listener, by position.
    policies: BTreeMap<Id<Listener>, Vec<L7Policy>>,
}

#[derive(Debug)]
struct Branch {
    pool: Pool,
    monitor: Option<HealthMonitor>,
    members: Vec<Member>,
}

impl Tree {
    /// Checks the children that a create call asks for, and makes them.
    pub(crate) fn build(
        api: &Api,
        lb: &LoadBalancer,
        listeners: Vec<ListenerFields>,
        pools: Vec<PoolFields>,
    ) -> Result<Self> {
        let mut tree = Self::default();
        let mut by_name = BTreeMap::new();
        for fields in definitions(&listeners, pools)? {
            let name = fields.name.as_ref().cloned();
            let branch = branch(api, lb, fields)?;
            name.map(|name| by_name.insert(name, tree.pools.len()));
            tree.pools.push(branch);
        }
        for fields in listeners {
            let listener = tree.listener(api, lb, fields, &by_name)?;
            tree.listeners.push(listener);
        }
        Ok(tree)
    }

    fn listener(
        &mut self,
        api: &Api,
        lb: &LoadBalancer,
        mut fields: ListenerFields,
        by_name: &BTreeMap<String, usize>,
    ) -> Result<Listener> {
        if let Some(id) = fields.default_pool_id.as_ref() {
            return Err(Error::not_found("Pool", &id));
        }
        let default_pool = take(&mut fields.default_pool);
        let policies = take(&mut fields.l7policies).unwrap_or_default();
        let mut listener = rules::listener::create(api, lb, &fields)?;
        if let Some(reference) = default_pool {
            rules::protocol::may_have_children(listener.protocol)?;
            let pool = self.named(by_name, reference)?;
            rules::protocol::may_serve(listener.protocol, pool.protocol)?;
            pool.listeners.push(listener.id);
            listener.default_pool_id = Some(pool.id);
        }
        rules::listener::free_port(&listener, &self.listeners)?;
        let mut built = Vec::new();
        for fields in policies {
            let policy = self.policy(api, &listener, fields, by_name)?;
            let place = usize::try_from(policy.position - 1).unwrap_or(usize::MAX);
            for moved in built.iter_mut().skip(place) {
                let moved: &mut L7Policy = moved;
                moved.updated_at = policy.created_at;
            }
            built.insert(place.min(built.len()), policy);
        }
        for (position, policy) in (1..).zip(&mut built) {
            policy.position = position;
        }
        listener.l7_policies = built.iter().map(|policy| policy.id).collect();
        self.policies.insert(listener.id, built);
        Ok(listener)
    }

    fn policy(
        &mut self,
        api: &Api,
        listener: &Listener,
        mut fields: L7PolicyInTree,
        by_name: &BTreeMap<String, usize>,
    ) -> Result<L7Policy> {
        let rules = take(&mut fields.policy.rules).unwrap_or_default();
        let used = !rules.is_empty() && fields.policy.admin_state_up != Given::Value(false);
        let pool = match take(&mut fields.redirect_pool) {
            Some(reference) => Some(self.named(by_name, reference)?),
            None => None,
        };
        let pool_id = pool.as_ref().map(|pool| pool.id);
        let mut policy = rules::l7policy::build(api, listener, fields.policy, pool_id)?;
        if let (Some(pool), true, true) = (pool, used, policy.redirect_pool_id.is_some())
            && !pool.listeners.contains(&listener.id)
        {
            pool.listeners.push(listener.id);
        }
        for fields in rules {
            rules::l7rule::room_for_one(&policy)?;
            let rule = rules::l7rule::build(api, &policy, fields)?;
            policy.rules.push(rule);
        }
        Ok(policy)
    }

    /// Finds the pool that a listener or a policy names.
    fn named(
        &mut self,
        by_name: &BTreeMap<String, usize>,
        reference: PoolFields,
    ) -> Result<&mut Pool> {
        let name = reference.name.value().unwrap_or_default();
        let branch = by_name
            .get(&name)
            .and_then(|index| self.pools.get_mut(*index));
        Ok(&mut branch.ok_or_else(|| undefined(&name))?.pool)
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
    pub(crate) fn counts(&self) -> [(QuotaKind, usize); 7] {
        let members = self.pools.iter().map(|branch| branch.members.len()).sum();
        let monitors = self.pools.iter().filter(|branch| branch.monitor.is_some());
        let rules = self.policies.values().flatten();
        [
            (QuotaKind::LoadBalancer, 1),
            (QuotaKind::Listener, self.listeners.len()),
            (QuotaKind::Pool, self.pools.len()),
            (QuotaKind::HealthMonitor, monitors.count()),
            (QuotaKind::Member, members),
            (
                QuotaKind::L7Policy,
                self.policies.values().map(Vec::len).sum(),
            ),
            (
                QuotaKind::L7Rule,
                rules.map(|policy| policy.rules.len()).sum(),
            ),
        ]
    }

    /// Writes everything.
    pub(crate) async fn insert(&self, tx: &mut Tx) -> Result<()> {
        for branch in &self.pools {
            tx.insert_pool(&branch.pool).await?;
            if let Some(monitor) = &branch.monitor {
                tx.insert_health_monitor(monitor).await?;
            }
            for member in &branch.members {
                tx.insert_member(member).await?;
            }
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
            .map(|branch| pool::full(&branch.pool, &branch.members, branch.monitor.as_ref()))
            .collect();
        load_balancer::full(lb, &listeners, &pools)
    }

    fn policies_of(&self, listener: &Listener) -> &[L7Policy] {
        self.policies.get(&listener.id).map_or(&[], Vec::as_slice)
    }
}

/// Gathers the pools that are described anywhere in the request. Those inside listeners need names,
/// and a name alone refers to a pool that is described elsewhere.
fn definitions(listeners: &[ListenerFields], pools: Vec<PoolFields>) -> Result<Vec<PoolFields>> {
    let mut definitions: Vec<PoolFields> = Vec::new();
    let mut references = Vec::new();
    for pool in listeners.iter().flat_map(pools_inside) {
        if pool.name.as_ref().is_none_or(String::is_empty) {
            return Err(Error::validation(
                "Pools must be named when creating a fully populated loadbalancer.",
            ));
        }
        if pool.is_reference() {
            references.push(pool.name.clone().value().unwrap_or_default());
        } else {
            definitions.push(pool.clone());
        }
    }
    definitions.extend(pools);
    let names: Vec<_> = definitions
        .iter()
        .filter_map(|pool| pool.name.as_ref())
        .collect();
    if rules::distinct(&names).is_err() {
        return Err(Error::validation(
            "Pool names must be unique when creating a fully populated loadbalancer.",
        ));
    }
    if let Some(name) = references.iter().find(|name| !names.contains(name)) {
        return Err(undefined(name));
    }
    Ok(definitions)
}

fn pools_inside(listener: &ListenerFields) -> impl Iterator<Item = &PoolFields> {
    let policies = listener.l7policies.as_ref().into_iter().flatten();
    listener
        .default_pool
        .as_ref()
        .into_iter()
        .chain(policies.filter_map(|policy| policy.redirect_pool.as_ref()))
}

fn undefined(name: &str) -> Error {
    Error::validation(format!(
        "Pool '{name}' was referenced but no full definition was found."
    ))
}

fn branch(api: &Api, lb: &LoadBalancer, mut fields: PoolFields) -> Result<Branch> {
    for (attribute, given) in [
        ("protocol", fields.protocol.is_value()),
        ("lb_algorithm", fields.lb_algorithm.is_value()),
    ] {
        if !given {
            let name = fields.name.as_ref().map_or("None", String::as_str);
            return Err(Error::validation(format!(
                "Pool definition for '{name}' missing required attribute: {attribute}"
            )));
        }
    }
    let monitor = take(&mut fields.healthmonitor);
    let members = take(&mut fields.members).unwrap_or_default();
    let mut pool = rules::pool::build(api, lb, fields)?;
    let monitor = monitor
        .map(|fields| rules::health_monitor::create(api, &pool, fields))
        .transpose()?;
    pool.health_monitor_id = monitor.as_ref().map(|monitor| monitor.id);
    let mut built: Vec<Member> = Vec::with_capacity(members.len());
    for fields in members {
        let member = rules::member::build(api, &pool, fields)?;
        if built
            .iter()
            .any(|other| rules::member::same_target(other, &member))
        {
            return Err(rules::member::taken(&member));
        }
        built.push(member);
    }
    pool.members = built
        .iter()
        .map(|member| member.id)
        .collect::<Vec<Id<Member>>>();
    Ok(Branch {
        pool,
        monitor,
        members: built,
    })
}

fn take<T>(given: &mut Given<T>) -> Option<T> {
    std::mem::take(given).value()
}

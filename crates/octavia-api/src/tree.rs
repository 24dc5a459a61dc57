//! A load balancer with everything below it, in one call.

use std::collections::BTreeMap;

use octavia_model::{HealthMonitor, Id, Listener, LoadBalancer, Member, Pool};
use octavia_store::Tx;
use serde_json::Value;

use crate::Api;
use crate::error::{Error, Result};
use crate::provider::unsupported;
use crate::rules;
use crate::wire::given::Given;
use crate::wire::listener::ListenerFields;
use crate::wire::pool::PoolFields;
use crate::wire::{listener, load_balancer, pool};

/// What is below a new load balancer, in the order in which it is written.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pools: Vec<Branch>,
    listeners: Vec<Listener>,
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
        if let Some(listener) = listeners.iter().find(|listener| has_policies(listener)) {
            let protocol = listener.protocol.as_ref();
            protocol.map_or(Ok(()), |protocol| {
                rules::protocol::may_have_children(*protocol)
            })?;
            return Err(unsupported("L7 policies are not supported yet"));
        }
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
        let default_pool = std::mem::take(&mut fields.default_pool).value();
        let mut listener = rules::listener::create(api, lb, &fields)?;
        if let Some(reference) = default_pool {
            rules::protocol::may_have_children(listener.protocol)?;
            let name = reference.name.value().unwrap_or_default();
            let pool = by_name
                .get(&name)
                .and_then(|index| self.pools.get_mut(*index));
            let pool = &mut pool.ok_or_else(|| undefined(&name))?.pool;
            rules::protocol::may_serve(listener.protocol, pool.protocol)?;
            pool.listeners.push(listener.id);
            listener.default_pool_id = Some(pool.id);
        }
        rules::listener::free_port(&listener, &self.listeners)?;
        Ok(listener)
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
        }
        Ok(())
    }

    /// Shows everything.
    pub(crate) fn view(&self, lb: &LoadBalancer) -> Value {
        let listeners: Vec<_> = self.listeners.iter().map(listener::full).collect();
        let pools: Vec<_> = self
            .pools
            .iter()
            .map(|branch| pool::full(&branch.pool, &branch.members, branch.monitor.as_ref()))
            .collect();
        load_balancer::full(lb, &listeners, &pools)
    }
}

fn has_policies(listener: &ListenerFields) -> bool {
    listener
        .l7policies
        .as_ref()
        .is_some_and(|policies| !policies.is_empty())
}

/// Gathers the pools that are described anywhere in the request. Those inside listeners need names,
/// and a name alone refers to a pool that is described elsewhere.
fn definitions(listeners: &[ListenerFields], pools: Vec<PoolFields>) -> Result<Vec<PoolFields>> {
    let mut definitions: Vec<PoolFields> = Vec::new();
    let mut references = Vec::new();
    for listener in listeners {
        let Some(pool) = listener.default_pool.as_ref() else {
            continue;
        };
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

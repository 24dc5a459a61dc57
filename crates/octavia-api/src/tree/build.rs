//! From what is asked for to objects that keep all rules.

use std::collections::BTreeMap;

use octavia_model::{HealthMonitor, Id, L7Policy, Listener, LoadBalancer, Member, Pool, PoolTree};

use super::asked::{AskedListener, AskedPolicy, AskedPool, AskedTree, Part, PoolReference};
use super::{Mark, Tree};
use crate::Api;
use crate::error::{Error, Result};
use crate::provider::Driver;
use crate::rules;
use crate::wire::given::Given;
use crate::wire::health_monitor::HealthMonitorFields;
use crate::wire::l7rule::L7RuleFields;
use crate::wire::member::MemberFields;
use crate::wire::pool::PoolFields;

/// Which rules count: upstream lets through in a tree what it refuses in single calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Those of upstream's tree.
    Tree,
    /// Those of the single calls.
    SingleCalls,
}

/// Makes the objects of one tree.
pub(super) struct Builder<'a> {
    api: &'a Api,
    load_balancer: &'a LoadBalancer,
    strictness: Strictness,
    driver: Driver,
    by_name: BTreeMap<String, usize>,
    by_id: BTreeMap<Id<Pool>, usize>,
    tree: Tree,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        api: &'a Api,
        load_balancer: &'a LoadBalancer,
        strictness: Strictness,
    ) -> Self {
        Self {
            api,
            load_balancer,
            strictness,
            driver: api.driver(load_balancer.provider.as_deref()),
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
            tree: Tree::default(),
        }
    }

    /// Makes everything that is asked for. Errors say where in the body it is.
    pub(super) fn build(mut self, asked: AskedTree) -> Result<Tree> {
        check_pools(&asked)?;
        for pool in asked.pools {
            self.pool(pool)?;
        }
        for listener in asked.listeners {
            let at = listener.listener.at.clone();
            let listener = self.listener(listener).map_err(|error| error.at(&at))?;
            self.tree.listeners.push(listener);
        }
        self.carried()?;
        Ok(self.tree)
    }

    fn pool(&mut self, asked: AskedPool) -> Result<()> {
        let at = asked.pool.at.clone();
        let branch = self.branch(asked).map_err(|error| error.at(&at))?;
        let index = self.tree.pools.len();
        if let Some(name) = &branch.pool.name {
            self.by_name.insert(name.clone(), index);
        }
        if let Some(id) = self.tree.claimed(branch.pool.id) {
            self.by_id.insert(id, index);
        }
        self.tree.pools.push(branch);
        Ok(())
    }

    fn branch(&mut self, asked: AskedPool) -> Result<PoolTree> {
        required(&asked.pool.fields)?;
        let Part { at, id, fields } = asked.pool;
        let mut pool = rules::pool::build(self.api, self.load_balancer, fields)?;
        if self.strictness == Strictness::SingleCalls {
            rules::pool::check_single(&pool)?;
        }
        self.tree.mark(pool.id, Mark { at, id });
        let health_monitor = asked
            .monitor
            .map(|part| self.monitor(&pool, part))
            .transpose()?;
        pool.health_monitor_id = health_monitor.as_ref().map(|monitor| monitor.id);
        let members = self.members(&pool, asked.members)?;
        pool.members = members.iter().map(|member| member.id).collect();
        Ok(PoolTree {
            pool,
            members,
            health_monitor,
        })
    }

    fn monitor(
        &mut self,
        pool: &Pool,
        part: Part<HealthMonitorFields, HealthMonitor>,
    ) -> Result<HealthMonitor> {
        let Part { at, id, fields } = part;
        if let (Strictness::SingleCalls, Some(kind)) = (self.strictness, fields.kind.as_ref()) {
            rules::health_monitor::allowed(self.api, *kind).map_err(|error| error.at(&at))?;
        }
        let monitor =
            rules::health_monitor::create(self.api, pool, fields).map_err(|error| error.at(&at))?;
        self.tree.mark(monitor.id, Mark { at, id });
        Ok(monitor)
    }

    fn members(
        &mut self,
        pool: &Pool,
        parts: Vec<Part<MemberFields, Member>>,
    ) -> Result<Vec<Member>> {
        let mut members = Vec::with_capacity(parts.len());
        let mut targets = std::collections::HashSet::with_capacity(parts.len());
        for Part { at, id, fields } in parts {
            let member =
                rules::member::build(self.api, pool, fields).map_err(|error| error.at(&at))?;
            if !targets.insert((member.ip_address_text.clone(), member.protocol_port)) {
                return Err(rules::member::taken(&member).at(&at));
            }
            self.tree.mark(member.id, Mark { at, id });
            members.push(member);
        }
        Ok(members)
    }

    fn listener(&mut self, asked: AskedListener) -> Result<Listener> {
        let Part { at, id, fields } = asked.listener;
        let mut listener = rules::listener::create(self.api, self.load_balancer, &fields)?;
        if let Some(reference) = asked.default_pool {
            rules::protocol::may_have_children(listener.protocol)?;
            let pool = self.referred(&reference)?;
            rules::protocol::may_serve(listener.protocol, pool.protocol)?;
            pool.listeners.push(listener.id);
            listener.default_pool_id = Some(pool.id);
        }
        rules::listener::free_port(&listener, &self.tree.listeners)?;
        self.tree.mark(listener.id, Mark { at, id });
        let policies = self.policies(&listener, asked.policies)?;
        listener.l7_policies = policies.iter().map(|policy| policy.id).collect();
        self.tree.policies.insert(listener.id, policies);
        Ok(listener)
    }

    /// Makes the policies of a listener; each goes to the position that it asks for, and moves those
    /// behind it.
    fn policies(&mut self, listener: &Listener, asked: Vec<AskedPolicy>) -> Result<Vec<L7Policy>> {
        let mut policies: Vec<L7Policy> = Vec::with_capacity(asked.len());
        for asked in asked {
            let at = asked.policy.at.clone();
            let policy = self
                .policy(listener, asked)
                .map_err(|error| error.at(&at))?;
            let place = usize::try_from(policy.position - 1).unwrap_or(usize::MAX);
            for moved in policies.iter_mut().skip(place) {
                moved.updated_at = policy.created_at;
            }
            policies.insert(place.min(policies.len()), policy);
        }
        for (position, policy) in (1..).zip(&mut policies) {
            policy.position = position;
        }
        Ok(policies)
    }

    fn policy(&mut self, listener: &Listener, asked: AskedPolicy) -> Result<L7Policy> {
        let Part { at, id, fields } = asked.policy;
        let used = !asked.rules.is_empty() && fields.admin_state_up != Given::Value(false);
        let pool = match asked.redirect_pool {
            Some(reference) => Some(self.referred(&reference)?.id),
            None => None,
        };
        let mut policy = rules::l7policy::build(self.api, listener, fields, pool)?;
        if let Some(id) = policy.redirect_pool_id {
            self.redirect(listener, id, used)?;
        }
        if self.strictness == Strictness::SingleCalls {
            self.driver.l7_policies_alone(listener)?;
        }
        self.tree.mark(policy.id, Mark { at, id });
        for part in asked.rules {
            self.rule(&mut policy, part)?;
        }
        Ok(policy)
    }

    /// Notes that a policy of a listener sends requests to a pool.
    fn redirect(&mut self, listener: &Listener, id: Id<Pool>, used: bool) -> Result<()> {
        let mut pools = self.tree.pools.iter_mut().map(|branch| &mut branch.pool);
        let Some(pool) = pools.find(|pool| pool.id == id) else {
            return Ok(());
        };
        if self.strictness == Strictness::SingleCalls {
            rules::protocol::may_serve(listener.protocol, pool.protocol)?;
        }
        if used && !pool.listeners.contains(&listener.id) {
            pool.listeners.push(listener.id);
        }
        Ok(())
    }

    fn rule(
        &mut self,
        policy: &mut L7Policy,
        part: Part<L7RuleFields, octavia_model::L7Rule>,
    ) -> Result<()> {
        let Part { at, id, fields } = part;
        rules::l7rule::room_for_one(policy)?;
        let rule = rules::l7rule::build(self.api, policy, fields).map_err(|error| error.at(&at))?;
        self.tree.mark(rule.id, Mark { at, id });
        policy.rules.push(rule);
        Ok(())
    }

    /// Finds the pool that a listener or a policy refers to.
    fn referred(&mut self, reference: &PoolReference) -> Result<&mut Pool> {
        if let Some(id) = reference.id {
            return self.with_id(id).map_err(|error| error.at(&reference.at));
        }
        let name = reference.name.as_deref().unwrap_or_default();
        let index = self.by_name.get(name).copied();
        let found = index.and_then(|index| self.tree.pools.get_mut(index));
        let branch = found.ok_or_else(|| undefined(name).at(&reference.at))?;
        Ok(&mut branch.pool)
    }

    /// Finds the pool that is to be a present one.
    fn with_id(&mut self, id: Id<Pool>) -> Result<&mut Pool> {
        let index = self.by_id.get(&id).copied();
        let found = index.and_then(|index| self.tree.pools.get_mut(index));
        Ok(&mut found.ok_or_else(|| Error::not_found("Pool", &id))?.pool)
    }

    /// Refuses what the provider does not carry.
    fn carried(&self) -> Result<()> {
        let (tree, driver) = (&self.tree, &self.driver);
        for branch in &tree.pools {
            self.pool_carried(branch)
                .map_err(|error| error.at(tree.place(branch.pool.id)))?;
        }
        for listener in &tree.listeners {
            let carried = driver.listener(listener);
            carried.map_err(|error| error.at(tree.place(listener.id)))?;
        }
        for policy in tree.policies.values().flatten() {
            let carried = driver.l7_policies();
            carried.map_err(|error| error.at(tree.place(policy.id)))?;
            for rule in &policy.rules {
                let carried = driver.l7_rule(rule);
                carried.map_err(|error| error.at(tree.place(rule.id)))?;
            }
        }
        Ok(())
    }

    fn pool_carried(&self, branch: &PoolTree) -> Result<()> {
        let (tree, driver, pool) = (&self.tree, &self.driver, &branch.pool);
        let alone = self.strictness == Strictness::SingleCalls;
        if alone {
            driver.pool_alone(pool)?;
        }
        driver.pool(pool)?;
        if let Some(monitor) = &branch.health_monitor {
            let carried = driver.health_monitor(monitor);
            carried.map_err(|error| error.at(tree.place(monitor.id)))?;
        }
        for member in &branch.members {
            let at = |error: Error| error.at(tree.place(member.id));
            driver.member(member).map_err(at)?;
            if alone {
                let same = driver.same_family(self.load_balancer, pool, member);
                same.map_err(at)?;
            }
        }
        Ok(())
    }
}

/// Pools inside listeners need names, no two pools have the same, and who refers to one means one
/// that is described.
fn check_pools(asked: &AskedTree) -> Result<()> {
    for reference in asked.references() {
        if reference.id.is_none() && reference.name.as_ref().is_none_or(String::is_empty) {
            let text = "Pools must be named when creating a fully populated loadbalancer.";
            return Err(Error::validation(text).at(&reference.at));
        }
    }
    let mut names = std::collections::BTreeSet::new();
    for part in asked.pools.iter().map(|pool| &pool.pool) {
        if part
            .fields
            .name
            .as_ref()
            .is_some_and(|name| !names.insert(name))
        {
            let text = "Pool names must be unique when creating a fully populated loadbalancer.";
            return Err(Error::validation(text).at(&part.at));
        }
    }
    let undescribed = asked.references().find(|reference| {
        let name = reference.name.as_ref();
        reference.id.is_none() && name.is_some_and(|name| !names.contains(name))
    });
    undescribed.map_or(Ok(()), |reference| {
        let name = reference.name.as_deref().unwrap_or_default();
        Err(undefined(name).at(&reference.at))
    })
}

fn undefined(name: &str) -> Error {
    Error::validation(format!(
        "Pool '{name}' was referenced but no full definition was found."
    ))
}

/// A pool that is described needs what a reference does not have.
fn required(fields: &PoolFields) -> Result<()> {
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
    Ok(())
}

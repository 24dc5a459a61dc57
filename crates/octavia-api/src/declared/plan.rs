//! What is to be done, as a pure function of what is there and what is wanted.

use std::collections::{BTreeMap, HashSet};

use octavia_model::{
    HealthMonitor, Id, L7Policy, L7Rule, Listener, LoadBalancer, LoadBalancerTree, Member, Pool,
    PoolTree, QuotaKind,
};
use serde_json::{Map, Value, json};

use super::pairing::pair;
use super::row::Row;
use crate::error::{Error, Result};
use crate::policy::Rule;
use crate::rules::references::References;
use crate::tree::Tree;
use crate::wire::view::View as _;

/// An object that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Created<T> {
    /// Its place in the request.
    pub(crate) at: String,
    /// The object.
    pub(crate) row: T,
}

/// An object that is to be another.
#[derive(Debug, Clone)]
pub(crate) struct Changed<T> {
    /// Its place in the request.
    pub(crate) at: String,
    /// As it is.
    pub(crate) before: T,
    /// As it is to be.
    pub(crate) after: T,
    /// The fields that change, as the API shows them: `{"weight": {"from": 1, "to": 2}}`.
    pub(crate) fields: Map<String, Value>,
}

/// What becomes of the objects of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Changes<T> {
    /// The new ones.
    pub(crate) created: Vec<Created<T>>,
    /// Those that stay, but not as they are.
    pub(crate) changed: Vec<Changed<T>>,
    /// Those that go.
    pub(crate) deleted: Vec<T>,
    /// How many stay as they are.
    pub(crate) untouched: usize,
}

/// What becomes of a load balancer and everything below it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// The load balancer itself, if it changes.
    pub(crate) load_balancer: Option<Changed<LoadBalancer>>,
    pub(crate) listeners: Changes<Listener>,
    pub(crate) pools: Changes<Pool>,
    pub(crate) members: Changes<Member>,
    pub(crate) health_monitors: Changes<HealthMonitor>,
    pub(crate) l7_policies: Changes<L7Policy>,
    pub(crate) l7_rules: Changes<L7Rule>,
    /// The policies of listeners in their order, those that go last; only where it changes.
    pub(crate) order: Vec<(Id<Listener>, Vec<Id<L7Policy>>)>,
}

/// Compares what is there with what is wanted. Of the load balancer itself, what cannot be said is
/// the same in both.
///
/// # Errors
///
/// An id that is not there or stands for something that cannot become what is said; a name that
/// does not say which object is meant. Each with its place in the request.
pub(crate) fn plan(
    present: &LoadBalancerTree,
    load_balancer: &LoadBalancer,
    wanted: &Tree,
) -> Result<Plan> {
    let mut plan = Plan::default();
    plan.load_balancer(&present.load_balancer, load_balancer);
    let pools = plan.pools(&present.pools, wanted)?;
    plan.listeners(present, wanted, &pools)?;
    Ok(plan)
}

impl Plan {
    fn load_balancer(&mut self, before: &LoadBalancer, after: &LoadBalancer) {
        let fields = difference(&before.view(), &after.view());
        self.load_balancer = (!fields.is_empty()).then(|| Changed {
            at: String::new(),
            before: before.clone(),
            after: after.clone(),
            fields,
        });
    }

    /// Plans the pools with all below them, and returns the ids that those of the tree get.
    fn pools(&mut self, rows: &[PoolTree], wanted: &Tree) -> Result<BTreeMap<Id<Pool>, Id<Pool>>> {
        if let Some(lost) = wanted.pools.iter().find(|branch| {
            let pool = &branch.pool;
            pool.keys().is_empty() && wanted.claimed(pool.id).is_none()
        }) {
            let text = "A pool needs a name or an id here, by which it is found again.";
            return Err(Error::validation(text).at(wanted.place(lost.pool.id)));
        }
        let present: Vec<_> = rows.iter().map(|branch| &branch.pool).collect();
        let pools = wanted.pools.iter().map(|branch| branch.pool.clone());
        let (changes, pairs) = changes(&present, pools.collect(), wanted)?;
        let mut ids = BTreeMap::new();
        for (branch, pair) in wanted.pools.iter().zip(&pairs) {
            let row = pair.and_then(|index| rows.get(index));
            let id = row.map_or(branch.pool.id, |row| row.pool.id);
            ids.insert(branch.pool.id, id);
            self.below_pool(id, row, branch, wanted)?;
        }
        for branch in unpaired(rows, &pairs) {
            self.members.deleted.extend(branch.members.iter().cloned());
            let monitor = branch.health_monitor.iter().cloned();
            self.health_monitors.deleted.extend(monitor);
        }
        self.pools = changes;
        Ok(ids)
    }

    fn below_pool(
        &mut self,
        id: Id<Pool>,
        row: Option<&PoolTree>,
        branch: &PoolTree,
        wanted: &Tree,
    ) -> Result<()> {
        let present: Vec<_> = row.iter().flat_map(|row| &row.members).collect();
        let members = branch.members.iter().map(|member| Member {
            pool_id: id,
            ..member.clone()
        });
        self.members
            .add(changes(&present, members.collect(), wanted)?.0);
        let present: Vec<_> = row
            .iter()
            .filter_map(|r| r.health_monitor.as_ref())
            .collect();
        let monitor = branch.health_monitor.iter().map(|monitor| HealthMonitor {
            pool_id: id,
            ..monitor.clone()
        });
        self.health_monitors
            .add(changes(&present, monitor.collect(), wanted)?.0);
        Ok(())
    }

    fn listeners(
        &mut self,
        present: &LoadBalancerTree,
        wanted: &Tree,
        pools: &BTreeMap<Id<Pool>, Id<Pool>>,
    ) -> Result<()> {
        let rows: Vec<_> = present.listeners.iter().collect();
        let listeners = wanted.listeners.iter().map(|listener| Listener {
            default_pool_id: listener.default_pool_id.map(|id| renamed(pools, id)),
            ..listener.clone()
        });
        let (changes, pairs) = changes(&rows, listeners.collect(), wanted)?;
        let of = |id: Id<Listener>| {
            let policies = present.l7_policies.iter();
            policies.filter(move |policy| policy.listener_id == id)
        };
        for listener in &changes.deleted {
            self.delete_policies(of(listener.id));
        }
        for (listener, pair) in wanted.listeners.iter().zip(pairs) {
            let row = pair.and_then(|index| rows.get(index));
            let id = row.map_or(listener.id, |row| row.id);
            let policies = wanted.policies.get(&listener.id).into_iter().flatten();
            let policies = policies.map(|policy| L7Policy {
                listener_id: id,
                redirect_pool_id: policy.redirect_pool_id.map(|id| renamed(pools, id)),
                ..policy.clone()
            });
            let rows: Vec<_> = row.into_iter().flat_map(|row| of(row.id)).collect();
            self.policies(id, &rows, &policies.collect::<Vec<_>>(), wanted)?;
        }
        self.listeners = changes;
        Ok(())
    }

    fn policies(
        &mut self,
        listener: Id<Listener>,
        rows: &[&L7Policy],
        policies: &[L7Policy],
        wanted: &Tree,
    ) -> Result<()> {
        let (changes, pairs) = changes(rows, policies.to_vec(), wanted)?;
        let mut order = Vec::with_capacity(policies.len());
        for (policy, pair) in policies.iter().zip(pairs) {
            let row = pair.and_then(|index| rows.get(index));
            let id = row.map_or(policy.id, |row| row.id);
            order.push(id);
            let present: Vec<_> = row.iter().flat_map(|row| &row.rules).collect();
            let rules = policy.rules.iter().map(|rule| L7Rule {
                l7_policy_id: id,
                ..rule.clone()
            });
            self.l7_rules
                .add(self::changes(&present, rules.collect(), wanted)?.0);
        }
        self.delete_rules(&changes.deleted);
        order.extend(changes.deleted.iter().map(|policy| policy.id));
        if order != rows.iter().map(|row| row.id).collect::<Vec<_>>() {
            self.order.push((listener, order));
        }
        self.l7_policies.add(changes);
        Ok(())
    }

    fn delete_policies<'a>(&mut self, policies: impl Iterator<Item = &'a L7Policy>) {
        let policies: Vec<_> = policies.cloned().collect();
        self.delete_rules(&policies);
        self.l7_policies.deleted.extend(policies);
    }

    fn delete_rules(&mut self, policies: &[L7Policy]) {
        let rules = policies.iter().flat_map(|policy| &policy.rules);
        self.l7_rules.deleted.extend(rules.cloned());
    }

    /// Tells whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.load_balancer.is_none()
            && self.order.is_empty()
            && self.listeners.is_empty()
            && self.pools.is_empty()
            && self.members.is_empty()
            && self.health_monitors.is_empty()
            && self.l7_policies.is_empty()
            && self.l7_rules.is_empty()
    }

    /// Returns the rules that a caller must hold to do this.
    pub(crate) fn guards(&self) -> Vec<Rule> {
        [
            self.listeners.guards(),
            self.pools.guards(),
            self.members.guards(),
            self.health_monitors.guards(),
            self.l7_policies.guards(),
            self.l7_rules.guards(),
        ]
        .concat()
    }

    /// Returns what listeners and pools newly refer to in the store of secrets, by their places.
    pub(crate) fn references(&self) -> Vec<(&str, References)> {
        let listeners = self.listeners.said(is_reference);
        let listeners = listeners.map(|(at, row)| (at, References::of_listener(row)));
        let pools = self.pools.said(is_reference);
        let pools = pools.map(|(at, row)| (at, References::of_pool(row)));
        pools.chain(listeners).collect()
    }

    /// Returns how many more of each kind there will be: those that go make room.
    pub(crate) fn growth(&self) -> [(QuotaKind, usize); 6] {
        [
            (QuotaKind::Listener, self.listeners.growth()),
            (QuotaKind::Pool, self.pools.growth()),
            (QuotaKind::Member, self.members.growth()),
            (QuotaKind::HealthMonitor, self.health_monitors.growth()),
            (QuotaKind::L7Policy, self.l7_policies.growth()),
            (QuotaKind::L7Rule, self.l7_rules.growth()),
        ]
    }
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self {
            created: Vec::new(),
            changed: Vec::new(),
            deleted: Vec::new(),
            untouched: 0,
        }
    }
}

impl<T: Row> Changes<T> {
    fn add(&mut self, more: Self) {
        self.created.extend(more.created);
        self.changed.extend(more.changed);
        self.deleted.extend(more.deleted);
        self.untouched += more.untouched;
    }

    /// Returns what is new, and of what changes that of which a field of these does.
    fn said(&self, field: fn(&str) -> bool) -> impl Iterator<Item = (&str, &T)> {
        let created = self.created.iter().map(|new| (new.at.as_str(), &new.row));
        let others = self.changed.iter();
        let others = others.filter(move |change| change.fields.keys().any(|key| field(key)));
        created.chain(others.map(|change| (change.at.as_str(), &change.after)))
    }

    const fn is_empty(&self) -> bool {
        self.created.is_empty() && self.changed.is_empty() && self.deleted.is_empty()
    }

    const fn growth(&self) -> usize {
        self.created.len().saturating_sub(self.deleted.len())
    }

    fn guards(&self) -> Vec<Rule> {
        let rules = T::KIND.rules;
        let asked = [
            (rules.post, !self.created.is_empty()),
            (rules.put, !self.changed.is_empty()),
            (rules.delete, !self.deleted.is_empty()),
        ];
        let needed = asked.into_iter().filter(|(_, needed)| *needed);
        needed.map(|(rule, _)| rule).collect()
    }
}

/// Compares the objects of one kind below one parent. Returns the row of each wanted one, too.
fn changes<T: Row>(
    rows: &[&T],
    wanted: Vec<T>,
    tree: &Tree,
) -> Result<(Changes<T>, Vec<Option<usize>>)> {
    let pairs = pair(rows, &wanted.iter().collect::<Vec<_>>(), tree)?;
    let mut changes = Changes {
        deleted: unpaired(rows, &pairs).map(|row| T::clone(row)).collect(),
        ..Changes::default()
    };
    for (object, pair) in wanted.into_iter().zip(&pairs) {
        let at = tree.place(object.id()).to_owned();
        let Some(row) = pair.and_then(|index| rows.get(index)) else {
            changes.created.push(Created { at, row: object });
            continue;
        };
        let after = object.in_place_of(row);
        let fields = difference(&row.view(), &after.view());
        if fields.is_empty() {
            changes.untouched += 1;
            continue;
        }
        changes.changed.push(Changed {
            at,
            before: T::clone(row),
            after,
            fields,
        });
    }
    Ok((changes, pairs))
}

fn unpaired<'a, T>(rows: &'a [T], pairs: &[Option<usize>]) -> impl Iterator<Item = &'a T> {
    let kept: HashSet<usize> = pairs.iter().copied().flatten().collect();
    let rows = rows.iter().enumerate();
    rows.filter(move |(index, _)| !kept.contains(index))
        .map(|(_, row)| row)
}

/// Tells whether a field refers to the store of secrets.
fn is_reference(field: &str) -> bool {
    field.contains("container_ref")
}

fn renamed(ids: &BTreeMap<Id<Pool>, Id<Pool>>, id: Id<Pool>) -> Id<Pool> {
    ids.get(&id).copied().unwrap_or(id)
}

/// Returns the fields that two views of one object show differently.
fn difference(before: &Value, after: &Value) -> Map<String, Value> {
    const BESIDE: [&str; 2] = ["provisioning_status", "updated_at"];
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Map::new();
    };
    after
        .iter()
        .filter(|(key, to)| before.get(*key) != Some(to) && !BESIDE.contains(&key.as_str()))
        .map(|(key, to)| (key.clone(), json!({ "from": before.get(key), "to": to })))
        .collect()
}

#[cfg(test)]
mod tests;

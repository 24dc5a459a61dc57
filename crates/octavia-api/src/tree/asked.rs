//! A tree as a request asks for it: each part by itself, with its place in the body.

use std::collections::BTreeMap;

use octavia_model::{HealthMonitor, Id, L7Policy, L7Rule, Listener, Member, Pool};
use uuid::Uuid;

use crate::wire::given::Given;
use crate::wire::health_monitor::HealthMonitorFields;
use crate::wire::l7policy::{L7PolicyFields, L7PolicyInTree};
use crate::wire::l7rule::L7RuleFields;
use crate::wire::listener::ListenerFields;
use crate::wire::member::MemberFields;
use crate::wire::pool::PoolFields;

/// The ids that a request gives to parts of its tree, by their places.
pub(crate) type Ids = BTreeMap<String, Uuid>;

/// One object of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Part<F, T> {
    /// Its place in the body.
    pub(crate) at: String,
    /// The present object that it is to be.
    pub(crate) id: Option<Id<T>>,
    /// What is said of it, without its children.
    pub(crate) fields: F,
}

/// Which pool a listener or a policy uses; it is described among the pools.
#[derive(Debug, Clone)]
pub(crate) struct PoolReference {
    /// Its place in the body.
    pub(crate) at: String,
    /// The present pool that is meant.
    pub(crate) id: Option<Id<Pool>>,
    /// The name of the pool that is meant, if no id is given.
    pub(crate) name: Option<String>,
}

/// A pool.
#[derive(Debug, Clone)]
pub(crate) struct AskedPool {
    pub(crate) pool: Part<PoolFields, Pool>,
    pub(crate) monitor: Option<Part<HealthMonitorFields, HealthMonitor>>,
    pub(crate) members: Vec<Part<MemberFields, Member>>,
}

/// A policy.
#[derive(Debug, Clone)]
pub(crate) struct AskedPolicy {
    pub(crate) policy: Part<L7PolicyFields, L7Policy>,
    pub(crate) redirect_pool: Option<PoolReference>,
    pub(crate) rules: Vec<Part<L7RuleFields, L7Rule>>,
}

/// A listener.
#[derive(Debug, Clone)]
pub(crate) struct AskedListener {
    pub(crate) listener: Part<ListenerFields, Listener>,
    pub(crate) default_pool: Option<PoolReference>,
    pub(crate) policies: Vec<AskedPolicy>,
}

/// Everything below a load balancer.
#[derive(Debug, Clone)]
pub(crate) struct AskedTree {
    pub(crate) listeners: Vec<AskedListener>,
    /// All pools that are described anywhere, those inside listeners first.
    pub(crate) pools: Vec<AskedPool>,
}

impl AskedTree {
    /// Takes the lists of a request apart.
    pub(crate) fn of(
        listeners: Given<Vec<ListenerFields>>,
        pools: Given<Vec<PoolFields>>,
        ids: &Ids,
    ) -> Self {
        let mut opener = Opener {
            ids,
            pools: Vec::new(),
        };
        let listeners = each("listeners", listeners, |at, fields| {
            opener.listener(at, fields)
        });
        let own = each("pools", pools, |at, fields| opener.pool(at, fields));
        let mut pools = opener.pools;
        pools.extend(own);
        Self { listeners, pools }
    }

    /// Returns which pools listeners and policies use, in their order.
    pub(super) fn references(&self) -> impl Iterator<Item = &PoolReference> {
        self.listeners.iter().flat_map(|listener| {
            let policies = listener.policies.iter();
            let redirects = policies.filter_map(|policy| policy.redirect_pool.as_ref());
            listener.default_pool.iter().chain(redirects)
        })
    }
}

/// Takes parts apart, and gathers the pools that are described inside others.
struct Opener<'a> {
    ids: &'a Ids,
    pools: Vec<AskedPool>,
}

impl Opener<'_> {
    fn part<F, T>(&self, at: String, fields: F) -> Part<F, T> {
        Part {
            id: self.ids.get(&at).copied().map(Id::from_uuid),
            at,
            fields,
        }
    }

    fn listener(&mut self, at: String, mut fields: ListenerFields) -> AskedListener {
        let inside = take(&mut fields.default_pool)
            .map(|fields| self.reference(format!("{at}.default_pool"), fields));
        let by_id = take(&mut fields.default_pool_id).map(|id| PoolReference {
            at: format!("{at}.default_pool_id"),
            id: Some(id),
            name: None,
        });
        let policies = std::mem::take(&mut fields.l7policies);
        AskedListener {
            default_pool: by_id.or(inside),
            policies: each(&format!("{at}.l7policies"), policies, |at, fields| {
                self.policy(at, fields)
            }),
            listener: self.part(at, fields),
        }
    }

    fn policy(&mut self, at: String, fields: L7PolicyInTree) -> AskedPolicy {
        let (mut fields, redirect_pool) = (fields.policy, fields.redirect_pool);
        let rules = std::mem::take(&mut fields.rules);
        AskedPolicy {
            redirect_pool: redirect_pool
                .value()
                .map(|fields| self.reference(format!("{at}.redirect_pool"), fields)),
            rules: each(&format!("{at}.rules"), rules, |at, fields| {
                self.part(at, fields)
            }),
            policy: self.part(at, fields),
        }
    }

    /// Notes a pool inside another part; it is described there, or only named.
    fn reference(&mut self, at: String, fields: PoolFields) -> PoolReference {
        let reference = PoolReference {
            id: self.ids.get(&at).copied().map(Id::from_uuid),
            name: fields.name.as_ref().cloned(),
            at: at.clone(),
        };
        if !fields.is_reference() {
            let pool = self.pool(at, fields);
            self.pools.push(pool);
        }
        reference
    }

    fn pool(&self, at: String, mut fields: PoolFields) -> AskedPool {
        let monitor = take(&mut fields.healthmonitor);
        let members = std::mem::take(&mut fields.members);
        AskedPool {
            monitor: monitor.map(|fields| self.part(format!("{at}.healthmonitor"), fields)),
            members: each(&format!("{at}.members"), members, |at, fields| {
                self.part(at, fields)
            }),
            pool: self.part(at, fields),
        }
    }
}

fn each<F, P>(at: &str, list: Given<Vec<F>>, mut part: impl FnMut(String, F) -> P) -> Vec<P> {
    (0..)
        .zip(list.value().unwrap_or_default())
        .map(|(index, fields)| part(format!("{at}[{index}]"), fields))
        .collect()
}

fn take<T>(given: &mut Given<T>) -> Option<T> {
    std::mem::take(given).value()
}

//! What planning needs to know of each kind of object.

use octavia_model::{
    HealthMonitor, Id, L7Policy, L7Rule, Listener, Member, Pool, ProvisioningStatus,
};
use serde_json::Value;

use crate::policy::{self, Rule};
use crate::wire;

/// How an object that has no id in the request is found again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// By its name, which then must be the only one.
    Name(String),
    /// By what it is; of several, the first.
    Content(String),
}

/// The rules that guard changes of a kind.
#[derive(Debug)]
pub(crate) struct Guards {
    pub(crate) create: Rule,
    pub(crate) change: Rule,
    pub(crate) delete: Rule,
}

/// A kind of object below a load balancer.
pub(crate) trait Row: Clone {
    /// Its kind, as answers name it: the root key of its single calls.
    const KIND: &'static str;
    /// Its kind, as upstream's errors name it.
    const NAME: &'static str;
    /// The rules of its single calls.
    const GUARDS: Guards;

    /// Returns its id.
    fn id(&self) -> Id<Self>;

    /// Returns in short which one it is, for people.
    fn label(&self) -> String;

    /// Returns how it is found again, the best way first.
    fn keys(&self) -> Vec<Key>;

    /// Returns what a row can never become: the field in which this differs from it, if any.
    fn fixed_difference(&self, row: &Self) -> Option<&'static str>;

    /// Returns this in place of a row: what a request cannot say is as the row has it.
    fn in_place_of(self, row: &Self) -> Self;

    /// Sets what the controller has to do with it.
    fn set_status(&mut self, status: ProvisioningStatus);

    /// Shows it as its single calls do.
    fn view(&self) -> Value;
}

fn named(name: Option<&String>, otherwise: impl FnOnce() -> String) -> String {
    let name = name.filter(|name| !name.is_empty());
    name.cloned().unwrap_or_else(otherwise)
}

fn name_key(name: Option<&String>) -> Option<Key> {
    let name = name.filter(|name| !name.is_empty());
    name.cloned().map(Key::Name)
}

/// Keeps a row's list if both hold the same: the database has an order of its own.
fn same_or<T: Ord + Clone>(wanted: Vec<T>, row: &[T]) -> Vec<T> {
    let sorted = |items: &[T]| {
        let mut items = items.to_vec();
        items.sort();
        items
    };
    if sorted(&wanted) == sorted(row) {
        row.to_vec()
    } else {
        wanted
    }
}

impl Row for Listener {
    const KIND: &'static str = "listener";
    const NAME: &'static str = "Listener";
    const GUARDS: Guards = Guards {
        create: policy::LISTENER_POST,
        change: policy::LISTENER_PUT,
        delete: policy::LISTENER_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        named(self.name.as_ref(), || {
            format!("{} {}", self.protocol, self.protocol_port)
        })
    }

    /// A load balancer has one listener of a protocol on a port, whatever its name.
    fn keys(&self) -> Vec<Key> {
        let key = format!("{} {}", self.protocol, self.protocol_port);
        vec![Key::Content(key)]
    }

    fn fixed_difference(&self, row: &Self) -> Option<&'static str> {
        if self.protocol != row.protocol {
            Some("protocol")
        } else if self.protocol_port != row.protocol_port {
            Some("protocol_port")
        } else {
            None
        }
    }

    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            peer_port: row.peer_port,
            created_at: row.created_at,
            updated_at: row.updated_at,
            l7_policies: row.l7_policies.clone(),
            tags: same_or(self.tags, &row.tags),
            allowed_cidrs: same_or(self.allowed_cidrs, &row.allowed_cidrs),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::listener::view(self)
    }
}

impl Row for Pool {
    const KIND: &'static str = "pool";
    const NAME: &'static str = "Pool";
    const GUARDS: Guards = Guards {
        create: policy::POOL_POST,
        change: policy::POOL_PUT,
        delete: policy::POOL_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        named(self.name.as_ref(), || self.protocol.to_string())
    }

    /// A pool of another protocol is another pool.
    fn keys(&self) -> Vec<Key> {
        let name = self.name.as_ref().filter(|name| !name.is_empty());
        name.map(|name| Key::Name(format!("{} {name}", self.protocol)))
            .into_iter()
            .collect()
    }

    fn fixed_difference(&self, row: &Self) -> Option<&'static str> {
        (self.protocol != row.protocol).then_some("protocol")
    }

    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            listeners: row.listeners.clone(),
            members: row.members.clone(),
            health_monitor_id: row.health_monitor_id,
            tags: same_or(self.tags, &row.tags),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::pool::view(self)
    }
}

impl Row for Member {
    const KIND: &'static str = "member";
    const NAME: &'static str = "Member";
    const GUARDS: Guards = Guards {
        create: policy::MEMBER_POST,
        change: policy::MEMBER_PUT,
        delete: policy::MEMBER_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        named(self.name.as_ref(), || {
            format!("{} port {}", self.ip_address_text, self.protocol_port)
        })
    }

    /// As upstream's batches have it: by the text of the address.
    fn keys(&self) -> Vec<Key> {
        let key = format!("{} {}", self.ip_address_text, self.protocol_port);
        vec![Key::Content(key)]
    }

    fn fixed_difference(&self, row: &Self) -> Option<&'static str> {
        if self.ip_address_text != row.ip_address_text {
            Some("address")
        } else if self.protocol_port != row.protocol_port {
            Some("protocol_port")
        } else {
            None
        }
    }

    /// How its port is attached was decided when it was made.
    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            pool_id: row.pool_id,
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            vnic_type: row.vnic_type,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tags: same_or(self.tags, &row.tags),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::member::view(self)
    }
}

impl Row for HealthMonitor {
    const KIND: &'static str = "healthmonitor";
    const NAME: &'static str = "Health Monitor";
    const GUARDS: Guards = Guards {
        create: policy::HEALTH_MONITOR_POST,
        change: policy::HEALTH_MONITOR_PUT,
        delete: policy::HEALTH_MONITOR_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        named(self.name.as_ref(), || self.kind.to_string())
    }

    /// A pool has one at most, which may become one of another type.
    fn keys(&self) -> Vec<Key> {
        vec![Key::Content(String::new())]
    }

    fn fixed_difference(&self, _: &Self) -> Option<&'static str> {
        None
    }

    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            pool_id: row.pool_id,
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tags: same_or(self.tags, &row.tags),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::health_monitor::view(self)
    }
}

impl Row for L7Policy {
    const KIND: &'static str = "l7policy";
    const NAME: &'static str = "L7 Policy";
    const GUARDS: Guards = Guards {
        create: policy::L7_POLICY_POST,
        change: policy::L7_POLICY_PUT,
        delete: policy::L7_POLICY_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        named(self.name.as_ref(), || self.action.to_string())
    }

    /// Without names: one that does the same, else they stand for each other in their order.
    fn keys(&self) -> Vec<Key> {
        if let Some(name) = name_key(self.name.as_ref()) {
            return vec![name];
        }
        let target = (
            &self.redirect_url,
            &self.redirect_prefix,
            self.redirect_pool_id,
        );
        let content = format!("{} {target:?}", self.action);
        vec![Key::Content(content), Key::Content(String::new())]
    }

    fn fixed_difference(&self, _: &Self) -> Option<&'static str> {
        None
    }

    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            listener_id: row.listener_id,
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            rules: row.rules.clone(),
            tags: same_or(self.tags, &row.tags),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::l7policy::view(self)
    }
}

impl Row for L7Rule {
    const KIND: &'static str = "rule";
    const NAME: &'static str = "L7 Rule";
    const GUARDS: Guards = Guards {
        create: policy::L7_RULE_POST,
        change: policy::L7_RULE_PUT,
        delete: policy::L7_RULE_DELETE,
    };

    fn id(&self) -> Id<Self> {
        self.id
    }

    fn label(&self) -> String {
        format!("{} {} {}", self.kind, self.compare_type, self.value)
    }

    fn keys(&self) -> Vec<Key> {
        let comparison = (self.kind, self.compare_type, self.invert);
        let content = format!("{comparison:?} {:?} {:?}", self.key, self.value);
        vec![Key::Content(content)]
    }

    fn fixed_difference(&self, _: &Self) -> Option<&'static str> {
        None
    }

    fn in_place_of(self, row: &Self) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id.clone(),
            l7_policy_id: row.l7_policy_id,
            provisioning_status: row.provisioning_status,
            operating_status: row.operating_status,
            created_at: row.created_at,
            updated_at: row.updated_at,
            tags: same_or(self.tags, &row.tags),
            ..self
        }
    }

    fn set_status(&mut self, status: ProvisioningStatus) {
        self.provisioning_status = status;
    }

    fn view(&self) -> Value {
        wire::l7rule::view(self)
    }
}

//! What planning needs to know of each kind of object.

use octavia_model::{
    HealthMonitor, Id, L7Policy, L7Rule, Listener, Member, Pool, ProvisioningStatus,
};

use crate::routes::tenant::Tenant;

/// How an object that has no id in the request is found again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Key {
    /// By its name, which then must be the only one.
    Name(String),
    /// By what it is; of several, the first.
    Content(String),
}

/// A kind of object below a load balancer.
pub(crate) trait Row: Tenant + Clone {
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
}

impl Row for Pool {
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
}

impl Row for Member {
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
}

impl Row for HealthMonitor {
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
}

impl Row for L7Policy {
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
}

impl Row for L7Rule {
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
}

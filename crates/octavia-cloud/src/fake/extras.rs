use std::collections::BTreeSet;

use octavia_model::{Id, QosPolicy, SecurityGroup};

use crate::{Error, Result};

/// What ports may have beside addresses.
#[derive(Default)]
pub(super) struct Extras {
    policies: BTreeSet<Id<QosPolicy>>,
    groups: BTreeSet<Id<SecurityGroup>>,
}

impl Extras {
    pub(super) fn add_policy(&mut self, id: Id<QosPolicy>) {
        self.policies.insert(id);
    }

    pub(super) fn add_group(&mut self, id: Id<SecurityGroup>) {
        self.groups.insert(id);
    }

    /// A cloud without any policy does not know what that is.
    pub(super) fn has_qos(&self) -> bool {
        !self.policies.is_empty()
    }

    pub(super) fn qos_policy(&self, id: Id<QosPolicy>) -> Result<()> {
        found(self.policies.contains(&id), "qos_policy", id)
    }

    pub(super) fn security_group(&self, id: Id<SecurityGroup>) -> Result<()> {
        found(self.groups.contains(&id), "security group", id)
    }
}

fn found<T>(is_there: bool, kind: &'static str, id: Id<T>) -> Result<()> {
    let id = id.to_string();
    is_there.then_some(()).ok_or(Error::NotFound { kind, id })
}

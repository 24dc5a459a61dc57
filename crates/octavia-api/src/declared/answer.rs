//! What a call tells of a plan.

use octavia_model::LoadBalancerTree;
use serde_json::{Value, json};

use super::closing::{Closing, closings};
use super::plan::{Changes, Plan};
use super::row::Row;

/// Whether the plan is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is.
    Do,
    /// It is only told.
    Tell,
}

/// Shows a plan.
pub(crate) fn answer(plan: &Plan, present: &LoadBalancerTree, mode: Mode) -> Value {
    let mut told = Told::new(mode);
    if let Some(change) = &plan.load_balancer {
        told.changed.push(json!({
            "type": "loadbalancer",
            "id": change.after.id.to_string(),
            "what": change.after.name.as_deref().unwrap_or_default(),
            "fields": change.fields,
        }));
    } else {
        told.untouched += 1;
    }
    told.add(&plan.listeners);
    told.add(&plan.l7_policies);
    told.add(&plan.l7_rules);
    told.add(&plan.pools);
    told.add(&plan.health_monitors);
    told.add(&plan.members);
    let closes: Vec<_> = closings(plan, present).iter().map(closing).collect();
    json!({
        "dry_run": mode == Mode::Tell,
        "created": told.created,
        "changed": told.changed,
        "deleted": told.deleted,
        "untouched": told.untouched,
        "closes": closes,
    })
}

/// What is told so far.
struct Told {
    mode: Mode,
    created: Vec<Value>,
    changed: Vec<Value>,
    deleted: Vec<Value>,
    untouched: usize,
}

impl Told {
    const fn new(mode: Mode) -> Self {
        Self {
            mode,
            created: Vec::new(),
            changed: Vec::new(),
            deleted: Vec::new(),
            untouched: 0,
        }
    }

    fn add<T: Row>(&mut self, changes: &Changes<T>) {
        // What is not made gets no id.
        let id = |row: &T| (self.mode == Mode::Do).then(|| row.id().to_string());
        self.created.extend(changes.created.iter().map(|new| {
            json!({
                "type": T::KIND,
                "id": id(&new.row),
                "what": new.row.label(),
                "path": new.at,
            })
        }));
        self.changed.extend(changes.changed.iter().map(|change| {
            json!({
                "type": T::KIND,
                "id": change.after.id().to_string(),
                "what": change.after.label(),
                "path": change.at,
                "fields": change.fields,
            })
        }));
        self.deleted.extend(changes.deleted.iter().map(
            |row| json!({ "type": T::KIND, "id": row.id().to_string(), "what": row.label() }),
        ));
        self.untouched += changes.untouched;
    }
}

fn closing(closing: &Closing) -> Value {
    json!({
        "type": closing.kind,
        "id": closing.id,
        "what": closing.label,
        "connections": closing.connections,
        "why": closing.why,
    })
}

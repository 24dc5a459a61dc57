//! What a call tells of a plan.

use std::collections::HashSet;

use octavia_model::LoadBalancerTree;
use serde_json::{Map, Value, json};

use super::closing::{Closing, closings};
use super::plan::{Changes, Plan};
use super::row::Row;
use crate::wire::schema::{Components, Described as _, Properties};
use crate::wire::view::list_of;

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
    let mut told = Told::default();
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
    if mode == Mode::Tell {
        told.forget_new_ids();
    }
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

/// Returns the schema of [`answer`].
pub(crate) fn schema(components: &mut Components) -> Value {
    let text = || json!({ "type": "string" });
    let of_object = || {
        let mut properties = Properties::default();
        properties.required("type", text());
        properties.required(
            "id",
            json!({ "type": ["string", "null"], "format": "uuid" }),
        );
        properties.required("what", text());
        properties
    };
    let list = |item: Properties, what| list_of(&item.into_schema(what));
    let mut created = of_object();
    created.required("path", text());
    let mut changed = of_object();
    changed.optional("path", text());
    changed.required("fields", json!({ "type": "object" }));
    let mut closes = of_object();
    closes.required("connections", text());
    closes.required("why", text());
    components.refer("Plan", |components| {
        let mut plan = Properties::default();
        plan.required("dry_run", bool::schema(components));
        plan.required("created", list(created, "What is made."));
        plan.required("changed", list(changed, "What is changed."));
        plan.required("deleted", list(of_object(), "What is deleted."));
        plan.required("untouched", u64::schema(components));
        plan.required("closes", list(closes, "Whose connections end."));
        plan.into_schema("What a declaration changes.")
    })
}

/// What is told so far.
#[derive(Default)]
struct Told {
    created: Vec<Value>,
    changed: Vec<Value>,
    deleted: Vec<Value>,
    untouched: usize,
}

impl Told {
    fn add<T: Row>(&mut self, changes: &Changes<T>) {
        self.created.extend(changes.created.iter().map(|new| {
            json!({
                "type": T::KIND.root.key,
                "id": new.row.id().to_string(),
                "what": new.row.label(),
                "path": new.at,
            })
        }));
        self.changed.extend(changes.changed.iter().map(|change| {
            json!({
                "type": T::KIND.root.key,
                "id": change.after.id().to_string(),
                "what": change.after.label(),
                "path": change.at,
                "fields": change.fields,
            })
        }));
        self.deleted.extend(changes.deleted.iter().map(
            |row| json!({ "type": T::KIND.root.key, "id": row.id().to_string(), "what": row.label() }),
        ));
        self.untouched += changes.untouched;
    }

    /// What is not made has no id; nor has who would refer to it.
    fn forget_new_ids(&mut self) {
        let new = self
            .created
            .iter_mut()
            .filter_map(|item| item.get_mut("id"));
        let new: HashSet<_> = new.map(Value::take).collect();
        let fields = self
            .changed
            .iter_mut()
            .filter_map(|item| item.get_mut("fields"));
        let fields = fields.filter_map(Value::as_object_mut);
        for change in fields.flat_map(Map::values_mut) {
            if let Some(to) = change.get_mut("to").filter(|to| new.contains(*to)) {
                *to = Value::Null;
            }
        }
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

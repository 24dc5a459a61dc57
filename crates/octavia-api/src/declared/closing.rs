//! Which connections a plan ends, and why.

use octavia_model::{Listener, LoadBalancerTree, Member};

use super::plan::Plan;
use super::row::Row as _;
use crate::routes::tenant::Tenant as _;

/// Connections that end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Closing {
    /// The kind of the object that they belong to.
    pub(crate) kind: &'static str,
    /// Its id.
    pub(crate) id: String,
    /// Which one it is, for people.
    pub(crate) label: String,
    /// Which connections.
    pub(crate) connections: &'static str,
    /// What happens to the object.
    pub(crate) why: &'static str,
}

/// Connections of clients: at once when idle, else after their present request.
const OF_CLIENTS: &str = "of its clients, after their present request";
/// Kept connections to a member. What a client has open through one goes on to its end.
const TO_THE_MEMBER: &str = "to it that are idle; requests under way end";

/// Returns which connections a plan ends. Nothing else that it does concerns an open connection: the
/// proxy swaps its configuration under them.
pub(super) fn closings(plan: &Plan, present: &LoadBalancerTree) -> Vec<Closing> {
    if !present.load_balancer.enabled {
        return Vec::new();
    }
    let switched_off = plan
        .load_balancer
        .as_ref()
        .is_some_and(|lb| !lb.after.enabled);
    if switched_off {
        let serving = present.listeners.iter().filter(|listener| listener.enabled);
        return serving
            .map(|listener| of_clients(listener, "the load balancer is disabled"))
            .collect();
    }
    let deleted = plan
        .listeners
        .deleted
        .iter()
        .filter(|listener| listener.enabled);
    let disabled = plan.listeners.changed.iter();
    let disabled = disabled.filter(|change| change.before.enabled && !change.after.enabled);
    let removed = plan.members.deleted.iter().filter(|member| member.enabled);
    deleted
        .map(|listener| of_clients(listener, "it is deleted"))
        .chain(disabled.map(|change| of_clients(&change.before, "it is disabled")))
        .chain(removed.map(to_member))
        .collect()
}

fn of_clients(listener: &Listener, why: &'static str) -> Closing {
    Closing {
        kind: Listener::KIND.root.key,
        id: listener.id.to_string(),
        label: listener.label(),
        connections: OF_CLIENTS,
        why,
    }
}

fn to_member(member: &Member) -> Closing {
    Closing {
        kind: Member::KIND.root.key,
        id: member.id.to_string(),
        label: member.label(),
        connections: TO_THE_MEMBER,
        why: "it is deleted",
    }
}

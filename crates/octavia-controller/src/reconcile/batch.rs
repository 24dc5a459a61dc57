//! Which actions of a plan are done at once. Pure.

use octavia_cloud::PortPurpose;
use octavia_model::{Amphora, Id};

use crate::plan::{Action, AgentSeen, Observed};

/// Actions that are done side by side: chains of which each is done in order.
pub(super) type Batch<'a> = Vec<Vec<&'a Action>>;

/// What may be done for several amphorae at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It is made: nobody minds it yet.
    Making,
    /// It serves something, and is told what is new.
    Telling,
    /// It serves nothing, and is told to begin. Those that serve must know of it before.
    Beginning,
}

/// Splits a plan into batches, to be done one after the other.
pub(super) fn batches<'a>(actions: &'a [Action], seen: &Observed) -> Vec<Batch<'a>> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    let mut open = None;
    for action in actions {
        let place = place(action, seen);
        let stage = place.map(|(stage, _)| stage);
        match batches.last_mut() {
            Some(batch) if stage.is_some() && stage == open => add(batch, action, seen),
            _ => batches.push(vec![vec![action]]),
        }
        open = stage;
    }
    batches
}

fn add<'a>(batch: &mut Batch<'a>, action: &'a Action, seen: &Observed) {
    let chain = batch
        .iter_mut()
        .find(|chain| chain.first().and_then(|first| place(first, seen)) == place(action, seen));
    match chain {
        Some(chain) => chain.push(action),
        None => batch.push(vec![action]),
    }
}

/// Returns for whom an action is, if it may be done beside those for others.
fn place(action: &Action, seen: &Observed) -> Option<(Stage, Id<Amphora>)> {
    match action {
        Action::CreatePort(
            PortPurpose::Vrrp { amphora, .. } | PortPurpose::Member { amphora, .. },
        )
        | Action::CreateServer(amphora)
        | Action::RecordServer(amphora) => Some((Stage::Making, *amphora)),
        Action::Configure(amphora) => {
            let serves = matches!(seen.agents.get(amphora), Some(AgentSeen::Serves(Some(_))));
            let stage = if serves {
                Stage::Telling
            } else {
                Stage::Beginning
            };
            Some((stage, *amphora))
        }
        Action::CreatePort(PortPurpose::Vip(_))
        | Action::EnsureVipPort
        | Action::Condemn(_)
        | Action::RecordAmphora(_)
        | Action::StartServer(_)
        | Action::AttachPort(..)
        | Action::Introduce(_)
        | Action::Release(_)
        | Action::Allocate(_)
        | Action::DetachPort(..)
        | Action::DeleteServer(_)
        | Action::DeletePort(_)
        | Action::RetireAmphora(_)
        | Action::Settle
        | Action::FinishDelete => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{AMPHORA, LB, id};

    fn amphora(n: u32) -> Id<Amphora> {
        id(AMPHORA, n)
    }

    fn port(n: u32) -> Action {
        Action::CreatePort(PortPurpose::Vrrp {
            amphora: amphora(n),
            load_balancer: id(LB, 1),
        })
    }

    fn server(n: u32) -> Action {
        Action::CreateServer(amphora(n))
    }

    fn configure(n: u32) -> Action {
        Action::Configure(amphora(n))
    }

    #[test]
    fn two_amphorae_are_made_side_by_side_and_each_in_order() {
        let plan = [
            Action::EnsureVipPort,
            port(1),
            server(1),
            port(2),
            server(2),
        ];
        let batches = batches(&plan, &Observed::default());
        let expected: Vec<Batch<'_>> = vec![
            vec![vec![&plan[0]]],
            vec![vec![&plan[1], &plan[2]], vec![&plan[3], &plan[4]]],
        ];
        assert_eq!(batches, expected);
    }

    #[test]
    fn one_that_begins_waits_for_those_that_serve() {
        let plan = [configure(1), configure(2), configure(3), configure(4)];
        let mut seen = Observed::default();
        for n in [1, 2] {
            seen.agents.insert(amphora(n), AgentSeen::Serves(Some(1)));
        }
        let batches = batches(&plan, &seen);
        let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2]);
    }
}

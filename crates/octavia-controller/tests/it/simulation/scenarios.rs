use octavia_controller::ReconcilerSettings;
use octavia_controller::document::AmphoraNetworking;
use octavia_model::{Id, LoadBalancer};

use crate::stage::{Stage, Wish, settings};

/// What there is before the wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// A load balancer that was just asked for.
    AskedFor,
    /// A load balancer with children that was just asked for.
    AskedForWithTree,
    /// One that works, without children.
    Bare,
    /// One that works, with children.
    Tree,
    /// One with two amphorae that was just asked for.
    AskedForPair,
    /// One with two amphorae that works.
    Pair,
}

/// A load balancer, what happens to it, and what happens to it while that is done.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    before: Before,
    pub(super) first: &'static [Wish],
    pub(super) second: Option<Wish>,
}

const fn one(name: &'static str, before: Before, first: &'static [Wish]) -> Scenario {
    Scenario {
        name,
        before,
        first,
        second: None,
    }
}

const fn two(name: &'static str, before: Before, first: &'static [Wish], second: Wish) -> Scenario {
    Scenario {
        name,
        before,
        first,
        second: Some(second),
    }
}

pub(super) const SCENARIOS: &[Scenario] = &[
    one("create", Before::AskedFor, &[]),
    one("create tree", Before::AskedForWithTree, &[]),
    one("listener create", Before::Bare, &[Wish::AddListener]),
    one("listener update", Before::Tree, &[Wish::DisableListener]),
    one("listener delete", Before::Tree, &[Wish::DeleteListener]),
    one("pool create", Before::Bare, &[Wish::AddPool]),
    one("pool update", Before::Tree, &[Wish::UpdatePool]),
    one("pool delete", Before::Tree, &[Wish::DeletePool]),
    one("member create", Before::Tree, &[Wish::AddMember]),
    one("member update", Before::Tree, &[Wish::UpdateMember]),
    one("member delete", Before::Tree, &[Wish::DeleteMember]),
    one(
        "monitor create",
        Before::Bare,
        &[Wish::AddPool, Wish::AddMonitor],
    ),
    one("monitor update", Before::Tree, &[Wish::UpdateMonitor]),
    one("monitor delete", Before::Tree, &[Wish::DeleteMonitor]),
    one("load balancer update", Before::Tree, &[Wish::Disable]),
    one("delete", Before::Bare, &[Wish::Delete]),
    one("cascade delete", Before::Tree, &[Wish::CascadeDelete]),
    one("failover", Before::Tree, &[Wish::Failover]),
    one("restart of the host", Before::Tree, &[Wish::RestartHost]),
    one("loss of the server", Before::Tree, &[Wish::LoseServer]),
    two(
        "two changes in a row",
        Before::Tree,
        &[Wish::AddMember],
        Wish::UpdateMember,
    ),
    two(
        "delete during create",
        Before::AskedForWithTree,
        &[],
        Wish::CascadeDelete,
    ),
    two(
        "delete during failover",
        Before::Tree,
        &[Wish::Failover],
        Wish::CascadeDelete,
    ),
    two(
        "failover during an update",
        Before::Tree,
        &[Wish::AddMember],
        Wish::Failover,
    ),
    one("pair: create", Before::AskedForPair, &[]),
    one("pair: member create", Before::Pair, &[Wish::AddMember]),
    one("pair: failover", Before::Pair, &[Wish::Failover]),
    one("pair: loss of one", Before::Pair, &[Wish::LoseOneServer]),
    one("pair: loss of both", Before::Pair, &[Wish::LoseServer]),
    one("pair: failover of one", Before::Pair, &[Wish::FailOverOne]),
    one("pair: delete", Before::Pair, &[Wish::CascadeDelete]),
    two(
        "pair: delete during failover",
        Before::Pair,
        &[Wish::Failover],
        Wish::CascadeDelete,
    ),
    two(
        "pair: one lost during a failover",
        Before::Pair,
        &[Wish::Failover],
        Wish::LoseOneServer,
    ),
];

impl Scenario {
    /// Makes what there is before.
    pub(super) async fn prepare(&self, stage: &Stage) -> Id<LoadBalancer> {
        match self.before {
            Before::AskedFor => stage.create().await,
            Before::AskedForWithTree => stage.create_tree().await,
            Before::Bare => {
                let id = stage.create().await;
                stage.settle(id).await;
                id
            }
            Before::Tree => {
                let id = stage.create_tree().await;
                stage.settle(id).await;
                id
            }
            Before::AskedForPair => stage.create_pair().await,
            Before::Pair => {
                let id = stage.create_pair().await;
                stage.settle_with(id, self.settings()).await;
                id
            }
        }
    }

    /// Returns the settings of its workers: pairs need interfaces of their own.
    pub(super) fn settings(&self) -> ReconcilerSettings {
        let mut settings = settings();
        if matches!(self.before, Before::AskedForPair | Before::Pair) {
            settings.worker.networking = AmphoraNetworking::Own;
        }
        settings
    }
}

impl Stage {
    pub(super) async fn wish_all(&self, id: Id<LoadBalancer>, wishes: &[Wish]) {
        for wish in wishes {
            self.wish(id, *wish).await;
        }
    }
}

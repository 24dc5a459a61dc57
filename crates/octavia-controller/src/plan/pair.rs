//! How a pair comes to be whole: its amphorae find out among themselves who has the VIPs.
//!
//! Nobody may begin to listen for a master that does not know it yet, or there would be two. So
//! whoever may have the VIPs is told of newcomers first, those that are to go included; and who is
//! to go, goes when those that stay serve: backups first, and the master hands over.

use std::collections::BTreeSet;

use octavia_cloud::{Server, ServerStatus};
use octavia_model::{Amphora, Id};

use super::removal::end_of;
use super::{Action, AgentSeen, Progress, Steps, View, Waiting};
use crate::document::{peers_of, speaks_vrrp};

/// Tells whether the amphorae agree among themselves.
pub(super) fn is_one(view: &View<'_>) -> bool {
    speaks_vrrp(&view.wanted.tree, view.settings.networking)
}

/// Tells whether an amphora was told of all others, and of no more.
pub(super) fn knows_its_peers(view: &View<'_>, amphora: Id<Amphora>) -> bool {
    let peers: BTreeSet<_> = peers_of(&view.wanted.tree, amphora, &view.seen.ports)
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    let seen = view.seen.pairs.get(&amphora);
    seen.is_some_and(|pair| pair.peers == peers)
}

/// Plans what is left once each amphora has been looked at on its own.
pub(super) fn steps(view: &View<'_>, kept: &[Progress], steps: &mut Steps) {
    introduce(view, steps);
    configure(view, kept, steps);
    for amphora in view.condemned() {
        let server = view.server_of(amphora.id);
        end(view, amphora, server, (kept, steps));
    }
    let is_whole = enough(view, kept, Progress::Serving);
    if is_whole && view.condemned().next().is_none() && !view.kept().any(|a| is_master(view, a.id))
    {
        steps.wait(view.patience(), Waiting::Master);
    }
}

/// Those that are to go and serve are told of those that come.
fn introduce(view: &View<'_>, steps: &mut Steps) {
    let leaving = view
        .condemned()
        .filter(|amphora| serves(view, amphora.id) && !knows_its_peers(view, amphora.id));
    steps.act(leaving.map(|amphora| Action::Introduce(amphora.id)));
}

/// Those that serve come first. The others begin once nobody can have the VIPs who does not know.
fn configure(view: &View<'_>, kept: &[Progress], steps: &mut Steps) {
    let ready = || {
        view.kept()
            .zip(kept)
            .filter(|(_, progress)| **progress == Progress::Ready)
            .map(|(amphora, _)| amphora)
    };
    let (serving, new): (Vec<_>, Vec<_>) = ready().partition(|amphora| serves(view, amphora.id));
    steps.act(serving.iter().map(|amphora| Action::Configure(amphora.id)));
    let unheard = view.wanted.tree.amphorae.iter().any(|amphora| {
        let was_told = amphora.status.has_served();
        let runs = view.server_of(amphora.id).is_some_and(is_active);
        was_told && runs && is_silent(view, amphora.id)
    });
    if !unheard {
        steps.act(new.iter().map(|amphora| Action::Configure(amphora.id)));
    }
}

/// Plans the end of one that is to go, or spares it for now.
fn end(
    view: &View<'_>,
    amphora: &Amphora,
    server: Option<&Server>,
    (kept, steps): (&[Progress], &mut Steps),
) {
    let id = amphora.id;
    let others_can = view
        .wanted
        .tree
        .amphorae
        .iter()
        .any(|other| other.id != id && is_master(view, other.id));
    let may_end = match server {
        Some(server) if is_active(server) => {
            if is_silent(view, id) {
                // It cannot be asked, and may think that it has the VIPs.
                others_can || enough(view, kept, Progress::Ready)
            } else if serves(view, id) {
                enough(view, kept, Progress::Serving) && !is_master(view, id)
            } else {
                true
            }
        }
        Some(_) | None => true,
    };
    if may_end {
        steps.act(end_of(view, amphora, server));
    } else if is_master(view, id) && enough(view, kept, Progress::Serving) {
        let rest = view.condemned().filter(|other| other.id != id);
        if !rest.into_iter().any(|other| serves(view, other.id)) {
            steps.act([Action::Release(id)]);
        }
    }
}

fn enough(view: &View<'_>, kept: &[Progress], least: Progress) -> bool {
    kept.len() >= view.roles().len() && kept.iter().all(|progress| *progress >= least)
}

fn is_active(server: &Server) -> bool {
    server.status == ServerStatus::Active
}

fn is_silent(view: &View<'_>, amphora: Id<Amphora>) -> bool {
    !matches!(view.seen.agents.get(&amphora), Some(AgentSeen::Serves(_)))
}

fn serves(view: &View<'_>, amphora: Id<Amphora>) -> bool {
    matches!(
        view.seen.agents.get(&amphora),
        Some(AgentSeen::Serves(Some(_)))
    )
}

fn is_master(view: &View<'_>, amphora: Id<Amphora>) -> bool {
    let seen = view.seen.pairs.get(&amphora);
    seen.is_some_and(|pair| pair.is_master) && serves(view, amphora)
}

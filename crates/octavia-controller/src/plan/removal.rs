//! What is there and not wanted: of this load balancer's amphorae, servers and ports.

use octavia_cloud::{Port, PortPurpose, Server, ServerStatus};
use octavia_model::{Amphora, Id};

use super::{Action, AgentSeen, Progress, Steps, View};

/// Plans the end of everything that was made for the load balancer: servers, then ports.
/// A VIP's port that the tenant brought stays.
pub(super) fn everything(view: &View<'_>) -> Vec<Action> {
    let servers = view
        .seen
        .servers
        .iter()
        .map(|server| Action::DeleteServer(server.id));
    let ports = view
        .seen
        .ports
        .iter()
        .filter(|port| port.purpose.is_some_and(|purpose| is_ours(view, purpose)))
        .map(|port| Action::DeletePort(port.id));
    servers.chain(ports).collect()
}

fn is_ours(view: &View<'_>, purpose: PortPurpose) -> bool {
    match purpose {
        PortPurpose::Vip(_) => view.wanted.tree.load_balancer.vip.octavia_owned,
        PortPurpose::Vrrp { .. } | PortPurpose::Member { .. } => true,
    }
}

/// Plans the end of servers and ports whose amphora is not on record (any more).
pub(super) fn orphans(view: &View<'_>) -> Vec<Action> {
    let is_known = |id| view.wanted.tree.amphorae.iter().any(|known| known.id == id);
    let servers = view
        .seen
        .servers
        .iter()
        .filter(|server| !is_known(server.amphora_id))
        .map(|server| Action::DeleteServer(server.id));
    let ports = view
        .seen
        .ports
        .iter()
        .filter(|port| amphora_of(port).is_some_and(|amphora| !is_known(amphora)))
        .map(|port| Action::DeletePort(port.id));
    servers.chain(ports).collect()
}

/// Plans how the amphorae that are to stay take over from those that are to go.
///
/// Two amphorae cannot hold the VIP at once, so a new one is made ready first, then the old one
/// lets go, then the new one is configured: the gap is as short as one call. What cannot serve is
/// not spared until then.
pub(super) fn condemned(view: &View<'_>, kept: &[Progress], steps: &mut Steps) {
    let enough = |least: Progress| {
        kept.len() >= view.roles().len() && kept.iter().all(|progress| *progress >= least)
    };
    for amphora in view.condemned() {
        let server = view.server_of(amphora.id);
        match server {
            Some(server) if can_serve(server) && !enough(Progress::Ready) => {}
            Some(server) if can_serve(server) && !enough(Progress::Serving) => {
                take_the_vip(view, amphora, server, steps);
            }
            _ => steps.act(end_of(view, amphora, server)),
        }
    }
    for (amphora, progress) in view.kept().zip(kept) {
        if *progress == Progress::Ready && is_vip_free(view) {
            steps.act([Action::Configure(amphora.id)]);
        }
    }
}

fn take_the_vip(view: &View<'_>, amphora: &Amphora, server: &Server, steps: &mut Steps) {
    match view.seen.agents.get(&amphora.id) {
        Some(AgentSeen::Serves(None)) => {}
        Some(AgentSeen::Serves(Some(_))) => steps.act([Action::Release(amphora.id)]),
        // It cannot be asked, and may still hold the VIP.
        None | Some(AgentSeen::Silent) => steps.act([Action::DeleteServer(server.id)]),
    }
}

/// Tells whether no amphora that is to go can hold the VIP.
fn is_vip_free(view: &View<'_>) -> bool {
    view.condemned().all(|amphora| {
        let Some(server) = view.server_of(amphora.id) else {
            return true;
        };
        !can_serve(server) || view.seen.agents.get(&amphora.id) == Some(&AgentSeen::Serves(None))
    })
}

fn can_serve(server: &Server) -> bool {
    match server.status {
        ServerStatus::Active | ServerStatus::Building => true,
        ServerStatus::Stopped | ServerStatus::Error => false,
    }
}

/// Plans the end of one amphora: server, ports, record.
pub(super) fn end_of(view: &View<'_>, amphora: &Amphora, server: Option<&Server>) -> Vec<Action> {
    let server = server.map(|server| Action::DeleteServer(server.id));
    let ports = view
        .seen
        .ports
        .iter()
        .filter(|port| amphora_of(port) == Some(amphora.id))
        .map(|port| Action::DeletePort(port.id));
    server
        .into_iter()
        .chain(ports)
        .chain([Action::RetireAmphora(amphora.id)])
        .collect()
}

fn amphora_of(port: &Port) -> Option<Id<Amphora>> {
    match port.purpose? {
        PortPurpose::Vip(_) => None,
        PortPurpose::Vrrp { amphora, .. } | PortPurpose::Member { amphora, .. } => Some(amphora),
    }
}

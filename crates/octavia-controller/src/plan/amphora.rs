use chrono::{DateTime, TimeDelta, Utc};
use octavia_cloud::{Port, PortPurpose, Server, ServerStatus};
use octavia_model::{Amphora, AmphoraStatus, Id, Subnet as SubnetId};

use super::{Action, AgentSeen, Progress, Steps, View, Waiting, pair};

/// Tells whether an amphora will never serve (again), so that another has to take its place.
pub(super) fn is_lost(view: &View<'_>, amphora: &Amphora) -> bool {
    let server = view.server_of(amphora.id);
    let is_gone = server.is_none() && amphora.compute_id.is_some();
    let is_broken = server.is_some_and(|server| server.status == ServerStatus::Error);
    let is_late = is_new(amphora)
        && view.now >= boot_deadline(view, amphora)
        && !matches!(
            view.seen.agents.get(&amphora.id),
            Some(AgentSeen::Serves(_))
        );
    is_gone || is_broken || is_late || amphora.status == AmphoraStatus::Error
}

/// Plans the next steps of an amphora that is to stay, and tells how far it is.
pub(super) fn steps(view: &View<'_>, amphora: &Amphora, steps: &mut Steps) -> Progress {
    let missing = missing_ports(view, amphora);
    let is_complete = missing.is_empty();
    steps.act(missing.into_iter().map(Action::CreatePort));
    match view.server_of(amphora.id) {
        Some(server) if is_complete => with_server(view, amphora, server, steps),
        // The next look attaches the new ports; what runs, goes on running.
        Some(_) => Progress::Making,
        None => {
            steps.act([Action::CreateServer(amphora.id)]);
            Progress::Making
        }
    }
}

fn with_server(view: &View<'_>, amphora: &Amphora, server: &Server, steps: &mut Steps) -> Progress {
    if !is_recorded(view, amphora, server) {
        steps.act([Action::RecordServer(amphora.id)]);
    }
    match server.status {
        ServerStatus::Building => {
            steps.wait(boot_deadline(view, amphora), Waiting::Server(amphora.id));
            Progress::Making
        }
        ServerStatus::Stopped => {
            steps.act([Action::StartServer(server.id)]);
            Progress::Making
        }
        // It was found lost before; nothing is to be done with it.
        ServerStatus::Error => Progress::Making,
        ServerStatus::Active => with_running_server(view, amphora, server, steps),
    }
}

fn with_running_server(
    view: &View<'_>,
    amphora: &Amphora,
    server: &Server,
    steps: &mut Steps,
) -> Progress {
    let unattached: Vec<_> = ports_of(view, amphora)
        .filter(|port| port.server != Some(server.id))
        .map(|port| Action::AttachPort(server.id, port.id))
        .collect();
    if !unattached.is_empty() {
        steps.act(unattached);
        return Progress::Making;
    }
    match view.seen.agents.get(&amphora.id) {
        None | Some(AgentSeen::Silent) => {
            steps.wait(answer_deadline(view, amphora), Waiting::Agent(amphora.id));
            Progress::Making
        }
        Some(AgentSeen::Serves(generation)) => {
            let is_alone = pair::is_one(view) && !pair::knows_its_peers(view, amphora.id);
            if is_alone || generation.is_none_or(|served| served < view.wanted.generation()) {
                return Progress::Ready;
            }
            serving(view, amphora, server, steps);
            Progress::Serving
        }
    }
}

/// Plans what is left to do with an amphora that serves what is wanted.
fn serving(view: &View<'_>, amphora: &Amphora, server: &Server, steps: &mut Steps) {
    if amphora.status != AmphoraStatus::Allocated {
        steps.act([Action::Allocate(amphora.id)]);
    }
    let subnets = view.member_subnets();
    for port in &view.seen.ports {
        if let Some(PortPurpose::Member {
            amphora: of,
            subnet,
            ..
        }) = port.purpose
            && of == amphora.id
            && !subnets.contains(&subnet)
        {
            steps.act([
                Action::DetachPort(server.id, port.id),
                Action::DeletePort(port.id),
            ]);
        }
    }
}

fn missing_ports(view: &View<'_>, amphora: &Amphora) -> Vec<PortPurpose> {
    wanted_ports(view, amphora.id)
        .filter(|purpose| view.port_for(*purpose).is_none())
        .collect()
}

/// Returns the ports of an amphora that are wanted and there.
fn ports_of<'a>(view: &View<'a>, amphora: &Amphora) -> impl Iterator<Item = &'a Port> {
    wanted_ports(view, amphora.id).filter_map(|purpose| view.port_for(purpose))
}

fn wanted_ports(
    view: &View<'_>,
    amphora: Id<Amphora>,
) -> impl Iterator<Item = PortPurpose> + use<> {
    let load_balancer = view.wanted.tree.load_balancer.id;
    let members = view
        .member_subnets()
        .into_iter()
        .map(move |subnet: Id<SubnetId>| PortPurpose::Member {
            amphora,
            load_balancer,
            subnet,
        });
    std::iter::once(PortPurpose::Vrrp {
        amphora,
        load_balancer,
    })
    .chain(members)
}

fn is_recorded(view: &View<'_>, amphora: &Amphora, server: &Server) -> bool {
    let vrrp_port = view.port_for(PortPurpose::Vrrp {
        amphora: amphora.id,
        load_balancer: view.wanted.tree.load_balancer.id,
    });
    amphora.compute_id == Some(server.id)
        && amphora.vrrp_port_id == vrrp_port.map(|port| port.id)
        && (server.management_address.is_none()
            || amphora.lb_network_ip == server.management_address)
}

fn is_new(amphora: &Amphora) -> bool {
    matches!(
        amphora.status,
        AmphoraStatus::PendingCreate | AmphoraStatus::Booting
    )
}

fn boot_deadline(view: &View<'_>, amphora: &Amphora) -> DateTime<Utc> {
    amphora.created_at.unwrap_or(view.now) + delta(view.settings.boot_timeout)
}

fn answer_deadline(view: &View<'_>, amphora: &Amphora) -> DateTime<Utc> {
    if is_new(amphora) {
        boot_deadline(view, amphora)
    } else {
        view.patience()
    }
}

pub(super) fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

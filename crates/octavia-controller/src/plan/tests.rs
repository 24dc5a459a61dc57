//! One file, because the planner is one function and its cases are read side by side.

use std::fmt::Write;

use insta::assert_snapshot;
use octavia_cloud::{FixedIp, ServerStatus};
use octavia_model::{AmphoraStatus, LoadBalancer};
use proptest::prelude::*;

use super::*;
use crate::document;
use crate::samples::{
    AMPHORA, LB, NETWORK, SUBNET, amphora, bare, full, id, member, reconciliation, start,
};

const SETTINGS: PlanSettings = PlanSettings {
    networking: AmphoraNetworking::Host,
    boot_timeout: Duration::from_mins(5),
    agent_patience: Duration::from_secs(5),
};

/// A world in memory that does what is planned, one action at a time.
struct Simulation {
    wanted: Wanted,
    seen: Observed,
    settings: PlanSettings,
    next: u32,
}

impl Simulation {
    fn new(tree: LoadBalancerTree) -> Self {
        Self {
            wanted: Wanted {
                tree,
                reconciliation: reconciliation(),
                vrrp_group: None,
            },
            seen: Observed::default(),
            settings: SETTINGS,
            next: 1,
        }
    }

    /// A load balancer that is as wanted.
    fn converged() -> Self {
        let mut simulation = Self::new(full());
        simulation.run();
        simulation
    }

    fn plan(&self) -> Plan {
        plan(&self.wanted, &self.seen, &self.settings, start())
    }

    /// Plans and does until the plan has converged; returns what was done.
    fn run(&mut self) -> String {
        let mut log = String::new();
        for _ in 0..100 {
            let masters = self.elect();
            assert!(masters <= 1, "two have the VIPs:\n{log}");
            match self.plan() {
                Plan::Converged => return log,
                Plan::Act(actions) => {
                    for action in actions {
                        writeln!(log, "{action}").unwrap();
                        self.act(&action);
                    }
                }
                Plan::Wait { why, .. } => {
                    writeln!(log, "{why}").unwrap();
                    self.pass_time();
                }
            }
        }
        panic!("the plan does not converge:\n{log}");
    }

    /// What is waited for happens.
    fn pass_time(&mut self) {
        for server in &mut self.seen.servers {
            server.status = ServerStatus::Active;
            self.seen
                .agents
                .entry(server.amphora_id)
                .and_modify(|agent| {
                    if *agent == AgentSeen::Silent {
                        *agent = AgentSeen::Serves(None);
                    }
                })
                .or_insert(AgentSeen::Serves(None));
        }
    }

    /// An amphora has heard of its peers.
    fn pair_up(&mut self, amphora: Id<Amphora>) {
        if document::speaks_vrrp(&self.wanted.tree, self.settings.networking) {
            let peers = document::peers_of(&self.wanted.tree, amphora, &self.seen.ports);
            let pair = self.seen.pairs.entry(amphora).or_default();
            pair.peers = peers.into_iter().map(|(id, _)| id).collect();
        }
    }

    /// Of those that could have the VIPs and know of each other, one takes them if none has them.
    /// Returns how many have them.
    fn elect(&mut self) -> usize {
        // Without its port on the VIP's network it neither hears nor answers anybody there.
        let (agents, ports) = (&self.seen.agents, &self.seen.ports);
        let serves = |id: &Id<Amphora>| {
            let of = |port: &Port| matches!(port.purpose, Some(PortPurpose::Vrrp { amphora, .. }) if amphora == *id);
            matches!(agents.get(id), Some(AgentSeen::Serves(Some(_)))) && ports.iter().any(of)
        };
        for (id, pair) in &mut self.seen.pairs {
            pair.is_master &= serves(id);
        }
        let heard: BTreeSet<_> = self
            .seen
            .pairs
            .iter()
            .filter(|(_, pair)| pair.is_master)
            .flat_map(|(id, pair)| pair.peers.iter().copied().chain([*id]))
            .collect();
        // Who hears no master, becomes one.
        let deaf = self
            .seen
            .pairs
            .iter_mut()
            .find(|(id, _)| serves(id) && !heard.contains(id));
        if let Some((_, pair)) = deaf {
            pair.is_master = true;
        }
        self.seen
            .pairs
            .values()
            .filter(|pair| pair.is_master)
            .count()
    }

    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn amphora(&mut self, id: Id<Amphora>) -> &mut Amphora {
        let mut amphorae = self.wanted.tree.amphorae.iter_mut();
        amphorae.find(|amphora| amphora.id == id).unwrap()
    }

    fn server(&mut self, id: Id<octavia_model::Server>) -> &mut Server {
        let mut servers = self.seen.servers.iter_mut();
        servers.find(|server| server.id == id).unwrap()
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::EnsureVipPort => {
                let port = self.port(PortPurpose::Vip(id(LB, 1)));
                self.wanted.tree.load_balancer.vip.port_id = Some(port);
            }
            Action::Condemn(amphorae) => {
                for id in amphorae {
                    self.amphora(*id).status = AmphoraStatus::PendingDelete;
                }
            }
            Action::RecordAmphora(role) => {
                let n = self.number();
                let mut amphora = amphora(n, AmphoraStatus::PendingCreate);
                amphora.role = Some(*role);
                self.wanted.tree.amphorae.push(amphora);
            }
            Action::CreatePort(purpose) => {
                self.port(*purpose);
            }
            Action::CreateServer(amphora) => self.create_server(*amphora),
            Action::RecordServer(amphora) => self.record_server(*amphora),
            Action::StartServer(server) => {
                let server = self.server(*server);
                server.status = ServerStatus::Active;
                let amphora = server.amphora_id;
                self.seen.agents.insert(amphora, AgentSeen::Serves(Some(1)));
            }
            Action::AttachPort(server, port) => self.attach(*port, Some(*server)),
            Action::DetachPort(_, port) => self.attach(*port, None),
            Action::Configure(amphora) | Action::Introduce(amphora) => {
                let generation = self.wanted.generation();
                let serves = AgentSeen::Serves(Some(generation));
                self.seen.agents.insert(*amphora, serves);
                self.pair_up(*amphora);
            }
            Action::Release(amphora) => {
                self.seen.agents.insert(*amphora, AgentSeen::Serves(None));
                self.seen.pairs.remove(amphora);
            }
            Action::Allocate(amphora) => self.amphora(*amphora).status = AmphoraStatus::Allocated,
            Action::DeleteServer(server) => {
                let amphora = self.server(*server).amphora_id;
                self.seen.agents.remove(&amphora);
                self.seen.pairs.remove(&amphora);
                self.seen.servers.retain(|known| known.id != *server);
            }
            Action::DeletePort(port) => self.seen.ports.retain(|known| known.id != *port),
            Action::RetireAmphora(id) => {
                self.wanted
                    .tree
                    .amphorae
                    .retain(|amphora| amphora.id != *id);
            }
            Action::Settle | Action::FinishDelete => panic!("{action:?} is never planned"),
        }
    }

    fn port(&mut self, purpose: PortPurpose) -> Id<octavia_model::Port> {
        let n = self.number();
        let port = id(0xb0, n);
        self.seen.ports.push(Port {
            id: port,
            name: String::new(),
            network_id: id(NETWORK, 1),
            mac_address: String::new(),
            fixed_ips: vec![FixedIp {
                subnet_id: id(SUBNET, 1),
                ip_address: [10, 98, 0, u8::try_from(n % 200).unwrap() + 30].into(),
            }],
            purpose: Some(purpose),
            device_id: String::new(),
            device_owner: String::new(),
            server: None,
            qos_policy_id: None,
        });
        port
    }

    fn create_server(&mut self, amphora: Id<Amphora>) {
        let n = self.number();
        let server = id(0x5e, n);
        for port in &mut self.seen.ports {
            if is_of(port, amphora) {
                port.server = Some(server);
            }
        }
        self.seen.servers.push(Server {
            id: server,
            amphora_id: amphora,
            load_balancer_id: id(LB, 1),
            status: ServerStatus::Active,
            management_address: Some("10.99.0.9".parse().unwrap()),
            ports: Vec::new(),
            fault: None,
        });
        self.record_server(amphora);
    }

    fn record_server(&mut self, id: Id<Amphora>) {
        let server = self
            .seen
            .servers
            .iter()
            .find(|server| server.amphora_id == id);
        let (server, address) = server.map(|s| (s.id, s.management_address)).unwrap();
        let vrrp = PortPurpose::Vrrp {
            amphora: id,
            load_balancer: crate::samples::id(LB, 1),
        };
        let port = self
            .seen
            .ports
            .iter()
            .find(|port| port.purpose == Some(vrrp));
        let port = port.map(|port| port.id);
        let amphora = self.amphora(id);
        amphora.compute_id = Some(server);
        amphora.lb_network_ip = address;
        amphora.vrrp_port_id = port;
        if amphora.status == AmphoraStatus::PendingCreate {
            amphora.status = AmphoraStatus::Booting;
        }
    }

    fn attach(&mut self, port: Id<octavia_model::Port>, server: Option<Id<octavia_model::Server>>) {
        let mut ports = self.seen.ports.iter_mut();
        ports.find(|known| known.id == port).unwrap().server = server;
    }

    fn only_amphora(&self) -> Id<Amphora> {
        assert_eq!(self.wanted.tree.amphorae.len(), 1);
        self.wanted.tree.amphorae[0].id
    }
}

fn is_of(port: &Port, wanted: Id<Amphora>) -> bool {
    match port.purpose {
        Some(PortPurpose::Vrrp { amphora, .. } | PortPurpose::Member { amphora, .. }) => {
            amphora == wanted
        }
        Some(PortPurpose::Vip(_)) | None => false,
    }
}

#[test]
fn a_new_load_balancer_gets_a_vip_an_amphora_and_its_configuration() {
    assert_snapshot!(Simulation::new(bare()).run(), @r"
    reserve the VIP
    add an amphora as STANDALONE
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000003
    make the server of amphora 000000a3-0000-4000-8000-000000000003
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000003
    configure amphora 000000a3-0000-4000-8000-000000000003
    amphora 000000a3-0000-4000-8000-000000000003 serves
    ");
}

#[test]
fn nothing_is_planned_when_all_is_as_wanted() {
    assert_eq!(Simulation::converged().plan(), Plan::Converged);
}

#[test]
fn a_change_is_one_push() {
    let mut simulation = Simulation::converged();
    simulation.wanted.reconciliation.wanted += 1;
    assert_snapshot!(simulation.run(), @"configure amphora 000000a3-0000-4000-8000-000000000003");
}

#[test]
fn a_failover_makes_the_new_one_ready_before_the_old_one_lets_go() {
    let mut simulation = Simulation::converged();
    let reconciliation = &mut simulation.wanted.reconciliation;
    reconciliation.wanted += 1;
    reconciliation.failover = true;
    reconciliation.unwanted_amphorae = vec![simulation.wanted.tree.amphorae[0].id];
    assert_snapshot!(simulation.run(), @r"
    replace amphorae [000000a3-0000-4000-8000-000000000003]
    add an amphora as STANDALONE
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000006
    make the server of amphora 000000a3-0000-4000-8000-000000000006
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000006
    have amphora 000000a3-0000-4000-8000-000000000003 let go of the VIP
    configure amphora 000000a3-0000-4000-8000-000000000006
    amphora 000000a3-0000-4000-8000-000000000006 serves
    remove server 0000005e-0000-4000-8000-000000000005
    remove port 000000b0-0000-4000-8000-000000000004
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    ");
    assert_eq!(simulation.wanted.tree.amphorae.len(), 1);
    assert_eq!(simulation.seen.servers.len(), 1);
}

#[test]
fn an_amphora_that_cannot_be_asked_to_let_go_is_removed_first() {
    let mut simulation = Simulation::converged();
    let old = simulation.only_amphora();
    simulation.wanted.reconciliation.unwanted_amphorae = vec![old];
    simulation.amphora(old).status = AmphoraStatus::PendingDelete;
    let new = PortPurpose::Vrrp {
        amphora: id(AMPHORA, 50),
        load_balancer: id(LB, 1),
    };
    simulation
        .wanted
        .tree
        .amphorae
        .push(amphora(50, AmphoraStatus::Booting));
    simulation.port(new);
    simulation.create_server(id(AMPHORA, 50));
    simulation.pass_time();
    simulation.seen.agents.insert(old, AgentSeen::Silent);
    assert_snapshot!(simulation.run(), @r"
    remove server 0000005e-0000-4000-8000-000000000005
    remove port 000000b0-0000-4000-8000-000000000004
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    configure amphora 000000a3-0000-4000-8000-000000000032
    amphora 000000a3-0000-4000-8000-000000000032 serves
    ");
}

#[test]
fn a_stopped_server_is_started_and_serves_what_it_kept() {
    let mut simulation = Simulation::converged();
    simulation.seen.servers[0].status = ServerStatus::Stopped;
    simulation.seen.agents.clear();
    assert_snapshot!(simulation.run(), @"start server 0000005e-0000-4000-8000-000000000005");
}

#[test]
fn an_amphora_whose_server_is_gone_is_replaced() {
    let mut simulation = Simulation::converged();
    let old = simulation.only_amphora();
    simulation.seen.servers.clear();
    simulation.seen.agents.clear();
    assert_snapshot!(simulation.run(), @r"
    replace amphorae [000000a3-0000-4000-8000-000000000003]
    add an amphora as STANDALONE
    remove port 000000b0-0000-4000-8000-000000000004
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000006
    make the server of amphora 000000a3-0000-4000-8000-000000000006
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000006
    configure amphora 000000a3-0000-4000-8000-000000000006
    amphora 000000a3-0000-4000-8000-000000000006 serves
    ");
    assert_ne!(simulation.only_amphora(), old);
}

#[test]
fn an_amphora_whose_server_is_broken_is_replaced() {
    let mut simulation = Simulation::converged();
    let old = simulation.only_amphora();
    simulation.seen.servers[0].status = ServerStatus::Error;
    simulation.seen.agents.clear();
    simulation.run();
    assert_ne!(simulation.only_amphora(), old);
    assert_eq!(simulation.seen.servers.len(), 1);
}

#[test]
fn an_amphora_that_never_answers_is_given_up_at_its_deadline() {
    let mut simulation = Simulation::new(full());
    while !matches!(simulation.plan(), Plan::Wait { .. }) {
        let Plan::Act(actions) = simulation.plan() else {
            panic!("converged without an answer")
        };
        for action in &actions {
            simulation.act(action);
        }
    }
    let amphora = simulation.only_amphora();
    let deadline = start() + SETTINGS.boot_timeout;
    assert_eq!(
        simulation.plan(),
        Plan::Wait {
            until: deadline,
            why: Waiting::Agent(amphora)
        }
    );
    let plan = plan(&simulation.wanted, &simulation.seen, &SETTINGS, deadline);
    assert_eq!(plan, Plan::Act(vec![Action::Condemn(vec![amphora])]));
}

#[test]
fn a_deletion_removes_servers_then_ports() {
    let mut simulation = Simulation::converged();
    simulation.wanted.reconciliation.deleting = true;
    assert_snapshot!(simulation.run(), @r"
    remove server 0000005e-0000-4000-8000-000000000005
    remove port 000000b0-0000-4000-8000-000000000002
    remove port 000000b0-0000-4000-8000-000000000004
    ");
    assert!(simulation.seen.ports.is_empty() && simulation.seen.servers.is_empty());
}

#[test]
fn a_vip_port_that_the_tenant_brought_stays() {
    let mut simulation = Simulation::converged();
    simulation.wanted.tree.load_balancer.vip.octavia_owned = false;
    simulation.wanted.reconciliation.deleting = true;
    simulation.run();
    let purposes: Vec<_> = simulation
        .seen
        .ports
        .iter()
        .map(|port| port.purpose)
        .collect();
    let vip = PortPurpose::Vip(id::<LoadBalancer>(LB, 1));
    assert_eq!(purposes, [Some(vip)]);
}

#[test]
fn servers_and_ports_of_unknown_amphorae_are_removed() {
    let mut simulation = Simulation::converged();
    simulation.port(PortPurpose::Vrrp {
        amphora: id(AMPHORA, 99),
        load_balancer: id(LB, 1),
    });
    simulation.seen.servers.push(Server {
        id: id(0x5e, 99),
        amphora_id: id(AMPHORA, 99),
        ..simulation.seen.servers[0].clone()
    });
    assert_snapshot!(simulation.run(), @r"
    remove server 0000005e-0000-4000-8000-000000000063
    remove port 000000b0-0000-4000-8000-000000000006
    ");
}

#[test]
fn members_on_another_subnet_get_a_port_that_is_attached_before_the_push_and_goes_with_them() {
    let mut simulation = Simulation::new(full());
    simulation.settings.networking = AmphoraNetworking::Own;
    simulation.run();
    let mut new = member(3, "10.97.0.3");
    new.subnet_id = Some(id(SUBNET, 2));
    simulation.wanted.tree.pools[0].members.push(new);
    simulation.wanted.reconciliation.wanted += 1;
    assert_snapshot!(simulation.run(), @r"
    make the port of amphora 000000a3-0000-4000-8000-000000000003 on subnet 0000005b-0000-4000-8000-000000000002
    attach port 000000b0-0000-4000-8000-000000000006 to server 0000005e-0000-4000-8000-000000000005
    configure amphora 000000a3-0000-4000-8000-000000000003
    ");
    simulation.wanted.tree.pools[0].members[2].provisioning_status =
        ProvisioningStatus::PendingDelete;
    simulation.wanted.reconciliation.wanted += 1;
    assert_snapshot!(simulation.run(), @r"
    configure amphora 000000a3-0000-4000-8000-000000000003
    detach port 000000b0-0000-4000-8000-000000000006 from server 0000005e-0000-4000-8000-000000000005
    remove port 000000b0-0000-4000-8000-000000000006
    ");
}

/// A load balancer with two amphorae on interfaces of their own.
fn a_pair() -> Simulation {
    let mut tree = full();
    tree.load_balancer.topology = Some(Topology::ActiveStandby);
    let mut simulation = Simulation::new(tree);
    simulation.settings.networking = AmphoraNetworking::Own;
    simulation
}

#[test]
fn a_pair_is_made_and_one_of_it_has_the_vip() {
    assert_snapshot!(a_pair().run(), @r"
    reserve the VIP
    add an amphora as MASTER
    add an amphora as BACKUP
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000003
    make the server of amphora 000000a3-0000-4000-8000-000000000003
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000004
    make the server of amphora 000000a3-0000-4000-8000-000000000004
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000003
    configure amphora 000000a3-0000-4000-8000-000000000003
    configure amphora 000000a3-0000-4000-8000-000000000004
    amphora 000000a3-0000-4000-8000-000000000003 serves
    amphora 000000a3-0000-4000-8000-000000000004 serves
    ");
}

#[test]
fn the_lost_one_of_a_pair_is_replaced_while_the_other_serves() {
    let mut simulation = a_pair();
    simulation.run();
    let lost = simulation.wanted.tree.amphorae[0].id;
    simulation.seen.servers.retain(|s| s.amphora_id != lost);
    simulation.seen.agents.remove(&lost);
    simulation.seen.pairs.remove(&lost);
    assert_snapshot!(simulation.run(), @r"
    replace amphorae [000000a3-0000-4000-8000-000000000003]
    add an amphora as MASTER
    remove port 000000b0-0000-4000-8000-000000000005
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000009
    make the server of amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-000000000004
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-000000000009
    amphora 000000a3-0000-4000-8000-000000000009 serves
    ");
}

#[test]
fn a_failover_of_a_pair_hands_over_once() {
    let mut simulation = a_pair();
    simulation.run();
    let old = simulation.wanted.tree.amphorae.iter().map(|a| a.id);
    simulation.wanted.reconciliation.unwanted_amphorae = old.collect();
    simulation.wanted.reconciliation.wanted += 1;
    assert_snapshot!(simulation.run(), @r"
    replace amphorae [000000a3-0000-4000-8000-000000000003, 000000a3-0000-4000-8000-000000000004]
    add an amphora as MASTER
    add an amphora as BACKUP
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000009
    make the server of amphora 000000a3-0000-4000-8000-000000000009
    make the VIP-side port of amphora 000000a3-0000-4000-8000-00000000000a
    make the server of amphora 000000a3-0000-4000-8000-00000000000a
    tell amphora 000000a3-0000-4000-8000-000000000003 of its peers
    tell amphora 000000a3-0000-4000-8000-000000000004 of its peers
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-00000000000a
    amphora 000000a3-0000-4000-8000-000000000009 serves
    amphora 000000a3-0000-4000-8000-00000000000a serves
    remove server 0000005e-0000-4000-8000-000000000008
    remove port 000000b0-0000-4000-8000-000000000007
    amphora 000000a3-0000-4000-8000-000000000004 is gone
    tell amphora 000000a3-0000-4000-8000-000000000003 of its peers
    configure amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-00000000000a
    have amphora 000000a3-0000-4000-8000-000000000003 let go of the VIP
    remove server 0000005e-0000-4000-8000-000000000006
    remove port 000000b0-0000-4000-8000-000000000005
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    configure amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-00000000000a
    ");
}

#[test]
fn a_silent_one_of_a_pair_goes_at_once_when_the_other_has_the_vip() {
    let mut simulation = a_pair();
    simulation.run();
    let (first, second) = {
        let amphorae = &simulation.wanted.tree.amphorae;
        (amphorae[0].id, amphorae[1].id)
    };
    simulation.seen.agents.insert(first, AgentSeen::Silent);
    simulation.wanted.reconciliation.unwanted_amphorae = vec![first];
    simulation.seen.pairs.remove(&first);
    simulation.elect();
    assert!(simulation.seen.pairs[&second].is_master);
    assert_snapshot!(simulation.run(), @r"
    replace amphorae [000000a3-0000-4000-8000-000000000003]
    add an amphora as MASTER
    remove server 0000005e-0000-4000-8000-000000000006
    remove port 000000b0-0000-4000-8000-000000000005
    amphora 000000a3-0000-4000-8000-000000000003 is gone
    make the VIP-side port of amphora 000000a3-0000-4000-8000-000000000009
    make the server of amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-000000000004
    wait for the agent of amphora 000000a3-0000-4000-8000-000000000009
    configure amphora 000000a3-0000-4000-8000-000000000009
    amphora 000000a3-0000-4000-8000-000000000009 serves
    ");
}

#[test]
fn a_pair_gets_a_master_and_a_backup() {
    let mut simulation = a_pair();
    simulation.run();
    let roles: Vec<_> = simulation
        .wanted
        .tree
        .amphorae
        .iter()
        .map(|a| a.role)
        .collect();
    assert_eq!(
        roles,
        [Some(AmphoraRole::Master), Some(AmphoraRole::Backup)]
    );
}

/// Something that happens to the world behind the planner's back.
#[derive(Debug, Clone)]
enum Misfortune {
    StopServer,
    BreakServer,
    LoseServer,
    LosePort(usize),
    SilenceAgents,
    ForgetConfiguration,
    Failover,
    Update,
}

fn misfortune() -> impl Strategy<Value = Misfortune> {
    prop_oneof![
        Just(Misfortune::StopServer),
        Just(Misfortune::BreakServer),
        Just(Misfortune::LoseServer),
        (0_usize..4).prop_map(Misfortune::LosePort),
        Just(Misfortune::SilenceAgents),
        Just(Misfortune::ForgetConfiguration),
        Just(Misfortune::Failover),
        Just(Misfortune::Update),
    ]
}

fn strike(simulation: &mut Simulation, misfortune: &Misfortune) {
    match misfortune {
        Misfortune::StopServer => {
            for server in &mut simulation.seen.servers {
                server.status = ServerStatus::Stopped;
            }
            simulation.seen.agents.clear();
        }
        Misfortune::BreakServer => {
            for server in &mut simulation.seen.servers {
                server.status = ServerStatus::Error;
            }
            simulation.seen.agents.clear();
        }
        Misfortune::LoseServer => {
            simulation.seen.servers.clear();
            simulation.seen.agents.clear();
        }
        Misfortune::LosePort(n) => {
            if *n < simulation.seen.ports.len() {
                simulation.seen.ports.remove(*n);
            }
        }
        Misfortune::SilenceAgents => {
            for agent in simulation.seen.agents.values_mut() {
                *agent = AgentSeen::Silent;
            }
        }
        Misfortune::ForgetConfiguration => {
            for agent in simulation.seen.agents.values_mut() {
                *agent = AgentSeen::Serves(None);
            }
        }
        Misfortune::Failover => {
            let amphorae = &simulation.wanted.tree.amphorae;
            simulation.wanted.reconciliation.unwanted_amphorae =
                amphorae.iter().map(|amphora| amphora.id).collect();
            simulation.wanted.reconciliation.wanted += 1;
        }
        Misfortune::Update => simulation.wanted.reconciliation.wanted += 1,
    }
}

proptest! {
    /// Whatever happens after whichever number of actions: the plan converges, on one server that
    /// serves what is wanted, with exactly its ports and the VIP's.
    #[test]
    fn whatever_happens_the_plan_converges_and_leaks_nothing(
        misfortunes in prop::collection::vec((0_usize..12, misfortune()), 0..6)
    ) {
        let mut simulation = Simulation::new(full());
        for (actions, misfortune) in &misfortunes {
            for _ in 0..*actions {
                match simulation.plan() {
                    Plan::Act(actions) => simulation.act(&actions[0]),
                    Plan::Wait { .. } => simulation.pass_time(),
                    Plan::Converged => break,
                }
            }
            strike(&mut simulation, misfortune);
        }
        simulation.run();
        let amphora = simulation.only_amphora();
        let generation = simulation.wanted.generation();
        prop_assert_eq!(simulation.seen.servers.len(), 1);
        prop_assert_eq!(simulation.seen.ports.len(), 2);
        prop_assert_eq!(
            simulation.seen.agents.get(&amphora),
            Some(&AgentSeen::Serves(Some(generation)))
        );
    }

    /// The same for a pair, of which never two have the VIPs at once.
    #[test]
    fn whatever_happens_to_a_pair_the_plan_converges_and_leaks_nothing(
        misfortunes in prop::collection::vec((0_usize..20, misfortune()), 0..6)
    ) {
        let mut simulation = a_pair();
        for (actions, misfortune) in &misfortunes {
            for _ in 0..*actions {
                prop_assert!(simulation.elect() <= 1);
                match simulation.plan() {
                    Plan::Act(actions) => simulation.act(&actions[0]),
                    Plan::Wait { .. } => simulation.pass_time(),
                    Plan::Converged => break,
                }
            }
            strike(&mut simulation, misfortune);
        }
        simulation.run();
        prop_assert_eq!(simulation.wanted.tree.amphorae.len(), 2);
        prop_assert_eq!(simulation.seen.servers.len(), 2);
        prop_assert_eq!(simulation.seen.ports.len(), 3);
        let generation = simulation.wanted.generation();
        for amphora in &simulation.wanted.tree.amphorae {
            let serves = simulation.seen.agents.get(&amphora.id);
            prop_assert_eq!(serves, Some(&AgentSeen::Serves(Some(generation))));
        }
        prop_assert_eq!(simulation.elect(), 1);
    }
}

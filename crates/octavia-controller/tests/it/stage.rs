//! A stage: everything around a reconciler, and the API's part in it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use octavia_cloud::fake::{FakeCloud, FakeSecrets};
use octavia_cloud::{NetworkDriver, NewPort, PortPurpose, ServerStatus};
use octavia_controller::agent_client::FakeAgents;
use octavia_controller::ca::Authority;
use octavia_controller::config::{CertificateConfig, WorkerConfig};
use octavia_controller::{Heard, Reconciler, ReconcilerSettings, SecretKeeper, World};
use octavia_model::{
    Amphora, Id, LoadBalancer, LoadBalancerTree, ManualClock, Member, OperatingStatus, Pool,
    ProvisioningStatus, RandomIds, Topology, Weight,
};
use octavia_store::{Reconciliation, Store, Tx};
use octavia_testing::{TestDatabase, health_monitor, listener, load_balancer, member_at, pool};
use tempfile::TempDir;

/// What many stages share: making a schema or an authority takes longer than a run.
pub(crate) struct House {
    _database: TestDatabase,
    _directory: TempDir,
    store: Store,
    clock: Arc<ManualClock>,
    authority: Arc<Authority>,
}

impl House {
    /// Makes a house on SQLite.
    pub(crate) async fn new() -> Self {
        Self::over(TestDatabase::sqlite().await).await
    }

    /// Makes a house on each kind of database that is there.
    pub(crate) async fn everywhere() -> Vec<Self> {
        let databases = TestDatabase::everywhere().await.into_iter();
        join_all(databases.map(Self::over)).await
    }

    async fn over(database: TestDatabase) -> Self {
        let start = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let directory = tempfile::tempdir().unwrap();
        let certificates = CertificateConfig::Own(directory.path().join("ca"));
        Self {
            store: database.store_with(Arc::clone(&clock) as _).await,
            _database: database,
            authority: Arc::new(Authority::open(&certificates, start).unwrap()),
            _directory: directory,
            clock,
        }
    }

    /// Makes a stage with a cloud of its own.
    pub(crate) fn stage(&self) -> Stage {
        let cloud = Arc::new(FakeCloud::new());
        let agents = Arc::new(FakeAgents::of(Arc::clone(&cloud)));
        let secrets = Arc::new(FakeSecrets::default());
        Stage {
            world: World {
                store: self.store.clone(),
                compute: Arc::clone(&cloud) as _,
                network: Arc::clone(&cloud) as _,
                agents: Arc::clone(&agents) as _,
                authority: Arc::clone(&self.authority),
                secrets: SecretKeeper::new(Arc::clone(&secrets) as _),
                clock: Arc::clone(&self.clock) as _,
                ids: Arc::new(RandomIds),
                heard: Heard::default(),
            },
            cloud,
            secrets,
            agents,
            clock: Arc::clone(&self.clock),
        }
    }
}

/// A world with a cloud, agents, and a clock that stands still.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) cloud: Arc<FakeCloud>,
    pub(crate) secrets: Arc<FakeSecrets>,
    pub(crate) agents: Arc<FakeAgents>,
    pub(crate) clock: Arc<ManualClock>,
}

/// What somebody wants of a load balancer, or does to its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    AddListener,
    DisableListener,
    DeleteListener,
    AddPool,
    UpdatePool,
    DeletePool,
    AddMember,
    UpdateMember,
    DeleteMember,
    AddMonitor,
    UpdateMonitor,
    DeleteMonitor,
    Disable,
    Delete,
    CascadeDelete,
    Failover,
    /// The failover of the first of its amphorae.
    FailOverOne,
    RestartHost,
    LoseServer,
    /// The loss of the server of the first of its amphorae.
    LoseOneServer,
}

pub(crate) fn settings() -> ReconcilerSettings {
    ReconcilerSettings {
        worker: WorkerConfig {
            boot_probe_interval: Duration::from_millis(1),
            ..WorkerConfig::default()
        },
        ..ReconcilerSettings::default()
    }
}

impl Stage {
    pub(crate) fn reconciler(&self) -> Reconciler {
        Reconciler::new(self.world.clone(), settings())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(TimeDelta::from_std(by).unwrap());
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        octavia_model::Clock::now(self.clock.as_ref())
    }

    /// Asks for a load balancer with nothing below it, as the API does.
    pub(crate) async fn create(&self) -> Id<LoadBalancer> {
        let subnet = self.cloud.subnet_named("private-subnet");
        let mut lb = load_balancer();
        let port = NewPort {
            purpose: PortPurpose::Vip(lb.id),
            network_id: subnet.network_id,
            subnet_id: subnet.id,
            ip_address: None,
            project_id: lb.project_id.clone(),
        };
        let port = self.cloud.create_port(&port).await.unwrap();
        lb.vip.ip_address = Some(port.fixed_ips[0].ip_address);
        lb.vip.ip_address_text = Some(port.fixed_ips[0].ip_address.to_string());
        lb.vip.port_id = Some(port.id);
        lb.vip.subnet_id = Some(subnet.id);
        lb.vip.network_id = Some(subnet.network_id);
        lb.provisioning_status = ProvisioningStatus::PendingCreate;
        lb.operating_status = OperatingStatus::Offline;
        let mut tx = self.begin().await;
        tx.insert_load_balancer(&lb).await.unwrap();
        tx.wake(lb.id).await.unwrap();
        tx.commit().await.unwrap();
        lb.id
    }

    /// Asks for a load balancer with two amphorae, and with children.
    pub(crate) async fn create_pair(&self) -> Id<LoadBalancer> {
        let id = self.create_tree().await;
        let mut tx = self.begin().await;
        let mut lb = tx.lock_load_balancer(id).await.unwrap().unwrap();
        lb.topology = Some(Topology::ActiveStandby);
        tx.save_load_balancer(&lb).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Asks for a load balancer with a listener, a pool, two members and a monitor.
    pub(crate) async fn create_tree(&self) -> Id<LoadBalancer> {
        let id = self.create().await;
        let mut tx = self.begin().await;
        let tree = tx.tree(id).await.unwrap().unwrap();
        let mut new_pool = pool(&tree.load_balancer);
        new_pool.provisioning_status = ProvisioningStatus::PendingCreate;
        tx.insert_pool(&new_pool).await.unwrap();
        let mut new_listener = listener(&tree.load_balancer);
        new_listener.default_pool_id = Some(new_pool.id);
        new_listener.provisioning_status = ProvisioningStatus::PendingCreate;
        tx.insert_listener(&new_listener).await.unwrap();
        for n in [1, 2] {
            // What is made at the same time has no order.
            self.advance(Duration::from_secs(1));
            tx.insert_member(&new_member(&new_pool, n)).await.unwrap();
        }
        let mut monitor = health_monitor(&new_pool);
        monitor.provisioning_status = ProvisioningStatus::PendingCreate;
        monitor.operating_status = OperatingStatus::Offline;
        tx.insert_health_monitor(&monitor).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// Does what the API does for a wish, or what fate does to the world.
    pub(crate) async fn wish(&self, id: Id<LoadBalancer>, wish: Wish) {
        match wish {
            Wish::RestartHost => {
                self.cloud.restart_host();
                return self.look(id).await;
            }
            Wish::LoseServer => {
                for server in self.cloud.held_servers() {
                    self.cloud.lose_server(server.id);
                }
                return self.look(id).await;
            }
            Wish::LoseOneServer => {
                // The first amphora is asked for, whatever order the cloud has.
                let first = self
                    .tree(id)
                    .await
                    .and_then(|tree| tree.amphorae[0].compute_id);
                if let Some(server) = first {
                    self.cloud.lose_server(server);
                }
                return self.look(id).await;
            }
            _ => {}
        }
        self.advance(Duration::from_secs(1));
        let mut tx = self.begin().await;
        let mut lb = tx.lock_load_balancer(id).await.unwrap().unwrap();
        let tree = tx.tree(id).await.unwrap().unwrap();
        if wish == Wish::Disable {
            lb.enabled = false;
        }
        lb.provisioning_status = match wish {
            Wish::Delete | Wish::CascadeDelete => ProvisioningStatus::PendingDelete,
            _ => ProvisioningStatus::PendingUpdate,
        };
        tx.save_load_balancer(&lb).await.unwrap();
        change_below(&mut tx, &tree, wish).await;
        match wish {
            Wish::Failover => tx.wake_for_failover(id).await.unwrap(),
            Wish::FailOverOne => {
                let first = tree.amphorae[0].id;
                tx.wake_for_amphora_failover(id, first).await.unwrap()
            }
            Wish::CascadeDelete => tx.wake_for_cascade_delete(id).await.unwrap(),
            _ => tx.wake(id).await.unwrap(),
        };
        tx.commit().await.unwrap();
    }

    async fn look(&self, id: Id<LoadBalancer>) {
        let mut tx = self.begin().await;
        tx.look(id).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn begin(&self) -> Tx {
        self.world.store.begin("test").await.unwrap()
    }

    pub(crate) async fn tree(&self, id: Id<LoadBalancer>) -> Option<LoadBalancerTree> {
        let mut tx = self.world.store.read("test.tree").await.unwrap();
        tx.tree(id).await.unwrap()
    }

    pub(crate) async fn reconciliation(&self, id: Id<LoadBalancer>) -> Reconciliation {
        let mut tx = self.world.store.read("test.reconciliation").await.unwrap();
        tx.reconciliation(id).await.unwrap().unwrap()
    }

    /// Works until there is nothing to do, with time passing where a try is due later.
    pub(crate) async fn settle(&self, id: Id<LoadBalancer>) {
        self.settle_with(id, settings()).await;
    }

    /// Works with other settings until there is nothing to do.
    pub(crate) async fn settle_with(&self, id: Id<LoadBalancer>, settings: ReconcilerSettings) {
        let reconciler = Reconciler::new(self.world.clone(), settings);
        for _ in 0..100 {
            reconciler.turn().await.unwrap();
            let reconciliation = self.reconciliation(id).await;
            if reconciliation.wanted == reconciliation.done {
                return;
            }
            self.advance(Duration::from_secs(1));
        }
        panic!("nothing settles: {:?}", self.reconciliation(id).await);
    }

    /// Describes everything there is of a load balancer, without ids.
    pub(crate) async fn describe(&self, id: Id<LoadBalancer>) -> String {
        let mut lines = match self.tree(id).await {
            Some(tree) => Self::describe_rows(&tree),
            None => vec!["no load balancer".to_owned()],
        };
        for server in self.cloud.held_servers() {
            let served = match server.status {
                ServerStatus::Active => self.agents.served(server.amphora_id),
                _ => None,
            };
            let served = served.map(|config| {
                let members = config.pools.iter().map(|pool| pool.members.len());
                let peers = config.vrrp.map_or(0, |vrrp| vrrp.peers.len());
                let peers = match peers {
                    0 => String::new(),
                    peers => format!(", {peers} peers"),
                };
                format!(
                    "generation {}, {} listeners, {} pools, {} members{peers}",
                    config.generation,
                    config.listeners.len(),
                    config.pools.len(),
                    members.sum::<usize>(),
                )
            });
            lines.push(format!("server {:?} serves {served:?}", server.status));
        }
        let mut ports: Vec<_> = self.cloud.held_ports().iter().map(kind_of).collect();
        ports.sort();
        lines.extend(ports);
        lines.join("\n")
    }

    fn describe_rows(tree: &LoadBalancerTree) -> Vec<String> {
        let lb = &tree.load_balancer;
        let mut lines = vec![format!("load balancer {}", lb.provisioning_status)];
        for listener in &tree.listeners {
            let status = listener.provisioning_status;
            lines.push(format!("listener {} {status}", listener.protocol_port));
        }
        for pool in &tree.pools {
            lines.push(format!("pool {}", pool.pool.provisioning_status));
            for member in &pool.members {
                let status = member.provisioning_status;
                lines.push(format!("member {} {status}", member.ip_address));
            }
            if let Some(monitor) = &pool.health_monitor {
                let statuses = (monitor.provisioning_status, monitor.operating_status);
                lines.push(format!("monitor {} {}", statuses.0, statuses.1));
            }
        }
        let mut amphorae: Vec<_> = tree.amphorae.iter().map(describe_amphora).collect();
        // Which of a pair was made first is chance.
        amphorae.sort();
        lines.extend(amphorae);
        lines
    }
}

fn describe_amphora(amphora: &Amphora) -> String {
    let has = (amphora.compute_id.is_some(), amphora.vrrp_ip.is_some());
    match (amphora.role, amphora.vrrp_priority) {
        (Some(role), Some(priority)) => {
            format!("amphora {} {has:?} {role} {priority}", amphora.status)
        }
        _ => format!("amphora {} {has:?}", amphora.status),
    }
}

fn kind_of(port: &octavia_cloud::Port) -> String {
    let kind = match port.purpose {
        Some(PortPurpose::Vip(_)) => "VIP",
        Some(PortPurpose::Vrrp { .. }) => "VRRP",
        Some(PortPurpose::Member { .. }) => "member",
        None => "foreign",
    };
    format!("port {kind}")
}

async fn change_below(tx: &mut Tx, tree: &LoadBalancerTree, wish: Wish) {
    let create = ProvisioningStatus::PendingCreate;
    let update = ProvisioningStatus::PendingUpdate;
    let delete = ProvisioningStatus::PendingDelete;
    match wish {
        Wish::AddListener => {
            let mut new = listener(&tree.load_balancer);
            new.protocol_port = 81;
            new.provisioning_status = create;
            tx.insert_listener(&new).await.unwrap();
        }
        Wish::DisableListener | Wish::DeleteListener => {
            let mut listener = tree.listeners[0].clone();
            listener.enabled = wish == Wish::DeleteListener;
            listener.provisioning_status = if listener.enabled { delete } else { update };
            tx.save_listener(&listener).await.unwrap();
        }
        Wish::AddPool => {
            let mut new = pool(&tree.load_balancer);
            new.provisioning_status = create;
            tx.insert_pool(&new).await.unwrap();
        }
        Wish::UpdatePool | Wish::DeletePool => {
            let mut pool = tree.pools[0].pool.clone();
            pool.enabled = wish == Wish::DeletePool;
            pool.provisioning_status = if pool.enabled { delete } else { update };
            tx.save_pool(&pool).await.unwrap();
        }
        Wish::AddMember => {
            let new = new_member(&tree.pools[0].pool, 3);
            tx.insert_member(&new).await.unwrap();
        }
        Wish::UpdateMember | Wish::DeleteMember => {
            let mut member = tree.pools[0].members[0].clone();
            member.weight = Some(Weight::try_from(7).unwrap());
            let is_update = wish == Wish::UpdateMember;
            member.provisioning_status = if is_update { update } else { delete };
            tx.save_member(&member).await.unwrap();
        }
        Wish::AddMonitor => {
            let mut new = health_monitor(&tree.pools[0].pool);
            new.provisioning_status = create;
            tx.insert_health_monitor(&new).await.unwrap();
        }
        Wish::UpdateMonitor | Wish::DeleteMonitor => {
            let mut monitor = tree.pools[0].health_monitor.clone().unwrap();
            monitor.delay = 9;
            let is_update = wish == Wish::UpdateMonitor;
            monitor.provisioning_status = if is_update { update } else { delete };
            tx.save_health_monitor(&monitor).await.unwrap();
        }
        Wish::Disable
        | Wish::Delete
        | Wish::CascadeDelete
        | Wish::Failover
        | Wish::FailOverOne
        | Wish::RestartHost
        | Wish::LoseServer
        | Wish::LoseOneServer => {}
    }
}

fn new_member(pool: &Pool, n: u8) -> Member {
    let mut member = member_at(pool, [10, 98, 0, 200 + n].into(), 8080);
    member.provisioning_status = ProvisioningStatus::PendingCreate;
    member
}

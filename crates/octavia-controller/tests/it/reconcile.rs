//! The loop itself: who works, when, and what is written down.

use std::sync::Arc;
use std::time::Duration;

use octavia_cloud::ServerStatus;
use octavia_cloud::fake::Call;
use octavia_controller::reconcile::Turn;
use octavia_model::{AmphoraStatus, ProvisioningStatus};
use octavia_testing::eventually;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::{House, Stage, Wish};

#[tokio::test]
async fn a_tree_becomes_active_in_one_turn() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    assert_eq!(stage.reconciler().turn().await.unwrap(), Turn::Worked);
    insta::assert_snapshot!(stage.describe(id).await, @r#"
    load balancer ACTIVE
    listener 80 ACTIVE
    pool ACTIVE
    member 10.98.0.201 ACTIVE
    member 10.98.0.202 ACTIVE
    monitor ACTIVE ONLINE
    amphora ALLOCATED (true, true)
    server Active serves Some("generation 1, 1 listeners, 1 pools, 2 members")
    port VIP
    port VRRP
    "#);
    assert_eq!(stage.reconciler().turn().await.unwrap(), Turn::Idle);
}

#[tokio::test]
async fn an_amphora_is_recorded_with_all_that_upstream_shows() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    let amphora = stage.tree(id).await.unwrap().amphorae.remove(0);
    let server = stage.cloud.held_servers().remove(0);
    assert_eq!(amphora.status, AmphoraStatus::Allocated);
    assert_eq!(amphora.compute_id, Some(server.id));
    assert_eq!(amphora.lb_network_ip, server.management_address);
    assert!(amphora.vrrp_ip.is_some() && amphora.vrrp_port_id.is_some());
    assert!(amphora.ha_ip.is_some() && amphora.ha_port_id.is_some());
    let end = amphora.cert_expiration.unwrap();
    assert_eq!((end - stage.now()).num_days(), 30);
}

#[tokio::test]
async fn a_new_server_is_given_its_agents_files() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    let server = stage.cloud.held_servers().remove(0);
    let files = stage.cloud.files(server.id);
    let paths: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(
        paths,
        ["agent.conf", "certs/server.pem", "certs/client_ca.pem"]
    );
}

#[tokio::test]
async fn a_change_makes_one_push_and_nothing_in_the_cloud() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    let (pushes, calls) = (stage.agents.pushes(), stage.cloud.calls().len());
    stage.wish(id, Wish::UpdateMember).await;
    stage.settle(id).await;
    assert_eq!(stage.agents.pushes(), pushes + 1);
    let calls = stage.cloud.calls().split_off(calls);
    let changes: Vec<_> = calls
        .iter()
        .filter(|call| !matches!(call, Call::ListServers | Call::ReadPorts))
        .collect();
    assert!(changes.is_empty(), "{changes:?}");
}

#[tokio::test]
async fn the_timeline_tells_what_was_done() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.settle(id).await;
    let mut tx = stage.begin().await;
    let mut events = tx.events(id, 100).await.unwrap();
    events.reverse();
    let amphora = tx.tree(id).await.unwrap().unwrap().amphorae.remove(0).id;
    let lines: Vec<_> = events
        .iter()
        .map(|event| {
            let message = event.event.message.replace(&amphora.to_string(), "A");
            format!("{:?}: {message}", event.event.kind)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Did: add an amphora as STANDALONE
    Did: make the VIP-side port of amphora A
    Did: make the server of amphora A
    Did: configure amphora A
    Did: amphora A serves
    Converged: everything is as wanted
    ");
}

#[tokio::test]
async fn a_failover_never_has_two_amphorae_on_the_vip() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    let old = stage.cloud.held_servers().remove(0).amphora_id;
    stage.wish(id, Wish::Failover).await;
    // The fake agent refuses a second one; no turn may need a second try.
    assert_eq!(stage.reconciler().turn().await.unwrap(), Turn::Worked);
    let reconciliation = stage.reconciliation(id).await;
    assert_eq!(reconciliation.wanted, reconciliation.done);
    assert_eq!(reconciliation.attempts, 0);
    let servers = stage.cloud.held_servers();
    assert_eq!(servers.len(), 1);
    assert_ne!(servers[0].amphora_id, old);
    let mut tx = stage.begin().await;
    let old = tx.amphora(old).await.unwrap().unwrap();
    assert_eq!(old.status, AmphoraStatus::Deleted);
}

#[tokio::test]
async fn a_running_reconciler_works_as_soon_as_it_is_woken() {
    let house = House::new().await;
    let stage = house.stage();
    let running = Running::start(&stage);
    let id = stage.create_tree().await;
    running.until_active(&stage, id).await;
    stage.wish(id, Wish::AddMember).await;
    running.until_active(&stage, id).await;
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_slow_to_boot_is_waited_for() {
    let house = House::new().await;
    let stage = house.stage();
    stage.cloud.new_servers_are(ServerStatus::Building);
    stage.agents.silence_all();
    let running = Running::start(&stage);
    let id = stage.create().await;
    eventually("a server", async || !stage.cloud.held_servers().is_empty()).await;
    let server = stage.cloud.held_servers().remove(0).id;
    stage.cloud.set_status(server, ServerStatus::Active);
    stage.agents.wake_all();
    running.until_active(&stage, id).await;
    assert_eq!(stage.reconciliation(id).await.attempts, 0);
    running.stop().await;
}

#[tokio::test]
async fn a_deletion_interrupts_the_wait_for_a_booting_amphora() {
    let house = House::new().await;
    let stage = house.stage();
    stage.agents.silence_all();
    let running = Running::start(&stage);
    let id = stage.create().await;
    eventually("a server", async || !stage.cloud.held_servers().is_empty()).await;
    stage.wish(id, Wish::Delete).await;
    eventually("its end", async || stage.tree(id).await.is_none()).await;
    assert!(stage.cloud.held_servers().is_empty());
    assert!(stage.cloud.held_ports().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_stop_in_the_middle_gives_the_lease_back() {
    let house = House::new().await;
    let stage = house.stage();
    stage.agents.silence_all();
    let running = Running::start(&stage);
    let id = stage.create().await;
    eventually("a server", async || !stage.cloud.held_servers().is_empty()).await;
    running.stop().await;
    stage.agents.wake_all();
    // No lease has to end first: the clock stands still.
    assert_eq!(stage.reconciler().turn().await.unwrap(), Turn::Worked);
    let tree = stage.tree(id).await.unwrap();
    assert_eq!(
        tree.load_balancer.provisioning_status,
        ProvisioningStatus::Active
    );
}

/// A reconciler that runs beside the test.
struct Running {
    token: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl Running {
    fn start(stage: &Stage) -> Self {
        let token = CancellationToken::new();
        let reconciler = Arc::new(stage.reconciler());
        #[expect(clippy::disallowed_methods, reason = "ended by the handle")]
        let task = tokio::spawn(reconciler.run(token.clone()));
        Self {
            token,
            task: AbortOnDropHandle::new(task),
        }
    }

    async fn until_active(
        &self,
        stage: &Stage,
        id: octavia_model::Id<octavia_model::LoadBalancer>,
    ) {
        eventually("ACTIVE", async || {
            let reconciliation = stage.reconciliation(id).await;
            reconciliation.wanted == reconciliation.done
        })
        .await;
    }

    async fn stop(self) {
        self.token.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        ended.unwrap().unwrap();
    }
}

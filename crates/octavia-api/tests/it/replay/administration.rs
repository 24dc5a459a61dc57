//! Recordings of what operators do.

use std::collections::BTreeMap;

use octavia_model::{
    Amphora, AmphoraRole, AmphoraStatus, Id, LoadBalancer, ProvisioningStatus, RandomIds,
    Statistics,
};

use super::scenarios::{NO_NETWORK, NOTHING, SUBNET, Scenario};
use super::{Step, replay};
use crate::world::{PROJECT, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flavors_and_zones() {
    replay(Scenario {
        file: "offers",
        // Stands for the one of another provider that was there when it was recorded.
        before: &[(
            "az-delete",
            Step::Make(
                "loadbalancer",
                r#"{
                    "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
                    "availability_zone": "az1"
                }"#,
                "",
            ),
        )],
        any_order: &["fp-list", "fp-filter-provider", "azp-list", "f-list-user"],
        left_out: &[("lb-az-noop-provider", NO_NETWORK)],
        ..NOTHING
    })
    .await;
}

const fn counted(amphora: &'static str, n: i64) -> Step {
    let counters = Statistics {
        bytes_in: 99 + n,
        bytes_out: 199 + n,
        active_connections: 2 + n,
        total_connections: 999 + n,
        request_errors: 6 + n,
    };
    Step::Counted(amphora, "<listener>", counters)
}

const FIRST: &str = "<uuid-30>";
const SECOND: &str = "<uuid-34>";

/// What happened between the calls about amphorae.
const AMONG_AMPHORAE: &[(&str, Step)] = &[
    ("amp-stats", counted(FIRST, 1)),
    ("amp-stats", counted(SECOND, 2)),
    (
        "listener-stats-1-error",
        Step::Became(SECOND, AmphoraStatus::Error),
    ),
    (
        "amp-failover-user",
        Step::Became(SECOND, AmphoraStatus::Allocated),
    ),
    (
        "amp-list-after-failover",
        Step::Became(FIRST, AmphoraStatus::Deleted),
    ),
    (
        "amp-list-after-failover",
        Step::Amphora("<uuid-29>", AmphoraRole::Master, "198.51.100.56"),
    ),
    (
        "amp-delete-error",
        Step::Became(SECOND, AmphoraStatus::Error),
    ),
    (
        "amp-delete-again",
        Step::Became(SECOND, AmphoraStatus::Deleted),
    ),
    ("amp-failover-lb-pending", Step::Lock("<uuid-29>")),
    (
        "amp-failover-lb-error",
        Step::Break("loadbalancer", "<uuid-29>"),
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amphorae() {
    replay(Scenario {
        file: "amphorae",
        setup: &[
            Step::Make("loadbalancer", SUBNET, "<one>"),
            Step::Amphora("<one>", AmphoraRole::Backup, "198.51.100.1"),
            Step::Amphora("<one>", AmphoraRole::Master, "198.51.100.1"),
            Step::Make("loadbalancer", SUBNET, "<two>"),
            Step::Amphora("<two>", AmphoraRole::Master, "198.51.100.1"),
            Step::Make("loadbalancer", SUBNET, "<uuid-29>"),
            Step::Make(
                "listener",
                r#"{"loadbalancer_id": "<uuid-29>", "protocol": "HTTP", "protocol_port": 80}"#,
                "<listener>",
            ),
            Step::Amphora("<uuid-29>", AmphoraRole::Master, "198.51.100.1"),
            Step::Amphora("<uuid-29>", AmphoraRole::Backup, "198.51.100.1"),
        ],
        before: AMONG_AMPHORAE,
        left_out: &[],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas() {
    replay(Scenario {
        file: "quotas",
        setup: &[Step::Known(PROJECT)],
        ..NOTHING
    })
    .await;
}

pub(super) async fn know(world: &World, project: &str) {
    let mut tx = world.store.begin("test.quota").await.unwrap();
    tx.lock_quota(project).await.unwrap();
    tx.commit().await.unwrap();
}

pub(crate) async fn lock(world: &World, id: &str) {
    let mut tx = world.store.begin("test.lock").await.unwrap();
    let id: Id<LoadBalancer> = id.parse().unwrap();
    let mut locked = tx.load_balancer(id).await.unwrap().unwrap();
    locked.provisioning_status = ProvisioningStatus::PendingUpdate;
    tx.save_load_balancer(&locked).await.unwrap();
    tx.commit().await.unwrap();
}

/// Writes what a worker writes when it has made an amphora.
pub(super) async fn make_amphora(world: &World, owner: &str, role: AmphoraRole, address: &str) {
    let mut tx = world.store.begin("test.amphora").await.unwrap();
    let owner = tx.load_balancer(owner.parse().unwrap()).await.unwrap();
    let made = Amphora {
        id: Id::new(&RandomIds),
        role: Some(role),
        lb_network_ip: "192.0.2.1".parse().ok(),
        vrrp_ip: address.parse().ok(),
        ha_port_id: Some(Id::new(&RandomIds)),
        cert_expiration: "2026-02-01T00:00:00Z".parse().ok(),
        vrrp_priority: Some(if role == AmphoraRole::Master { 100 } else { 90 }),
        ..octavia_testing::amphora(&owner.unwrap())
    };
    tx.insert_amphora(&made).await.unwrap();
    tx.save_amphora(&made).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn change_amphora(world: &World, id: &str, status: AmphoraStatus) {
    let mut tx = world.store.begin("test.amphora").await.unwrap();
    let mut amphora = tx.amphora(id.parse().unwrap()).await.unwrap().unwrap();
    amphora.status = status;
    tx.save_amphora(&amphora).await.unwrap();
    tx.commit().await.unwrap();
}

pub(super) async fn count(world: &World, amphora: &str, listener: &str, counters: Statistics) {
    let mut tx = world.store.begin("test.count").await.unwrap();
    let counters = BTreeMap::from([(listener.parse().unwrap(), counters)]);
    tx.add_statistics(amphora.parse().unwrap(), &counters)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

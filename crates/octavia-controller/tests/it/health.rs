//! The health manager, by its UDP port.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;
use octavia_amphora_api::heartbeat::{Heartbeat, Key, ListenerBeat, PoolBeat, PoolKey, Traffic};
use octavia_amphora_api::report::{ListenerStatus, MemberStatus, PoolStatus};
use octavia_controller::HealthManager;
use octavia_controller::config::HealthConfig;
use octavia_model::{
    Amphora, AmphoraHealth, AmphoraStatus, Id, LoadBalancer, OperatingStatus, ProvisioningStatus,
    Secret, Statistics,
};
use octavia_testing::eventually;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::stage::{House, Stage};

const KEY: &str = "insecure";

/// A health manager that runs beside the test, and an amphora's end of the wire.
struct Running {
    token: CancellationToken,
    task: AbortOnDropHandle<()>,
    counts: std::sync::Arc<octavia_controller::health::Counts>,
    address: SocketAddr,
    socket: UdpSocket,
}

fn config() -> HealthConfig {
    HealthConfig {
        bind_port: 0,
        heartbeat_key: Secret::new(KEY.to_owned()),
        health_check_interval: Duration::from_millis(5),
        write_interval: Duration::from_millis(5),
        server_check_interval: Duration::from_millis(5),
        ..HealthConfig::default()
    }
}

impl Running {
    async fn start(stage: &Stage, config: HealthConfig) -> Self {
        let manager = HealthManager::bind(stage.world.clone(), config)
            .await
            .unwrap();
        let token = CancellationToken::new();
        let (counts, address) = (manager.counts(), manager.local_address().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ended by the handle")]
        let task = tokio::spawn(manager.run(token.clone()));
        Self {
            task: AbortOnDropHandle::new(task),
            token,
            counts,
            address,
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    async fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.address).await.unwrap();
    }

    async fn beat(&self, heartbeat: &Heartbeat) {
        let key = Key::new(KEY.as_bytes());
        self.send(&heartbeat.encode(&key).unwrap()).await;
    }

    async fn stop(self) {
        self.token.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.task).await;
        ended.unwrap().unwrap();
    }
}

/// A load balancer with children that works, and its amphora.
async fn working(stage: &Stage) -> (Id<LoadBalancer>, Id<Amphora>) {
    let id = stage.create_tree().await;
    stage.settle(id).await;
    let amphora = stage.tree(id).await.unwrap().amphorae.remove(0).id;
    (id, amphora)
}

/// Makes a heartbeat: all works but the first member, which is as said.
async fn heartbeat(stage: &Stage, id: Id<LoadBalancer>, first: MemberStatus) -> Heartbeat {
    let tree = stage.tree(id).await.unwrap();
    let (listener, pool) = (tree.listeners[0].id.uuid(), &tree.pools[0]);
    let members = pool.members.iter().enumerate().map(|(n, member)| {
        let status = if n == 0 { first } else { MemberStatus::Up };
        (member.id.uuid(), status.into())
    });
    Heartbeat {
        amphora_id: tree.amphorae[0].id.uuid(),
        seq: 1,
        version: 3,
        listeners: BTreeMap::from([(
            listener,
            ListenerBeat {
                status: ListenerStatus::Open.into(),
                statistics: Traffic {
                    bytes_in: 10,
                    bytes_out: 20,
                    active_connections: 1,
                    total_connections: 3,
                    request_errors: 0,
                },
            },
        )]),
        pools: BTreeMap::from([(
            PoolKey {
                pool_id: pool.pool.id.uuid(),
                listener_id: Some(listener),
            },
            PoolBeat {
                status: PoolStatus::Up.into(),
                members: members.collect(),
            },
        )]),
        generation: Some(1),
        sent_at: Some(stage.now()),
        causes: BTreeMap::from([(
            pool.members[0].id.uuid(),
            "connect: connection refused".to_owned(),
        )]),
    }
}

async fn health_of(stage: &Stage, amphora: Id<Amphora>) -> Option<AmphoraHealth> {
    let mut tx = stage.begin().await;
    let rows = tx.amphora_health().await.unwrap();
    rows.into_iter().find(|row| row.amphora_id == amphora)
}

/// Has amphorae be heard just now, all at once.
async fn hear(stage: &Stage, amphorae: impl IntoIterator<Item = Id<Amphora>>) {
    let last_update = stage.now();
    let rows = amphorae.into_iter().map(|amphora_id| AmphoraHealth {
        amphora_id,
        last_update,
        busy: false,
    });
    let rows: Vec<_> = rows.collect();
    let mut tx = stage.begin().await;
    tx.save_amphora_health(&rows).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_heartbeat_sets_statuses_statistics_and_the_sign_of_life() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, amphora) = working(&stage).await;
    let running = Running::start(&stage, config()).await;
    running
        .beat(&heartbeat(&stage, id, MemberStatus::Down).await)
        .await;
    eventually("the status", async || {
        let tree = stage.tree(id).await.unwrap();
        tree.load_balancer.operating_status == OperatingStatus::Degraded
    })
    .await;
    let tree = stage.tree(id).await.unwrap();
    let statuses: Vec<_> = tree.pools[0]
        .members
        .iter()
        .map(|m| m.operating_status)
        .collect();
    assert_eq!(statuses, [OperatingStatus::Error, OperatingStatus::Online]);
    assert_eq!(
        tree.pools[0].pool.operating_status,
        OperatingStatus::Degraded
    );
    assert_eq!(tree.listeners[0].operating_status, OperatingStatus::Online);
    let health = health_of(&stage, amphora).await.unwrap();
    assert_eq!(health.last_update, stage.now());
    let mut tx = stage.begin().await;
    let statistics = tx.load_balancer_statistics(id).await.unwrap();
    assert_eq!((statistics.bytes_in, statistics.total_connections), (10, 3));
    let events = tx.events(id, 20).await.unwrap();
    let told = |text: &str| {
        events
            .iter()
            .any(|event| event.event.message.contains(text))
    };
    assert!(told("connection refused") && told("the load balancer is DEGRADED"));
    drop(tx);
    running.stop().await;
}

#[tokio::test]
async fn an_amphora_that_is_to_go_or_serves_nothing_yet_is_alive_and_sets_no_status() {
    let house = House::new().await;
    let stage = house.stage();
    let (empty, going) = (working(&stage).await, working(&stage).await);
    let mut tx = stage.begin().await;
    let row = tx.amphora(going.1).await.unwrap().unwrap();
    let status = AmphoraStatus::PendingDelete;
    tx.save_amphora(&Amphora { status, ..row }).await.unwrap();
    tx.commit().await.unwrap();
    let running = Running::start(&stage, config()).await;
    for (id, _) in [empty, going] {
        let mut beat = heartbeat(&stage, id, MemberStatus::Up).await;
        beat.generation = beat.generation.filter(|_| id == going.0);
        running.beat(&beat).await;
    }
    for (id, amphora) in [empty, going] {
        eventually("a sign of life", async || {
            health_of(&stage, amphora).await.is_some()
        })
        .await;
        let tree = stage.tree(id).await.unwrap();
        let statuses = tree.pools[0].members.iter().map(|m| m.operating_status);
        assert!(statuses.eq([OperatingStatus::NoMonitor; 2]));
    }
    running.stop().await;
}

#[tokio::test]
async fn an_amphora_that_lost_its_configuration_is_given_it_again() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, amphora) = working(&stage).await;
    stage.agents.forget(amphora);
    let running = Running::start(&stage, config()).await;
    let mut beat = heartbeat(&stage, id, MemberStatus::Up).await;
    beat.generation = None;
    beat.listeners.clear();
    beat.pools.clear();
    running.beat(&beat).await;
    let reconciler = stage.reconciler();
    eventually("it serves", async || {
        reconciler.turn().await.unwrap();
        stage.agents.served(amphora).is_some()
    })
    .await;
    running.stop().await;
}

#[tokio::test]
async fn what_was_heard_before_a_stop_is_written() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, _) = working(&stage).await;
    let slow = HealthConfig {
        write_interval: Duration::from_hours(1),
        ..config()
    };
    let running = Running::start(&stage, slow).await;
    let first = heartbeat(&stage, id, MemberStatus::Up).await;
    running.beat(&first).await;
    // It says nothing new, so nobody hurries to write it.
    let second = Heartbeat {
        seq: 2,
        sent_at: Some(stage.now() + TimeDelta::milliseconds(1)),
        ..first
    };
    running.beat(&second).await;
    let counts = std::sync::Arc::clone(&running.counts);
    eventually("both", async || {
        counts.accepted.load(Ordering::Relaxed) == 2
    })
    .await;
    running.stop().await;
    let mut tx = stage.begin().await;
    let statistics = tx.load_balancer_statistics(id).await.unwrap();
    assert_eq!(
        statistics,
        Statistics {
            bytes_in: 20,
            bytes_out: 40,
            active_connections: 1,
            total_connections: 6,
            request_errors: 0
        }
    );
}

#[tokio::test]
async fn a_repeated_or_forged_heartbeat_changes_nothing() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, _) = working(&stage).await;
    let running = Running::start(&stage, config()).await;
    let beat = heartbeat(&stage, id, MemberStatus::Up).await;
    let forged = beat.encode(&Key::new(b"another key")).unwrap();
    running.send(&forged).await;
    running.send(b"nonsense").await;
    running.beat(&beat).await;
    running.beat(&beat).await;
    let counts = std::sync::Arc::clone(&running.counts);
    eventually("all four", async || {
        let believed = counts.accepted.load(Ordering::Relaxed);
        believed + counts.unauthentic.load(Ordering::Relaxed) == 4
    })
    .await;
    running.stop().await;
    assert_eq!(counts.unauthentic.load(Ordering::Relaxed), 2);
    let mut tx = stage.begin().await;
    let statistics = tx.load_balancer_statistics(id).await.unwrap();
    assert_eq!(statistics.bytes_in, 10);
}

#[tokio::test]
async fn a_silent_amphora_that_does_not_answer_is_replaced() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, old) = working(&stage).await;
    hear(&stage, [old]).await;
    stage.agents.silence(old);
    let running = Running::start(&stage, config()).await;
    stage.advance(Duration::from_secs(61));
    eventually("a failover", async || {
        let reconciliation = stage.reconciliation(id).await;
        reconciliation.wanted > reconciliation.done
    })
    .await;
    let status = stage.world.store.provisioning_status(id).await.unwrap();
    assert_eq!(status, Some(ProvisioningStatus::PendingUpdate));
    stage.settle(id).await;
    let amphorae = stage.tree(id).await.unwrap().amphorae;
    assert_eq!(amphorae.len(), 1);
    assert_ne!(amphorae[0].id, old);
    assert_eq!(health_of(&stage, old).await, None);
    running.stop().await;
}

#[tokio::test]
async fn a_silent_amphora_that_answers_is_left_alone() {
    let house = House::new().await;
    let stage = house.stage();
    let (answers, dead) = (working(&stage).await, working(&stage).await);
    hear(&stage, [answers.1, dead.1]).await;
    stage.agents.silence(dead.1);
    let running = Running::start(&stage, config()).await;
    stage.advance(Duration::from_secs(61));
    // When the dead one was found, the other was judged in the same round.
    eventually("a failover", async || {
        stage.reconciliation(dead.0).await.failover
    })
    .await;
    running.stop().await;
    assert!(!stage.reconciliation(answers.0).await.failover);
}

#[tokio::test]
async fn nobody_is_failed_over_when_most_of_the_fleet_is_silent() {
    let house = House::new().await;
    let stage = house.stage();
    let mut fleet = Vec::new();
    for _ in 0..4 {
        fleet.push(working(&stage).await);
    }
    hear(&stage, fleet.iter().map(|(_, amphora)| *amphora)).await;
    stage.agents.silence_all();
    let running = Running::start(&stage, config()).await;
    stage.advance(Duration::from_secs(61));
    // Three of four come back, after which the last one is believed to be dead.
    for (id, _) in &fleet {
        assert!(!stage.reconciliation(*id).await.failover);
    }
    hear(&stage, fleet[1..].iter().map(|(_, amphora)| *amphora)).await;
    eventually("a failover", async || {
        stage.reconciliation(fleet[0].0).await.failover
    })
    .await;
    running.stop().await;
    for (id, _) in &fleet[1..] {
        assert!(!stage.reconciliation(*id).await.failover);
    }
}

#[tokio::test]
async fn a_spent_budget_makes_the_rest_wait() {
    let house = House::new().await;
    let stage = house.stage();
    let (first, second) = (working(&stage).await, working(&stage).await);
    let spare = [working(&stage).await, working(&stage).await];
    hear(&stage, [first.1, second.1, spare[0].1, spare[1].1]).await;
    for amphora in [first.1, second.1] {
        stage.agents.silence(amphora);
    }
    let poor = HealthConfig {
        failover_threads: 1,
        failover_rate: 1,
        ..config()
    };
    let running = Running::start(&stage, poor).await;
    stage.advance(Duration::from_secs(61));
    hear(&stage, spare.map(|(_, amphora)| amphora)).await;
    let begun = async || {
        let flags = [first.0, second.0].map(|id| stage.reconciliation(id));
        let flags = futures_util::future::join_all(flags).await;
        flags
            .iter()
            .filter(|reconciliation| reconciliation.failover)
            .count()
    };
    eventually("the first failover", async || begun().await == 1).await;
    // The other one's turn comes with the next token, a minute later.
    stage.advance(Duration::from_secs(30));
    assert_eq!(begun().await, 1);
    hear(&stage, spare.map(|(_, amphora)| amphora)).await;
    stage.advance(Duration::from_secs(31));
    eventually("the second failover", async || begun().await == 2).await;
    running.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let house = House::new().await;
    let stage = house.stage();
    let running = Running::start(&stage, config()).await;
    let taken = HealthConfig {
        bind_port: running.address.port(),
        ..config()
    };
    let refused = HealthManager::bind(stage.world.clone(), taken).await;
    let message = refused.map(drop).unwrap_err().chain();
    assert!(message.contains(&running.address.to_string()), "{message}");
    running.stop().await;
}

#[tokio::test]
async fn the_threshold_stops_failovers_and_shows_it() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, amphora) = working(&stage).await;
    hear(&stage, [amphora]).await;
    stage.agents.silence_all();
    let held = HealthConfig {
        failover_threshold: Some(1),
        ..config()
    };
    let running = Running::start(&stage, held).await;
    stage.advance(Duration::from_secs(61));
    let status = async || stage.tree(id).await.unwrap().amphorae[0].status;
    eventually("it is held", async || {
        status().await == AmphoraStatus::FailoverStopped
    })
    .await;
    hear(&stage, [amphora]).await;
    eventually("it is back", async || {
        status().await == AmphoraStatus::Allocated
    })
    .await;
    running.stop().await;
    assert!(!stage.reconciliation(id).await.failover);
}

#[tokio::test]
async fn an_amphora_that_was_never_heard_is_an_alarm() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, _) = working(&stage).await;
    let running = Running::start(&stage, config()).await;
    stage.advance(Duration::from_secs(61));
    eventually("an alarm", async || {
        let mut tx = stage.begin().await;
        let events = tx.events(id, 100).await.unwrap();
        let mut messages = events.iter().map(|event| &event.event.message);
        messages.any(|message| message.contains("was never heard"))
    })
    .await;
    running.stop().await;
    assert!(!stage.reconciliation(id).await.failover);
}

#[tokio::test]
async fn a_stopped_server_is_started_without_waiting_for_silence() {
    let house = House::new().await;
    let stage = house.stage();
    let (id, _) = working(&stage).await;
    let before = stage.describe(id).await;
    stage.cloud.restart_host();
    assert_ne!(stage.describe(id).await, before);
    let running = Running::start(&stage, config()).await;
    let reconciler = stage.reconciler();
    eventually("it is as before", async || {
        reconciler.turn().await.unwrap();
        stage.describe(id).await == before
    })
    .await;
    running.stop().await;
}

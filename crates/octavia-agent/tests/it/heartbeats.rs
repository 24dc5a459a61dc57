use std::time::Duration;

use octavia_amphora_api::Heartbeat;
use octavia_amphora_api::report::{
    ListenerStatus, MemberReport, MemberStatus, PoolReport, PoolStatus,
};
use uuid::Uuid;

use crate::amphora::{AMPHORA, Amphora, HealthManager, LISTENER, Running, document};

const POOL: Uuid = Uuid::from_u128(0x9090);
const MEMBER: Uuid = Uuid::from_u128(0x3e3e);

fn amphora_of(health_managers: &[&HealthManager]) -> Amphora {
    let mut amphora = Amphora::new();
    amphora.config.controllers = health_managers.iter().map(|each| each.address()).collect();
    amphora
}

fn bytes_in(heartbeat: &Heartbeat) -> u64 {
    heartbeat.listeners[&LISTENER].statistics.bytes_in
}

fn count_and_tell(running: &Running, bytes: u64) {
    running.data_plane.count(bytes);
    running.data_plane.change(|_| {});
}

#[tokio::test]
async fn the_first_heartbeat_comes_at_once_and_finds_the_agent_reachable() {
    let health_manager = HealthManager::new().await;
    let amphora = amphora_of(&[&health_manager]);
    let running = amphora.start().await;
    let heartbeat = health_manager.hear().await;
    assert_eq!(heartbeat.amphora_id, AMPHORA);
    assert_eq!(heartbeat.seq, 0);
    assert!(heartbeat.listeners.is_empty() && heartbeat.pools.is_empty());
    assert_eq!(heartbeat.generation, None);
    assert!(heartbeat.sent_at.is_some());
    running.controller.status().await;
    running.stop().await;
}

#[tokio::test]
async fn a_served_document_is_told_at_once() {
    let health_manager = HealthManager::new().await;
    let amphora = amphora_of(&[&health_manager]);
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    let heartbeat = health_manager
        .hear_until(|beat| beat.generation == Some(7))
        .await;
    assert_eq!(
        heartbeat.listeners[&LISTENER].status,
        ListenerStatus::Open.into()
    );
    running.stop().await;
}

#[tokio::test]
async fn a_change_is_told_at_once_with_its_cause() {
    let health_manager = HealthManager::new().await;
    let amphora = amphora_of(&[&health_manager]);
    let running = amphora.start().await;
    running.data_plane.change(|report| {
        let member = MemberReport {
            id: MEMBER,
            status: MemberStatus::Down,
            cause: Some("connect: connection refused".to_owned()),
            check_duration_us: None,
        };
        let pool = |listener_id| PoolReport {
            id: POOL,
            listener_id,
            status: PoolStatus::Down,
            members: vec![member.clone()],
        };
        report.pools = vec![pool(Some(LISTENER)), pool(None)];
    });
    let heartbeat = health_manager
        .hear_until(|beat| !beat.pools.is_empty())
        .await;
    assert_eq!(
        heartbeat.pools.len(),
        1,
        "the pool that nothing uses is not told"
    );
    let (key, pool) = heartbeat.pools.first_key_value().unwrap();
    assert_eq!(key.to_string(), format!("{POOL}:{LISTENER}"));
    assert_eq!(pool.members[&MEMBER], MemberStatus::Down.into());
    assert_eq!(heartbeat.causes[&MEMBER], "connect: connection refused");
    running.stop().await;
}

#[tokio::test]
async fn heartbeats_come_each_interval_with_what_was_added() {
    let health_manager = HealthManager::new().await;
    let mut amphora = amphora_of(&[&health_manager]);
    amphora.config.heartbeat_interval = Duration::from_millis(10);
    let running = amphora.start().await;
    running.controller.push(&document(1)).await;
    let (mut heard, mut last) = (0, None);
    for _ in 0..5 {
        running.data_plane.count(100);
    }
    while heard < 500 {
        let heartbeat = health_manager
            .hear_until(|beat| !beat.listeners.is_empty())
            .await;
        heard += bytes_in(&heartbeat);
        assert!(last < Some(heartbeat.seq));
        last = Some(heartbeat.seq);
    }
    assert_eq!(heard, 500);
    running.stop().await;
}

#[tokio::test]
async fn a_change_is_told_to_every_controller_and_counted_once() {
    let (first, second) = (HealthManager::new().await, HealthManager::new().await);
    let amphora = amphora_of(&[&first, &second]);
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    for health_manager in [&first, &second] {
        health_manager
            .hear_until(|beat| beat.generation == Some(7))
            .await;
    }
    count_and_tell(&running, 300);
    let heard = bytes_in(&first.hear().await) + bytes_in(&second.hear().await);
    assert_eq!(heard, 300);
    running.stop().await;
}

#[tokio::test]
async fn controllers_take_turns() {
    let (first, second) = (HealthManager::new().await, HealthManager::new().await);
    let mut amphora = amphora_of(&[&first, &second]);
    amphora.config.heartbeat_interval = Duration::from_millis(10);
    let running = amphora.start().await;
    let beats = [
        first.hear().await,
        second.hear().await,
        first.hear().await,
        second.hear().await,
    ];
    let mut seqs = beats.map(|beat| beat.seq);
    seqs.sort_unstable();
    assert_eq!(seqs, [0, 1, 2, 3]);
    running.stop().await;
}

#[tokio::test]
async fn a_controller_that_was_away_hears_soon_and_misses_no_byte() {
    let health_manager = HealthManager::new().await;
    let amphora = amphora_of(&[&health_manager]);
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    health_manager
        .hear_until(|beat| beat.generation == Some(7))
        .await;
    let address = health_manager.address();
    drop(health_manager);

    count_and_tell(&running, 300);
    running.data_plane.count(20);
    let health_manager = HealthManager::at(address).await;
    let heartbeat = health_manager.hear().await;
    assert_eq!(bytes_in(&heartbeat), 320);
    running.stop().await;
}

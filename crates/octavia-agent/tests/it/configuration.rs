use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;

use octavia_agent::Rejected;
use octavia_amphora_api::agent::{Applied, RefusalReason};
use octavia_amphora_api::config::{Certificate, ListenerTls, TlsVersion};
use octavia_amphora_api::{AmphoraConfig, SecretText};
use serde_json::json;
use uuid::Uuid;

use crate::amphora::{Amphora, HealthManager, document, refusal};
use crate::data_plane::FakeDataPlane;

#[tokio::test]
async fn what_was_pushed_is_served_again_after_a_restart_without_a_controller() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let answer = running.controller.push(&document(7)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Applied>().await.unwrap().generation, 7);
    assert_eq!(running.data_plane.generation(), Some(7));
    running.stop().await;

    let running = amphora.start().await;
    assert_eq!(running.data_plane.generation(), Some(7));
    assert_eq!(running.controller.status().await.report.generation, Some(7));
    running.stop().await;
}

#[tokio::test]
async fn an_older_generation_is_refused_also_after_a_restart() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    running.stop().await;

    let running = amphora.start().await;
    let (status, refusal) = refusal(running.controller.push(&document(6)).await).await;
    assert_eq!(
        (status.as_u16(), refusal.reason),
        (409, RefusalReason::Outdated)
    );
    assert_eq!(refusal.message, "generation 7 is newer than 6");
    assert_eq!(running.data_plane.generation(), Some(7));
    running.stop().await;
}

#[tokio::test]
async fn a_document_for_another_amphora_is_refused() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let other = AmphoraConfig {
        amphora_id: Uuid::from_u128(9),
        ..document(1)
    };
    let (status, refusal) = refusal(running.controller.push(&other).await).await;
    assert_eq!(
        (status.as_u16(), refusal.reason),
        (409, RefusalReason::Misdirected)
    );
    assert_eq!(running.data_plane.generation(), None);
    running.stop().await;
}

#[tokio::test]
async fn a_document_that_is_not_understood_is_refused_by_name() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let mut newer = serde_json::to_value(document(1)).unwrap();
    newer["listeners"][0]["teleport"] = json!(true);
    let (status, unknown) = refusal(
        running
            .controller
            .put("/v1/config", newer.to_string())
            .await,
    )
    .await;
    assert_eq!(
        (status.as_u16(), unknown.reason),
        (400, RefusalReason::Invalid)
    );
    assert!(unknown.message.contains("teleport"), "{}", unknown.message);

    let (status, _) = refusal(running.controller.put("/v1/config", "{").await).await;
    assert_eq!(status, 400);
    let huge = running
        .controller
        .put("/v1/config", vec![b' '; 9 * 1024 * 1024])
        .await;
    assert_eq!(huge.status(), 413);
    running.stop().await;
}

#[tokio::test]
async fn the_same_document_is_answered_without_being_applied_again() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    for _ in 0..3 {
        assert_eq!(running.controller.push(&document(7)).await.status(), 200);
    }
    assert_eq!(running.data_plane.state().applied, 1);
    let changed = AmphoraConfig {
        vips: Vec::new(),
        ..document(7)
    };
    assert_eq!(running.controller.push(&changed).await.status(), 200);
    assert_eq!(running.data_plane.state().applied, 2);
    running.stop().await;
}

#[tokio::test]
async fn a_refused_document_leaves_what_was_served_also_after_a_restart() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    for (rejected, code, reason) in [
        (
            Rejected::Invalid("no".to_owned()),
            400,
            RefusalReason::Invalid,
        ),
        (
            Rejected::Host("in use".to_owned()),
            500,
            RefusalReason::Host,
        ),
    ] {
        running.data_plane.state().rejects = Some(rejected);
        let (status, refusal) = refusal(running.controller.push(&document(8)).await).await;
        assert_eq!((status.as_u16(), refusal.reason), (code, reason));
    }
    assert_eq!(running.data_plane.generation(), Some(7));
    running.stop().await;

    let running = amphora.start().await;
    assert_eq!(running.data_plane.generation(), Some(7));
    running.stop().await;
}

#[tokio::test]
async fn a_full_disk_refuses_the_document_and_leaves_what_was_served() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    let temporary = amphora.config.base_path.join("config.json.new");
    symlink("/dev/full", temporary).unwrap();

    let (status, refused) = refusal(running.controller.push(&document(8)).await).await;
    assert_eq!(
        (status.as_u16(), refused.reason),
        (500, RefusalReason::Host)
    );
    assert!(
        refused.message.contains("No space left"),
        "{}",
        refused.message
    );
    assert_eq!(running.data_plane.generation(), Some(7));

    assert_eq!(running.controller.push(&document(8)).await.status(), 200);
    running.stop().await;
}

#[tokio::test]
async fn an_agent_with_a_damaged_document_runs_and_says_so() {
    let amphora = Amphora::new();
    amphora.store(b"{\"generation\": 7, ");
    let running = amphora.start().await;
    let fault = running.controller.status().await.fault.unwrap();
    assert!(fault.contains("config.json cannot be read: EOF"), "{fault}");

    assert_eq!(running.controller.push(&document(1)).await.status(), 200);
    assert_eq!(running.controller.status().await.fault, None);
    running.stop().await;
}

#[tokio::test]
async fn a_stored_document_of_another_amphora_is_not_served() {
    let amphora = Amphora::new();
    let other = AmphoraConfig {
        amphora_id: Uuid::from_u128(9),
        ..document(1)
    };
    amphora.store(&serde_json::to_vec(&other).unwrap());
    let running = amphora.start().await;
    let fault = running.controller.status().await.fault.unwrap();
    assert!(fault.contains("it is for amphora"), "{fault}");
    assert_eq!(running.data_plane.generation(), None);
    running.stop().await;
}

#[tokio::test]
async fn what_the_host_refused_at_the_start_is_tried_again() {
    let health_manager = HealthManager::new().await;
    let mut amphora = Amphora::new();
    amphora.config.controllers = vec![health_manager.address()];
    amphora.store(&serde_json::to_vec(&document(7)).unwrap());
    let data_plane = Arc::new(FakeDataPlane::default());
    data_plane.state().rejects = Some(Rejected::Host("listener 80: in use".to_owned()));

    let running = amphora.start_with(Arc::clone(&data_plane)).await;
    assert_eq!(health_manager.hear().await.generation, None);
    let fault = running.controller.status().await.fault;
    assert_eq!(
        fault.as_deref(),
        Some("generation 7 is stored and not served: listener 80: in use")
    );

    data_plane.state().rejects = None;
    health_manager
        .hear_until(|beat| beat.generation == Some(7))
        .await;
    assert_eq!(running.controller.status().await.fault, None);
    running.stop().await;
}

#[tokio::test]
async fn what_is_forgotten_is_closed_and_not_served_again() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    for _ in 0..2 {
        assert_eq!(running.controller.forget().await, 204);
    }
    assert_eq!(running.data_plane.generation(), None);
    assert_eq!(running.controller.status().await.report.generation, None);
    running.stop().await;

    let running = amphora.start().await;
    assert_eq!(running.data_plane.generation(), None);
    assert_eq!(running.controller.push(&document(1)).await.status(), 200);
    running.stop().await;
}

/// Returns the files below a directory that hold `text`.
fn holders(directory: &std::path::Path, text: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    let (directories, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|p| p.is_dir());
    let holds = |path: &std::path::PathBuf| {
        let content = std::fs::read(path).unwrap();
        String::from_utf8_lossy(&content).contains(text)
    };
    let below = directories.iter().flat_map(|below| holders(below, text));
    files.into_iter().filter(holds).chain(below).collect()
}

#[tokio::test]
async fn a_tenants_key_is_kept_for_the_agent_alone_and_served_after_a_restart() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let mut wanted = document(7);
    wanted.listeners[0].tls = Some(ListenerTls {
        certificates: vec![Certificate {
            chain: "a certificate".to_owned(),
            key: SecretText::new("the key of a tenant"),
        }],
        versions: vec![TlsVersion::V1_3],
        ciphers: Vec::new(),
        alpn: Vec::new(),
        client_certificates: None,
        hsts: None,
        ticket_keys: Vec::new(),
    });
    assert_eq!(running.controller.push(&wanted).await.status(), 200);
    running.stop().await;
    let files = holders(&amphora.config.base_path, "the key of a tenant");
    assert_eq!(files.len(), 1, "{files:?}");
    let mode = std::fs::metadata(&files[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let running = amphora.start().await;
    assert_eq!(running.data_plane.generation(), Some(7));
    running.stop().await;
}

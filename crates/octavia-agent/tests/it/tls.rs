use octavia_amphora_api::agent::RefusalReason;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::amphora::{AMPHORA, Amphora, Controller, refusal};
use crate::authority::Authority;

#[tokio::test]
async fn a_controller_gets_the_status() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let status = running.controller.status().await;
    assert_eq!(status.amphora_id, AMPHORA);
    assert_eq!(status.report.generation, None);
    assert_eq!(status.fault, None);
    running.stop().await;
}

#[tokio::test]
async fn the_version_document_answers_with_one_slash_and_with_two() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    for path in ["/", "//"] {
        let answer = running.controller.get(path).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), r#"{"api_version":"2.0"}"#);
    }
    let unknown = running.controller.get("/1.0/info").await.unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.headers()["content-type"], "application/json");
    running.stop().await;
}

#[tokio::test]
async fn nobody_without_a_certificate_of_the_authority_gets_in() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let strangers = [
        None,
        Some(Authority::new().controller()),
        // The same authority signs amphorae, and one must not command another.
        Some(amphora.authority.amphora(Uuid::from_u128(9))),
    ];
    for identity in strangers {
        let ca = amphora.authority.pem();
        let stranger = Controller::new(running.agent.address(), ca, identity.as_deref());
        stranger.get("/v1/status").await.unwrap_err();
    }
    running.controller.status().await;
    running.stop().await;
}

#[tokio::test]
async fn clients_that_say_nothing_keep_nobody_out() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let mut silent = Vec::new();
    for _ in 0..32 {
        silent.push(TcpStream::connect(running.agent.address()).await.unwrap());
    }
    running.controller.status().await;
    running.stop().await;
}

#[tokio::test]
async fn a_new_certificate_is_used_by_the_next_handshake() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let next = Authority::new();
    let identity = amphora.authority.controller();
    let follower = Controller::new(running.agent.address(), next.pem(), Some(&identity));
    follower.get("/v1/status").await.unwrap_err();

    let pem = next.amphora(AMPHORA);
    let replaced = running.controller.put("/v1/certificate", pem.clone()).await;
    assert_eq!(replaced.status(), 204);

    follower.status().await;
    running.controller.get("/v1/status").await.unwrap_err();
    let file = std::fs::read_to_string(&amphora.config.server_certificate).unwrap();
    assert_eq!(file, pem);
    running.stop().await;
}

#[tokio::test]
async fn a_certificate_that_would_lock_controllers_out_is_refused() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    let (good, other) = (
        amphora.authority.amphora(AMPHORA),
        amphora.authority.amphora(AMPHORA),
    );
    let (certificate, _) = good.split_at(good.find("-----BEGIN PRIVATE KEY").unwrap());
    let (_, key) = other.split_at(other.find("-----BEGIN PRIVATE KEY").unwrap());
    for pem in [
        amphora.authority.amphora(Uuid::from_u128(9)),
        format!("{certificate}{key}"),
        certificate.to_owned(),
        key.to_owned(),
        "nonsense".to_owned(),
    ] {
        let answer = running.controller.put("/v1/certificate", pem).await;
        let (status, refusal) = refusal(answer).await;
        assert_eq!(
            (status.as_u16(), refusal.reason),
            (400, RefusalReason::Invalid)
        );
    }
    running.controller.status().await;
    running.stop().await;
}

#[tokio::test]
async fn a_certificate_file_that_cannot_be_read_leaves_the_one_before() {
    let amphora = Amphora::new();
    let running = amphora.start().await;
    std::fs::write(&amphora.config.server_certificate, "nonsense").unwrap();
    running.controller.status().await;
    running.stop().await;
}

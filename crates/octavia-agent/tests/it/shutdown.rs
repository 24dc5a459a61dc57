use std::time::Duration;

use octavia_agent::{Agent, AgentOptions, Error};
use tokio::net::{TcpListener, TcpStream};

use crate::amphora::{Amphora, HealthManager, document};

#[tokio::test]
async fn a_stopped_agent_is_silent_and_has_drained_its_data_plane() {
    let health_manager = HealthManager::new().await;
    let mut amphora = Amphora::new();
    amphora.config.controllers = vec![health_manager.address()];
    amphora.config.heartbeat_interval = Duration::from_millis(5);
    let running = amphora.start().await;
    running.controller.push(&document(7)).await;
    health_manager
        .hear_until(|beat| beat.generation == Some(7))
        .await;
    let (address, data_plane) = (
        running.agent.address(),
        std::sync::Arc::clone(&running.data_plane),
    );
    running.stop().await;
    assert!(data_plane.state().ended);
    TcpStream::connect(address).await.unwrap_err();
}

#[tokio::test]
async fn an_address_in_use_stops_the_start_and_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut amphora = Amphora::new();
    amphora.config.bind = taken.local_addr().unwrap();
    let error = start_error(&amphora).await;
    assert_eq!(
        error.to_string(),
        format!("listen for controllers on {}", amphora.config.bind)
    );
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start_and_is_named() {
    let amphora = Amphora::new();
    std::fs::write(&amphora.config.client_ca, "nonsense").unwrap();
    let error = start_error(&amphora).await.to_string();
    assert!(
        error.ends_with("client_ca.pem: no certificate in it"),
        "{error}"
    );
}

async fn start_error(amphora: &Amphora) -> Error {
    let started = Agent::start(AgentOptions {
        config: amphora.config.clone(),
        data_plane: std::sync::Arc::new(crate::data_plane::FakeDataPlane::default()),
        now: std::sync::Arc::new(|| chrono::DateTime::UNIX_EPOCH),
        inheritance: None,
    });
    started.await.err().expect("the start is refused")
}

//! The HTTPS client against a TLS server that is not ours.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::DateTime;
use octavia_controller::agent_client::{AgentAddress, AgentClient, AgentError, HttpsAgents};
use octavia_controller::ca::Authority;
use octavia_controller::config::{AmphoraSettings, CertificateConfig};
use octavia_model::{Amphora, Id, IdSource, RandomIds, Secret};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

const STATUS: &str = r#"{"amphora_id":"00000000-0000-4000-8000-000000000001","version":"1","started_at":"2026-01-01T00:00:00Z","report":{"generation":7,"listeners":[],"pools":[]}}"#;

/// A TLS server that answers every request alike, and asks clients for a certificate.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    _task: AbortOnDropHandle<()>,
}

fn authority(directory: &tempfile::TempDir) -> Authority {
    let config = CertificateConfig::Own(directory.path().join("ca"));
    let now = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
    Authority::open(&config, now).unwrap()
}

fn tls(authority: &Authority, amphora: Id<Amphora>) -> TlsAcceptor {
    // The certificate must be good now, by the clock of the TLS library.
    let now = octavia_model::Clock::now(&octavia_model::SystemClock);
    let issued = authority
        .issue(amphora, now, Duration::from_hours(1))
        .unwrap();
    let pem = issued.pem.reveal().as_bytes();
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(authority.client_authorities().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(pem).unwrap()],
            PrivateKeyDer::from_pem_slice(pem).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(acceptor: TlsAcceptor, status: &'static str, body: &'static str) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    #[expect(clippy::disallowed_methods, reason = "ended by the handle")]
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            counter.fetch_add(1, Ordering::Relaxed);
            let mut request = vec![0; 65536];
            // Requests here are small: each comes in one read.
            while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                if stream.write_all(answer.as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    Server {
        address,
        connections,
        _task: AbortOnDropHandle::new(task),
    }
}

fn client(authority: &Authority, server: &Server) -> HttpsAgents {
    let settings = AmphoraSettings {
        bind_port: server.address.port(),
        connect_timeout: Duration::from_secs(5),
        read_timeout: Duration::from_secs(5),
        ..AmphoraSettings::default()
    };
    HttpsAgents::new(authority.identity(), settings).unwrap()
}

fn agent(amphora: Id<Amphora>, server: &Server) -> AgentAddress {
    AgentAddress {
        amphora,
        address: server.address.ip(),
    }
}

fn new_amphora() -> Id<Amphora> {
    Id::from_uuid(RandomIds.next())
}

#[tokio::test]
async fn both_sides_show_certificates_and_the_connection_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let authority = authority(&directory);
    let amphora = new_amphora();
    let server = serve(tls(&authority, amphora), "200 OK", STATUS).await;
    let agents = client(&authority, &server);
    for _ in 0..3 {
        let status = agents.status(agent(amphora, &server)).await.unwrap();
        assert_eq!(status.report.generation, Some(7));
    }
    assert_eq!(server.connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_agent_with_the_certificate_of_another_amphora_is_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let authority = authority(&directory);
    let server = serve(tls(&authority, new_amphora()), "200 OK", STATUS).await;
    let agents = client(&authority, &server);
    let error = agents
        .status(agent(new_amphora(), &server))
        .await
        .unwrap_err();
    assert!(matches!(error, AgentError::Unreachable { .. }), "{error:?}");
    assert!(error.may_retry());
}

#[tokio::test]
async fn an_agent_of_another_installation_is_not_believed() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let amphora = new_amphora();
    let server = serve(tls(&authority(&theirs), amphora), "200 OK", STATUS).await;
    let agents = client(&authority(&ours), &server);
    let error = agents.status(agent(amphora, &server)).await.unwrap_err();
    assert!(matches!(error, AgentError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_refusal_is_read_and_knows_whether_to_retry() {
    let directory = tempfile::tempdir().unwrap();
    let authority = authority(&directory);
    let amphora = new_amphora();
    for (body, may_retry) in [
        (
            r#"{"reason":"host","message":"port 80: address already in use"}"#,
            true,
        ),
        (r#"{"reason":"outdated","message":"8 is served"}"#, false),
    ] {
        let server = serve(tls(&authority, amphora), "409 Conflict", body).await;
        let agents = client(&authority, &server);
        let error = agents.release(agent(amphora, &server)).await.unwrap_err();
        assert!(matches!(error, AgentError::Refused { .. }), "{error:?}");
        assert_eq!(error.may_retry(), may_retry);
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_quoted() {
    let directory = tempfile::tempdir().unwrap();
    let authority = authority(&directory);
    let amphora = new_amphora();
    let server = serve(tls(&authority, amphora), "502 Bad Gateway", "<html>").await;
    let agents = client(&authority, &server);
    let pem = Secret::new("certificate".to_owned());
    let error = agents
        .replace_certificate(agent(amphora, &server), &pem)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("502: <html>"), "{error}");
}

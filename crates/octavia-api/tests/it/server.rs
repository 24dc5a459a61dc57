//! The port: encrypted connections, clients that say nothing, and the end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use octavia_api::{Server, Tls, TlsFiles};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use reqwest::{Certificate, Client, Identity};
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::World;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Returns a certificate for this machine with its key, PEM.
fn signed(issuer: &Issuer, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![purpose];
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn write_certificate(folder: &Path, issuer: &Issuer) {
    let (certificate, key) = signed(issuer, ExtendedKeyUsagePurpose::ServerAuth);
    std::fs::write(folder.join("key"), key).unwrap();
    std::fs::write(folder.join("certificate"), certificate).unwrap();
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("certificate"),
        key: folder.join("key"),
        client_authorities: None,
    }
}

/// A server that runs until it is dropped or stopped.
struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    async fn start(router: Router, tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let server = Server {
            listener,
            tls: tls.map(Arc::new),
        };
        tasks.spawn(server.serve(router, stop.clone()));
        tasks.close();
        Self {
            address,
            stop,
            tasks,
        }
    }

    fn url(&self) -> String {
        format!("https://{}/", self.address)
    }
}

fn client(trusts: &Issuer) -> reqwest::ClientBuilder {
    let authority = Certificate::from_pem(trusts.pem().as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([authority])
}

#[tokio::test]
async fn links_say_https_where_the_port_is_encrypted() {
    let (folder, authority) = (TempDir::new().unwrap(), authority());
    write_certificate(folder.path(), &authority);
    let tls = Tls::open(files(folder.path())).unwrap();
    let world = World::new().await;
    let server = Running::start(world.router.clone(), Some(tls)).await;
    let client = client(&authority).build().unwrap();
    let answer = client.get(server.url()).send().await.unwrap();
    let text = answer.text().await.unwrap();
    let link = format!("https://{}/v2", server.address);
    assert!(text.contains(&link), "{text}");
}

#[tokio::test]
async fn a_new_certificate_is_used_at_once_and_a_broken_one_never() {
    let folder = TempDir::new().unwrap();
    let (first, second) = (authority(), authority());
    write_certificate(folder.path(), &first);
    let tls = Tls::open(files(folder.path())).unwrap();
    let server = Running::start(Router::new(), Some(tls)).await;
    let reaches = async |trusts| {
        let client = client(trusts).build().unwrap();
        client.get(server.url()).send().await.is_ok()
    };
    assert!(reaches(&first).await && !reaches(&second).await);
    write_certificate(folder.path(), &second);
    assert!(reaches(&second).await && !reaches(&first).await);
    std::fs::write(folder.path().join("certificate"), "cut short").unwrap();
    assert!(reaches(&second).await);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start() {
    let (folder, authority) = (TempDir::new().unwrap(), authority());
    write_certificate(folder.path(), &authority);
    let (_, other_key) = signed(&authority, ExtendedKeyUsagePurpose::ServerAuth);
    std::fs::write(folder.path().join("key"), other_key).unwrap();
    let error = Tls::open(files(folder.path())).err().unwrap().to_string();
    assert!(error.contains("certificate: "), "{error}");
    std::fs::remove_file(folder.path().join("key")).unwrap();
    let error = Tls::open(files(folder.path())).err().unwrap().to_string();
    assert!(error.contains("key: No such file"), "{error}");
}

#[tokio::test]
async fn where_clients_need_a_certificate_others_are_refused() {
    let folder = TempDir::new().unwrap();
    let (servers, clients) = (authority(), authority());
    write_certificate(folder.path(), &servers);
    let roots = folder.path().join("clients");
    std::fs::write(&roots, clients.pem()).unwrap();
    let files = TlsFiles {
        client_authorities: Some(roots),
        ..files(folder.path())
    };
    let server = Running::start(Router::new(), Some(Tls::open(files).unwrap())).await;
    let reaches = async |issuer: Option<&Issuer>| {
        let mut client = client(&servers);
        if let Some(issuer) = issuer {
            let (certificate, key) = signed(issuer, ExtendedKeyUsagePurpose::ClientAuth);
            let pem = certificate + &key;
            client = client.identity(Identity::from_pem(pem.as_bytes()).unwrap());
        }
        let client = client.build().unwrap();
        client.get(server.url()).send().await.is_ok()
    };
    assert!(reaches(Some(&clients)).await);
    assert!(!reaches(None).await);
    assert!(!reaches(Some(&servers)).await);
}

#[tokio::test]
async fn clients_that_say_nothing_hold_nobody_up() {
    let (folder, authority) = (TempDir::new().unwrap(), authority());
    write_certificate(folder.path(), &authority);
    let tls = Tls::open(files(folder.path())).unwrap();
    let server = Running::start(Router::new(), Some(tls)).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let client = client(&authority).build().unwrap();
    assert!(client.get(server.url()).send().await.is_ok());
    tokio::time::pause();
    // The silent ones are let go when their time is up: the server closes.
    for mut stream in silent {
        assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_takes_no_more() {
    let (came, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, waits) = (Arc::clone(&came), Arc::clone(&go));
    let slow = async move || {
        told.notify_one();
        waits.notified().await;
        "done"
    };
    let router = Router::new().route("/", get(slow));
    let server = Running::start(router, None).await;
    let url = format!("http://{}/", server.address);
    let client = Client::builder().no_proxy().build().unwrap();
    let request = async { client.get(&url).send().await.unwrap().text().await.unwrap() };
    let end = async {
        came.notified().await;
        server.stop.cancel();
        // The port is closed as soon as the server hears of the stop.
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        server.tasks.wait().await;
    };
    let (text, ()) = tokio::join!(request, end);
    assert_eq!(text, "done");
}

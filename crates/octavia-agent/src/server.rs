//! The agent's API: HTTPS for controllers only.

mod certificates;
mod routes;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, Utc};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::AgentConfig;
use crate::configuration::Configuration;
use crate::error::Error;
use certificates::Certificates;
use routes::App;

/// Controllers are few, and each asks one thing at a time.
const CONNECTIONS: usize = 64;
/// As the standard library has it.
const BACKLOG: u32 = 128;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// The system is out of something, such as file descriptors; asking at once would not help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
    certificates: Arc<Certificates>,
    read_timeout: Duration,
    router: Router,
    tasks: TaskTracker,
}

impl Server {
    /// Binds the address of the API.
    pub(crate) fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    }

    /// Makes a server at a socket that listens.
    pub(crate) fn new(
        config: &AgentConfig,
        listener: std::net::TcpListener,
        (configuration, started_at, tasks): (Arc<Configuration>, DateTime<Utc>, TaskTracker),
    ) -> Result<Self, Error> {
        let certificates = Arc::new(Certificates::open(config)?);
        let refused = |source| Error::Listen {
            address: config.bind,
            source,
        };
        listener.set_nonblocking(true).map_err(refused)?;
        let listener = TcpListener::from_std(listener).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self {
            listener,
            address,
            read_timeout: config.request_read_timeout,
            router: routes::router(App {
                amphora_id: config.amphora_id,
                started_at,
                configuration,
                certificates: Arc::clone(&certificates),
                read_timeout: config.request_read_timeout,
                tasks: tasks.clone(),
            }),
            certificates,
            tasks,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts until it is stopped.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        while let Some(Some((stream, place))) = stop.run_until_cancelled(self.accept(&places)).await
        {
            let connection = Connection {
                certificates: Arc::clone(&self.certificates),
                router: self.router.clone(),
                read_timeout: self.read_timeout,
                stop: stop.clone(),
            };
            self.tasks.spawn(async move {
                connection.serve(stream).await;
                drop(place);
            });
        }
    }

    async fn accept(&self, places: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return Some((stream, place)),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

struct Connection {
    certificates: Arc<Certificates>,
    router: Router,
    read_timeout: Duration,
    stop: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Ok(peer) = stream.peer_addr() else {
            return;
        };
        let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, self.handshake(stream));
        let Some(shaken) = self.stop.run_until_cancelled(handshake).await else {
            return;
        };
        match shaken.unwrap_or_else(|late| Err(late.into())) {
            Ok(stream) => self.requests(stream).await,
            Err(error) => {
                tracing::warn!(%peer, %error, "refused a connection of {peer} to the agent: {error}");
            }
        }
    }

    /// The certificate is read for each handshake, so that a new one is used at once.
    async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let certificates = Arc::clone(&self.certificates);
        let config = tokio::task::spawn_blocking(move || certificates.current()).await?;
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        certificates::check_controller(stream.get_ref().1.peer_certificates())?;
        Ok(stream)
    }

    async fn requests(&self, stream: TlsStream<TcpStream>) {
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.read_timeout)
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(self.router.clone()),
            );
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.stop.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to the agent ended early");
        }
    }
}

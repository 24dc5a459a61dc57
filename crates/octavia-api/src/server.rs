//! The port: connections in, requests to the router; plain or encrypted.

mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::Peer;

pub use tls::{Tls, TlsFiles};

/// How long a client may take to agree on keys.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to send the head of a request, and leave a connection unused.
const HEAD_LIMIT: Duration = Duration::from_mins(1);
/// The system is out of something, such as file descriptors; asking at once would not help.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A port, and what is spoken there.
pub struct Server {
    /// The port.
    pub listener: TcpListener,
    /// How connections are encrypted; `None`: not at all.
    pub tls: Option<Arc<Tls>>,
}

impl Server {
    /// Serves `router` until `stopping` is cancelled, and then until the requests that are under way
    /// have been answered.
    pub async fn serve(self, router: Router, stopping: CancellationToken) {
        let connections = TaskTracker::new();
        while let Some((stream, address)) = stopping.run_until_cancelled(self.accept()).await {
            let connection = Connection {
                address,
                tls: self.tls.clone(),
                router: router.clone(),
                stopping: stopping.clone(),
            };
            connections.spawn(connection.run(stream));
        }
        drop(self.listener);
        connections.close();
        connections.wait().await;
    }

    /// Takes the next connection; what it does afterwards holds nobody up.
    async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

struct Connection {
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    router: Router,
    stopping: CancellationToken,
}

impl Connection {
    async fn run(self, stream: TcpStream) {
        // Answers are small and written whole: waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let Some(tls) = self.tls.clone() else {
            return self.requests(stream).await;
        };
        let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream));
        let Some(shaken) = self.stopping.run_until_cancelled(handshake).await else {
            return;
        };
        match shaken.unwrap_or_else(|late| Err(io::Error::from(late))) {
            Ok(stream) => self.requests(stream).await,
            Err(error) => {
                let client = self.address.ip();
                tracing::info!(%client, %error, "refused a connection of {client}: {error}");
            }
        }
    }

    async fn requests(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let peer = Peer {
            address: self.address,
            encrypted: self.tls.is_some(),
        };
        let service = self
            .router
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(peer);
                request
            });
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEAD_LIMIT);
        let serving =
            builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.stopping.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error, "a connection ended early");
        }
    }
}

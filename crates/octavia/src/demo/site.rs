//! A small web server that can be stopped and started again on the same address.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::failure::Failure;

/// How long a stop may take; nothing is drained.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// A web server that says its name.
///
/// It has a runtime of its own, so that stopping it cuts its connections as a crash would.
pub(super) struct Site {
    name: &'static str,
    address: SocketAddr,
    running: Option<Runtime>,
}

impl Site {
    /// Starts a server on a free port of a loopback address.
    pub(super) async fn start(name: &'static str, address: Ipv4Addr) -> Result<Self, Failure> {
        let mut site = Self {
            name,
            address: SocketAddr::new(IpAddr::V4(address), 0),
            running: None,
        };
        site.open().await?;
        Ok(site)
    }

    /// Returns what it answers.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Listens (again) and answers.
    pub(super) async fn open(&mut self) -> Result<(), Failure> {
        let other = |error: std::io::Error| Failure::Other(error.into());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(other)?;
        let (name, address) = (self.name, self.address);
        let (bound, listening) = tokio::sync::oneshot::channel();
        runtime.spawn(async move {
            let listener = TcpListener::bind(address).await;
            let outcome = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
            match outcome {
                Ok((address, listener)) => {
                    bound.send(Ok(address)).ok();
                    let router = Router::new().fallback(move || async move { name });
                    axum::serve(listener, router).await
                }
                Err(error) => {
                    bound.send(Err(error)).ok();
                    Ok(())
                }
            }
        });
        self.running = Some(runtime);
        self.address = listening
            .await
            .map_err(|error| Failure::Other(error.into()))?
            .map_err(|error| Failure::text(format!("web server on {address}: {error}")))?;
        Ok(())
    }

    /// Stops at once: the port is closed and every connection cut when this returns.
    pub(super) async fn close(&mut self) {
        if let Some(runtime) = self.running.take() {
            let stopped = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(STOP_LIMIT));
            // Only a panic in the shutdown itself would be told here, and nothing depends on it.
            stopped.await.ok();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // A runtime must not wait for its end inside of another one.
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_background();
        }
    }
}

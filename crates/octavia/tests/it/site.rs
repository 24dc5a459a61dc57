//! A web server that says its name.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A running web server; it ends when it is dropped.
pub(crate) struct Site {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl Site {
    /// Starts one that answers every request with its name.
    pub(crate) async fn start(address: SocketAddr, name: &'static str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(move || async move { name });
        let serving = axum::serve(listener, router).into_future();
        let mut task = JoinSet::new();
        task.spawn(async move { serving.await.unwrap() });
        Self {
            address,
            _task: task,
        }
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

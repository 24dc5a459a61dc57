//! Somebody who asks again and again, and counts what failed.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::failure::Failure;

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(10);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// A visitor of a site.
pub(super) struct Visitor {
    tally: Arc<Tally>,
    /// The one task that asks.
    asking: JoinSet<()>,
}

/// How many requests were sent, and how many of them failed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    sent: u64,
    failed: u64,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failed {
            0 => write!(f, "{} requests, none failed", self.sent),
            failed => write!(f, "{} requests, {failed} failed", self.sent),
        }
    }
}

#[derive(Default)]
struct Tally {
    sent: AtomicU64,
    failed: AtomicU64,
}

impl Visitor {
    /// Begins to ask.
    pub(super) fn start(url: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_LIMIT)
            .no_proxy()
            .build()
            .map_err(|error| Failure::Other(error.into()))?;
        let tally = Arc::new(Tally::default());
        let mut asking = JoinSet::new();
        asking.spawn(visit(client, url.to_owned(), Arc::clone(&tally)));
        Ok(Self { tally, asking })
    }

    fn count(&self) -> Count {
        Count {
            sent: self.tally.sent.load(Ordering::Relaxed),
            failed: self.tally.failed.load(Ordering::Relaxed),
        }
    }

    /// Stops asking.
    pub(super) async fn stop(mut self) -> Count {
        self.asking.shutdown().await;
        self.count()
    }
}

async fn visit(client: reqwest::Client, url: String, tally: Arc<Tally>) {
    loop {
        let answer = client.get(&url).send().await;
        let good = answer.is_ok_and(|answer| answer.status().is_success());
        tally.sent.fetch_add(1, Ordering::Relaxed);
        if !good {
            tally.failed.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

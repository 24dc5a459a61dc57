//! The proxy, as the agent wants it.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use octavia_agent::{DataPlane, Rejected};
use octavia_amphora_api::{AmphoraConfig, Report};
use octavia_proxy::handover::{BoundSockets, Counted};
use octavia_proxy::{ApplyError, Inheritance, LogOptions, Proxy, ProxyOptions};
use tokio::sync::watch;

use crate::failure::Failure;

/// The proxy until it is shut down, and nothing afterwards.
pub(super) struct ProxyDataPlane {
    proxy: RwLock<Option<Proxy>>,
    changes: watch::Sender<u64>,
    /// Whether the process before still serves connections, and tells us what they count.
    is_told: AtomicBool,
}

impl ProxyDataPlane {
    /// Starts the proxy with a loop for each core; `seed` is where its chance begins, `log` where
    /// lines about traffic go.
    /// What it begins with is `inheritance`, where it takes the place of another.
    pub(super) fn start(
        seed: u64,
        log: LogOptions,
        inheritance: Inheritance,
    ) -> Result<Self, Failure> {
        let changes = watch::Sender::new(0);
        let told = changes.clone();
        let options = ProxyOptions {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            on_change: Box::new(move || told.send_modify(|count| *count += 1)),
            seed,
            log,
            inheritance,
        };
        let proxy = Proxy::start(options).map_err(|error| Failure::Other(error.into()))?;
        Ok(Self {
            proxy: RwLock::new(Some(proxy)),
            changes,
            is_told: AtomicBool::new(false),
        })
    }

    /// Returns what a successor begins with.
    pub(super) fn bequest(&self) -> (Vec<BoundSockets>, Counted) {
        self.with(|proxy| (proxy.sockets(), proxy.bequest()))
            .unwrap_or_default()
    }

    /// Returns what was counted.
    pub(super) fn counted(&self) -> Counted {
        self.with(Proxy::counted).unwrap_or_default()
    }

    /// Counts on from what the process before has counted.
    pub(super) fn inherit(&self, counted: &Counted) {
        self.with(|proxy| proxy.inherit(counted));
    }

    /// Leaves the sockets to a successor, and goes on with the connections that are there.
    pub(super) fn hand_over(&self, drain: Duration) {
        self.with(|proxy| proxy.hand_over(drain));
    }

    /// Notes whether the process before goes on telling what it counts.
    pub(super) fn set_told(&self, is_told: bool) {
        self.is_told.store(is_told, Ordering::SeqCst);
    }

    /// Tells whether there is nothing more to count after it was handed over.
    pub(super) fn is_over(&self) -> bool {
        !self.is_told.load(Ordering::SeqCst) && self.with(Proxy::is_over).unwrap_or(true)
    }

    fn with<T>(&self, question: impl FnOnce(&Proxy) -> T) -> Option<T> {
        let proxy = self.proxy.read().unwrap_or_else(PoisonError::into_inner);
        proxy.as_ref().map(question)
    }
}

impl DataPlane for ProxyDataPlane {
    fn apply(&self, document: Arc<AmphoraConfig>) -> Result<(), Rejected> {
        let stopping = || Err(Rejected::Host("the amphora is stopping".to_owned()));
        self.with(|proxy| proxy.apply(&document).map_err(|error| rejected(&error)))
            .unwrap_or_else(stopping)
    }

    fn clear(&self) {
        if let Some(Err(error)) = self.with(Proxy::clear) {
            tracing::error!(%error, "could not close every listener: {error}");
        }
    }

    fn report(&self) -> Report {
        self.with(Proxy::report).unwrap_or_default()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn shutdown(&self, drain: Duration) {
        let mut proxy = self.proxy.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(proxy) = proxy.take() {
            proxy.shutdown(drain);
        }
    }
}

/// The controller shows this to people, so it names the cause too.
fn rejected(error: &ApplyError) -> Rejected {
    let message = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    if error.may_retry() {
        Rejected::Host(message)
    } else {
        Rejected::Invalid(message)
    }
}

//! The handle that the agent holds.

use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use octavia_amphora_api::{AmphoraConfig, Report};
use rustix::process::{Resource, getrlimit, setrlimit};
use uuid::Uuid;

use crate::config::{Snapshot, compile};
use crate::flow_log::{self, LogOptions, Queue};
use crate::handover::{self, BoundSockets, Counted};
use crate::health::Checker;
use crate::shared::Shared;
use crate::worker::Worker;
use crate::{limits, report};

/// How a proxy runs.
pub struct ProxyOptions {
    /// How many event loops there are, at least 1 and at most 64; one a core is meant.
    pub threads: usize,
    /// Called whenever the status of a member or listener has changed, from any thread. It must
    /// return at once, and may be called often: it should wake somebody, who then looks at
    /// [`Proxy::report`].
    pub on_change: Box<dyn Fn() + Send + Sync>,
    /// Where the jitter of health checks starts from.
    pub seed: u64,
    /// Where lines about traffic go.
    pub log: LogOptions,
    /// What an earlier process left. With sockets, there are as many loops as it had.
    pub inheritance: Inheritance,
}

/// What a proxy begins with, when it takes the place of another.
#[derive(Debug, Default)]
pub struct Inheritance {
    /// The sockets, for the listeners of the first document.
    pub sockets: Vec<BoundSockets>,
    /// The counters, and what was thought of members.
    pub counted: Counted,
}

impl Default for ProxyOptions {
    fn default() -> Self {
        Self {
            threads: 1,
            on_change: Box::new(|| {}),
            seed: 1,
            log: LogOptions::default(),
            inheritance: Inheritance::default(),
        }
    }
}

/// Why a configuration is not served.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The document contradicts itself; the same one will never be served.
    #[error("read the configuration: {0}")]
    Invalid(String),
    /// An address cannot be bound; nothing was changed.
    #[error("listener {listener}: bind {address}")]
    Bind {
        /// The listener that needs it.
        listener: Uuid,
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A loop did not take the configuration over in time; it may still do so.
    #[error("hand the configuration to every loop")]
    Late,
}

impl ApplyError {
    /// Tells whether the same document may be served at another time.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Invalid(_) => false,
            Self::Bind { .. } | Self::Late => true,
        }
    }
}

/// A running data plane. Dropping it stops it at once.
pub struct Proxy {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Writes what the others log, and ends after them.
    writer: Option<JoinHandle<()>>,
    applying: Mutex<()>,
    /// What an earlier process counted, until something is served.
    bequest: Mutex<Option<Box<Counted>>>,
    /// What was served until it was handed over.
    handed_over: OnceLock<Arc<Snapshot>>,
}

impl Proxy {
    /// Starts the loops; nothing is served yet.
    pub fn start(options: ProxyOptions) -> io::Result<Self> {
        raise_descriptor_limit();
        let inherited = options.inheritance;
        let loops = loops(&inherited.sockets, options.threads)?;
        let log = options
            .log
            .is_on()
            .then(|| Queue::new(options.log.queue_size));
        let shared = Arc::new(Shared::new(loops, options.on_change, log)?);
        shared.publish(Arc::new(Snapshot {
            inherited: inherited.sockets,
            ..Snapshot::empty(0)
        }));
        let mut proxy = Self {
            shared: Arc::clone(&shared),
            threads: Vec::new(),
            writer: None,
            applying: Mutex::new(()),
            bequest: Mutex::new(Some(Box::new(inherited.counted))),
            handed_over: OnceLock::new(),
        };
        for index in 0..loops {
            let worker = Worker::new(index, Arc::clone(&shared))?;
            proxy.spawn(format!("proxy-{index}"), move || worker.run())?;
        }
        if options.log.is_on() {
            let (log, shared) = (options.log, Arc::clone(&shared));
            let run = move || {
                if let Some(queue) = &shared.log {
                    flow_log::run(&log, queue);
                }
                Ok(())
            };
            proxy.spawn("proxy-log".into(), run)?;
            proxy.writer = proxy.threads.pop();
        }
        let checker = Checker::new(shared, options.seed)?;
        proxy.spawn("proxy-health".into(), move || checker.run())?;
        Ok(proxy)
    }

    /// A loop that ended early would leave its share of all connections unanswered, and nobody would
    /// notice: the process ends with it, and whoever watches the process starts it again.
    fn spawn(
        &mut self,
        name: String,
        run: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let thread_name = name.clone();
        let run_or_abort = move || {
            let cause = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it panicked".to_owned(),
            };
            tracing::error!(thread = name, "thread {name} cannot go on: {cause}");
            std::process::abort();
        };
        let thread = std::thread::Builder::new().name(thread_name);
        self.threads.push(thread.spawn(run_or_abort)?);
        Ok(())
    }

    /// Serves `config` from now on; returns once every loop does.
    ///
    /// Blocks for at most some seconds. New addresses are bound before anything is changed, so that
    /// a failure changes nothing.
    pub fn apply(&self, config: &AmphoraConfig) -> Result<(), ApplyError> {
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.shared.current.load_full();
        let loops = self.shared.wakers.len();
        let snapshot = compile::compile(config, &before, loops)?;
        let bequest = self.bequest.lock();
        if let Some(counted) = bequest.unwrap_or_else(PoisonError::into_inner).take() {
            counted.give_to(&snapshot);
            counted.give_verdicts_to(&snapshot);
        }
        self.publish(snapshot)
    }

    /// Returns the sockets that are served.
    pub fn sockets(&self) -> Vec<BoundSockets> {
        handover::sockets(&self.shared.current.load())
    }

    /// Returns what was counted until now, also after [`Proxy::hand_over`].
    pub fn counted(&self) -> Counted {
        Counted::of(&self.counting())
    }

    /// Returns what was counted until now, and the clients that stay with their members.
    pub fn bequest(&self) -> Counted {
        let snapshot = self.counting();
        Counted::of(&snapshot).with_clients(&snapshot)
    }

    /// Returns the snapshot whose counters count.
    fn counting(&self) -> Arc<Snapshot> {
        let last = self.handed_over.get().map(Arc::clone);
        last.unwrap_or_else(|| self.shared.current.load_full())
    }

    /// Counts on from what the process before has counted until now.
    pub fn inherit(&self, counted: &Counted) {
        counted.give_to(&self.counting());
    }

    /// Leaves the sockets to another process, which serves them already, and goes on with the
    /// connections that are there, for at most `drain`. Nothing can be applied any more.
    pub fn hand_over(&self, drain: Duration) {
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.shared.current.load_full();
        self.shared.publish(Arc::new(Snapshot {
            stopping: true,
            is_handed_over: true,
            ..before.emptied(drain)
        }));
        // Without the sockets: whoever has them now may want to close them.
        let counting = Snapshot {
            listeners: before.listeners.clone(),
            pools: before.pools.clone(),
            ..Snapshot::empty(before.version)
        };
        // A second time would find nothing that is served.
        self.handed_over.set(Arc::new(counting)).ok();
    }

    /// Tells whether every loop has ended, after [`Proxy::hand_over`].
    pub fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    fn publish(&self, snapshot: Snapshot) -> Result<(), ApplyError> {
        let version = snapshot.version;
        self.shared.publish(Arc::new(snapshot));
        if self.shared.wait_served(version, limits::APPLY_TIME) {
            Ok(())
        } else {
            Err(ApplyError::Late)
        }
    }

    /// Closes every listener and forgets the configuration; connections go on for a while, as those
    /// of a removed listener do.
    pub fn clear(&self) -> Result<(), ApplyError> {
        let _one_at_a_time = self.applying.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.shared.current.load_full();
        self.publish(before.emptied(limits::DRAIN_TIME))
    }

    /// Returns statuses and counters. Cheap: it reads what the loops write anyway.
    pub fn report(&self) -> Report {
        report::report(&self.shared.current.load())
    }

    /// Accepts nothing more, lets connections end for at most `drain`, and stops.
    pub fn shutdown(mut self, drain: Duration) {
        self.stop(drain);
    }

    fn stop(&mut self, drain: Duration) {
        let before = self.shared.current.load_full();
        self.shared.publish(Arc::new(Snapshot {
            stopping: true,
            ..before.emptied(drain)
        }));
        for thread in self.threads.drain(..) {
            // One that failed has ended the process.
            thread.join().ok();
        }
        if let Some(queue) = &self.shared.log {
            queue.stop();
        }
        self.writer.take().map(JoinHandle::join);
    }
}

/// The sockets of one address are shared out among loops, and their number never changes.
fn loops(inherited: &[BoundSockets], wanted: usize) -> io::Result<usize> {
    let Some(first) = inherited.first() else {
        return Ok(wanted.clamp(1, limits::LOOPS));
    };
    let count = first.sockets.len();
    let is_one_each = inherited.iter().all(|bound| bound.sockets.len() == count);
    if is_one_each && (1..=limits::LOOPS).contains(&count) {
        Ok(count)
    } else {
        Err(io::Error::other("the inherited sockets are not one a loop"))
    }
}

/// Each connection through us takes two descriptors, and common defaults allow 1024.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "could not raise the limit of open descriptors: {error}");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop(Duration::ZERO);
        }
    }
}

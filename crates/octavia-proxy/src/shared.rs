//! What the loops, the health checks and the handle share.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::config::Snapshot;
use crate::flow_log::Queue;
use crate::runtime::waker::Waker;
use crate::tally::Paces;

/// The current snapshot, who serves it, and how to wake them.
pub(crate) struct Shared {
    /// What is to be served.
    pub(crate) current: ArcSwap<Snapshot>,
    /// A waker for each loop.
    pub(crate) wakers: Vec<Waker>,
    /// Wakes the health checks.
    pub(crate) health_waker: Waker,
    /// How many a second there are of everything together.
    pub(crate) paces: Paces,
    /// Where lines about traffic wait to be written, if they go anywhere.
    pub(crate) log: Option<Queue>,
    served: Mutex<Vec<u64>>,
    progress: Condvar,
    on_change: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    /// Starts with a snapshot that serves nothing.
    pub(crate) fn new(
        loops: usize,
        on_change: Box<dyn Fn() + Send + Sync>,
        log: Option<Queue>,
    ) -> io::Result<Self> {
        let wakers: io::Result<Vec<_>> = (0..loops).map(|_| Waker::new()).collect();
        Ok(Self {
            current: ArcSwap::from_pointee(Snapshot::empty(0)),
            wakers: wakers?,
            health_waker: Waker::new()?,
            paces: Paces::default(),
            log,
            served: Mutex::new(vec![0; loops]),
            progress: Condvar::new(),
            on_change,
        })
    }

    /// Makes `snapshot` the one to be served.
    pub(crate) fn publish(&self, snapshot: Arc<Snapshot>) {
        self.current.store(snapshot);
        self.wake(u64::MAX);
        self.health_waker.wake();
    }

    /// Wakes the loops in `mask`.
    pub(crate) fn wake(&self, mask: u64) {
        for (index, waker) in self.wakers.iter().enumerate() {
            if mask >> index & 1 == 1 {
                waker.wake();
            }
        }
    }

    /// Notes that loop `index` serves `version`.
    pub(crate) fn set_served(&self, index: usize, version: u64) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served[index] = version;
        self.progress.notify_all();
    }

    /// Waits until every loop serves `version`; tells whether that came in time.
    pub(crate) fn wait_served(&self, version: u64, limit: Duration) -> bool {
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = |served: &mut Vec<u64>| served.iter().any(|served| *served < version);
        let waited = self.progress.wait_timeout_while(served, limit, behind);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Tells the agent that a status changed.
    pub(crate) fn tell_change(&self) {
        (self.on_change)();
    }
}

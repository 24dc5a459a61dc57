//! A data plane that serves nothing and remembers everything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use octavia_agent::{DataPlane, Rejected};
use octavia_amphora_api::report::{Counters, ListenerReport, ListenerStatus};
use octavia_amphora_api::{AmphoraConfig, Report};
use tokio::sync::watch;

#[derive(Default)]
pub(crate) struct FakeDataPlane {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

#[derive(Default)]
pub(crate) struct State {
    /// What it serves.
    pub(crate) served: Option<Arc<AmphoraConfig>>,
    /// How often it was given something to serve.
    pub(crate) applied: usize,
    /// What it answers to the next document.
    pub(crate) rejects: Option<Rejected>,
    /// What it tells.
    pub(crate) report: Report,
    /// Whether it was told to end.
    pub(crate) ended: bool,
}

impl FakeDataPlane {
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn generation(&self) -> Option<u64> {
        self.state()
            .served
            .as_ref()
            .map(|document| document.generation)
    }

    /// Changes what is told, and says that it changed.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Report)) {
        change(&mut self.state().report);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Counts bytes without saying so.
    pub(crate) fn count(&self, bytes_in: u64) {
        for listener in &mut self.state().report.listeners {
            listener.counters.bytes_in += bytes_in;
        }
    }
}

impl DataPlane for FakeDataPlane {
    fn apply(&self, document: Arc<AmphoraConfig>) -> Result<(), Rejected> {
        let mut state = self.state();
        state.applied += 1;
        if let Some(rejected) = state.rejects.clone() {
            return Err(rejected);
        }
        state.report.generation = Some(document.generation);
        state.report.listeners = document
            .listeners
            .iter()
            .map(|listener| open(listener.id))
            .collect();
        state.served = Some(document);
        Ok(())
    }

    fn clear(&self) {
        let mut state = self.state();
        state.served = None;
        state.report = Report::default();
    }

    fn report(&self) -> Report {
        self.state().report.clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn shutdown(&self, _drain: Duration) {
        self.state().ended = true;
    }
}

fn open(id: uuid::Uuid) -> ListenerReport {
    ListenerReport {
        id,
        status: ListenerStatus::Open,
        counters: Counters::default(),
    }
}

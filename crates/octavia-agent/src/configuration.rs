//! The configuration of the amphora: admitted, kept on disk, served.

mod admission;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::agent::{Refusal, RefusalReason, VrrpStatus};
use octavia_amphora_api::{AmphoraConfig, Report};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::data_plane::{DataPlane, Rejected};
use crate::disk::{self, Prepared};
use crate::network::Network;
use crate::vrrp::{Duty, Vrrp};
use admission::Admission;

const FIRST_RETRY: Duration = Duration::from_millis(500);
const SLOWEST_RETRY: Duration = Duration::from_secs(30);

/// Holds the one configuration and makes it true.
///
/// A new document is on disk, synced, before it is served, and takes the place of the old one
/// before it is answered. A crash between the two leaves the old one, and a controller without an
/// answer, which asks again.
pub(crate) struct Configuration {
    amphora_id: Uuid,
    file: PathBuf,
    data_plane: Arc<dyn DataPlane>,
    network: Network,
    vrrp: Vrrp,
    state: Mutex<State>,
    fault: watch::Sender<Option<String>>,
    generation: watch::Sender<Option<u64>>,
}

#[derive(Default)]
struct State {
    /// What a restart would serve.
    stored: Option<Arc<AmphoraConfig>>,
    /// What the data plane serves.
    served: Option<Arc<AmphoraConfig>>,
    frozen: Frozen,
}

/// Whether documents are refused, because another agent is about to serve what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Frozen {
    /// They are.
    Yes,
    /// They are not.
    #[default]
    No,
}

impl State {
    fn refuse_if_frozen(&self) -> Result<(), Refusal> {
        match self.frozen {
            Frozen::Yes => Err(host("an upgrade is under way, ask again".to_owned())),
            Frozen::No => Ok(()),
        }
    }
}

impl Configuration {
    pub(crate) fn new(
        amphora_id: Uuid,
        base_path: &Path,
        data_plane: Arc<dyn DataPlane>,
        network: Network,
    ) -> Self {
        Self {
            amphora_id,
            file: base_path.join("config.json"),
            vrrp: Vrrp::new(Arc::clone(&data_plane)),
            data_plane,
            network,
            state: Mutex::default(),
            fault: watch::Sender::new(None),
            generation: watch::Sender::new(None),
        }
    }

    /// Serves the document, or refuses it and leaves everything as it was.
    ///
    /// It must run to its end: spawn it, do not drop it half way.
    pub(crate) async fn push(&self, document: AmphoraConfig) -> Result<u64, Refusal> {
        let mut state = self.state.lock().await;
        state.refuse_if_frozen()?;
        let generation = document.generation;
        if state.admit(&document, self.amphora_id)? == Admission::Served {
            return Ok(generation);
        }
        let document = Arc::new(document);
        let prepared = self.prepare(&document).await?;
        self.serve(&mut state, &document).await?;
        blocking(move || prepared.commit())
            .await?
            .map_err(|error| self.not_kept(&error))?;
        state.stored = Some(document);
        self.fault.send_replace(None);
        tracing::info!(generation, "serving generation {generation}");
        Ok(generation)
    }

    /// Closes every listener and forgets the document.
    pub(crate) async fn forget(&self) -> Result<(), Refusal> {
        let mut state = self.state.lock().await;
        state.refuse_if_frozen()?;
        let file = self.file.clone();
        blocking(move || disk::remove(&file))
            .await?
            .map_err(|error| self.not_kept(&error))?;
        state.stored = None;
        self.vrrp.stop().await;
        let data_plane = Arc::clone(&self.data_plane);
        blocking(move || data_plane.clear()).await?;
        if let Some(served) = state.served.take() {
            self.network.remove_gone(&served.interfaces, &[]).await;
        }
        self.fault.send_replace(None);
        self.generation.send_replace(None);
        tracing::info!("the configuration is forgotten");
        Ok(())
    }

    /// Refuses documents from now on, or takes them again. What is under way ends first.
    pub(crate) async fn freeze(&self, frozen: Frozen) {
        self.state.lock().await.frozen = frozen;
    }

    /// Takes its part in the pair again, if it has one, after [`Configuration::hand_over`].
    pub(crate) async fn take_part(&self) {
        let state = self.state.lock().await;
        let duty = state.served.as_deref().and_then(Duty::of);
        if let Err(error) = self.vrrp.serve(duty).await {
            tracing::warn!("takes no part in its pair: {error}");
        }
    }

    /// Serves what an earlier run has stored. What is wrong with it is kept as the fault.
    pub(crate) async fn restore(&self) {
        let file = self.file.clone();
        let read = blocking(move || read(&file)).await;
        match read.unwrap_or_else(|refusal| Err(refusal.message)) {
            Ok(None) => {}
            Ok(Some(document)) => {
                self.state.lock().await.stored = Some(Arc::new(document));
                self.serve_stored().await;
            }
            Err(reason) => self.tell_fault(format!(
                "the stored configuration {} cannot be read: {reason}",
                self.file.display()
            )),
        }
    }

    /// Tries to serve what is stored, slower and slower, until something is served.
    pub(crate) async fn keep_trying(&self, stop: &CancellationToken) {
        let mut pause = FIRST_RETRY;
        while self.waits().await {
            if stop
                .run_until_cancelled(tokio::time::sleep(pause))
                .await
                .is_none()
            {
                return;
            }
            pause = (pause * 2).min(SLOWEST_RETRY);
            self.serve_stored().await;
        }
    }

    /// Why the stored configuration is not served, if so.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.borrow().clone()
    }

    /// The generation that is served, and each change of it.
    pub(crate) fn generation(&self) -> watch::Receiver<Option<u64>> {
        self.generation.subscribe()
    }

    /// How it stands with its twin, if it has one.
    pub(crate) fn vrrp(&self) -> Option<VrrpStatus> {
        self.vrrp.status()
    }

    /// Leaves the VIPs to the twin, if there is one.
    pub(crate) async fn hand_over(&self) {
        self.vrrp.stop().await;
    }

    /// Returns the state of the data plane.
    pub(crate) async fn report(&self) -> Result<Report, Refusal> {
        let data_plane = Arc::clone(&self.data_plane);
        blocking(move || data_plane.report()).await
    }

    async fn waits(&self) -> bool {
        let state = self.state.lock().await;
        state.served.is_none() && state.stored.is_some()
    }

    async fn serve_stored(&self) {
        let mut state = self.state.lock().await;
        let (Some(document), None) = (state.stored.clone(), &state.served) else {
            return;
        };
        let generation = document.generation;
        let outcome = match state.admit(&document, self.amphora_id) {
            Ok(_) => self.serve(&mut state, &document).await,
            Err(refusal) => Err(refusal),
        };
        match outcome {
            Ok(()) => {
                self.fault.send_replace(None);
                tracing::info!(generation, "serving generation {generation}, as stored");
            }
            Err(refusal) => self.tell_fault(format!(
                "generation {generation} is stored and not served: {}",
                refusal.message
            )),
        }
    }

    /// Brings the document to life: first its addresses, so that listeners can bind them; last,
    /// the addresses that only the document before has named are taken away.
    async fn serve(&self, state: &mut State, document: &Arc<AmphoraConfig>) -> Result<(), Refusal> {
        let added = self.network.add(&document.interfaces).await;
        let added = added.map_err(|error| host(error.to_string()))?;
        if let Err(refusal) = self.apply(Arc::clone(document)).await {
            self.network.remove(&added).await;
            return Err(refusal);
        }
        let duty = Duty::of(document);
        self.vrrp.serve(duty).await.map_err(host)?;
        if let Some(before) = state.served.replace(Arc::clone(document)) {
            self.network
                .remove_gone(&before.interfaces, &document.interfaces)
                .await;
        }
        self.generation.send_replace(Some(document.generation));
        Ok(())
    }

    async fn apply(&self, document: Arc<AmphoraConfig>) -> Result<(), Refusal> {
        let data_plane = Arc::clone(&self.data_plane);
        let applied = blocking(move || data_plane.apply(document)).await?;
        applied.map_err(|rejected| match rejected {
            Rejected::Invalid(message) => refusal(RefusalReason::Invalid, message),
            Rejected::Host(message) => host(message),
        })
    }

    async fn prepare(&self, document: &AmphoraConfig) -> Result<Prepared, Refusal> {
        let text = serde_json::to_vec(document)
            .map_err(|error| refusal(RefusalReason::Invalid, error.to_string()))?;
        let file = self.file.clone();
        blocking(move || Prepared::write(&file, &text))
            .await?
            .map_err(|error| self.not_kept(&error))
    }

    fn not_kept(&self, error: &io::Error) -> Refusal {
        host(format!("write {}: {error}", self.file.display()))
    }

    fn tell_fault(&self, fault: String) {
        self.fault.send_if_modified(|known| {
            let new = known.as_ref() != Some(&fault);
            if new {
                tracing::warn!("{fault}");
                *known = Some(fault);
            }
            new
        });
    }
}

fn read(file: &Path) -> Result<Option<AmphoraConfig>, String> {
    match std::fs::read(file) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Runs what may block where it may.
async fn blocking<T, F>(work: F) -> Result<T, Refusal>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| host(format!("the data plane failed: {error}")))
}

fn host(message: String) -> Refusal {
    refusal(RefusalReason::Host, message)
}

fn refusal(reason: RefusalReason, message: String) -> Refusal {
    Refusal { reason, message }
}

//! Which documents are taken.

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::agent::{Refusal, RefusalReason};
use uuid::Uuid;

use super::{State, refusal};

/// What is to be done with a document that is not refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Serve it.
    Serve,
    /// Nothing: it is served and stored.
    Served,
}

impl State {
    /// Decides about a document. Of the same generation, another content is taken: the controller
    /// knows best what it wants.
    pub(super) fn admit(&self, document: &AmphoraConfig, me: Uuid) -> Result<Admission, Refusal> {
        if document.amphora_id != me {
            let message = format!("it is for amphora {}, this is {me}", document.amphora_id);
            return Err(refusal(RefusalReason::Misdirected, message));
        }
        let known = [&self.stored, &self.served].into_iter().flatten();
        let newest = known.map(|known| known.generation).max().unwrap_or(0);
        if document.generation < newest {
            let message = format!("generation {newest} is newer than {}", document.generation);
            return Err(refusal(RefusalReason::Outdated, message));
        }
        let is_it =
            |known: &Option<std::sync::Arc<AmphoraConfig>>| known.as_deref() == Some(document);
        if is_it(&self.stored) && is_it(&self.served) {
            Ok(Admission::Served)
        } else {
            Ok(Admission::Serve)
        }
    }
}

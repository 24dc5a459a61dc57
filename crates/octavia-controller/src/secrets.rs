//! What listeners and pools need of the tenants' secrets, read for one document.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use octavia_cloud::{CertificateBundle, Error as CloudError, SecretReader, Secrets};
use octavia_model::Secret;

use crate::document::{Material, References};
use crate::error::{Error, Result};

/// How many secrets are remembered, at most.
const REMEMBERED: usize = 4096;

/// Reads secrets, and remembers them in memory for the time when their store does not answer: a
/// change of a member must not wait for the store of certificates.
#[derive(Clone)]
pub struct SecretKeeper {
    secrets: Arc<dyn Secrets>,
    remembered: Arc<Mutex<BTreeMap<Place, Content>>>,
}

/// A project, and the reference as that project writes it.
type Place = (Option<String>, String);

#[derive(Clone)]
enum Content {
    Certificate(CertificateBundle),
    Other(Secret<Vec<u8>>),
}

impl SecretKeeper {
    /// Reads from `secrets`.
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        Self {
            secrets,
            remembered: Arc::default(),
        }
    }

    /// Reads all that `references` name, with the rights of the service.
    ///
    /// # Errors
    ///
    /// [`Error::Secret`] names the one that cannot be read.
    pub(crate) async fn read(
        &self,
        project_id: Option<&String>,
        references: References,
    ) -> Result<Material> {
        let reader = SecretReader::service(project_id.cloned());
        let mut material = Material::default();
        for reference in references.certificates {
            let read = self.secrets.certificate(&reader, &reference).await;
            let read = read.map(Content::Certificate);
            if let Content::Certificate(bundle) = self.remember(&reader, &reference, read)? {
                material.certificates.insert(reference, bundle);
            }
        }
        for reference in references.others {
            let read = self.secrets.secret(&reader, &reference).await;
            let read = read.map(Content::Other);
            if let Content::Other(secret) = self.remember(&reader, &reference, read)? {
                material.others.insert(reference, secret);
            }
        }
        Ok(material)
    }

    /// Remembers what was read, or returns what was read before if the store does not answer.
    fn remember(
        &self,
        reader: &SecretReader,
        reference: &str,
        read: octavia_cloud::Result<Content>,
    ) -> Result<Content> {
        let place = (reader.project_id.clone(), reference.to_owned());
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(content) => {
                if remembered.len() >= REMEMBERED {
                    remembered.pop_first();
                }
                remembered.insert(place, content.clone());
                Ok(content)
            }
            Err(source) => {
                let known = remembered.get(&place).filter(|_| source.may_retry());
                known.cloned().ok_or_else(|| Error::Secret {
                    reference: reference.to_owned(),
                    remedy: remedy(&source),
                    source,
                })
            }
        }
    }
}

/// Returns what somebody can do about it.
const fn remedy(error: &CloudError) -> &'static str {
    if error.may_retry() {
        "it is tried again until the store answers"
    } else {
        "store it again or let the service read it, or name another; it is tried again by itself"
    }
}

#[cfg(test)]
mod tests {
    use octavia_cloud::fake::FakeSecrets;

    use super::*;

    const REFERENCE: &str = "file:ca";

    async fn read(keeper: &SecretKeeper, project: &str) -> Result<Material> {
        let references = References {
            others: [REFERENCE.to_owned()].into(),
            ..References::default()
        };
        keeper.read(Some(&project.to_owned()), references).await
    }

    fn stored() -> (Arc<FakeSecrets>, SecretKeeper) {
        let secrets = Arc::new(FakeSecrets::default());
        secrets.put_secret("mine", REFERENCE, "an authority");
        let keeper = SecretKeeper::new(Arc::clone(&secrets) as _);
        (secrets, keeper)
    }

    #[tokio::test]
    async fn what_was_read_serves_while_the_store_does_not_answer() {
        let (secrets, keeper) = stored();
        read(&keeper, "mine").await.unwrap();
        secrets.break_down();
        let material = read(&keeper, "mine").await.unwrap();
        assert_eq!(material.others[REFERENCE].reveal(), b"an authority");
        // What one project read is nothing to another.
        assert!(read(&keeper, "other").await.unwrap_err().may_retry());
    }

    #[tokio::test]
    async fn a_secret_that_is_gone_is_named_with_what_can_be_done() {
        let (secrets, keeper) = stored();
        read(&keeper, "mine").await.unwrap();
        secrets.remove(REFERENCE);
        let error = read(&keeper, "mine").await.unwrap_err();
        assert!(!error.may_retry());
        assert_eq!(
            error.chain(),
            "read file:ca (store it again or let the service read it, or name another; it is tried \
             again by itself): secret file:ca not found"
        );
    }

    #[tokio::test]
    async fn a_new_content_replaces_what_was_read() {
        let (secrets, keeper) = stored();
        read(&keeper, "mine").await.unwrap();
        secrets.put_secret("mine", REFERENCE, "another");
        let material = read(&keeper, "mine").await.unwrap();
        assert_eq!(material.others[REFERENCE].reveal(), b"another");
    }
}

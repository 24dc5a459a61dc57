//! What listeners and pools refer to in the store of secrets.
//!
//! A transaction decides what is to be read, and nothing is read while it is open: it is given up
//! with [`Error::Unread`], what it lacks is read, and it is tried again.

mod authority;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use octavia_cloud::{Error as CloudError, SecretReader, Secrets};
use octavia_model::{Listener, Pool, Secret};

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::wire::listener::ListenerPut;
use crate::wire::pool::PoolPut;
use crate::wire::python;

/// How many secrets are read at once.
const AT_ONCE: usize = 8;

/// What a listener or a pool refers to.
#[derive(Debug, Clone, Default)]
pub struct References {
    project_id: Option<String>,
    /// Certificates with their keys, in the order in which upstream names those that are missing.
    certificates: Vec<String>,
    authority: Option<String>,
    revocations: Option<String>,
}

impl References {
    /// Returns all that a new listener refers to.
    pub(crate) fn of_listener(listener: &Listener) -> Self {
        let own = listener.tls_certificate_id.iter();
        Self {
            project_id: listener.project_id.clone(),
            certificates: listener
                .sni_container_refs
                .iter()
                .chain(own)
                .cloned()
                .collect(),
            authority: listener.client_ca_tls_certificate_id.clone(),
            revocations: listener.client_crl_container_id.clone(),
        }
    }

    /// Returns what an update of a listener refers to; what stays as it is, is not read again.
    pub(crate) fn of_listener_change(changed: &Listener, put: &ListenerPut) -> Self {
        let mut references = Self::of_listener(changed);
        if !put.sni_container_refs.is_value() {
            references.certificates.clear();
            references
                .certificates
                .extend(changed.tls_certificate_id.clone());
        }
        if !put.default_tls_container_ref.is_value() && changed.tls_certificate_id.is_some() {
            references.certificates.pop();
        }
        if !put.client_ca_tls_container_ref.is_value() && !put.client_crl_container_ref.is_value() {
            references.forget_clients();
        }
        references
    }

    /// Returns all that a new pool refers to.
    pub(crate) fn of_pool(pool: &Pool) -> Self {
        Self {
            project_id: pool.project_id.clone(),
            certificates: pool.tls_certificate_id.iter().cloned().collect(),
            authority: pool.ca_tls_certificate_id.clone(),
            revocations: pool.crl_container_id.clone(),
        }
    }

    /// Returns what an update of a pool refers to; what stays as it is, is not read again.
    pub(crate) fn of_pool_change(changed: &Pool, put: &PoolPut) -> Self {
        let mut references = Self::of_pool(changed);
        if !put.tls_container_ref.is_value() {
            references.certificates.clear();
        }
        if !put.ca_tls_container_ref.is_value() && !put.crl_container_ref.is_value() {
            references.forget_clients();
        }
        references
    }

    fn forget_clients(&mut self) {
        self.authority = None;
        self.revocations = None;
    }

    fn others(&self) -> impl Iterator<Item = &String> {
        self.authority.iter().chain(&self.revocations)
    }
}

/// What was read for one request, on behalf of its caller.
#[derive(Debug, Default)]
pub(crate) struct ReadSecrets {
    token: Option<Secret<String>>,
    read: Mutex<BTreeMap<Wanted, Outcome>>,
}

/// A reference, and what is expected behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    kind: Kind,
    reference: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Certificate,
    Other,
}

#[derive(Debug)]
enum Outcome {
    Certificate { names_a_host: bool },
    Other(Secret<Vec<u8>>),
    Failed(Arc<CloudError>),
}

impl ReadSecrets {
    /// Begins a request: nothing is read yet.
    pub(crate) fn by(caller: &Caller) -> Self {
        Self {
            token: caller.token.clone(),
            read: Mutex::default(),
        }
    }

    /// Reads what was lacking.
    pub(crate) async fn read(&self, secrets: &dyn Secrets, lacking: &References) {
        let reader = SecretReader {
            project_id: lacking.project_id.clone(),
            token: self.token.clone(),
        };
        let read = futures_util::stream::iter(wanted(lacking))
            .map(|wanted| read_one(secrets, &reader, wanted))
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        self.lock().extend(read);
    }

    /// Reads all that is referred to, and checks it.
    pub(crate) async fn read_and_check(
        &self,
        secrets: &dyn Secrets,
        references: &[References],
    ) -> Result<()> {
        for lacking in references {
            self.read(secrets, lacking).await;
        }
        references.iter().try_for_each(|refers| self.check(refers))
    }

    /// Checks that everything referred to is there, and is what it should be; all that is not is
    /// named in one fault.
    ///
    /// # Errors
    ///
    /// `Unread` when something was not read yet.
    pub(crate) fn check(&self, references: &References) -> Result<()> {
        let read = self.lock();
        if wanted(references).any(|wanted| !read.contains_key(&wanted)) {
            return Err(Error::Unread(Box::new(references.clone())));
        }
        let certificates = references.certificates.iter();
        let certificates = certificates.map(|name| (name, &read[&Kind::Certificate.of(name)]));
        retrieved(certificates.clone())?;
        let others = references.others();
        retrieved(others.map(|name| (name, &read[&Kind::Other.of(name)])))?;
        let text = |name: &Option<String>| match &read[&Kind::Other.of(name.as_ref()?)] {
            Outcome::Other(text) => Some(text.clone()),
            Outcome::Certificate { .. } | Outcome::Failed(_) => None,
        };
        if let Some(authority) = text(&references.authority) {
            authority::check(&authority, text(&references.revocations).as_ref())?;
        }
        of_hosts(certificates)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Wanted, Outcome>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kind {
    fn of(self, reference: &str) -> Wanted {
        Wanted {
            kind: self,
            reference: reference.to_owned(),
        }
    }
}

fn wanted(references: &References) -> impl Iterator<Item = Wanted> {
    let certificates = references.certificates.iter();
    let certificates = certificates.map(|name| Kind::Certificate.of(name));
    certificates.chain(references.others().map(|name| Kind::Other.of(name)))
}

/// As upstream: the service is let in first, so that the controller can read it later.
async fn read_one(
    secrets: &dyn Secrets,
    reader: &SecretReader,
    wanted: Wanted,
) -> (Wanted, Outcome) {
    let name = wanted.reference.as_str();
    let outcome = match (secrets.grant(reader, name).await, wanted.kind) {
        (Err(error), _) => Err(error),
        (Ok(()), Kind::Certificate) => {
            let bundle = secrets.certificate(reader, name).await;
            bundle.map(|bundle| Outcome::Certificate {
                names_a_host: bundle.names_a_host(),
            })
        }
        (Ok(()), Kind::Other) => secrets.secret(reader, name).await.map(Outcome::Other),
    };
    (
        wanted,
        outcome.unwrap_or_else(|error| Outcome::Failed(Arc::new(error))),
    )
}

/// Refuses a certificate that no client could tell from another's.
fn of_hosts<'a>(mut outcomes: impl Iterator<Item = (&'a String, &'a Outcome)>) -> Result<()> {
    if outcomes.any(|(_, outcome)| {
        matches!(
            outcome,
            Outcome::Certificate {
                names_a_host: false
            }
        )
    }) {
        return Err(Error::BadRequest(
            "No CN or DNSName(s) found in certificate. The certificate is invalid.".to_owned(),
        ));
    }
    Ok(())
}

/// Names all references that lead nowhere in one fault; a bundle that cannot be read is a fault of
/// its own, and so is a store that does not answer.
fn retrieved<'a>(outcomes: impl Iterator<Item = (&'a String, &'a Outcome)>) -> Result<()> {
    let mut missing = Vec::new();
    let mut reasons = String::new();
    for (name, outcome) in outcomes {
        let Outcome::Failed(error) = outcome else {
            continue;
        };
        match &**error {
            CloudError::UnreadablePkcs12(why) => {
                return Err(Error::Cloud(CloudError::UnreadablePkcs12(why.clone())));
            }
            CloudError::Unavailable { .. } => {
                return Err(Error::NoSecretStore(Arc::clone(error)));
            }
            CloudError::Denied { .. } | CloudError::Malformed { .. } => {
                reasons.push_str("; ");
                reasons.push_str(&error.to_string());
            }
            CloudError::NotFound { .. }
            | CloudError::AddressInUse(_)
            | CloudError::AddressOutside { .. }
            | CloudError::SubnetFull(_)
            | CloudError::Rejected { .. }
            | CloudError::Refused(_) => {}
        }
        missing.push(name.as_str());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = python::list(missing);
    Err(Error::BadRequest(format!(
        "Could not retrieve certificate: {missing}{reasons}"
    )))
}

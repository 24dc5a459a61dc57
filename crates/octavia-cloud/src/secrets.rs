//! Certificates and keys of tenants: what listeners and pools name by reference.

mod bundle;
mod local;

use futures_util::future::BoxFuture;
use octavia_model::Secret;

use crate::{Error, Result};

pub use bundle::CertificateBundle;
pub use local::LocalSecrets;

/// Whoever keeps the certificates and keys of tenants.
///
/// Every call ends within a limit of its own, and may be made again. What it says when it fails is
/// for the tenant: it names the reference and never what lies behind it.
pub trait Secrets: Send + Sync {
    /// Returns a certificate with its key.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`, `UnreadablePkcs12`, `Malformed`, or `Unavailable`.
    fn certificate<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>>;

    /// Returns anything else as it was stored: the certificate of an authority, a revocation list.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Denied`, or `Unavailable`.
    fn secret<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>>;

    /// Lets the service read a secret later, without the caller. Upstream's `set_acls`.
    ///
    /// # Errors
    ///
    /// As [`Self::secret`].
    fn grant<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>>;

    /// Takes that right back. Upstream's `unset_acls`.
    ///
    /// # Errors
    ///
    /// As [`Self::secret`]; what is gone needs nothing taken back.
    fn withdraw<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>>;
}

/// On whose behalf a secret is read.
#[derive(Debug, Clone)]
pub struct SecretReader {
    /// The project of the load balancer; without a store that knows tokens it decides.
    pub project_id: Option<String>,
    /// The caller's token; `None` reads with the rights of the service.
    pub token: Option<Secret<String>>,
}

impl SecretReader {
    /// Reads with the rights of the service, for the load balancers of a project.
    pub fn service(project_id: Option<String>) -> Self {
        Self {
            project_id,
            token: None,
        }
    }
}

/// A store that keeps nothing: where none is configured.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl NoSecrets {
    fn nothing<'a, T: Send + 'a>(reference: &'a str) -> BoxFuture<'a, Result<T>> {
        Box::pin(std::future::ready(Err(not_found(reference))))
    }
}

impl Secrets for NoSecrets {
    fn certificate<'a>(
        &'a self,
        _: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>> {
        Self::nothing(reference)
    }

    fn secret<'a>(
        &'a self,
        _: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>> {
        Self::nothing(reference)
    }

    fn grant<'a>(&'a self, _: &'a SecretReader, reference: &'a str) -> BoxFuture<'a, Result<()>> {
        Self::nothing(reference)
    }

    fn withdraw<'a>(&'a self, _: &'a SecretReader, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Says that a reference leads nowhere; what belongs to others looks the same.
pub(crate) fn not_found(reference: &str) -> Error {
    Error::NotFound {
        kind: "secret",
        id: reference.to_owned(),
    }
}

//! The agent's certificate and the controllers' authority.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::RootCertStore;
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{
    NoServerSessionStorage, ParsedCertificate, ServerConfig, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use uuid::Uuid;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::config::AgentConfig;
use crate::disk::Prepared;
use crate::error::Error;

/// What a handshake needs. The files are the truth; what they last said stays in use only while
/// they cannot be read, so that a controller can still get in and replace them.
pub(super) struct Certificates {
    amphora_id: Uuid,
    server: PathBuf,
    client_ca: PathBuf,
    last_good: Mutex<Arc<ServerConfig>>,
}

impl Certificates {
    pub(super) fn open(config: &AgentConfig) -> Result<Self, Error> {
        let first = load(&config.server_certificate, &config.client_ca)?;
        Ok(Self {
            amphora_id: config.amphora_id,
            server: config.server_certificate.clone(),
            client_ca: config.client_ca.clone(),
            last_good: Mutex::new(Arc::new(first)),
        })
    }

    /// Returns what the next handshake uses.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        let loaded = load(&self.server, &self.client_ca);
        let mut last_good = self
            .last_good
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match loaded {
            Ok(config) => *last_good = Arc::new(config),
            Err(error) => tracing::error!("{error}; using the one before"),
        }
        Arc::clone(&last_good)
    }

    /// Replaces the certificate and key, if they fit each other and this amphora.
    pub(super) fn replace(&self, pem: &[u8]) -> Result<(), Replacement> {
        let key = certified_key(pem).map_err(Replacement::Unusable)?;
        check_name(&key, self.amphora_id).map_err(Replacement::Unusable)?;
        Prepared::write(&self.server, pem)
            .and_then(Prepared::commit)
            .map_err(|source| Replacement::NotKept {
                path: self.server.clone(),
                source,
            })
    }
}

/// Why a certificate was not replaced.
#[derive(Debug, thiserror::Error)]
pub(super) enum Replacement {
    /// It is no certificate for this amphora with its key.
    #[error("{0}")]
    Unusable(String),
    /// The disk did not take it.
    #[error("write {}: {source}", path.display())]
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Refuses the certificate of an amphora. Where one authority signs both controllers and
/// amphorae, an amphora that was broken into must not command others.
pub(super) fn check_controller(chain: Option<&[CertificateDer<'_>]>) -> io::Result<()> {
    let refused = |reason| io::Error::new(io::ErrorKind::PermissionDenied, reason);
    let certificate = chain
        .and_then(<[_]>::first)
        .ok_or_else(|| refused("no certificate"))?;
    let (_, certificate) =
        parse_x509_certificate(certificate).map_err(|_| refused("an unreadable certificate"))?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let is_amphora = names.is_some_and(|names| {
        let mut names = names.value.general_names.iter();
        names
            .any(|name| matches!(name, GeneralName::DNSName(name) if Uuid::parse_str(name).is_ok()))
    });
    if is_amphora {
        return Err(refused(
            "the certificate of an amphora, not of a controller",
        ));
    }
    Ok(())
}

fn load(server: &Path, client_ca: &Path) -> Result<ServerConfig, Error> {
    let key = read(server).and_then(|pem| certified_key(&pem));
    let key = key.map_err(|reason| unusable(server, reason))?;
    let roots = read(client_ca).and_then(|pem| authorities(&pem));
    let roots = roots.map_err(|reason| unusable(client_ca, reason))?;
    server_config(key, roots).map_err(|reason| unusable(client_ca, reason))
}

fn server_config(key: CertifiedKey, roots: RootCertStore) -> Result<ServerConfig, String> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(|error| error.to_string())?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

fn certified_key(pem: &[u8]) -> Result<CertifiedKey, String> {
    let chain = certificates(pem)?;
    let key =
        PrivateKeyDer::from_pem_slice(pem).map_err(|error| format!("private key: {error}"))?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| error.to_string())
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| format!("certificate: {error}"))?;
    if found.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    Ok(found)
}

/// Controllers know an amphora by its id, so another's certificate would lock them out.
fn check_name(key: &CertifiedKey, amphora_id: Uuid) -> Result<(), String> {
    let name = ServerName::try_from(amphora_id.to_string()).map_err(|error| error.to_string())?;
    let certificate = key.end_entity_cert().map_err(|error| error.to_string())?;
    let certificate =
        ParsedCertificate::try_from(certificate).map_err(|error| error.to_string())?;
    verify_server_name(&certificate, &name).map_err(|error| error.to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| error.to_string())
}

fn unusable(path: &Path, reason: String) -> Error {
    Error::Certificate {
        path: path.to_owned(),
        reason,
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

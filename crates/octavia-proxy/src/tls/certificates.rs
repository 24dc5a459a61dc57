use std::sync::Arc;

use octavia_amphora_api::config::Certificate;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};

/// Reads a certificate and its key; the error says for people what is wrong.
pub(super) fn certified_key(
    certificate: &Certificate,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, String> {
    let chain = certificates(&certificate.chain)?;
    let key = PrivateKeyDer::from_pem_slice(certificate.key.reveal().as_bytes())
        .map_err(|_| "the private key is not PEM of a key without passphrase")?;
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(key) => Ok(Arc::new(key)),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err("the private key does not belong to the certificate".into())
        }
        Err(error) => Err(format!(
            "the certificate and its key cannot be used: {error}"
        )),
    }
}

/// Reads one or more certificates.
pub(super) fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("there is no certificate".into()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("the certificates cannot be read: {error}")),
    }
}

/// Reads the certificates of authorities.
pub(super) fn authorities(pem: &str) -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        let added = roots.add(certificate);
        added.map_err(|error| format!("the authority's certificate cannot be used: {error}"))?;
    }
    Ok(Arc::new(roots))
}

/// Reads revocation lists.
pub(super) fn revocations(pem: &str) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let lists: Result<Vec<_>, _> =
        CertificateRevocationListDer::pem_slice_iter(pem.as_bytes()).collect();
    match lists {
        Ok(lists) if lists.is_empty() => Err("there is no revocation list".into()),
        Ok(lists) => Ok(lists),
        Err(error) => Err(format!("the revocation list cannot be read: {error}")),
    }
}

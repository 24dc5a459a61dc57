//! PEM and PKCS#12 bundles.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use octavia_model::Secret;
use p12_keystore::Pkcs12Archive;
use pem::{EncodeConfig, LineEnding, Pem};
use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::{Error, Result};

/// The labels of private keys in PEM, all of them readable without a passphrase.
const KEYS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// A certificate, its key, and those that vouch for it. The key belongs to the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateBundle {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its key, PEM; a passphrase that it had is taken off.
    pub private_key: Secret<String>,
    /// Certificates of authorities, PEM each, the one that signed the certificate first.
    pub intermediates: Vec<String>,
}

impl CertificateBundle {
    /// Reads PEM: certificates in any order, and one key. Other things are passed over.
    ///
    /// # Errors
    ///
    /// `Malformed`: says what is missing or does not fit, of `what`.
    pub fn from_pem(what: &str, text: &[u8], passphrase: Option<&Secret<String>>) -> Result<Self> {
        Self::parse(text, passphrase).map_err(|why| Error::Malformed {
            what: what.to_owned(),
            why,
        })
    }

    fn parse(
        text: &[u8],
        passphrase: Option<&Secret<String>>,
    ) -> std::result::Result<Self, String> {
        let parts = pem::parse_many(text).map_err(|error| error.to_string())?;
        let certificates: Vec<_> = parts
            .iter()
            .filter(|part| is_certificate(part))
            .map(|part| part.contents().to_vec())
            .collect();
        let mut keys = parts.iter().filter_map(|part| key(part, passphrase));
        let key = match (keys.next(), keys.next()) {
            (Some(key), None) => key?,
            (None, _) => return Err("it holds no private key".to_owned()),
            (Some(_), Some(_)) => return Err("it holds more than one private key".to_owned()),
        };
        Self::assemble(certificates, &key)
    }

    /// Tells whether the certificate names a host: a common name, or a DNS name beside it (RFC
    /// 5280, section 4.2.1.6). Upstream refuses one that names none.
    pub fn names_a_host(&self) -> bool {
        let Ok(part) = pem::parse(&self.certificate) else {
            return false;
        };
        let Ok((_, certificate)) = X509Certificate::from_der(part.contents()) else {
            return false;
        };
        let common_name = certificate.subject().iter_common_name().next().is_some();
        let others = certificate.subject_alternative_name().ok().flatten();
        let dns = |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(_));
        common_name || others.is_some_and(|names| names.value.general_names.iter().any(dns))
    }

    /// Reads a PKCS#12 bundle without a passphrase: one key, and certificates in any order.
    ///
    /// # Errors
    ///
    /// `UnreadablePkcs12`.
    pub fn from_pkcs12(der: &[u8]) -> Result<Self> {
        let archive = Pkcs12Archive::from_pkcs12(der, "")
            .map_err(|error| Error::UnreadablePkcs12(error.to_string()))?;
        let certificates = archive.certs.iter();
        let certificates = certificates.map(|bag| bag.cert.as_der().to_vec()).collect();
        let [bag] = archive.keys.as_slice() else {
            let count = archive.keys.len();
            let why = format!("it holds {count} private keys instead of one");
            return Err(Error::UnreadablePkcs12(why));
        };
        let key = PrivatePkcs8KeyDer::from(bag.key.as_der().to_vec()).into();
        Self::assemble(certificates, &key).map_err(Error::UnreadablePkcs12)
    }

    /// Finds the certificate of the key, and orders the others behind it.
    fn assemble(
        mut others: Vec<Vec<u8>>,
        key: &PrivateKeyDer<'static>,
    ) -> std::result::Result<Self, String> {
        if others.is_empty() {
            return Err("it holds no certificate".to_owned());
        }
        let label = if matches!(key, PrivateKeyDer::Pkcs1(_)) {
            "RSA PRIVATE KEY"
        } else if matches!(key, PrivateKeyDer::Sec1(_)) {
            "EC PRIVATE KEY"
        } else {
            "PRIVATE KEY"
        };
        let private_key = Secret::new(encode(label, key.secret_der()));
        let signing = rustls::crypto::aws_lc_rs::sign::any_supported_type(key)
            .map_err(|error| format!("its private key cannot be used: {error}"))?;
        let mut own = None;
        for (at, der) in others.iter().enumerate() {
            names(der)?;
            let certificate = CertificateDer::from(der.clone());
            let pair = CertifiedKey::new(vec![certificate], Arc::clone(&signing));
            let mismatch = TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch);
            if own.is_none() && pair.keys_match() != Err(mismatch) {
                own = Some(at);
            }
        }
        let own = own.ok_or("its private key belongs to none of its certificates")?;
        let certificate = others.remove(own);
        let chain = ordered(&certificate, others)?;
        Ok(Self {
            certificate: encode("CERTIFICATE", &certificate),
            private_key,
            intermediates: chain.iter().map(|der| encode("CERTIFICATE", der)).collect(),
        })
    }
}

/// Puts the one that signed the first before the one that signed that, and the rest last.
fn ordered(first: &[u8], mut others: Vec<Vec<u8>>) -> std::result::Result<Vec<Vec<u8>>, String> {
    let mut chain = Vec::with_capacity(others.len());
    let (_, mut issuer) = names(first)?;
    loop {
        let mut signer = None;
        for (at, der) in others.iter().enumerate() {
            let (subject, next) = names(der)?;
            if subject == issuer {
                signer = Some((at, next));
                break;
            }
        }
        let Some((at, next)) = signer else { break };
        issuer = next;
        chain.push(others.remove(at));
    }
    chain.append(&mut others);
    Ok(chain)
}

/// Returns subject and issuer of a certificate, as they are written in it.
fn names(der: &[u8]) -> std::result::Result<(Vec<u8>, Vec<u8>), String> {
    let (_, certificate) = X509Certificate::from_der(der)
        .map_err(|error| format!("one of its certificates cannot be read: {error}"))?;
    let subject = certificate.subject().as_raw().to_vec();
    Ok((subject, certificate.issuer().as_raw().to_vec()))
}

fn is_certificate(part: &Pem) -> bool {
    matches!(part.tag(), "CERTIFICATE" | "X509 CERTIFICATE")
}

/// Reads a part if it is a key.
fn key(
    part: &Pem,
    passphrase: Option<&Secret<String>>,
) -> Option<std::result::Result<PrivateKeyDer<'static>, String>> {
    let der = part.contents().to_vec();
    if part.tag() == "ENCRYPTED PRIVATE KEY" {
        return Some(decrypt(&der, passphrase));
    }
    if !KEYS.contains(&part.tag()) {
        return None;
    }
    if part.headers().get("DEK-Info").is_some() {
        let why = "its private key is encrypted in the old way; write it as PKCS#8";
        return Some(Err(why.to_owned()));
    }
    let key = PrivateKeyDer::try_from(der);
    Some(key.map_err(|error| format!("its private key cannot be read: {error}")))
}

fn decrypt(
    der: &[u8],
    passphrase: Option<&Secret<String>>,
) -> std::result::Result<PrivateKeyDer<'static>, String> {
    let passphrase = passphrase.ok_or("its private key needs a passphrase")?;
    let key = EncryptedPrivateKeyInfoRef::try_from(der)
        .and_then(|key| key.decrypt(passphrase.reveal()))
        .map_err(|error| format!("its private key cannot be decrypted: {error}"))?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

fn encode(label: &str, der: &[u8]) -> String {
    let lines = EncodeConfig::new().set_line_ending(LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), lines)
}

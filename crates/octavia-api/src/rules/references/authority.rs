use std::fmt::Display;

use octavia_model::Secret;
use pem::Pem;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::error::{Error, Result};

/// Checks the certificates of those who sign clients' or members' certificates, and that they
/// signed the revocation list.
pub(super) fn check(
    authority: &Secret<Vec<u8>>,
    revocations: Option<&Secret<Vec<u8>>>,
) -> Result<()> {
    let parts = parts(authority, "CERTIFICATE").map_err(bad_authority)?;
    let signers: Vec<_> = parts
        .iter()
        .map(|part| X509Certificate::from_der(part.contents()).map(|(_, signer)| signer))
        .collect::<std::result::Result<_, _>>()
        .map_err(bad_authority)?;
    revocations.map_or(Ok(()), |list| signed(list, &signers))
}

fn signed(list: &Secret<Vec<u8>>, signers: &[X509Certificate<'_>]) -> Result<()> {
    for part in parts(list, "X509 CRL").map_err(bad_list)? {
        let (_, list) = CertificateRevocationList::from_der(part.contents()).map_err(bad_list)?;
        let by = |signer: &X509Certificate<'_>| list.verify_signature(signer.public_key()).is_ok();
        if !signers.iter().any(by) {
            return Err(Error::validation(
                "The CRL specified is not valid for client certificate authority reference \
                 supplied.",
            ));
        }
    }
    Ok(())
}

/// Returns the parts of that kind; there is one at least.
fn parts(text: &Secret<Vec<u8>>, label: &str) -> std::result::Result<Vec<Pem>, String> {
    let mut parts = pem::parse_many(text.reveal()).map_err(|error| error.to_string())?;
    parts.retain(|part| part.tag() == label);
    if parts.is_empty() {
        return Err(format!("there is no {label} in it"));
    }
    Ok(parts)
}

fn bad_authority(why: impl Display) -> Error {
    Error::validation(format!(
        "The client authentication CA certificate is invalid. It must be a valid x509 PEM format \
         certificate. Error: {why}"
    ))
}

fn bad_list(why: impl Display) -> Error {
    Error::validation(format!(
        "The client authentication certificate revocation list is invalid. It must be a valid x509 \
         PEM format certificate revocation list. Error: {why}"
    ))
}

use std::fs;
use std::path::Path;

use octavia_model::Secret;
use rcgen::{Issuer, KeyPair};

use super::Authority;
use crate::agent_client::ClientIdentity;
use crate::config::CertificateFiles;
use crate::error::{Error, Result};

/// Opens the operator's files.
pub(super) fn open(paths: &CertificateFiles) -> Result<Authority> {
    let key_pem = read(&paths.ca_private_key)?;
    refuse_encrypted(&paths.ca_private_key, &key_pem)?;
    let key = KeyPair::from_pem(&key_pem).map_err(|e| unreadable(&paths.ca_private_key, e))?;
    let issuer = Issuer::from_ca_cert_pem(&read(&paths.ca_certificate)?, key)
        .map_err(|e| unreadable(&paths.ca_certificate, e))?;
    Ok(Authority {
        issuer,
        client_authorities: read(&paths.client_ca)?,
        identity: ClientIdentity {
            certificate_and_key: Secret::new(read(&paths.client_cert)?),
            server_authorities: read(&paths.server_ca)?,
        },
    })
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| Error::certificate(format!("read {}", path.display()), e))
}

fn unreadable(path: &Path, source: rcgen::Error) -> Error {
    Error::certificate(format!("read {}", path.display()), source)
}

fn refuse_encrypted(path: &Path, pem: &str) -> Result<()> {
    if pem.contains("ENCRYPTED") {
        return Err(Error::certificate(
            format!("read {}", path.display()),
            "an encrypted key is not supported: decrypt it with `openssl pkey -in OLD -out NEW`, \
             protect the file, and leave ca_private_key_passphrase empty",
        ));
    }
    Ok(())
}

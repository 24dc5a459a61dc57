use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use octavia_model::{IdSource, RandomIds, Secret};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};

use super::{Authority, CONTROLLER_NAME, common_name, expiry, set_validity};
use crate::agent_client::ClientIdentity;
use crate::error::{Error, Result};

/// How long the authority and the controller's certificate last: longer than any installation.
const VALIDITY: Duration = Duration::from_hours(20 * 365 * 24);

const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
const CONTROLLER: &str = "controller.pem";

/// Opens the authority in `directory`; makes it when there is none.
///
/// It is made in a directory beside it and renamed, so it is there whole or not at all; of two
/// processes that start at once, one finds the other's.
pub(super) fn open(directory: &Path, now: DateTime<Utc>) -> Result<Authority> {
    if !directory.join(AUTHORITY).exists() {
        create(directory, now)?;
    }
    let ca_pem = read(directory, AUTHORITY)?;
    let key = KeyPair::from_pem(&read(directory, AUTHORITY_KEY)?)
        .map_err(|e| Error::certificate("read the authority's key", e))?;
    Ok(Authority {
        issuer: Issuer::from_ca_cert_pem(&ca_pem, key)
            .map_err(|e| Error::certificate("read the authority's certificate", e))?,
        client_authorities: ca_pem.clone(),
        identity: ClientIdentity {
            certificate_and_key: Secret::new(read(directory, CONTROLLER)?),
            server_authorities: ca_pem,
        },
    })
}

fn read(directory: &Path, name: &str) -> Result<String> {
    let path = directory.join(name);
    fs::read_to_string(&path).map_err(|e| Error::certificate(format!("read {}", path.display()), e))
}

fn create(directory: &Path, now: DateTime<Utc>) -> Result<()> {
    let failed =
        |e| Error::certificate(format!("store certificates in {}", directory.display()), e);
    let files = generate(now).map_err(|e| Error::certificate("make an authority", e))?;
    let parent = directory.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)
        .map_err(failed)?;
    let draft = parent.join(format!(".certificates-{}", RandomIds.next()));
    store(&draft, &files).map_err(failed)?;
    match fs::rename(&draft, directory) {
        Ok(()) => Ok(()),
        // A directory that is not empty is never replaced: another process was faster.
        Err(_) if directory.join(AUTHORITY).exists() => fs::remove_dir_all(&draft).map_err(failed),
        Err(e) => Err(failed(e)),
    }
}

fn store(draft: &Path, files: &[(&str, String)]) -> std::io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(draft)?;
    for (name, content) in files {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(draft.join(name))?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
    }
    fs::File::open(draft)?.sync_all()
}

fn generate(now: DateTime<Utc>) -> std::result::Result<[(&'static str, String); 3], rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let key_pem = key.serialize_pem();
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = common_name("Octavia");
    set_validity(&mut params, now, expiry(now, VALIDITY));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = params.self_signed(&key)?;
    let controller = controller(&Issuer::new(params, key), now)?;
    Ok([
        (AUTHORITY, ca.pem()),
        (AUTHORITY_KEY, key_pem),
        (CONTROLLER, controller),
    ])
}

fn controller(
    issuer: &Issuer<'_, KeyPair>,
    now: DateTime<Utc>,
) -> std::result::Result<String, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([])?;
    params.distinguished_name = common_name(CONTROLLER_NAME);
    set_validity(&mut params, now, expiry(now, VALIDITY));
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.signed_by(&key, issuer)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

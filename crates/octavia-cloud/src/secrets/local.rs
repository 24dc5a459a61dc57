//! Secrets as files of this host: `<folder>/<project>/<name>`.

#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::BoxFuture;
use octavia_model::Secret;

use super::{CertificateBundle, SecretReader, Secrets, not_found};
use crate::{Error, Result};

/// What references to files begin with.
const SCHEME: &str = "file:";
/// The longest name of a project or of a secret.
const LONGEST_NAME: usize = 100;
/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// How long the disk may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Secrets as files of this host.
///
/// The reference `file:web` names `web` in the folder of the reader's project, so a project can name
/// nothing of another one. Names are letters, digits, `.`, `_` and `-`, and begin with no dot. A file
/// is a PEM or PKCS#12 bundle, or anything else that is read as it is; a folder holds the parts of a
/// certificate container: `certificate.pem`, `private_key.pem`, `intermediates.pem` and
/// `private_key_passphrase`, the last two if need be.
#[derive(Debug, Clone)]
pub struct LocalSecrets {
    folder: PathBuf,
}

impl LocalSecrets {
    /// Takes secrets from a folder, which need not be there yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Returns where a reference leads, if it can lead anywhere.
    fn path(&self, reader: &SecretReader, reference: &str) -> Result<PathBuf> {
        let project = reader.project_id.as_deref();
        let name = reference.strip_prefix(SCHEME);
        match (project.filter(is_name), name.filter(is_name)) {
            (Some(project), Some(name)) => Ok(self.folder.join(project).join(name)),
            _ => Err(not_found(reference)),
        }
    }

    fn read<'a, T: Send + 'static>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
        act: fn(&Path, &str) -> Result<T>,
    ) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            let path = self.path(reader, reference)?;
            let owned = reference.to_owned();
            let work = tokio::task::spawn_blocking(move || act(&path, &owned));
            let attempt = || format!("read secret {reference}");
            match tokio::time::timeout(PATIENCE, work).await {
                Ok(done) => done.unwrap_or_else(|error| Err(Error::unavailable(attempt(), error))),
                Err(error) => Err(Error::unavailable(attempt(), error)),
            }
        })
    }
}

impl Secrets for LocalSecrets {
    fn certificate<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>> {
        self.read(reader, reference, |path, reference| {
            if path.is_dir() {
                return container(path, reference);
            }
            let content = file(path, reference)?;
            if content.starts_with(b"-----BEGIN") || !is_der(&content) {
                CertificateBundle::from_pem(reference, &content, None)
            } else {
                CertificateBundle::from_pkcs12(&content)
            }
        })
    }

    fn secret<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>> {
        self.read(reader, reference, |path, reference| {
            file(path, reference).map(Secret::new)
        })
    }

    /// Whoever may name a file has let the service read it.
    fn grant<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(self.path(reader, reference).map(drop)))
    }

    fn withdraw<'a>(&'a self, _: &'a SecretReader, _: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Tells whether a text is one name of a folder, and leads nowhere else.
fn is_name(text: &&str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && !text.starts_with('.')
        && text.bytes().all(allowed)
}

/// DER of a PKCS#12 bundle is a sequence.
fn is_der(content: &[u8]) -> bool {
    content.first() == Some(&0x30)
}

/// Reads the parts of a container from their files.
fn container(path: &Path, reference: &str) -> Result<CertificateBundle> {
    let optional = |name| match file(&path.join(name), reference) {
        Err(Error::NotFound { .. }) => Ok(Vec::new()),
        read => read,
    };
    let passphrase = optional("private_key_passphrase")?;
    let passphrase = String::from_utf8(passphrase).map_err(|_| Error::Malformed {
        what: reference.to_owned(),
        why: "its passphrase is no text".to_owned(),
    })?;
    let passphrase = passphrase.trim_end_matches(['\r', '\n']);
    let passphrase = (!passphrase.is_empty()).then(|| Secret::new(passphrase.to_owned()));
    let mut text = file(&path.join("certificate.pem"), reference)?;
    for part in [
        optional("intermediates.pem")?,
        file(&path.join("private_key.pem"), reference)?,
    ] {
        text.push(b'\n');
        text.extend(part);
    }
    CertificateBundle::from_pem(reference, &text, passphrase.as_ref())
}

fn file(path: &Path, reference: &str) -> Result<Vec<u8>> {
    let fault = |error: std::io::Error| fault(reference, error);
    let file = std::fs::File::open(path).map_err(fault)?;
    if !file.metadata().map_err(fault)?.is_file() {
        return Err(not_found(reference));
    }
    let mut content = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut content)
        .map_err(fault)?;
    if content.len() as u64 > LARGEST {
        return Err(Error::Malformed {
            what: reference.to_owned(),
            why: format!("it is larger than {LARGEST} bytes"),
        });
    }
    Ok(content)
}

fn fault(reference: &str, error: std::io::Error) -> Error {
    let kind = error.kind();
    if matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory) {
        not_found(reference)
    } else if kind == ErrorKind::PermissionDenied {
        Error::Denied {
            what: reference.to_owned(),
            remedy: "the operator must let the service read the file".to_owned(),
        }
    } else {
        Error::unavailable(format!("read secret {reference}"), error)
    }
}

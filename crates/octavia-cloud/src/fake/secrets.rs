use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use octavia_model::Secret;

use crate::secrets::not_found;
use crate::{CertificateBundle, Error, Result, SecretReader, Secrets};

/// A store of secrets in memory: it keeps what projects put into it, notes who granted what, and
/// fails on demand.
#[derive(Default)]
pub struct FakeSecrets {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    kept: BTreeMap<String, Kept>,
    granted: BTreeSet<String>,
    broken: BTreeMap<String, Error>,
    all_broken: bool,
    reads: usize,
}

struct Kept {
    project_id: String,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Certificate(CertificateBundle),
    Other(Secret<Vec<u8>>),
}

impl FakeSecrets {
    /// Keeps a certificate of a project.
    pub fn put_certificate(&self, project: &str, reference: &str, bundle: CertificateBundle) {
        self.put(project, reference, Content::Certificate(bundle));
    }

    /// Keeps something else of a project.
    pub fn put_secret(&self, project: &str, reference: &str, content: impl Into<Vec<u8>>) {
        let content = Content::Other(Secret::new(content.into()));
        self.put(project, reference, content);
    }

    /// Loses a secret.
    pub fn remove(&self, reference: &str) {
        self.lock().kept.remove(reference);
    }

    /// Makes the next call for a reference fail.
    pub fn fail_next(&self, reference: &str, error: Error) {
        self.lock().broken.insert(reference.to_owned(), error);
    }

    /// Makes every call fail as `Unavailable`, until [`Self::heal`].
    pub fn break_down(&self) {
        self.lock().all_broken = true;
    }

    /// Works again.
    pub fn heal(&self) {
        let mut inner = self.lock();
        inner.all_broken = false;
        inner.broken.clear();
    }

    /// Returns the references that the service may read.
    pub fn granted(&self) -> Vec<String> {
        self.lock().granted.iter().cloned().collect()
    }

    /// Returns how often something was read.
    pub fn reads(&self) -> usize {
        self.lock().reads
    }

    fn put(&self, project: &str, reference: &str, content: Content) {
        let project_id = project.to_owned();
        let kept = Kept {
            project_id,
            content,
        };
        self.lock().kept.insert(reference.to_owned(), kept);
    }

    fn find(&self, reader: &SecretReader, reference: &str) -> Result<Content> {
        let mut inner = self.lock();
        inner.reads += 1;
        inner.fault(reference)?;
        let kept = inner
            .kept
            .get(reference)
            .ok_or_else(|| not_found(reference))?;
        if reader.project_id.as_ref() != Some(&kept.project_id) {
            return Err(Error::Denied {
                what: reference.to_owned(),
                remedy: "its owner must share it".to_owned(),
            });
        }
        Ok(kept.content.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn fault(&mut self, reference: &str) -> Result<()> {
        if self.all_broken {
            let attempt = format!("read secret {reference}");
            return Err(Error::unavailable(attempt, "the fake store broke down"));
        }
        self.broken.remove(reference).map_or(Ok(()), Err)
    }
}

impl Secrets for FakeSecrets {
    fn certificate<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>> {
        Box::pin(async move {
            match self.find(reader, reference)? {
                Content::Certificate(bundle) => Ok(bundle),
                Content::Other(_) => Err(Error::Malformed {
                    what: reference.to_owned(),
                    why: "it is no certificate with a key".to_owned(),
                }),
            }
        })
    }

    fn secret<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>> {
        Box::pin(async move {
            Ok(match self.find(reader, reference)? {
                Content::Other(secret) => secret,
                Content::Certificate(bundle) => Secret::new(bundle.certificate.into_bytes()),
            })
        })
    }

    fn grant<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.find(reader, reference)?;
            self.lock().granted.insert(reference.to_owned());
            Ok(())
        })
    }

    fn withdraw<'a>(
        &'a self,
        _: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut inner = self.lock();
            inner.fault(reference)?;
            inner.granted.remove(reference);
            Ok(())
        })
    }
}

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use octavia_cloud::{CertificateBundle, Error, Result, SecretReader, Secrets};
use octavia_model::Secret;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::bridge::Bridge;

/// A store of secrets that asks the bridge first.
pub(super) struct BridgedSecrets {
    bridge: Arc<Bridge>,
    inner: Arc<dyn Secrets>,
    /// Held by the call that is asked: the tests answer in the order of the references.
    turn: Mutex<()>,
}

impl BridgedSecrets {
    pub(super) fn new(bridge: Arc<Bridge>, inner: Arc<dyn Secrets>) -> Self {
        let turn = Mutex::new(());
        Self {
            bridge,
            inner,
            turn,
        }
    }

    /// Offers a call about a reference; whatever fails is a secret that cannot be had.
    async fn offer(&self, operation: &str, reference: &str) -> Result<Option<Value>> {
        let _turn = self.turn.lock().await;
        let offered = self.bridge.offer(operation, json!({ "ref": reference }));
        offered.await.map_err(|_| Error::NotFound {
            kind: "secret",
            id: reference.to_owned(),
        })
    }
}

impl Secrets for BridgedSecrets {
    fn certificate<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>> {
        async move {
            let got = self.offer("cert.get_cert", reference).await?;
            let part = |name: &str| got.as_ref()?.get(name)?.as_str();
            let Some(certificate) = part("certificate") else {
                return self.inner.certificate(reader, reference).await;
            };
            let Some(key) = part("private_key") else {
                let certificate = certificate.to_owned();
                let like = self.inner.certificate(reader, reference).await?;
                return Ok(CertificateBundle {
                    certificate,
                    ..like
                });
            };
            let passphrase = part("passphrase").map(|text| Secret::new(text.to_owned()));
            let text = format!("{certificate}\n{key}\n");
            CertificateBundle::from_pem(reference, text.as_bytes(), passphrase.as_ref())
        }
        .boxed()
    }

    fn secret<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>> {
        async move {
            let got = self.offer("cert.get_secret", reference).await?;
            match got.as_ref().and_then(Value::as_str) {
                Some(text) => Ok(Secret::new(text.as_bytes().to_vec())),
                None => self.inner.secret(reader, reference).await,
            }
        }
        .boxed()
    }

    fn grant<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            match self.offer("cert.set_acls", reference).await? {
                Some(_) => Ok(()),
                None => self.inner.grant(reader, reference).await,
            }
        }
        .boxed()
    }

    fn withdraw<'a>(
        &'a self,
        reader: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            match self.offer("cert.unset_acls", reference).await? {
                Some(_) => Ok(()),
                None => self.inner.withdraw(reader, reference).await,
            }
        }
        .boxed()
    }
}

//! Keystone, as far as tokens go: the service's own, and those of callers.

mod own_token;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use octavia_model::{Clock, Secret};
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, StatusCode};

use crate::{Error, Identity, Result, Token, Validity};
use own_token::OwnToken;

/// The largest answer that is read.
const LARGEST_ANSWER: usize = 1 << 20;
/// The longest token that is asked about.
const LONGEST_TOKEN: usize = 16 << 10;
/// The version of access rules that are obeyed; without it Keystone knows no token that has some.
const ACCESS_RULES: &str = "1";
/// The wait before a call is made again; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest such wait.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How the service reaches Keystone, and who it is there: `[keystone_authtoken]`.
#[derive(Debug, Clone)]
pub struct KeystoneSettings {
    /// Where Keystone is, with or without `/v3`.
    pub auth_url: String,
    /// Who the service is.
    pub account: Account,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long a call may take.
    pub timeout: Duration,
    /// How often a call is made again that had no answer.
    pub retries: u32,
    /// Authorities that sign Keystone's certificate, PEM; else those of the system.
    pub authorities: Option<String>,
    /// The service's own certificate and key, PEM.
    pub certificate_and_key: Option<Secret<String>>,
    /// Takes any certificate.
    pub insecure: bool,
    /// Asks for the catalogue with each token, too. Answers grow by as much as the cloud has services.
    pub include_catalogue: bool,
}

/// The account of the service.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: Named,
    /// The password.
    pub password: Secret<String>,
    /// What its token is to be for.
    pub scope: Scope,
}

/// Something that is known by its id, or by its name in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its id.
    Id(String),
    /// By its name.
    Name {
        /// The name.
        name: String,
        /// The domain.
        domain: Domain,
    },
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// By its id.
    Id(String),
    /// By its name.
    Name(String),
}

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// A project.
    Project(Named),
    /// A domain.
    Domain(Domain),
    /// The whole system.
    System,
}

/// Keystone's API v3.
pub struct Keystone {
    client: Client,
    url: String,
    settings: KeystoneSettings,
    own: OwnToken,
}

impl Keystone {
    /// Makes a client; connects to nothing yet.
    ///
    /// # Errors
    ///
    /// The address is none, or a certificate cannot be read.
    pub fn new(settings: KeystoneSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let refused = |error: reqwest::Error| Error::Refused(format!("Keystone's client: {error}"));
        let url = tokens_url(&settings.auth_url)?;
        let mut client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            .tls_danger_accept_invalid_certs(settings.insecure);
        if let Some(authorities) = &settings.authorities {
            let authorities = Certificate::from_pem_bundle(authorities.as_bytes());
            client = client.tls_certs_only(authorities.map_err(refused)?);
        }
        if let Some(pem) = &settings.certificate_and_key {
            let identity = reqwest::Identity::from_pem(pem.reveal().as_bytes());
            client = client.identity(identity.map_err(refused)?);
        }
        Ok(Self {
            client: client.build().map_err(refused)?,
            url,
            settings,
            own: OwnToken::new(clock),
        })
    }

    /// Asks about a token. Keystone refuses our own token once in a while: it was revoked, or the
    /// keys were rotated. It is renewed then, and the question asked once more.
    async fn ask(&self, token: &HeaderValue, validity: Validity) -> Result<Option<Arc<Token>>> {
        let mut refused = None;
        loop {
            let own = self.own.get(self, refused.as_ref()).await?;
            let (status, body) = self.ask_with(&own, token, validity).await?;
            match status {
                StatusCode::OK => {
                    return wire::read_token(&body).map(|token| Some(Arc::new(token)));
                }
                // A token so malformed that Keystone does not look for it is one that does not exist.
                StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => return Ok(None),
                StatusCode::UNAUTHORIZED if refused.is_none() => {
                    tracing::info!("Keystone refuses the service's own token; it is renewed");
                    refused = Some(own);
                }
                other => return Err(unexpected(other)),
            }
        }
    }

    async fn ask_with(
        &self,
        own: &HeaderValue,
        token: &HeaderValue,
        validity: Validity,
    ) -> Result<(StatusCode, Vec<u8>)> {
        let catalogue = (!self.settings.include_catalogue).then_some("nocatalog");
        let expired = (validity == Validity::EvenExpired).then_some("allow_expired=1");
        let query: Vec<_> = catalogue.into_iter().chain(expired).collect();
        let url = format!("{}?{}", self.url, query.join("&"));
        let answer = self
            .send(|| {
                let request = self.client.get(&url);
                request
                    .header("openstack-identity-access-rules", ACCESS_RULES)
                    .header("x-auth-token", own)
                    .header("x-subject-token", token)
            })
            .await?;
        Ok((answer.status, answer.body))
    }

    /// Makes a call, and makes it again while there is no answer.
    async fn send(&self, request: impl Fn() -> reqwest::RequestBuilder) -> Result<Answer> {
        let mut pause = FIRST_PAUSE;
        let mut left = self.settings.retries;
        loop {
            let failure = match once(request()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if left == 0 {
                return Err(Error::unavailable("reach Keystone", failure));
            }
            left -= 1;
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

impl Identity for Keystone {
    fn validate<'a>(
        &'a self,
        token: &'a Secret<String>,
        validity: Validity,
    ) -> BoxFuture<'a, Result<Option<Arc<Token>>>> {
        async move {
            let text = token.reveal();
            let value = HeaderValue::from_str(text).ok();
            let Some(mut value) = value.filter(|_| text.len() <= LONGEST_TOKEN) else {
                return Ok(None);
            };
            value.set_sensitive(true);
            self.ask(&value, validity).await
        }
        .boxed()
    }
}

/// What Keystone answered.
struct Answer {
    status: StatusCode,
    subject_token: Option<HeaderValue>,
    body: Vec<u8>,
}

async fn once(
    request: reqwest::RequestBuilder,
) -> std::result::Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    // Addresses stay out of errors: what is wrong is that Keystone was not reached.
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    let part = reqwest::Error::without_url;
    while let Some(chunk) = response.chunk().await.map_err(part)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err("the answer is larger than 1 MiB".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status: response.status(),
        subject_token: response.headers().get("x-subject-token").cloned(),
        body,
    })
}

fn unexpected(status: StatusCode) -> Error {
    let cause = match status {
        StatusCode::UNAUTHORIZED => "it refuses the service's own account ([keystone_authtoken])",
        StatusCode::FORBIDDEN => "the service's account may not ask about tokens",
        _ => "it cannot answer",
    };
    Error::unavailable("ask Keystone", format!("{cause}: {status}"))
}

/// Returns where tokens are made and asked about.
fn tokens_url(auth_url: &str) -> Result<String> {
    let base = auth_url.trim_end_matches('/');
    let base = base
        .strip_suffix("/v3")
        .or_else(|| base.strip_suffix("/v2.0"))
        .unwrap_or(base);
    let known = base.starts_with("http://") || base.starts_with("https://");
    if !known || reqwest::Url::parse(base).is_err() {
        return Err(Error::Refused(format!(
            "'{auth_url}' is not the address of a Keystone: http:// or https://, a host, perhaps a path"
        )));
    }
    Ok(format!("{base}/v3/auth/tokens"))
}

#[cfg(test)]
mod tests;

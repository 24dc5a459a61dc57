mod access_rules;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use octavia_cloud::{AccessRule, Identity, Token, Validity};
use octavia_model::Secret;
use serde_json::json;

use crate::error::causes;
use crate::policy::Credentials;

/// The paths that need no token: upstream's, and the OpenAPI document. The whole path must be one of
/// them, mount point and slash included.
const OPEN_PATHS: [&str; 6] = [
    "/",
    "/load-balancer/",
    "/healthcheck",
    "/load-balancer/healthcheck",
    "/v2.0/openapi.json",
    "/load-balancer/v2.0/openapi.json",
];

/// What those are told to wait, in seconds, whose token nobody could ask about.
const RETRY_SECONDS: &str = "5";

/// How long one token may take to be asked about.
const LONGEST_QUESTION: Duration = Duration::from_secs(20);

/// The door under Keystone: tokens in, callers out.
pub struct KeystoneGate {
    /// Who knows tokens.
    pub identity: Arc<dyn Identity>,
    /// Where callers get tokens; they are told when theirs is missing or worthless.
    pub www_authenticate_uri: String,
    /// The roles of which a service's token needs one.
    pub service_token_roles: Vec<String>,
    /// Whether it does need one; without, any token passes for a service's, but for expired users' ones.
    pub service_token_roles_required: bool,
    /// What the catalogue calls this service; `None`: nobody is let in whose token has access rules.
    pub service_type: Option<String>,
}

/// What of a request the door looks at.
#[derive(Clone, Copy)]
struct Asked<'a> {
    headers: &'a HeaderMap,
    method: &'a Method,
    path: &'a str,
}

/// Why somebody is not let in.
enum Refusal {
    /// The token is missing, or worthless.
    NoToken,
    /// Nobody can say whether the token is good.
    NobodyKnows(octavia_cloud::Error),
}

impl KeystoneGate {
    /// Lets a request in whose token is good.
    pub(super) async fn admit(&self, request: &mut Request) -> Result<(), Response> {
        if OPEN_PATHS.contains(&request.uri().path()) {
            return Ok(());
        }
        let asked = Asked {
            headers: request.headers(),
            method: request.method(),
            path: request.uri().path(),
        };
        match self.credentials(asked).await {
            Ok((credentials, token)) => {
                let extensions = request.extensions_mut();
                extensions.insert(credentials);
                // Audit records name what the catalogue says of this service.
                if token.catalogue.is_some() {
                    extensions.insert(token);
                }
                Ok(())
            }
            Err(Refusal::NoToken) => Err(self.no_token()),
            Err(Refusal::NobodyKnows(error)) => Err(nobody_knows(&error)),
        }
    }

    async fn credentials(&self, asked: Asked<'_>) -> Result<(Credentials, Arc<Token>), Refusal> {
        let headers = asked.headers;
        let service = match token_in(headers, &["x-service-token"]) {
            Some(token) => Some(self.validated(&token, Validity::Now).await?),
            None => None,
        };
        let validity = match &service {
            Some(service) if self.is_service(service) => Validity::EvenExpired,
            Some(_) if self.service_token_roles_required => return Err(Refusal::NoToken),
            Some(_) | None => Validity::Now,
        };
        let token = token(headers).ok_or(Refusal::NoToken)?;
        let user = self.validated(&token, validity).await?;
        if let Some(rules) = &user.access_rules {
            self.obey(rules, asked, service.is_some())?;
        }
        Ok((credentials(&user, service.as_deref()), user))
    }

    async fn validated(
        &self,
        token: &Secret<String>,
        validity: Validity,
    ) -> Result<Arc<Token>, Refusal> {
        let question = self.identity.validate(token, validity);
        let answer = tokio::time::timeout(LONGEST_QUESTION, question)
            .await
            .unwrap_or_else(|late| {
                let attempt = "ask who a token belongs to";
                Err(octavia_cloud::Error::unavailable(attempt, late))
            });
        answer
            .map_err(Refusal::NobodyKnows)?
            .ok_or(Refusal::NoToken)
    }

    /// Refuses calls that an application credential does not allow. What a service passes on is not
    /// the call that the user made.
    fn obey(&self, rules: &[AccessRule], asked: Asked<'_>, passed_on: bool) -> Result<(), Refusal> {
        let Some(service) = &self.service_type else {
            tracing::warn!(
                "a token with access rules is refused: [keystone_authtoken] service_type says what \
                 rules call this service, and is not set"
            );
            return Err(Refusal::NoToken);
        };
        let allows = |rule: &AccessRule| {
            rule.method == asked.method.as_str()
                && rule.service == *service
                && access_rules::matches(&rule.path, asked.path)
        };
        if passed_on || rules.iter().any(allows) {
            Ok(())
        } else {
            Err(Refusal::NoToken)
        }
    }

    /// Tells whether a service may pass on what a user began before the token expired.
    fn is_service(&self, service: &Token) -> bool {
        let wanted = |role: &String| {
            let mut roles = self.service_token_roles.iter();
            roles.any(|wanted| wanted.eq_ignore_ascii_case(role))
        };
        service.roles.iter().any(wanted)
    }

    fn no_token(&self) -> Response {
        let text = "The request you have made requires authentication.";
        let mut response = envelope(StatusCode::UNAUTHORIZED, text);
        let uri = format!("Keystone uri=\"{}\"", self.www_authenticate_uri);
        if let Ok(uri) = HeaderValue::try_from(uri) {
            response.headers_mut().insert(WWW_AUTHENTICATE, uri);
        }
        response
    }
}

fn nobody_knows(error: &octavia_cloud::Error) -> Response {
    let cause = causes(error);
    tracing::error!(
        error = cause,
        "nobody could say who calls; refused with 503: {cause}"
    );
    let text = "The identity service does not answer. Nothing was changed; please try again.";
    let mut response = envelope(StatusCode::SERVICE_UNAVAILABLE, text);
    let wait = HeaderValue::from_static(RETRY_SECONDS);
    response.headers_mut().insert(RETRY_AFTER, wait);
    response
}

fn envelope(status: StatusCode, message: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let error = json!({ "code": status.as_u16(), "title": title, "message": message });
    (status, Json(json!({ "error": error }))).into_response()
}

/// Returns the caller's token.
pub(crate) fn token(headers: &HeaderMap) -> Option<Secret<String>> {
    token_in(headers, &["x-auth-token", "x-storage-token"])
}

/// Returns the first of these headers that is there; one that is not text is no token.
fn token_in(headers: &HeaderMap, names: &[&str]) -> Option<Secret<String>> {
    let value = names.iter().find_map(|name| headers.get(*name))?;
    let text = value.to_str().ok()?.trim();
    (!text.is_empty()).then(|| Secret::new(text.to_owned()))
}

fn credentials(user: &Token, service: Option<&Token>) -> Credentials {
    let of_service = |field: fn(&Token) -> Option<String>| service.and_then(field);
    Credentials {
        user_id: Some(user.user_id.clone()),
        user_name: user.user_name.clone(),
        user_domain_id: user.user_domain_id.clone(),
        project_id: user.project_id.clone(),
        project_domain_id: user.project_domain_id.clone(),
        domain_id: user.domain_id.clone(),
        system_scope: user.is_for_system.then(|| "all".to_owned()),
        roles: user.roles.clone(),
        service_user_id: of_service(|service| Some(service.user_id.clone())),
        service_user_domain_id: of_service(|service| service.user_domain_id.clone()),
        service_project_id: of_service(|service| service.project_id.clone()),
        service_project_domain_id: of_service(|service| service.project_domain_id.clone()),
        service_roles: service
            .map(|service| service.roles.clone())
            .unwrap_or_default(),
        is_admin_project: user.is_admin_project,
        is_admin: false,
    }
}

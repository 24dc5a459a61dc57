use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use octavia_model::{Id, LoadBalancer, ProvisioningStatus, QuotaKind};
use serde_json::{Value, json};

use crate::rules::references::References;

/// Why a call was refused. Variants with a text carry the rest of upstream's sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request cannot be read, or a value fails its type.
    #[error("{0}")]
    BadRequest(String),
    /// A rule across fields does not hold.
    #[error("Validation failure: {0}")]
    Validation(String),
    /// A value that does not fit the rest.
    #[error("{value} is not a valid option for {option}")]
    InvalidOption {
        /// The value.
        value: String,
        /// What it was given for.
        option: String,
    },
    /// A part of a tree is refused.
    #[error("{path}: {error}")]
    At {
        /// Where the part is in the body.
        path: String,
        /// Why.
        error: Box<Error>,
    },
    /// The operator switched it off.
    #[error("The selected {option} is not allowed in this deployment: {value}")]
    DisabledOption {
        /// What was chosen.
        option: &'static str,
        /// The choice.
        value: String,
    },
    /// An object of the URL or of ours does not exist.
    #[error("{resource} {id} not found.")]
    NotFound {
        /// Its kind, as upstream names it.
        resource: &'static str,
        /// Its id, as it was given.
        id: String,
    },
    /// An object of the cloud that the body names does not exist.
    #[error("{resource} {id} not found.")]
    NoSubresource {
        /// Its kind, as upstream names it.
        resource: &'static str,
        /// Its id.
        id: String,
    },
    /// A policy rule refuses.
    #[error("Policy does not allow this request to be performed.")]
    Forbidden,
    /// The object waits for the end of another change.
    #[error("{}", .0.text())]
    Immutable(Immutable),
    /// The request contradicts what is there.
    #[error("{0}")]
    Conflict(String),
    /// The project has as many as it may have.
    #[error("Quota has been met for resources: {0}")]
    QuotaMet(QuotaKind),
    /// The provider is enabled, but nobody here drives it.
    #[error("Provider '{0}' was not found.")]
    NoProvider(String),
    /// The provider cannot do that (yet).
    #[error("Provider '{provider}' does not support a requested option: {what}")]
    Unsupported {
        /// The provider.
        provider: String,
        /// What it cannot do.
        what: String,
    },
    /// The provider cannot do that at all.
    #[error("Provider '{provider}' does not support a requested action: {what}")]
    NotImplemented {
        /// The provider.
        provider: String,
        /// What it cannot do.
        what: String,
    },
    /// The provider failed.
    #[error("Provider '{provider}' reports error: {what}")]
    Provider {
        /// The provider.
        provider: String,
        /// How it failed.
        what: String,
    },
    /// The request failed before its handler: upstream's other envelope.
    #[error("{}", .description.as_deref().unwrap_or_default())]
    Routing {
        /// The status.
        status: StatusCode,
        /// The title; not always that of the status.
        title: &'static str,
        /// The description.
        description: Option<String>,
    },
    /// The body's type is not JSON.
    #[error("Unknown mimetype: {0}")]
    MediaType(String),
    /// The body is too large.
    #[error("Request is too large. Larger than max_request_body_size ({0}).")]
    TooLarge(usize),
    /// A transaction was given up, because something must be read that is not in the database. Never
    /// answered: it is read, and the transaction is tried again.
    #[error("secrets must be read first")]
    Unread(Box<References>),
    /// The store of secrets does not answer.
    #[error("The secret store does not answer. Nothing was changed; please try again.")]
    NoSecretStore(#[source] Arc<octavia_cloud::Error>),
    /// The idempotency key came with another request before.
    #[error("The Idempotency-Key was used for another request before.")]
    KeyReused,
    /// A request with the same idempotency key is under way.
    #[error("A request with the same Idempotency-Key is under way. Please try again.")]
    KeyBusy,
    /// The project asks too often; it may ask again after so many seconds.
    #[error("Too many requests of this project. Please try again in {0} s.")]
    TooManyRequests(u64),
    /// The call was given up after so long; nobody knows how far it came.
    #[error("The call took longer than {0:?} and was given up. Please look before trying again.")]
    TooLate(Duration),
    /// The database failed or refused.
    #[error(transparent)]
    Store(#[from] octavia_store::Error),
    /// The cloud failed or refused.
    #[error(transparent)]
    Cloud(#[from] octavia_cloud::Error),
    /// Something that we did not think of.
    #[error("Something unknown went wrong")]
    Internal(String),
}

/// An object that cannot be changed now.
#[derive(Debug, Clone)]
pub struct Immutable {
    /// The object's kind: `Pool`, `Load Balancer`; for a call on the load balancer itself `None`.
    pub resource: Option<&'static str>,
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: ProvisioningStatus,
    /// The load balancer whose change is to be waited for.
    pub load_balancer: Id<LoadBalancer>,
}

impl Immutable {
    fn text(&self) -> String {
        let id = &self.id;
        self.resource.map_or_else(
            || {
                format!(
                    "Invalid state {} of loadbalancer resource {id}",
                    self.status
                )
            },
            |resource| format!("{resource} {id} is immutable and cannot be updated."),
        )
    }
}

/// The result of a call.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Says that a value fails its type.
    pub(crate) fn invalid_input(field: &str, value: &str, reason: &str) -> Self {
        Self::BadRequest(format!(
            "Invalid input for field/attribute {field}. Value: '{value}'. {reason}"
        ))
    }

    /// Says that a rule across fields does not hold.
    pub(crate) fn validation(text: impl Into<String>) -> Self {
        Self::Validation(text.into())
    }

    /// Says that an object does not exist.
    pub(crate) fn not_found(resource: &'static str, id: &impl ToString) -> Self {
        let id = id.to_string();
        Self::NotFound { resource, id }
    }

    /// Says that an object that the body names does not exist.
    pub(crate) fn no_subresource(resource: &'static str, id: &impl ToString) -> Self {
        let id = id.to_string();
        Self::NoSubresource { resource, id }
    }

    /// Says that null, or another value, does not fit.
    pub(crate) fn invalid_option(value: impl Into<String>, option: impl Into<String>) -> Self {
        let (value, option) = (value.into(), option.into());
        Self::InvalidOption { value, option }
    }

    /// Says that an object exists already.
    pub(crate) fn already_exists() -> Self {
        Self::Conflict("Already an entity with that specified id.".to_owned())
    }

    /// Says that something refers to an object.
    pub(crate) fn in_use(resource: &str, id: &impl ToString) -> Self {
        let id = id.to_string();
        Self::Conflict(format!("{resource} {id} is in use and cannot be modified."))
    }

    /// Says that a path leads nowhere.
    pub(crate) const fn no_such_path() -> Self {
        Self::Routing {
            status: StatusCode::NOT_FOUND,
            title: "Not Found",
            description: Some(String::new()),
        }
    }

    /// Says that a path does not take the method.
    pub(crate) const fn wrong_method() -> Self {
        Self::Routing {
            status: StatusCode::METHOD_NOT_ALLOWED,
            title: "Method Not Allowed",
            description: Some(String::new()),
        }
    }

    /// Says that paging arguments cannot be read.
    pub(crate) const fn bad_paging(description: String) -> Self {
        Self::Routing {
            status: StatusCode::BAD_REQUEST,
            title: "Bad Request",
            description: Some(description),
        }
    }

    /// Says that the parent in the path does not exist.
    pub(crate) fn no_parent(kind: &str, id: &str) -> Self {
        Self::Routing {
            status: StatusCode::NOT_FOUND,
            title: "Bad Request",
            description: Some(format!("{kind} {id} not found.")),
        }
    }

    /// Says where in a tree it is; what knows that already stays as it is, and so does what is not
    /// for the caller.
    pub(crate) fn at(self, path: &str) -> Self {
        if path.is_empty() || matches!(self, Self::At { .. } | Self::Unread(_)) {
            return self;
        }
        Self::At {
            path: path.to_owned(),
            error: Box::new(self),
        }
    }

    /// Forgets where in a tree it is: upstream's single calls do not say that.
    pub(crate) fn without_path(self) -> Self {
        if let Self::At { error, .. } = self {
            return *error;
        }
        self
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::At { error, .. } => error.status(),
            Self::BadRequest(_)
            | Self::Validation(_)
            | Self::InvalidOption { .. }
            | Self::DisabledOption { .. }
            | Self::NoSubresource { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::QuotaMet(_) => StatusCode::FORBIDDEN,
            Self::Immutable(_) | Self::Conflict(_) | Self::KeyBusy => StatusCode::CONFLICT,
            Self::Unsupported { .. } | Self::NotImplemented { .. } | Self::NoProvider(_) => {
                StatusCode::NOT_IMPLEMENTED
            }
            Self::Provider { .. } | Self::Unread(_) | Self::Internal(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::NoSecretStore(_) | Self::TooLate(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Routing { status, .. } => *status,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(error) => store_status(error),
            Self::Cloud(error) => cloud_status(error),
        }
    }

    /// Returns after how many seconds it is worth to try again; `None` when waiting changes nothing.
    const fn retry_after(&self) -> Option<u64> {
        use octavia_store::Error as E;
        if let Self::TooManyRequests(seconds) = self {
            Some(*seconds)
        } else if let Self::Store(E::Busy { .. }) | Self::KeyBusy = self {
            Some(1)
        } else if matches!(
            self,
            Self::Store(E::Unavailable { .. }) | Self::NoSecretStore(_) | Self::TooLate(_)
        ) {
            Some(5)
        } else {
            None
        }
    }

    /// Returns the text that the caller sees.
    fn text(&self) -> String {
        if let Self::At { path, error } = self {
            format!("{path}: {}", error.text())
        } else if let Self::Store(error) = self {
            store_text(error)
        } else if let Self::Cloud(error) = self {
            cloud_text(error)
        } else {
            self.to_string()
        }
    }

    fn body(&self) -> Value {
        let status = self.status();
        if let Self::Routing {
            title, description, ..
        } = self
        {
            return json!({
                "code": status.as_u16(),
                "title": title,
                "description": description,
            });
        }
        if let Self::TooLarge(_) = self {
            return json!({
                "message": format!("{}<br /><br />\n\n\n", self.text()),
                "code": "413 Request Entity Too Large",
                "title": "Request Entity Too Large",
            });
        }
        let code = if status.is_server_error() {
            "Server"
        } else {
            "Client"
        };
        json!({ "faultcode": code, "faultstring": self.text(), "debuginfo": null })
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED {
            let cause = causes(&self);
            tracing::error!(error = %cause, "could not answer a request: {cause}");
        }
        let mut response = (status, Json(self.body())).into_response();
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, wait.into());
        }
        response
    }
}

/// Writes an error with all that caused it in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

const fn store_status(error: &octavia_store::Error) -> StatusCode {
    use octavia_store::Error as E;
    match error {
        E::Duplicate(_) | E::InUse(_) | E::Conflict(_) => StatusCode::CONFLICT,
        E::Value(_) | E::UnknownField(_) | E::UnknownMarker(_) => StatusCode::BAD_REQUEST,
        E::Busy { .. } | E::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        E::Revision(_) | E::Refused { .. } | E::Corrupt { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn store_text(error: &octavia_store::Error) -> String {
    use octavia_store::Error as E;
    match error {
        E::Duplicate(_) => Error::already_exists().to_string(),
        E::UnknownField(_) => "One or more arguments are either duplicate or invalid".to_owned(),
        E::UnknownMarker(marker) => format!("Supplied pagination marker '{marker}' is not valid."),
        E::Busy { .. } => {
            "Project busy.  Unable to lock the project.  Please try again.".to_owned()
        }
        E::Unavailable { .. } => {
            "The database does not answer. Nothing was changed; please try again.".to_owned()
        }
        E::InUse(_) | E::Value(_) | E::Conflict(_) => error.to_string(),
        E::Revision(_) | E::Refused { .. } | E::Corrupt { .. } => {
            "Something unknown went wrong".to_owned()
        }
    }
}

fn cloud_status(error: &octavia_cloud::Error) -> StatusCode {
    use octavia_cloud::Error as E;
    match error {
        E::NotFound { .. }
        | E::AddressOutside { .. }
        | E::SubnetFull(_)
        | E::Denied { .. }
        | E::UnreadablePkcs12(_)
        | E::Malformed { .. }
        | E::Refused(_) => StatusCode::BAD_REQUEST,
        E::Rejected { status, .. } => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        E::AddressInUse(_) => StatusCode::CONFLICT,
        E::Unavailable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn cloud_text(error: &octavia_cloud::Error) -> String {
    use octavia_cloud::Error as E;
    match error {
        E::NotFound { kind, id } => {
            let mut kind = (*kind).to_owned();
            if let Some(first) = kind.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            format!("{kind} {id} not found.")
        }
        E::AddressInUse(address) => format!("The VIP IP address is already in use: {address}"),
        E::SubnetFull(_) => "Validation failure: Subnet(s) in the supplied network do not contain \
             enough available IPs."
            .to_owned(),
        E::UnreadablePkcs12(why) => format!(
            "The PKCS12 bundle is unreadable. Please check the PKCS12 bundle validity. In \
             addition, make sure it does not require a pass phrase. Error: {why}"
        ),
        E::Rejected { text, .. } => text.clone(),
        E::AddressOutside { .. } | E::Denied { .. } | E::Malformed { .. } | E::Refused(_) => {
            format!("Validation failure: {error}")
        }
        // What was attempted may name files of this host: that is for the log, not for tenants.
        E::Unavailable { .. } => "Provider 'amphora' reports error: the cloud could not make what \
             is needed. Nothing was changed; please try again. The API's log holds the cause."
            .to_owned(),
    }
}

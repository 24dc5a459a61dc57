use axum::body::Body;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use crate::Api;
use crate::error::{Error, Result};
use crate::query::{self, Query};
use crate::wire::given::Given;
use crate::wire::python;
use crate::wire::shape::{Fault, Keys, Shape};

/// The body of a request, as bytes of JSON.
pub(crate) struct Payload(Vec<u8>);

/// The name of a body's argument in error texts, and its root key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Root {
    /// Upstream's name of the argument: `listener_`.
    pub(crate) argument: &'static str,
    /// The key: `listener`.
    pub(crate) key: &'static str,
}

impl Payload {
    /// Reads the object under the root key; it must be there.
    pub(crate) fn decode<T: Shape>(&self, root: Root) -> Result<T> {
        match self.decode_optional(root)? {
            Given::Value(value) => Ok(value),
            Given::Absent | Given::Null => Err(Error::invalid_input(
                root.key,
                "None",
                "Mandatory field missing.",
            )),
        }
    }

    /// Reads the object under the root key, if it is there.
    pub(crate) fn decode_optional<T: Shape>(&self, root: Root) -> Result<Given<T>> {
        let body = self.json(root.argument)?;
        Keys::of(&body, &[&[root.key]])
            .and_then(|keys| keys.optional(root.key, &T::decode))
            .map_err(|fault: Fault| fault.into_error(root.argument, &body))
    }

    /// Tells whether the body says nothing under the root key; whether the item exists is said first.
    pub(crate) fn lacks(&self, root: Root) -> bool {
        let body = serde_json::from_slice::<Value>(&self.0);
        body.is_ok_and(|body| body.is_object() && body[root.key].is_null())
    }

    /// Reads the whole body as one object.
    pub(crate) fn decode_whole<T: Shape>(&self, argument: &'static str) -> Result<T> {
        let body = self.json(argument)?;
        T::decode(&body).map_err(|fault| fault.into_error(argument, &body))
    }

    /// Reads the whole body, which must be an object.
    pub(crate) fn json(&self, argument: &'static str) -> Result<Value> {
        if self.0.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::BadRequest(format!(
                "Missing argument: \"{argument}\""
            )));
        }
        let body = serde_json::from_slice(&self.0)
            .map_err(|_| Error::BadRequest("Request is not in valid JSON format".to_owned()))?;
        if matches!(body, Value::Object(_)) {
            Ok(body)
        } else {
            let shown = python::str(&body);
            Err(Error::invalid_input(
                argument,
                &shown,
                "Value should be a JSON object",
            ))
        }
    }
}

impl FromRequest<Api> for Payload {
    type Rejection = Error;

    async fn from_request(request: Request, api: &Api) -> Result<Self> {
        let kind = media_type(&request);
        let limit = api.config.max_request_body_size;
        let bytes = read(request.into_body(), limit).await?;
        match kind.as_str() {
            "" | "application/json" | "text/javascript" | "application/javascript" => {
                Ok(Self(bytes))
            }
            "application/x-www-form-urlencoded" => {
                let form = String::from_utf8_lossy(&bytes);
                let first = Query::parse(&form).into_iter().next();
                Err(first.map_or_else(
                    || Error::BadRequest("Request is not in valid JSON format".to_owned()),
                    |(key, _)| query::unknown(&key),
                ))
            }
            _ => Err(Error::MediaType(kind)),
        }
    }
}

fn media_type(request: &Request) -> String {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Reads a body, up to a number of bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Vec<u8>> {
    let limited = http_body_util::Limited::new(body, limit);
    match http_body_util::BodyExt::collect(limited).await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Error::TooLarge(limit)),
        Err(error) => Err(Error::BadRequest(format!(
            "the request's body could not be read: {error}"
        ))),
    }
}

use std::time::Duration;

use octavia_cloud::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::failure::Failure;

/// How long the tests may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The way to the process of the tests.
pub(super) struct Bridge {
    client: reqwest::Client,
    url: reqwest::Url,
}

/// What the tests say of a call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    /// It is ours.
    Passthrough {
        #[expect(dead_code, reason = "that it is there says all")]
        passthrough: bool,
    },
    /// It fails.
    Error { error: Fault },
    /// It has a result.
    Result { result: Value },
}

/// How a call fails.
#[derive(Debug, Deserialize)]
pub(super) struct Fault {
    /// The name of upstream's exception.
    pub(super) kind: String,
    code: u16,
    message: String,
    orig_msg: Option<String>,
    orig_code: Option<u16>,
    user_fault_string: Option<String>,
}

impl Fault {
    /// Returns what upstream tells its callers.
    pub(super) fn text(&self) -> &str {
        self.user_fault_string.as_deref().unwrap_or(&self.message)
    }

    /// Returns it as the words of a service outside, which callers see as they are.
    pub(super) fn verbatim(self) -> Error {
        Error::Rejected {
            status: self.orig_code.unwrap_or(self.code),
            text: self.orig_msg.unwrap_or(self.message),
        }
    }
}

impl Bridge {
    /// Prepares to ask.
    pub(super) fn open(url: &str) -> Result<Self, Failure> {
        let other = |error: Box<dyn std::error::Error + Send + Sync>| Failure::Other(error);
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        Ok(Self {
            client: client.map_err(|error| other(error.into()))?,
            url: reqwest::Url::parse(url).map_err(|error| other(error.into()))?,
        })
    }

    /// Offers a call; `None` leaves it to us.
    pub(super) async fn offer(
        &self,
        operation: &str,
        arguments: Value,
    ) -> Result<Option<Value>, Fault> {
        let body = json!({ "op": operation, "args": arguments }).to_string();
        let asked = self.client.post(self.url.clone()).body(body).send().await;
        let text = match asked {
            Ok(answer) => answer.text().await,
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| broken(&error))?;
        match serde_json::from_str(&text).map_err(|error| broken(&error))? {
            Answer::Passthrough { .. } => Ok(None),
            Answer::Result { result } => Ok(Some(result)),
            Answer::Error { error } => Err(error),
        }
    }
}

fn broken(error: &dyn std::error::Error) -> Fault {
    Fault {
        kind: "Bridge".to_owned(),
        code: 500,
        message: error.to_string(),
        orig_msg: None,
        orig_code: None,
        user_fault_string: None,
    }
}

use anyhow::Context as _;
use serde_json::Value;

use crate::shell::Step;

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// Returns a header.
    pub(super) fn header(&self, name: &str) -> Option<&String> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other == name)?;
        Some(&found.1)
    }
}

/// Makes a call, with `name: value` headers.
pub(super) fn call(
    method: &str,
    url: &str,
    headers: &[String],
    body: Option<&Value>,
) -> anyhow::Result<Answer> {
    let mut curl = Step::new("curl").args(["-s", "-i", "-m", "30", "-X", method, url]);
    for header in headers {
        curl = curl.args(["-H", header]);
    }
    if let Some(body) = body {
        let json = body.to_string();
        curl = curl.args(["-H", "content-type: application/json", "-d", &json]);
    }
    let text = curl.output()?;
    read(&text).with_context(|| format!("{method} {url} answered {text:?}"))
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Answer {
        status,
        body: serde_json::from_str(body).unwrap_or_default(),
        headers,
    })
}

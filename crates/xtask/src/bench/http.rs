//! A client that does one request a connection, which is all that measuring a change needs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// Returns the body of a success as JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("the answer is {}: {}", self.status, self.body);
        }
        serde_json::from_str(&self.body).with_context(|| format!("read {}", self.body))
    }
}

/// Asks, and reads the answer to its end.
pub(crate) fn ask(
    server: SocketAddr,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> anyhow::Result<Answer> {
    ask_within(PATIENCE, server, (method, path, body))
}

/// As [`ask`], for what takes longer.
pub(crate) fn ask_within(
    limit: Duration,
    server: SocketAddr,
    (method, path, body): (&str, &str, Option<&Value>),
) -> anyhow::Result<Answer> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect_timeout(&server, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_nodelay(true)?;
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).with_context(|| format!("{method} {path}: the answer cannot be read: {text}"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    let body = body.to_owned();
    Some(Answer { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        let answer = parse("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}").unwrap();
        assert_eq!(answer.json().unwrap()["a"], 1);
        assert!(
            parse("HTTP/1.1 404 Not Found\r\n\r\n")
                .unwrap()
                .json()
                .is_err()
        );
        assert!(parse("nonsense").is_none());
    }
}

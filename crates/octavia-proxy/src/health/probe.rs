//! One question to one member.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use octavia_amphora_api::config::Check;

use crate::limits;
use crate::proxy_protocol::Version;
use crate::runtime::poller::Poller;
use crate::runtime::stream::{Handshake, Received, Stream};
use crate::tls::{ClientTls, Spoken};
use crate::worker::connect;

/// What is asked, and where.
pub(super) struct Question<'a> {
    pub(super) address: SocketAddr,
    /// The header that comes first, if the member expects one.
    pub(super) header: Option<Version>,
    /// The TLS in which it is asked, if it is.
    pub(super) tls: Option<Arc<ClientTls>>,
    pub(super) check: &'a Check,
}

/// A question on its way.
pub(super) struct Probe {
    pub(super) stream: Stream,
    address: SocketAddr,
    header: Option<Version>,
    tls: Option<Arc<ClientTls>>,
    stage: Stage,
    request: Vec<u8>,
    expected: Vec<(u16, u16)>,
    answer: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Securing,
    Asking,
}

/// How far a question came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is no answer yet.
    Waiting,
    /// The member works.
    Healthy,
    /// It does not, for this reason.
    Unhealthy(String),
}

impl Probe {
    /// Starts to ask; the error is the reason why the member does not work.
    pub(super) fn start(
        question: Question<'_>,
        poller: &Poller,
        token: u64,
    ) -> Result<Self, String> {
        let failed = |error: io::Error| format!("connect: {}", error.kind());
        let (socket, connected) = connect(question.address).map_err(failed)?;
        let stream = if connected {
            Stream::new(socket)
        } else {
            Stream::connecting(socket)
        };
        poller.add_stream(&stream, token).map_err(failed)?;
        let (request, expected) = match question.check {
            Check::Tcp | Check::TlsHello | Check::UdpConnect | Check::Ping => {
                (Vec::new(), Vec::new())
            }
            Check::Http { expected_codes, .. } => (
                request(question.check, question.address),
                expected_codes.clone(),
            ),
        };
        Ok(Self {
            stream,
            address: question.address,
            header: question.header,
            tls: question.tls,
            stage: Stage::Connecting,
            request,
            expected,
            answer: Vec::new(),
        })
    }

    /// Returns what is being done, for people.
    pub(super) fn stage(&self) -> &'static str {
        match self.stage {
            Stage::Connecting => "connect",
            Stage::Securing => "tls",
            Stage::Asking => "http",
        }
    }

    /// Goes on as far as can be.
    pub(super) fn advance(&mut self) -> Progress {
        match self.go_on() {
            Ok(progress) => progress,
            Err(cause) => Progress::Unhealthy(format!("{}: {cause}", self.stage())),
        }
    }

    /// The error is why the present stage failed.
    fn go_on(&mut self) -> Result<Progress, String> {
        let told = |error: io::Error| error.kind().to_string();
        if self.stage == Stage::Connecting {
            if !self.stream.is_writable() {
                return Ok(Progress::Waiting);
            }
            if let Some(error) = self.stream.connect_error() {
                return Err(told(error.into()));
            }
            self.introduce().map_err(told)?;
            self.stage = Stage::Securing;
        }
        if self.stage == Stage::Securing {
            match self.stream.handshake() {
                Handshake::Done => {}
                Handshake::Waiting => return Ok(Progress::Waiting),
                Handshake::Failed(cause) => return Err(cause),
            }
            if self.request.is_empty() {
                self.stream.flush().map_err(told)?;
                self.stream.say_goodbye();
                return Ok(Progress::Healthy);
            }
            self.stage = Stage::Asking;
            self.stream.send(&self.request, &[]).map_err(told)?;
        }
        self.stream.flush().map_err(told)?;
        self.read_answer()
    }

    /// Sends what comes before the question.
    fn introduce(&mut self) -> io::Result<()> {
        let mut header = Vec::new();
        if let Some(version) = self.header {
            let own = self.stream.own_address()?;
            version.write_own(own, self.address, &mut header);
        }
        self.stream.hold(&header);
        match &self.tls {
            None => Ok(()),
            Some(tls) => {
                let session = tls.session(self.address, None, Spoken::NotHttp2);
                self.stream.secure(session.map_err(io::Error::other)?)
            }
        }
    }

    fn read_answer(&mut self) -> Result<Progress, String> {
        let mut buffer = [0; 2048];
        loop {
            match self.stream.receive(&mut buffer) {
                Received::Bytes(count) => self.answer.extend_from_slice(&buffer[..count]),
                Received::Nothing => return Ok(Progress::Waiting),
                Received::End => return Err("closed before the answer".into()),
                Received::Broken(error) => return Err(io::Error::from(error).kind().to_string()),
            }
            if let Some(verdict) = judge(&self.answer, &self.expected) {
                return verdict.map(|()| Progress::Healthy);
            }
        }
    }
}

/// Renders the request of an HTTP check.
fn request(check: &Check, address: SocketAddr) -> Vec<u8> {
    let Check::Http {
        method,
        path,
        version,
        host,
        ..
    } = check
    else {
        return Vec::new();
    };
    let host = host.clone().unwrap_or_else(|| address.to_string());
    let text =
        format!("{method} {path} HTTP/{version}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    text.into_bytes()
}

/// Judges an answer by its status line; `None` while that is not complete.
fn judge(answer: &[u8], expected: &[(u16, u16)]) -> Option<Result<(), String>> {
    let Some(end) = memchr::memchr(b'\n', answer) else {
        let is_too_long = answer.len() > limits::CHECK_ANSWER_BYTES;
        return is_too_long.then(|| Err("the answer is not HTTP".into()));
    };
    let line = &answer[..end];
    let code = line
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| rest.get(2..5));
    let code = code.and_then(|code| std::str::from_utf8(code).ok());
    let code: Option<u16> = code.and_then(|code| code.parse().ok());
    let Some(code) = code else {
        return Some(Err("the answer is not HTTP".into()));
    };
    let is_expected = expected
        .iter()
        .any(|(low, high)| (*low..=*high).contains(&code));
    Some(if is_expected {
        Ok(())
    } else {
        Err(format!("status {code}"))
    })
}

#[cfg(test)]
mod tests {
    use octavia_amphora_api::config::Check;

    use super::{judge, request};

    #[test]
    fn a_request_names_its_host() {
        let check = Check::Http {
            method: "GET".into(),
            path: "/health".into(),
            expected_codes: vec![(200, 200)],
            version: "1.0".into(),
            host: None,
            over_tls: false,
        };
        let address = "192.0.2.1:80".parse().expect("an address");
        let text = String::from_utf8(request(&check, address)).expect("text");
        insta::assert_snapshot!(text.replace('\r', ""), @"
        GET /health HTTP/1.0
        Host: 192.0.2.1:80
        Connection: close
        ");
    }

    #[test]
    fn only_expected_codes_are_healthy() {
        let expected = [(200, 204), (301, 301)];
        let verdict = |line: &[u8]| judge(line, &expected);
        assert_eq!(verdict(b"HTTP/1.1 20"), None);
        assert_eq!(verdict(b"HTTP/1.1 204 No Content\r\n"), Some(Ok(())));
        assert_eq!(verdict(b"HTTP/1.0 301 Moved\r\n"), Some(Ok(())));
        let unexpected = Some(Err("status 503".into()));
        assert_eq!(verdict(b"HTTP/1.1 503 Unavailable\r\n"), unexpected);
        let other = Some(Err("the answer is not HTTP".into()));
        assert_eq!(verdict(b"220 mail.example ESMTP\r\n"), other);
    }
}

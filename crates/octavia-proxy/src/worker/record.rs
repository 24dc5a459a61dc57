//! What is remembered of a request, connection or flow until it is accounted for.

use std::sync::Arc;
use std::time::Duration;

use crate::config::MemberState;
use crate::runtime::clock::Time;

/// What happened so far.
pub(super) struct Record {
    /// Whether there is something to account for.
    pub(super) is_open: bool,
    pub(super) began: Time,
    /// How long its head took to come.
    pub(super) head_time: Duration,
    /// When the connection to the member stood.
    pub(super) reached: Option<Time>,
    /// When the first byte of the answer came.
    pub(super) answered: Option<Time>,
    /// The status of the answer; 0 for none.
    pub(super) status: u16,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// Who served it.
    pub(super) member: Option<Arc<MemberState>>,
    /// Why it was not served, if it was not.
    pub(super) cause: Option<&'static str>,
    /// The trace that the request belongs to, kept where it is logged.
    pub(super) trace: Option<u128>,
    /// The first line of the request, kept where it is logged.
    pub(super) line: Vec<u8>,
}

impl Record {
    /// Has nothing to account for.
    pub(super) fn new() -> Self {
        Self {
            is_open: false,
            began: Time::NEVER,
            head_time: Duration::ZERO,
            reached: None,
            answered: None,
            status: 0,
            bytes_in: 0,
            bytes_out: 0,
            member: None,
            cause: None,
            trace: None,
            line: Vec::new(),
        }
    }

    /// Tells whether it has ever begun with anything.
    pub(super) fn has_begun(&self) -> bool {
        self.began != Time::NEVER
    }

    /// Begins with a request or connection.
    pub(super) fn begin(&mut self, now: Time) {
        self.is_open = true;
        self.began = now;
        self.head_time = Duration::ZERO;
        self.reached = None;
        self.answered = None;
        self.status = 0;
        self.bytes_in = 0;
        self.bytes_out = 0;
        self.member = None;
        self.cause = None;
        self.trace = None;
        self.line.clear();
    }

    /// Keeps the first line of a request for the log.
    pub(super) fn keep_line(&mut self, head: &[u8]) {
        let head = head.trim_ascii_start();
        let end = memchr::memchr(b'\r', head).unwrap_or(head.len());
        self.line.extend_from_slice(&head[..end]);
    }

    /// Names the version that the client speaks, where that is not the one of the line.
    pub(super) fn name_http2(&mut self) {
        if self.line.ends_with(b"HTTP/1.1") {
            self.line.truncate(self.line.len() - b"1.1".len());
            self.line.extend_from_slice(b"2.0");
        }
    }

    /// Notes that the connection to `member` stands, the latest of several.
    pub(super) fn reach(&mut self, member: &Arc<MemberState>, now: Time) {
        self.reached = Some(now);
        self.member = Some(Arc::clone(member));
    }

    /// Notes the head of the answer, once.
    pub(super) fn answer(&mut self, status: u16, now: Time) {
        if self.answered.is_none() {
            self.answered = Some(now);
            self.status = status;
        }
    }
}

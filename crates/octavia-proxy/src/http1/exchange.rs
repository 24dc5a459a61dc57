//! One request and its response, on their way through.

use super::answer::Refusal;
use super::body::{Body, Framing};
use super::cookie::Span;
use super::request::RequestHead;
use super::response::{self, Kind};

pub(crate) use super::response::{Backward, Persistence};

/// A request whose head is on its way, and what came back so far.
#[derive(Debug)]
pub(crate) struct Exchange {
    request: RequestHead,
    request_body: Body,
    response: Progress,
    keep_member: bool,
    keep_client: bool,
    status: u16,
}

#[derive(Debug)]
enum Progress {
    /// Nothing but interim responses came.
    Awaited,
    /// The body is on its way.
    Body(Body),
    /// As `Body`, without its chunks.
    Unpacked(Body),
    /// The connection is no longer HTTP.
    Switched,
}

/// What became of bytes from a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// How many were used up. The rest is to be offered again, with more; or, once the response is
    /// complete, is not part of it.
    pub(crate) used: usize,
    /// The first of the used bytes that go to the client as they are, after what was appended to
    /// the output; the last is the last used.
    pub(crate) forward_from: usize,
    /// Where the value of the cookie is that was asked for, in the bytes that were offered.
    pub(crate) cookie: Option<Span>,
}

impl Exchange {
    /// Begins with a request whose head was read.
    pub(crate) fn new(request: RequestHead) -> Self {
        Self {
            request,
            request_body: Body::new(request.body),
            response: Progress::Awaited,
            keep_member: false,
            keep_client: false,
            status: 0,
        }
    }

    /// Returns the status of the answer; 0 before it came.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// Returns the request.
    pub(crate) fn request(&self) -> RequestHead {
        self.request
    }

    /// Takes bytes of the client; returns how many belong to the request, to be sent as they are.
    pub(crate) fn take_from_client(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let taken = self.request_body.take(bytes);
        taken.map_err(|_| Refusal::Malformed("the chunks of the body are not valid"))
    }

    /// Takes bytes of the member; appends to `out` what goes to the client before the bytes that
    /// are forwarded as they are.
    pub(crate) fn take_from_member(
        &mut self,
        bytes: &[u8],
        backward: Backward<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Taken, Refusal> {
        // What is left of a request after its answer is not read as the next one.
        let persistence = if self.is_request_complete() {
            backward.persistence
        } else {
            Persistence::Close
        };
        let backward = Backward {
            persistence,
            ..backward
        };
        let (mut at, mut cookie) = (0, None);
        while matches!(self.response, Progress::Awaited) {
            let head = response::read(&bytes[at..], &self.request, backward, out);
            let Some(head) = head.map_err(Refusal::BadMember)? else {
                return Ok(Taken {
                    used: at,
                    forward_from: at,
                    cookie: None,
                });
            };
            cookie = head.cookie.map(|span| span.moved(at));
            at += head.length;
            self.begin_response(&head);
        }
        let rest = &bytes[at..];
        let bad = |_| Refusal::BadMember("the chunks of the server's answer are not valid");
        let (used, forward_from) = match &mut self.response {
            Progress::Body(body) => (at + body.take(rest).map_err(bad)?, at),
            Progress::Unpacked(body) => {
                let used = at + body.unpack(rest, out).map_err(bad)?;
                (used, used)
            }
            Progress::Awaited | Progress::Switched => (at, at),
        };
        Ok(Taken {
            used,
            forward_from,
            cookie,
        })
    }

    fn begin_response(&mut self, head: &response::ResponseHead) {
        let body = Body::new(head.body);
        self.response = match head.kind {
            Kind::Interim => return,
            Kind::Switch => Progress::Switched,
            Kind::Final if head.body == Framing::Chunked && !self.request.is_1_1 => {
                Progress::Unpacked(body)
            }
            Kind::Final => Progress::Body(body),
        };
        self.keep_member = head.keep_member;
        self.keep_client = head.keep_client;
        self.status = head.status;
    }

    /// Takes the end of the member's connection; tells whether the response is complete with it.
    pub(crate) fn end_of_member(&mut self) -> bool {
        self.keep_member = false;
        match &mut self.response {
            Progress::Awaited | Progress::Switched => false,
            Progress::Body(body) | Progress::Unpacked(body) => body.end(),
        }
    }

    /// Tells whether the whole request was taken.
    pub(crate) fn is_request_complete(&self) -> bool {
        self.request_body.is_done()
    }

    /// Tells whether the whole response was taken.
    pub(crate) fn is_response_complete(&self) -> bool {
        match &self.response {
            Progress::Awaited | Progress::Switched => false,
            Progress::Body(body) | Progress::Unpacked(body) => body.is_done(),
        }
    }

    /// Tells whether the head of the answer went to the client: too late for one of ours.
    pub(crate) fn is_answered(&self) -> bool {
        !matches!(self.response, Progress::Awaited)
    }

    /// Tells whether the connections are no longer HTTP.
    pub(crate) fn is_switched(&self) -> bool {
        matches!(self.response, Progress::Switched)
    }

    /// Tells whether the request may be sent a second time, to the same or another member.
    pub(crate) fn may_repeat(&self) -> bool {
        self.request.may_repeat && !self.is_answered()
    }

    /// Tells whether the client's connection takes another request after this one.
    pub(crate) fn keeps_client(&self) -> bool {
        self.keep_client && self.is_request_complete()
    }

    /// Tells whether the member's connection takes another request after this one.
    pub(crate) fn keeps_member(&self) -> bool {
        self.keep_member && self.is_request_complete()
    }
}

#[cfg(test)]
mod tests;

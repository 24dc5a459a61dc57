//! The start of a request: its head is read, and sent to a member.

use std::sync::Arc;

use super::client::{Attempts, Phase};
use super::reach::Failure;
use super::{Step, Worker};
use crate::http1::Exchange;
use crate::http1::answer::Refusal;
use crate::http1::cookie::OnRequest;
use crate::http1::request::{self, Forward, RequestHead};
use crate::limits;
use crate::runtime::slots::Key;
use crate::runtime::stream::Received;
use crate::sticky::Stickiness;

impl Worker {
    /// Reads until there is a whole head.
    pub(super) fn read_request(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        match client.stream.flush() {
            Ok(true) => {}
            Ok(false) => return Step::Wait,
            Err(_) => return Step::Close,
        }
        if client.stream.lane().is_some() && client.record.has_begun() {
            // A stream carries one exchange, whatever bytes are left.
            client.stream.say_goodbye();
            return Step::Close;
        }
        if !client.http.input.is_empty() {
            let input = std::mem::take(&mut client.http.input);
            let step = self.parse_request(key, &input);
            if step != Step::Wait {
                return step;
            }
            if let Some(client) = self.clients.get_mut(key) {
                client.http.input = input;
            }
        }
        self.receive_request(key)
    }

    fn receive_request(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let mut buffer = std::mem::take(&mut self.io.buffer);
        let received = client.stream.receive(&mut buffer[..2 * limits::HEAD_BYTES]);
        let step = match received {
            Received::Bytes(count) => self.take_request(key, &buffer[..count]),
            Received::Nothing => Step::Wait,
            Received::End | Received::Broken(_) => {
                if !client.http.input.is_empty() {
                    client.shard(self.index).add_error();
                }
                Step::Close
            }
        };
        self.io.buffer = buffer;
        step
    }

    /// Takes what was received: most often exactly one head, read where it lies.
    fn take_request(&mut self, key: Key, bytes: &[u8]) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.shard(self.index).add_in(bytes.len());
        if !client.http.input.is_empty() {
            client.http.input.extend_from_slice(bytes);
            return Step::Again;
        }
        let step = self.parse_request(key, bytes);
        if step != Step::Wait {
            return step;
        }
        if let Some(client) = self.clients.get_mut(key) {
            client.http.input.extend_from_slice(bytes);
            client.http.head_since = Some(self.io.now);
            // From its first byte on, the head as a whole has a time limit.
            client.set_deadline(client.listener.client_time, &mut self.io);
        }
        Step::Again
    }

    /// Starts the request at the start of `bytes`; what follows its head becomes the input. Waits
    /// while the head is not complete.
    fn parse_request(&mut self, key: Key, bytes: &[u8]) -> Step {
        self.refresh_listener(key);
        let reply = self.ask_policies(key, bytes);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let forward = Forward {
            headers: &client.listener.headers,
            client: client.address.ip(),
            peer: client.peer.as_deref(),
            local: client.local,
            cookies: client
                .listener
                .stickiness(client.chosen.as_ref())
                .map_or(OnRequest::Nothing, Stickiness::on_request),
        };
        client.http.request.clear();
        match request::read(bytes, forward, &mut client.http.request) {
            Ok(None) => Step::Wait,
            Ok(Some(head)) => {
                client.find_wish(head.cookie.map(|span| span.within(bytes)));
                client.record.begin(self.io.now);
                let since = client.http.head_since.take().unwrap_or(self.io.now);
                client.record.head_time = self.io.now.since(since);
                client.record.bytes_in += head.length as u64;
                if let Some(log) = &client.listener.log {
                    client.record.keep_line(bytes);
                    if client.stream.lane().is_some() {
                        client.record.name_http2();
                    }
                    let head = &bytes[..head.length];
                    let traces = Some(&mut self.io.traces).filter(|_| log.format.traces());
                    client.record.trace =
                        traces.map(|traces| traces.of_request(head, &mut client.http.request));
                }
                client.http.input.clear();
                client.http.input.extend_from_slice(&bytes[head.length..]);
                match self.ask_rate(key).or(reply) {
                    Some(reply) => self.reply(key, &head, &reply),
                    None => self.begin_request(key, head),
                }
            }
            Err(refusal) => {
                client.record.begin(self.io.now);
                self.refuse(key, refusal)
            }
        }
    }

    /// A request is served as the latest configuration has it. A listener that was removed and made
    /// anew is another one, though its id is the same: it does not count this connection.
    pub(super) fn refresh_listener(&mut self, key: Key) {
        let Some(client) = self.clients.get_mut(key) else {
            return;
        };
        if client.listener.version != self.snapshot.version
            && let Some(listener) = self.snapshot.listener(client.listener.id)
            && Arc::ptr_eq(&listener.state, &client.listener.state)
        {
            client.listener = Arc::clone(listener);
        }
    }

    fn begin_request(&mut self, key: Key, head: RequestHead) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        client.http.exchange = Some(Exchange::new(head));
        client.attempts = Attempts::default();
        self.reach_member(key)
    }

    /// Sends the head and what came with it to the member whose connection stands.
    pub(super) fn send_request(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let member = client
            .member
            .and_then(|member| self.members.get_mut(member));
        let Some(member) = member else {
            return Step::Close;
        };
        client.note_member(member.state.id);
        client.record.reach(&member.state, self.io.now);
        let Some(exchange) = client.http.exchange.as_mut() else {
            return Step::Close;
        };
        client.phase = Phase::Exchange;
        let body = match exchange.take_from_client(&client.http.input) {
            Ok(count) => count,
            Err(refusal) => return self.refuse(key, refusal),
        };
        let body = &client.http.input[..body];
        if member.stream.send(&client.http.request, body).is_err() {
            return self.member_failed(key, Failure::Unsent);
        }
        let body = body.len();
        client.record.bytes_in += body as u64;
        client.http.input.drain(..body);
        let patience = if exchange.is_request_complete() {
            client.listener.member_time
        } else {
            client.listener.client_time
        };
        client.set_deadline(patience, &mut self.io);
        Step::Again
    }

    /// Answers a request that did not become complete in time.
    pub(super) fn request_too_slow(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        if client.http.input.is_empty() {
            client.stream.say_goodbye();
            return Step::Close;
        }
        self.refuse(key, Refusal::Slow)
    }
}

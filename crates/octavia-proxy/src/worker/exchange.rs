//! A request's body on its way to the member, and the response on its way back.

use super::account::End;
use super::client::{Client, Phase};
use super::member::MemberConnection;
use super::reach::Failure;
use super::{Io, Step, Worker};
use crate::http1::answer::Refusal;
use crate::http1::body::Framing;
use crate::http1::cookie::OnResponse;
use crate::http1::exchange::{Backward, Exchange, Persistence};
use crate::limits;
use crate::runtime::slots::Key;
use crate::runtime::stream::Received;

/// What became of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Moved,
    Blocked,
    /// The client is gone, or cannot be served any more.
    ClientFailed,
    MemberFailed,
    Refused(Refusal),
}

impl Worker {
    /// Moves what can be moved, once in each direction.
    pub(super) fn exchange(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let member = client
            .member
            .and_then(|member| self.members.get_mut(member));
        let Some(mut exchange) = client.http.exchange.take() else {
            return Step::Close;
        };
        let Some(member) = member.filter(|_| !client.stream.is_broken()) else {
            return Step::Close;
        };
        let up = send_body(client, member, &mut exchange, &mut self.io);
        let down = match up {
            Flow::Moved | Flow::Blocked => {
                receive_response(client, member, &mut exchange, &mut self.io)
            }
            Flow::ClientFailed | Flow::MemberFailed | Flow::Refused(_) => Flow::Blocked,
        };
        let is_complete = exchange.is_response_complete();
        let is_switched = exchange.is_switched();
        client.http.exchange = Some(exchange);
        match (up, down) {
            (Flow::ClientFailed, _) | (_, Flow::ClientFailed) => {
                client.shard(self.index).add_error();
                Step::Close
            }
            (Flow::MemberFailed, _) | (_, Flow::MemberFailed) => {
                let failure = self.failure_of(key);
                self.member_failed(key, failure)
            }
            (Flow::Refused(refusal), _) | (_, Flow::Refused(refusal)) => {
                self.refuse_or_break(key, refusal)
            }
            _ if is_complete => self.finish(key),
            _ if is_switched => self.switch(key),
            (Flow::Blocked, Flow::Blocked) => Step::Wait,
            (Flow::Moved, _) | (_, Flow::Moved) => Step::Again,
        }
    }

    /// A member that refuses a stream has looked at nothing of it; but a body may be gone by now.
    fn failure_of(&mut self, key: Key) -> Failure {
        let client = self.clients.get_mut(key);
        let has_body = |client: &&mut Client| {
            let exchange = client.http.exchange.as_ref();
            exchange.is_none_or(|exchange| exchange.request().body != Framing::None)
        };
        let client = client.filter(|client| !has_body(client));
        let member = client.and_then(|client| self.members.get_mut(client.member?));
        match member.and_then(|member| member.stream.lane()) {
            Some(lane) if lane.is_refused() => Failure::Unsent,
            Some(_) | None => Failure::Broken,
        }
    }

    /// After the head of an answer only breaking off tells the client that something is wrong.
    fn refuse_or_break(&mut self, key: Key, refusal: Refusal) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let exchange = client.http.exchange.as_ref();
        if exchange.is_some_and(Exchange::is_answered) {
            client.shard(self.index).add_error();
            self.account_break(key, refusal.cause(), End::of(refusal));
            return Step::Close;
        }
        self.refuse(key, refusal)
    }

    /// Ends an exchange whose response is complete.
    fn finish(&mut self, key: Key) -> Step {
        self.account(key, End::Complete);
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let (Some(exchange), Some(member_key)) = (client.http.end_exchange(), client.member.take())
        else {
            return Step::Close;
        };
        let member = self.members.get_mut(member_key);
        let is_usable = |member: &mut MemberConnection| {
            let stream = &member.stream;
            let is_open = !stream.is_ending() && !stream.has_pending();
            is_open && member.input.is_empty() && !stream.has_unread()
        };
        if !exchange.keeps_member() || !member.is_some_and(is_usable) {
            self.members.close(member_key);
        } else if client.listener.header(client.chosen.as_ref()).is_some() {
            let own = &mut client.own;
            self.members.release_own(member_key, own, &mut self.io);
        } else {
            self.members.release(member_key, &mut self.io);
        }
        if exchange.keeps_client() {
            client.phase = Phase::Head;
            client.stream.rest();
            client.set_deadline(client.listener.client_time, &mut self.io);
            return Step::Again;
        }
        if exchange.is_request_complete() && !client.stream.has_pending() {
            client.stream.say_goodbye();
            return Step::Close;
        }
        client.phase = Phase::Linger;
        let patience = if client.stream.has_pending() {
            client.listener.client_time
        } else {
            limits::LINGER_TIME
        };
        client.set_deadline(patience, &mut self.io);
        Step::Again
    }

    /// The member agreed to another protocol: from here on bytes go both ways.
    fn switch(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let Some(member) = client
            .member
            .and_then(|member| self.members.get_mut(member))
        else {
            return Step::Close;
        };
        client.http.exchange = None;
        client.phase = Phase::Tunnel;
        let early = std::mem::take(&mut member.input);
        client.shard(self.index).add_out(early.len());
        let to_client = client.stream.send(&early, &[]);
        let early = std::mem::take(&mut client.http.input);
        let to_member = member.stream.send(&early, &[]);
        if to_client.is_err() || to_member.is_err() {
            return Step::Close;
        }
        Step::Again
    }
}

fn send_body(
    client: &mut Client,
    member: &mut MemberConnection,
    exchange: &mut Exchange,
    io: &mut Io,
) -> Flow {
    if exchange.is_request_complete() && !member.stream.has_pending() {
        return Flow::Blocked;
    }
    // A member that takes no more may have answered before it closed.
    let is_flushed = member.stream.flush().unwrap_or(false);
    if !is_flushed || exchange.is_request_complete() {
        return Flow::Blocked;
    }
    let count = match client
        .stream
        .receive(&mut io.buffer[..limits::FIRST_READ_BYTES])
    {
        Received::Bytes(count) => count,
        Received::Nothing => return Flow::Blocked,
        Received::End | Received::Broken(_) => return Flow::ClientFailed,
    };
    client.shard(io.index).add_in(count);
    io.moved += count;
    let bytes = &io.buffer[..count];
    let body = match exchange.take_from_client(bytes) {
        Ok(body) => body,
        Err(refusal) => return Flow::Refused(refusal),
    };
    client.record.bytes_in += body as u64;
    client.http.input.extend_from_slice(&bytes[body..]);
    let sent = member.stream.send(&bytes[..body], &[]);
    client.set_deadline(client.listener.client_time, io);
    match sent {
        Ok(()) => Flow::Moved,
        Err(_) => Flow::Blocked,
    }
}

fn receive_response(
    client: &mut Client,
    member: &mut MemberConnection,
    exchange: &mut Exchange,
    io: &mut Io,
) -> Flow {
    match client.stream.flush() {
        Ok(true) => {}
        Ok(false) => return Flow::Blocked,
        Err(_) => return Flow::ClientFailed,
    }
    let received = member.stream.receive(&mut io.buffer[..member.window]);
    let count = match received {
        Received::Bytes(count) => count,
        Received::Nothing => return Flow::Blocked,
        Received::End if exchange.end_of_member() => return Flow::Moved,
        Received::End | Received::Broken(_) => return Flow::MemberFailed,
    };
    io.moved += count;
    if let Err(flow) = pass_response(client, member, exchange, (io, count)) {
        return flow;
    }
    let is_slow = client.stream.is_slow();
    if is_slow {
        member.window = (member.window / 2).max(limits::FIRST_READ_BYTES);
        client.set_deadline(client.listener.client_time, io);
    } else {
        // What is secured is shorter than what was received.
        if 2 * count > member.window {
            member.window = (2 * member.window).min(limits::READ_BYTES);
        }
        client.set_deadline(client.listener.member_time, io);
    }
    Flow::Moved
}

/// Passes on the first `count` bytes of the loop's buffer, just received from the member.
fn pass_response(
    client: &mut Client,
    member: &mut MemberConnection,
    exchange: &mut Exchange,
    (io, count): (&mut Io, usize),
) -> Result<(), Flow> {
    let persistence = if client.is_draining() {
        Persistence::Close
    } else {
        Persistence::Keep
    };
    let stickiness = client.listener.stickiness(client.chosen.as_ref());
    let backward = Backward {
        persistence,
        lines: client.listener.answer_lines(),
        cookies: stickiness.map_or(OnResponse::Nothing, |stickiness| {
            stickiness.on_response(client.wish, member.state.id)
        }),
    };
    let is_whole = member.input.is_empty();
    if !is_whole {
        member.input.extend_from_slice(&io.buffer[..count]);
    }
    let bytes = if is_whole {
        &io.buffer[..count]
    } else {
        &member.input
    };
    io.out.clear();
    let taken = exchange
        .take_from_member(bytes, backward, &mut io.out)
        .map_err(Flow::Refused)?;
    if let (Some(cookie), Some(stickiness)) = (taken.cookie, stickiness) {
        stickiness.note_cookie(cookie.within(bytes), member.state.id);
    }
    let mut forward = &bytes[taken.forward_from..taken.used];
    if !io.out.is_empty() && forward.len() <= limits::COPIED_BODY_BYTES {
        io.out.extend_from_slice(forward);
        forward = &[];
    }
    client.shard(io.index).add_out(io.out.len() + forward.len());
    client.record.bytes_out += (io.out.len() + forward.len()) as u64;
    if exchange.is_answered() {
        client.record.answer(exchange.status(), io.now);
    }
    let is_last = exchange.is_response_complete() && !exchange.keeps_client();
    let sent = if is_last {
        client.stream.send_last(&io.out, forward)
    } else {
        client.stream.send(&io.out, forward)
    };
    if is_whole {
        member
            .input
            .extend_from_slice(&io.buffer[taken.used..count]);
    } else {
        member.input.drain(..taken.used);
    }
    sent.map_err(|_| Flow::ClientFailed)
}

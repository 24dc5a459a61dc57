//! Lines about traffic: made of what a record remembers.

use std::net::SocketAddr;

use super::account::End;
use super::client::Client;
use crate::config::snapshot::Log;
use crate::flow_log::{Entry, Lines};
use crate::runtime::clock::{self, Time};
use crate::udp::flows::Flow;
use octavia_amphora_api::config::ListenerProtocol;

/// Tells of the request or connection of a client that has just ended.
pub(super) fn of_client<'a>(client: &'a Client, log: &'a Log, end: End, now: Time) -> Entry<'a> {
    let (listener, record) = (&client.listener, &client.record);
    let is_http = listener.protocol != ListenerProtocol::Tcp;
    let pool = client.chosen.as_ref().or(listener.pool.as_ref());
    let is_ours = end.is_ours(record.status);
    let response = record.answered.zip(record.reached);
    Entry {
        names: &log.names,
        began: wall(record.began, now),
        client: client.address,
        local: client.local,
        line: is_http.then_some(&record.line[..]),
        status: record.status,
        bytes_in: record.bytes_in,
        bytes_out: record.bytes_out,
        pool: pool.map(|pool| pool.id).filter(|_| !is_ours),
        member: record
            .member
            .as_ref()
            .map(|member| (member.id, member.address)),
        connect: record.reached.map(|at| at.since(record.began)),
        response: response.map(|(answered, reached)| answered.since(reached)),
        total: now.since(record.began),
        state: end.letters(record.status),
        cause: record.cause,
        trace: record.trace,
    }
}

/// Tells of a flow that has just ended.
pub(super) fn of_flow<'a>(flow: &'a Flow, log: &'a Log, local: SocketAddr, now: Time) -> Entry<'a> {
    Entry {
        names: &log.names,
        began: wall(flow.began, now),
        client: flow.client,
        local,
        line: None,
        status: 0,
        bytes_in: flow.bytes_in,
        bytes_out: flow.bytes_out,
        pool: flow.listener.pool.as_ref().map(|pool| pool.id),
        member: Some((flow.member.id, flow.member.address)),
        connect: None,
        response: None,
        total: flow.heard_at.since(flow.began),
        state: "--",
        cause: None,
        trace: None,
    }
}

/// Writes a line.
pub(super) fn write(log: &Log, entry: &Entry<'_>, lines: &mut Lines) {
    log.format.write(entry, &mut lines.text);
    lines.text.push(b'\n');
    lines.count += 1;
}

/// Returns a moment in microseconds since 1970.
fn wall(at: Time, now: Time) -> u64 {
    let ago = u64::try_from(now.since(at).as_micros()).unwrap_or(0);
    clock::wall_micros().saturating_sub(ago)
}

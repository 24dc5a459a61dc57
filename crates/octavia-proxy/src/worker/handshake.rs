//! TLS with clients: from the first byte to the protocol that both ends chose.

use std::sync::Arc;

use super::client::Phase;
use super::{Step, Worker};
use crate::limits;
use crate::runtime::slots::Key;
use crate::runtime::stream::Handshake;
use crate::tls::{Peer, Session};

impl Worker {
    /// Secures a new connection.
    pub(super) fn begin_handshake(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let Some(tls) = &client.listener.tls else {
            return Step::Close;
        };
        client.phase = Phase::Handshake;
        let begun = Session::server(&tls.config).map_err(std::io::Error::other);
        match begun.and_then(|session| client.stream.secure(session)) {
            Ok(()) => {}
            Err(error) => return self.handshake_failed(key, &error.to_string()),
        }
        let patience = client.listener.client_time.min(limits::HANDSHAKE_TIME);
        client.set_deadline(patience, &mut self.io);
        Step::Again
    }

    /// Goes on with the handshake; then the connection begins what it was made for.
    pub(super) fn handshake(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        match client.stream.handshake() {
            Handshake::Waiting => Step::Wait,
            Handshake::Failed(cause) => self.handshake_failed(key, &cause),
            Handshake::Done => {
                let session = client.stream.session();
                let tally = client.listener.state.tallies.of_loop(self.index);
                if session.is_some_and(Session::is_resumed) {
                    tally.resumptions.add(1);
                } else {
                    tally.handshakes.add(1);
                }
                let certificate = session.and_then(Session::peer_certificate);
                client.peer = certificate.and_then(Peer::read).map(Arc::new);
                client.set_deadline(client.listener.client_time, &mut self.io);
                self.begin_protocol(key)
            }
        }
    }

    /// Anybody can make handshakes fail, so that nobody is told loudly.
    pub(super) fn handshake_failed(&mut self, key: Key, cause: &str) -> Step {
        if let Some(client) = self.clients.get_mut(key) {
            client.shard(self.index).add_error();
            let tallies = &client.listener.state.tallies;
            tallies.of_loop(self.index).failed_handshakes.add(1);
            tracing::debug!(
                listener.id = %client.listener.id,
                client = %client.address,
                cause,
                "no TLS connection with {}: {cause}", client.address
            );
        }
        Step::Close
    }
}

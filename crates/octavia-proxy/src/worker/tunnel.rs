//! Bytes both ways: TCP listeners, and HTTP connections that were upgraded.

use super::account::End;
use super::{Step, Worker};
use crate::runtime::slots::Key;
use crate::tcp::Flow;

impl Worker {
    /// Moves what can be moved, once in each direction.
    pub(super) fn tunnel(&mut self, key: Key) -> Step {
        let Some(client) = self.clients.get_mut(key) else {
            return Step::Close;
        };
        let Some(member) = client
            .member
            .and_then(|member| self.members.get_mut(member))
        else {
            return Step::Close;
        };
        let (Some(from), Some(to)) = (client.stream.socket(), member.stream.socket()) else {
            return Step::Close;
        };
        let tools = (&mut self.io.buffer[..], &mut self.io.pipes);
        let [up, down] = client.tunnel.relay(from, to, tools);
        let shard = client.shard(self.index);
        shard.add_in(up.moved());
        shard.add_out(down.moved());
        client.record.bytes_in += up.moved() as u64;
        client.record.bytes_out += down.moved() as u64;
        self.io.moved += up.moved() + down.moved();
        match (up, down) {
            (Flow::Finished, Flow::Finished) => {
                self.account(key, End::Complete);
                Step::Close
            }
            (Flow::Failed, _) | (_, Flow::Failed) => Step::Close,
            (Flow::Moved(_), _) | (_, Flow::Moved(_)) => {
                let patience = client.listener.client_time.min(client.listener.member_time);
                client.set_deadline(patience, &mut self.io);
                Step::Again
            }
            (Flow::Blocked | Flow::Finished, Flow::Blocked | Flow::Finished) => Step::Wait,
        }
    }
}

//! Whose turn it is: who moves much waits for those who have little to do, and gets larger shares.

use super::client::Phase;
use super::{Step, Worker};
use crate::limits;
use crate::runtime::slots::Key;

impl Worker {
    /// Lets those that move much wait, so that a short request does not.
    pub(super) fn drive_or_queue(&mut self, key: Key) {
        match self.clients.get_mut(key) {
            Some(client) if client.is_bulk => self.queue(key),
            Some(_) | None => self.drive(key),
        }
    }

    fn queue(&mut self, key: Key) {
        if let Some(client) = self.clients.get_mut(key)
            && !std::mem::replace(&mut client.is_queued, true)
        {
            self.queue.push_back(key);
        }
    }

    /// Drives some of those that wait; the others keep their places.
    pub(super) fn serve_queue(&mut self) {
        let mut moved = 0;
        for _ in 0..self.queue.len() {
            if moved >= limits::QUEUE_BYTES {
                return;
            }
            let Some(key) = self.queue.pop_front() else {
                return;
            };
            if let Some(client) = self.clients.get_mut(key) {
                client.is_queued = false;
                self.drive_within(key, limits::TURN_BYTES);
                moved += self.io.moved;
            }
        }
    }

    /// Lets a connection take steps until it would block, or has moved much.
    pub(super) fn drive(&mut self, key: Key) {
        self.drive_within(key, limits::PROMPT_BYTES);
    }

    fn drive_within(&mut self, key: Key, share: usize) {
        self.io.moved = 0;
        let is_waiting = self.take_steps(key, share);
        self.touch_lanes(key);
        if let Some(client) = self.clients.get_mut(key) {
            client.is_bulk = self.io.moved >= limits::PROMPT_BYTES;
            if !is_waiting {
                self.queue(key);
            }
        }
    }

    /// Tells whether the connection waits for an event, or is gone.
    fn take_steps(&mut self, key: Key, share: usize) -> bool {
        for _ in 0..limits::STEPS {
            if self.io.moved >= share {
                break;
            }
            let Some(client) = self.clients.get_mut(key) else {
                return true;
            };
            let step = match client.phase {
                Phase::Handshake => self.handshake(key),
                Phase::Head => self.read_request(key),
                Phase::Connecting => self.await_member(key),
                Phase::Pause => self.await_pause(key),
                Phase::Exchange => self.exchange(key),
                Phase::Tunnel => self.tunnel(key),
                Phase::Streams => self.streams(key),
                Phase::Linger => self.linger(key),
            };
            match step {
                Step::Again => {}
                Step::Wait => return true,
                Step::Close => {
                    self.close(key);
                    return true;
                }
            }
        }
        false
    }
}

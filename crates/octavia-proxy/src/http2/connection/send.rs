//! Frames on their way out, and streams that end.

use super::{Connection, Fatal, Role};
use crate::http2::frame::{self, Code};
use crate::http2::stream::{Ending, Reading};
use crate::http2::writer::Room;
use crate::limits;
use crate::runtime::clock::Time;

/// How much of what an exchange sent was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    /// So many bytes.
    pub(crate) used: usize,
    /// So many more would be taken now.
    pub(crate) credit: usize,
}

impl Connection {
    /// Takes the frames about the connection that wait.
    pub(crate) fn take_output(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.out);
    }

    /// Tells whether frames about the connection wait.
    #[cfg(test)]
    pub(crate) fn has_output(&self) -> bool {
        !self.out.is_empty()
    }

    /// Writes what `bytes`, sent by the owner of a stream, have for its peer, as far as the windows
    /// allow.
    pub(crate) fn write(&mut self, id: u32, bytes: &[u8], out: &mut Vec<u8>) -> Taken {
        let nothing = Taken {
            used: bytes.len(),
            credit: limits::FIRST_READ_BYTES,
        };
        let Ok(at) = self.place(id) else {
            return nothing;
        };
        let stream = &mut self.streams[at];
        if matches!(stream.ending, Ending::Reset | Ending::Refused) {
            return nothing;
        }
        let most = stream.window.min(self.window).max(0);
        let room = Room {
            stream: id,
            data: usize::try_from(most).unwrap_or(usize::MAX),
        };
        let Ok(written) = stream.writer.write(bytes, room, out) else {
            stream.ending = Ending::Reset;
            self.put_reset(id, Code::Internal);
            self.note_news(at);
            return nothing;
        };
        let data = i64::try_from(written.data).unwrap_or(i64::MAX);
        stream.window -= data;
        self.window -= data;
        stream.is_blocked = written.used < bytes.len();
        // Whoever gets data answers with windows, and may ask how long they take.
        self.idle_frames.earn(2 * written.frames);
        Taken {
            used: written.used,
            credit: room.data - written.data,
        }
    }

    /// Notes that the owner of a stream has used all that was told to it.
    pub(crate) fn note_used(&mut self, id: u32) {
        let Some(stream) = self.stream(id) else {
            return;
        };
        let owed = stream.owed;
        if owed == 0 {
            return;
        }
        let may_send = stream.reading == Reading::Body && stream.ending == Ending::Open;
        if may_send && owed < limits::STREAM_WINDOW_BYTES / 4 {
            return;
        }
        stream.owed = 0;
        if may_send {
            stream.room += i64::from(owed);
            let payload = owed.to_be_bytes();
            frame::write(frame::WINDOW_UPDATE, 0, id, &payload, &mut self.out);
        }
        self.give_back(owed);
    }

    /// Lets the peer send so much again, on whatever stream.
    pub(super) fn give_back(&mut self, length: u32) {
        self.owed += length;
        if self.owed >= limits::CONNECTION_WINDOW_BYTES / 4 {
            self.room += i64::from(self.owed);
            let payload = std::mem::take(&mut self.owed).to_be_bytes();
            frame::write(frame::WINDOW_UPDATE, 0, 0, &payload, &mut self.out);
        }
    }

    /// Ends a stream that its owner leaves: in peace if all was written, or if `is_whole` says that
    /// nothing is missing, and broken off otherwise.
    pub(crate) fn release(&mut self, id: u32, is_whole: bool) {
        let Ok(at) = self.place(id) else {
            return;
        };
        let stream = &mut self.streams[at];
        if matches!(stream.ending, Ending::Open | Ending::Whole) {
            let is_written =
                stream.writer.is_done() || (is_whole && stream.writer.finish(id, &mut self.out));
            let code = match self.role {
                _ if is_written && stream.reading == Reading::Done => None,
                // The answer is whole, whatever else the client wanted to send.
                Role::Server if is_written => Some(Code::No),
                Role::Server => Some(Code::Internal),
                Role::Client => Some(Code::Cancel),
            };
            match code {
                Some(code) => self.put_reset(id, code),
                None => self.resets.earn(1),
            }
        }
        self.forget(at);
    }

    /// Forgets a stream; what it has not used is given back to the peer.
    pub(super) fn forget(&mut self, at: usize) {
        let stream = self.streams.remove(at);
        if stream.owed > 0 {
            self.give_back(stream.owed);
        }
    }

    /// Resets a stream on which the peer did wrong.
    pub(super) fn reset(&mut self, id: u32, code: Code, now: Time) -> Result<(), Fatal> {
        self.put_reset(id, code);
        self.failures += 1;
        if let Ok(at) = self.place(id) {
            self.streams[at].ending = Ending::Reset;
            self.note_news(at);
            if self.streams[at].owner.is_none() {
                self.forget(at);
            }
        }
        self.spend_reset(now)
    }

    /// Notes that a stream was reset, by whomever: work that was for nothing.
    pub(super) fn spend_reset(&mut self, now: Time) -> Result<(), Fatal> {
        if self.role == Role::Client || self.resets.spend(now) {
            Ok(())
        } else {
            Err(Fatal::calm("too many streams are reset"))
        }
    }

    fn put_reset(&mut self, id: u32, code: Code) {
        frame::write(frame::RST_STREAM, 0, id, &code.bytes(), &mut self.out);
    }
}

//! An HTTP/1.1 message, as frames: what an exchange sends is cut into what the windows take.

mod head;

use super::frame::{self, Frame};
use crate::http1::body::{Body, Framing};

/// How far a message of ours came.
#[derive(Debug)]
pub(super) struct Writer {
    message: Message,
    state: State,
    /// The lines after the last chunk, as far as they came.
    trailers: Vec<u8>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// A request.
    Request,
    /// The answer to a request.
    Response,
    /// The answer to a request that wants no body (HEAD).
    HeadResponse,
}

#[derive(Debug)]
enum State {
    Head,
    Body(Body),
    Done,
}

/// What was written is not HTTP/1.1 as we speak it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadMessage;

/// How much may be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) stream: u32,
    /// How much data the windows take.
    pub(super) data: usize,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// How many bytes of the message were used up.
    pub(super) used: usize,
    /// How much data is in the frames.
    pub(super) data: usize,
    /// How many frames there are.
    pub(super) frames: u32,
}

impl Writer {
    /// Begins with the head of `message`.
    pub(super) fn new(message: Message) -> Self {
        Self {
            message,
            state: State::Head,
            trailers: Vec::new(),
        }
    }

    /// Tells whether the end of the message was written.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Tells whether a request that is written asks for a head only.
    pub(super) fn wants_head_only(&self) -> bool {
        self.message == Message::HeadResponse
    }

    /// Writes what `bytes`, which go on where those before ended, have of the message.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        room: Room,
        out: &mut Vec<u8>,
    ) -> Result<Written, BadMessage> {
        let mut written = Written::default();
        while matches!(self.state, State::Head) && written.used < bytes.len() {
            let head = head::write(&bytes[written.used..], self.message, room.stream, out)?;
            let Some(head) = head else {
                return Ok(written);
            };
            written.used += head.length;
            written.frames += 1;
            if head.wants_head_only {
                self.message = Message::HeadResponse;
            }
            self.state = match head.body {
                None => State::Head,
                Some(Framing::None) => State::Done,
                Some(framing) => State::Body(Body::new(framing)),
            };
        }
        self.write_body(bytes, room, (&mut written, out))?;
        Ok(written)
    }

    fn write_body(
        &mut self,
        bytes: &[u8],
        room: Room,
        (written, out): (&mut Written, &mut Vec<u8>),
    ) -> Result<(), BadMessage> {
        let mut last = None;
        while let State::Body(body) = &mut self.state {
            let rest = &bytes[written.used..];
            if body.is_in_trailers() {
                let used = body.take(rest).map_err(|_| BadMessage)?;
                self.trailers.extend_from_slice(&rest[..used]);
                written.used += used;
                if !body.is_done() {
                    return Ok(());
                }
                self.end(room.stream, last, out)?;
                written.frames += 1;
                return Ok(());
            }
            let most = frame::PAYLOAD.min(room.data - written.data);
            let (used, data) = body.piece(rest, most).map_err(|_| BadMessage)?;
            let (is_done, is_in_trailers) = (body.is_done(), body.is_in_trailers());
            if !data.is_empty() {
                last = Some(out.len());
                written.data += data.len();
                written.frames += 1;
                write_data(room.stream, &rest[data], out);
            }
            written.used += used;
            if is_done {
                return self.end(room.stream, last, out);
            }
            if used == 0 && !is_in_trailers {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes the end: in the frame that begins at `last`, or in one of its own.
    fn end(
        &mut self,
        stream: u32,
        last: Option<usize>,
        out: &mut Vec<u8>,
    ) -> Result<(), BadMessage> {
        self.state = State::Done;
        if self.trailers.len() > b"\r\n".len() {
            return head::write_trailers(&self.trailers, stream, out);
        }
        match last {
            Some(at) => out[at + FLAGS] |= frame::END_STREAM,
            None => frame::write(frame::DATA, frame::END_STREAM, stream, &[], out),
        }
        Ok(())
    }

    /// Takes the end of what was to be written; tells whether the message may end there, and writes
    /// that it does.
    pub(super) fn finish(&mut self, stream: u32, out: &mut Vec<u8>) -> bool {
        let State::Body(body) = &mut self.state else {
            return self.is_done();
        };
        body.end() && self.end(stream, None, out).is_ok()
    }
}

/// Where the flags of a frame are.
const FLAGS: usize = 4;

fn write_data(stream: u32, data: &[u8], out: &mut Vec<u8>) {
    let frame = Frame {
        length: data.len(),
        kind: frame::DATA,
        flags: 0,
        stream,
    };
    out.extend_from_slice(&frame.bytes());
    out.extend_from_slice(data);
}

/// What a head says of what follows it.
struct WrittenHead {
    length: usize,
    /// What follows; `None` where another head does.
    body: Option<Framing>,
    wants_head_only: bool,
}

#[cfg(test)]
mod tests;

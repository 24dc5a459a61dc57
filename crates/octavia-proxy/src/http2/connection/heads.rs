//! Blocks of headers that came: requests, responses, trailers.

use super::receive::without_padding;
use super::{Block, Connection, Farewell, Fatal, Role};
use crate::http2::frame::{self, Code, Frame};
use crate::http2::head::{Head, Kind, ResponseHead, Trailers};
use crate::http2::stream::{Ending, Reading, Stream};
use crate::http2::writer::{Message, Writer};
use crate::limits;
use crate::runtime::clock::Time;

impl Connection {
    pub(super) fn take_headers(
        &mut self,
        frame: Frame,
        payload: &[u8],
        now: Time,
    ) -> Result<(), Fatal> {
        let is_valid = match self.role {
            Role::Server => frame.stream % 2 == 1,
            Role::Client => frame.stream % 2 == 1 && frame.stream < self.next,
        };
        if !is_valid {
            return Err(Fatal::protocol("HEADERS for no stream"));
        }
        let mut block = without_padding(frame, payload)?;
        if frame.has(frame::PRIORITIZED) {
            let (_, rest) = block
                .split_at_checked(5)
                .ok_or(Fatal::new(Code::FrameSize, "HEADERS is too short"))?;
            block = rest;
        }
        let ends = frame.has(frame::END_STREAM);
        if frame.has(frame::END_HEADERS) {
            return self.take_block(frame.stream, block, ends, now);
        }
        self.block = Some(Block {
            stream: frame.stream,
            ends,
            bytes: block.to_vec(),
            frames: 0,
        });
        Ok(())
    }

    pub(super) fn take_continuation(
        &mut self,
        frame: Frame,
        payload: &[u8],
        now: Time,
    ) -> Result<(), Fatal> {
        let Some(mut block) = self.block.take() else {
            return Ok(());
        };
        block.frames += 1;
        block.bytes.extend_from_slice(payload);
        let is_too_long = block.bytes.len() > limits::HEADER_BLOCK_BYTES;
        if is_too_long || block.frames > limits::CONTINUATIONS {
            return Err(Fatal::calm("a block of headers is too long"));
        }
        if frame.has(frame::END_HEADERS) {
            return self.take_block(block.stream, &block.bytes, block.ends, now);
        }
        self.block = Some(block);
        Ok(())
    }

    /// Takes a whole block. Each is decoded, whatever becomes of it: the next refers to it.
    fn take_block(&mut self, id: u32, block: &[u8], ends: bool, now: Time) -> Result<(), Fatal> {
        if let Ok(at) = self.place(id) {
            return match (self.streams[at].reading, self.role) {
                (Reading::Head, _) => self.take_response(at, block, ends, now),
                (Reading::Body, _) => self.take_trailers(at, block, ends, now),
                (Reading::Done, _) => {
                    self.skip_block(block)?;
                    self.reset(id, Code::StreamClosed, now)
                }
            };
        }
        match self.role {
            Role::Server if id > self.latest => self.take_request(id, block, ends, now),
            Role::Server | Role::Client => {
                self.skip_block(block)?;
                self.reset(id, Code::StreamClosed, now)
            }
        }
    }

    fn skip_block(&mut self, block: &[u8]) -> Result<(), Fatal> {
        let decoded = self.decoder.decode(block, |_, _| {});
        decoded.map_err(|_| BAD_BLOCK)
    }

    fn take_request(&mut self, id: u32, block: &[u8], ends: bool, now: Time) -> Result<(), Fatal> {
        self.latest = id;
        if self.farewell == Farewell::Said {
            return self.skip_block(block);
        }
        if self.streams.len() >= limits::STREAMS {
            self.skip_block(block)?;
            return self.reset(id, Code::Refused, now);
        }
        let mut inbox = Vec::with_capacity(2 * block.len() + 256);
        self.head.clear();
        let Self { decoder, head, .. } = self;
        let decoded = decoder.decode(block, |name, value| head.add(name, value, &mut inbox));
        decoded.map_err(|_| BAD_BLOCK)?;
        let Ok(head) = self.head.finish(ends, &mut inbox) else {
            return self.reset(id, Code::Protocol, now);
        };
        let message = match head.kind {
            Kind::HeadRequest => Message::HeadResponse,
            Kind::Request | Kind::Interim | Kind::Response => Message::Response,
        };
        let mut stream = Stream::new(id, Writer::new(message), self.settings.window);
        stream.inbox = inbox;
        stream.is_too_large = head.is_too_large;
        if let Err(code) = stream.begin_body(&head, ends) {
            return self.reset(id, code, now);
        }
        self.streams.push(Box::new(stream));
        self.note_news(self.streams.len() - 1);
        Ok(())
    }

    fn take_response(
        &mut self,
        at: usize,
        block: &[u8],
        ends: bool,
        now: Time,
    ) -> Result<(), Fatal> {
        let Self {
            decoder, streams, ..
        } = self;
        let stream = &mut streams[at];
        let mut response = ResponseHead::default();
        let decoded = decoder.decode(block, |name, value| {
            response.add(name, value, &mut stream.inbox);
        });
        decoded.map_err(|_| BAD_BLOCK)?;
        let wants_body = !stream.writer.wants_head_only();
        let head = response.finish(wants_body, ends, &mut stream.inbox);
        let id = stream.id;
        let begun = match head {
            Ok(Head {
                kind: Kind::Interim,
                ..
            }) => {
                self.spend_idle(now)?;
                Ok(())
            }
            Ok(head) => stream.begin_body(&head, ends),
            Err(_) => Err(Code::Protocol),
        };
        match begun {
            Ok(()) => self.note_news(at),
            Err(code) => self.reset(id, code, now)?,
        }
        Ok(())
    }

    fn take_trailers(
        &mut self,
        at: usize,
        block: &[u8],
        ends: bool,
        now: Time,
    ) -> Result<(), Fatal> {
        let (mut trailers, mut lines) = (Trailers::default(), Vec::new());
        let decoded = self
            .decoder
            .decode(block, |name, value| trailers.add(name, value, &mut lines));
        decoded.map_err(|_| BAD_BLOCK)?;
        let stream = &mut self.streams[at];
        let id = stream.id;
        if matches!(stream.ending, Ending::Reset | Ending::Refused) {
            return Ok(());
        }
        let ended = match trailers.finish() {
            Ok(()) if ends => stream.end(&lines),
            Ok(()) | Err(_) => Err(Code::Protocol),
        };
        match ended {
            Ok(()) => self.note_news(at),
            Err(code) => self.reset(id, code, now)?,
        }
        Ok(())
    }
}

const BAD_BLOCK: Fatal = Fatal {
    code: Code::Compression,
    cause: "a block of headers cannot be read",
};

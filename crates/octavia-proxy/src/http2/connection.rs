//! One end of a connection: bytes in, frames out, streams between.

mod heads;
mod receive;
mod send;

use std::collections::VecDeque;

use super::budget::Budget;
use super::frame::{self, Code, Frame};
use super::head::RequestHead;
use super::hpack;
use super::settings::{self, Settings, WINDOW};
use super::stream::Stream;
use super::writer::{Message, Writer};
use crate::limits;
use crate::runtime::clock::Time;
use crate::runtime::slots::Key;

/// Which end it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Streams are opened by the peer.
    Server,
    /// Streams are opened by us.
    Client,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fatal {
    code: Code,
    /// For people.
    pub(crate) cause: &'static str,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct Connection {
    role: Role,
    expected: Expected,
    /// Received and not used yet: part of a frame.
    input: Vec<u8>,
    /// The payload of a DATA frame that is taken while it comes.
    data: Option<Data>,
    /// A block of headers that is to be continued.
    block: Option<Block>,
    decoder: hpack::Decoder,
    head: RequestHead,
    /// Those that somebody cares for, in order of their numbers.
    #[expect(clippy::vec_box, reason = "they move whenever another one ends")]
    streams: Vec<Box<Stream>>,
    news: VecDeque<u32>,
    /// The highest number of a stream that the peer opened.
    latest: u32,
    /// The number of the next stream that we open.
    next: u32,
    settings: Settings,
    /// How much the peer takes on all streams.
    window: i64,
    /// How much the peer may send on all streams.
    room: i64,
    /// How much of what the peer sent was used, and not given back to it.
    owed: u32,
    /// Frames about the connection that wait to be sent.
    out: Vec<u8>,
    resets: Budget,
    idle_frames: Budget,
    farewell: Farewell,
    /// How many frames, and parts of bodies, came.
    progress: u64,
    /// How many streams the peer used wrongly, since somebody asked.
    failures: u32,
    /// The last stream that the peer serves, once it says farewell.
    served_by_peer: Option<u32>,
}

/// What must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Preface,
    Settings,
    Frame,
}

/// A payload on its way.
#[derive(Debug, Clone, Copy)]
struct Data {
    stream: u32,
    left: usize,
    ends: bool,
}

/// A block of headers on its way.
#[derive(Debug)]
struct Block {
    stream: u32,
    ends: bool,
    bytes: Vec<u8>,
    frames: u32,
}

/// Whether the connection takes another stream of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Farewell {
    /// It does.
    None,
    /// The peer is told to open no more; what is on its way is still taken.
    Announced,
    /// It does not.
    Said,
}

/// What a PING carries that asks whether the peer knows of the farewell.
const FAREWELL_PING: &[u8; 8] = b"farewell";

impl Connection {
    /// Begins a connection: what is sent first waits in the output.
    pub(crate) fn new(role: Role, now: Time) -> Self {
        let mut out = Vec::new();
        let streams = u32::try_from(limits::STREAMS).unwrap_or(u32::MAX);
        let list = u32::try_from(limits::HEAD_BYTES).unwrap_or(u32::MAX);
        let particular = match role {
            Role::Server => (settings::MAX_CONCURRENT_STREAMS, streams),
            Role::Client => {
                out.extend_from_slice(frame::PREFACE);
                (settings::ENABLE_PUSH, 0)
            }
        };
        let declared = [
            particular,
            (settings::INITIAL_WINDOW_SIZE, limits::STREAM_WINDOW_BYTES),
            (settings::MAX_HEADER_LIST_SIZE, list),
        ];
        let declared = settings::payload(&declared);
        frame::write(frame::SETTINGS, 0, 0, &declared, &mut out);
        let more = limits::CONNECTION_WINDOW_BYTES - WINDOW;
        frame::write(frame::WINDOW_UPDATE, 0, 0, &more.to_be_bytes(), &mut out);
        Self {
            role,
            expected: match role {
                Role::Server => Expected::Preface,
                Role::Client => Expected::Settings,
            },
            input: Vec::new(),
            data: None,
            block: None,
            decoder: hpack::Decoder::new(),
            head: RequestHead::default(),
            streams: Vec::new(),
            news: VecDeque::new(),
            latest: 0,
            next: 1,
            settings: Settings::default(),
            window: i64::from(WINDOW),
            room: i64::from(limits::CONNECTION_WINDOW_BYTES),
            owed: 0,
            out,
            resets: Budget::new(limits::STREAM_RESETS, limits::STREAM_RESETS_PER_SECOND, now),
            idle_frames: Budget::new(limits::IDLE_FRAMES, limits::IDLE_FRAMES_PER_SECOND, now),
            farewell: Farewell::None,
            progress: 0,
            failures: 0,
            served_by_peer: None,
        }
    }

    /// Takes bytes of the peer. After an error the connection is told farewell, and closed.
    pub(crate) fn take(&mut self, bytes: &[u8], now: Time) -> Result<(), Fatal> {
        if self.input.is_empty() {
            let used = self.parse(bytes, now)?;
            self.input.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(bytes);
        let used = self.parse(&input, now)?;
        if used < input.len() {
            input.drain(..used);
            self.input = input;
        }
        Ok(())
    }

    fn parse(&mut self, bytes: &[u8], now: Time) -> Result<usize, Fatal> {
        let mut used = 0;
        if self.expected == Expected::Preface {
            let known = bytes.len().min(frame::PREFACE.len());
            if bytes[..known] != frame::PREFACE[..known] {
                return Err(Fatal::protocol("this is not HTTP/2"));
            }
            if known < frame::PREFACE.len() {
                return Ok(0);
            }
            used = known;
            self.expected = Expected::Settings;
        }
        loop {
            let rest = &bytes[used..];
            if let Some(data) = &mut self.data {
                let count = data.left.min(rest.len());
                self.progress += u64::from(count > 0);
                data.left -= count;
                let Data { stream, left, ends } = *data;
                if left == 0 {
                    self.data = None;
                }
                let is_last = left == 0 && ends;
                self.take_data(stream, &rest[..count], is_last, now)?;
                used += count;
                if left > 0 {
                    return Ok(used);
                }
                continue;
            }
            let Some(frame) = Frame::read(rest) else {
                return Ok(used);
            };
            self.check(frame)?;
            // Data is taken as it comes; everything else is short.
            if frame.kind == frame::DATA && !frame.has(frame::PADDED) {
                used += frame::HEAD;
                self.begin_data(frame, now)?;
                continue;
            }
            let end = frame::HEAD + frame.length;
            let Some(payload) = rest.get(frame::HEAD..end) else {
                return Ok(used);
            };
            used += end;
            self.progress += 1;
            self.take_frame(frame, payload, now)?;
        }
    }

    /// Checks what can be known before the payload came.
    fn check(&mut self, frame: Frame) -> Result<(), Fatal> {
        if frame.length > frame::PAYLOAD {
            return Err(Fatal::new(Code::FrameSize, "a frame is too large"));
        }
        if self.expected == Expected::Settings {
            if frame.kind != frame::SETTINGS || frame.has(frame::ACK) {
                return Err(Fatal::protocol("the first frame is not SETTINGS"));
            }
            self.expected = Expected::Frame;
        }
        let is_continued =
            |block: &Block| frame.kind == frame::CONTINUATION && frame.stream == block.stream;
        match &self.block {
            Some(block) if is_continued(block) => Ok(()),
            Some(_) => Err(Fatal::protocol("a block of headers is not continued")),
            None if frame.kind == frame::CONTINUATION => {
                Err(Fatal::protocol("there is no block of headers to continue"))
            }
            None => Ok(()),
        }
    }

    /// Returns the next stream that has news, if it is still there.
    pub(crate) fn next_news(&mut self) -> Option<u32> {
        loop {
            let id = self.news.pop_front()?;
            if let Some(stream) = self.stream(id) {
                stream.has_news = false;
                return Some(id);
            }
        }
    }

    /// Returns a stream that somebody cares for.
    pub(crate) fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        let at = self.place(id).ok()?;
        Some(&mut self.streams[at])
    }

    /// Returns the streams that somebody cares for.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.streams.iter().map(|stream| &**stream)
    }

    /// Returns how many frames, and parts of bodies, came.
    pub(crate) fn progress(&self) -> u64 {
        self.progress
    }

    /// Returns how many streams the peer used wrongly since this was last asked.
    pub(crate) fn take_failures(&mut self) -> u32 {
        std::mem::take(&mut self.failures)
    }

    fn place(&self, id: u32) -> Result<usize, usize> {
        self.streams.binary_search_by_key(&id, |stream| stream.id)
    }

    /// Opens a stream for `owner`, if the peer serves another one.
    pub(crate) fn open(&mut self, owner: Key) -> Option<u32> {
        if !self.has_room() {
            return None;
        }
        let id = self.next;
        self.next += 2;
        let mut stream = Stream::new(id, Writer::new(Message::Request), self.settings.window);
        stream.owner = Some(owner);
        self.streams.push(Box::new(stream));
        Some(id)
    }

    /// Tells whether another stream can be opened.
    pub(crate) fn has_room(&self) -> bool {
        let most = usize::try_from(self.settings.streams).unwrap_or(usize::MAX);
        self.streams.len() < most.min(limits::STREAMS)
            && self.next < frame::STREAM_BITS - 2
            && self.served_by_peer.is_none()
            && self.farewell == Farewell::None
    }

    /// Tells whether nobody cares for any stream.
    pub(crate) fn is_idle(&self) -> bool {
        self.streams.is_empty()
    }

    /// Tells whether a frame or block has come in part: the peer owes the rest.
    pub(crate) fn is_amid_frame(&self) -> bool {
        !self.input.is_empty() || self.block.is_some() || self.expected != Expected::Frame
    }

    /// Tells the peer that the connection ends with the streams that are open. Its end is said once
    /// the peer knows, so that no request is lost on its way.
    pub(crate) fn announce_farewell(&mut self) {
        if self.farewell != Farewell::None {
            return;
        }
        self.farewell = Farewell::Announced;
        self.put_goaway(frame::STREAM_BITS, Code::No, "");
        frame::write(frame::PING, 0, 0, FAREWELL_PING, &mut self.out);
    }

    /// Tells the peer that the connection takes no stream any more.
    pub(crate) fn say_farewell(&mut self) {
        if self.farewell != Farewell::Said {
            self.farewell = Farewell::Said;
            self.put_goaway(self.latest, Code::No, "");
        }
    }

    /// Tells the peer why the connection ends at once.
    pub(crate) fn fail(&mut self, fatal: Fatal) {
        self.farewell = Farewell::Said;
        self.put_goaway(self.latest, fatal.code, fatal.cause);
    }

    fn put_goaway(&mut self, last: u32, code: Code, cause: &str) {
        let payload = [&last.to_be_bytes(), &code.bytes(), cause.as_bytes()].concat();
        frame::write(frame::GOAWAY, 0, 0, &payload, &mut self.out);
    }

    /// Tells whether the connection has ended in peace, but for what waits to be sent.
    pub(crate) fn is_over(&self) -> bool {
        let is_said = self.farewell == Farewell::Said || self.served_by_peer.is_some();
        is_said && self.streams.is_empty()
    }

    fn note_news(&mut self, at: usize) {
        let stream = &mut self.streams[at];
        if !std::mem::replace(&mut stream.has_news, true) {
            self.news.push_back(stream.id);
        }
    }
}

impl Fatal {
    fn new(code: Code, cause: &'static str) -> Self {
        Self { code, cause }
    }

    fn protocol(cause: &'static str) -> Self {
        Self::new(Code::Protocol, cause)
    }

    fn calm(cause: &'static str) -> Self {
        Self::new(Code::EnhanceYourCalm, cause)
    }
}

#[cfg(test)]
mod tests;

//! Frames that came.

use super::{Connection, Data, FAREWELL_PING, Farewell, Fatal, Role};
use crate::http2::frame::{self, Code, Frame};
use crate::http2::stream::{Ending, Reading};
use crate::runtime::clock::Time;

impl Connection {
    /// Takes a frame whose payload came as a whole.
    pub(super) fn take_frame(
        &mut self,
        frame: Frame,
        payload: &[u8],
        now: Time,
    ) -> Result<(), Fatal> {
        match frame.kind {
            frame::DATA => self.take_padded_data(frame, payload, now),
            frame::HEADERS => self.take_headers(frame, payload, now),
            frame::CONTINUATION => self.take_continuation(frame, payload, now),
            frame::PRIORITY => self.take_priority(frame, now),
            frame::RST_STREAM => self.take_reset(frame, payload, now),
            frame::SETTINGS => self.take_settings(frame, payload, now),
            frame::PUSH_PROMISE => Err(Fatal::protocol("nothing may be pushed")),
            frame::PING => self.take_ping(frame, payload, now),
            frame::GOAWAY => self.take_goaway(frame, payload),
            frame::WINDOW_UPDATE => self.take_window(frame, payload, now),
            _ => self.spend_idle(now),
        }
    }

    /// Notes a frame that carries nothing for anybody.
    pub(super) fn spend_idle(&mut self, now: Time) -> Result<(), Fatal> {
        if self.idle_frames.spend(now) {
            Ok(())
        } else {
            Err(Fatal::calm("too many frames that carry nothing"))
        }
    }

    /// Begins with a payload that is taken while it comes.
    pub(super) fn begin_data(&mut self, frame: Frame, now: Time) -> Result<(), Fatal> {
        self.charge(frame, now)?;
        self.data = Some(Data {
            stream: frame.stream,
            left: frame.length,
            ends: frame.has(frame::END_STREAM),
        });
        Ok(())
    }

    /// Counts a DATA frame against the windows, padding included.
    fn charge(&mut self, frame: Frame, now: Time) -> Result<(), Fatal> {
        if frame.stream == 0 || self.is_never_opened(frame.stream) {
            return Err(Fatal::protocol("data for no stream"));
        }
        let length = u32::try_from(frame.length).unwrap_or(u32::MAX);
        if frame.length == 0 && !frame.has(frame::END_STREAM) {
            self.spend_idle(now)?;
        }
        self.room -= i64::from(length);
        if self.room < 0 {
            return Err(OVER_WINDOW);
        }
        let Some(stream) = self.stream(frame.stream) else {
            // It was closed while this was on its way. If it had ended, it must have stayed silent,
            // but whether it had is forgotten.
            self.give_back(length);
            return self.spend_idle(now);
        };
        stream.room -= i64::from(length);
        stream.owed += length;
        if stream.room < 0 {
            return Err(OVER_WINDOW);
        }
        Ok(())
    }

    fn is_never_opened(&self, id: u32) -> bool {
        match self.role {
            Role::Server => id > self.latest,
            Role::Client => id >= self.next,
        }
    }

    fn take_padded_data(&mut self, frame: Frame, payload: &[u8], now: Time) -> Result<(), Fatal> {
        self.charge(frame, now)?;
        let data = without_padding(frame, payload)?;
        self.take_data(frame.stream, data, frame.has(frame::END_STREAM), now)
    }

    /// Takes a part of a body, perhaps the last.
    pub(super) fn take_data(
        &mut self,
        id: u32,
        data: &[u8],
        is_last: bool,
        now: Time,
    ) -> Result<(), Fatal> {
        let Ok(at) = self.place(id) else {
            return Ok(());
        };
        let stream = &mut self.streams[at];
        if matches!(stream.ending, Ending::Reset | Ending::Refused) {
            return Ok(());
        }
        if stream.reading != Reading::Body {
            return self.reset(id, Code::StreamClosed, now);
        }
        let mut taken = stream.take_body(data);
        if is_last && taken.is_ok() {
            taken = stream.end(&[]);
        }
        match taken {
            Ok(()) => self.note_news(at),
            Err(code) => self.reset(id, code, now)?,
        }
        Ok(())
    }

    fn take_priority(&mut self, frame: Frame, now: Time) -> Result<(), Fatal> {
        if frame.stream == 0 {
            return Err(Fatal::protocol("PRIORITY for no stream"));
        }
        if frame.length != 5 {
            return self.reset(frame.stream, Code::FrameSize, now);
        }
        self.spend_idle(now)
    }

    fn take_reset(&mut self, frame: Frame, payload: &[u8], now: Time) -> Result<(), Fatal> {
        if frame.stream == 0 || self.is_never_opened(frame.stream) {
            return Err(Fatal::protocol("RST_STREAM for no stream"));
        }
        let code = frame::number(payload).filter(|_| payload.len() == 4);
        let code = code.ok_or(Fatal::new(Code::FrameSize, "RST_STREAM has no code"))?;
        let Ok(at) = self.place(frame.stream) else {
            return self.spend_idle(now);
        };
        let stream = &mut self.streams[at];
        // Whoever has all of an answer may say that it needs no more of the exchange.
        let is_after_answer = Code::No.is(code) && stream.reading == Reading::Done;
        if !is_after_answer && stream.ending != Ending::Reset {
            stream.ending = if Code::Refused.is(code) && stream.reading == Reading::Head {
                Ending::Refused
            } else {
                Ending::Reset
            };
        }
        let is_owned = stream.owner.is_some();
        self.note_news(at);
        if !is_owned {
            self.forget(at);
        }
        self.spend_reset(now)
    }

    fn take_settings(&mut self, frame: Frame, payload: &[u8], now: Time) -> Result<(), Fatal> {
        if frame.stream != 0 {
            return Err(Fatal::protocol("SETTINGS for a stream"));
        }
        if frame.has(frame::ACK) {
            return match payload {
                [] => Ok(()),
                _ => Err(Fatal::new(
                    Code::FrameSize,
                    "settings in an acknowledgement",
                )),
            };
        }
        self.spend_idle(now)?;
        let before = i64::from(self.settings.window);
        let taken = self.settings.take(payload);
        taken.map_err(|code| Fatal::new(code, "a setting is not valid"))?;
        let change = i64::from(self.settings.window) - before;
        for at in 0..self.streams.len() {
            self.streams[at].window += change;
            if self.streams[at].window > LARGEST_WINDOW {
                return Err(Fatal::new(Code::FlowControl, "a window is too large"));
            }
            if change > 0 {
                self.unblock(at);
            }
        }
        frame::write(frame::SETTINGS, frame::ACK, 0, &[], &mut self.out);
        Ok(())
    }

    fn take_ping(&mut self, frame: Frame, payload: &[u8], now: Time) -> Result<(), Fatal> {
        if frame.stream != 0 {
            return Err(Fatal::protocol("PING for a stream"));
        }
        if payload.len() != 8 {
            return Err(Fatal::new(Code::FrameSize, "PING has not eight bytes"));
        }
        self.spend_idle(now)?;
        if !frame.has(frame::ACK) {
            frame::write(frame::PING, frame::ACK, 0, payload, &mut self.out);
        } else if payload == FAREWELL_PING && self.farewell == Farewell::Announced {
            self.say_farewell();
        }
        Ok(())
    }

    fn take_goaway(&mut self, frame: Frame, payload: &[u8]) -> Result<(), Fatal> {
        let last = frame::number(payload).filter(|_| frame.stream == 0 && payload.len() >= 8);
        let last = last.ok_or(Fatal::protocol("GOAWAY is not valid"))? & frame::STREAM_BITS;
        self.served_by_peer = Some(last);
        if self.role == Role::Client {
            for at in 0..self.streams.len() {
                let stream = &mut self.streams[at];
                if stream.id > last && stream.ending == Ending::Open {
                    stream.ending = Ending::Refused;
                    self.note_news(at);
                }
            }
        }
        Ok(())
    }

    fn take_window(&mut self, frame: Frame, payload: &[u8], now: Time) -> Result<(), Fatal> {
        let more = frame::number(payload).filter(|_| payload.len() == 4);
        let more = more.ok_or(Fatal::new(Code::FrameSize, "WINDOW_UPDATE has no window"))?;
        let more = i64::from(more & frame::STREAM_BITS);
        self.spend_idle(now)?;
        if frame.stream == 0 {
            self.window += more;
            if more == 0 {
                return Err(Fatal::protocol("a window does not grow"));
            }
            if self.window > LARGEST_WINDOW {
                return Err(Fatal::new(Code::FlowControl, "a window is too large"));
            }
            for at in 0..self.streams.len() {
                self.unblock(at);
            }
            return Ok(());
        }
        if self.is_never_opened(frame.stream) {
            return Err(Fatal::protocol("WINDOW_UPDATE for no stream"));
        }
        let Ok(at) = self.place(frame.stream) else {
            return Ok(());
        };
        self.streams[at].window += more;
        match more {
            0 => self.reset(frame.stream, Code::Protocol, now),
            _ if self.streams[at].window > LARGEST_WINDOW => {
                self.reset(frame.stream, Code::FlowControl, now)
            }
            _ => {
                self.unblock(at);
                Ok(())
            }
        }
    }

    fn unblock(&mut self, at: usize) {
        if std::mem::replace(&mut self.streams[at].is_blocked, false) {
            self.note_news(at);
        }
    }
}

const LARGEST_WINDOW: i64 = frame::STREAM_BITS as i64;
const OVER_WINDOW: Fatal = Fatal {
    code: Code::FlowControl,
    cause: "more data than the window takes",
};

/// Leaves out the padding of a payload.
pub(super) fn without_padding(frame: Frame, payload: &[u8]) -> Result<&[u8], Fatal> {
    if !frame.has(frame::PADDED) {
        return Ok(payload);
    }
    let (padding, rest) = payload.split_first().ok_or(BAD_PADDING)?;
    let length = rest.len().checked_sub(usize::from(*padding));
    length.map(|length| &rest[..length]).ok_or(BAD_PADDING)
}

const BAD_PADDING: Fatal = Fatal {
    code: Code::Protocol,
    cause: "a frame is shorter than its padding",
};

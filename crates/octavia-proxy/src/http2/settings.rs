//! What the peer has declared (RFC 9113 section 6.5).

use super::frame::{Code, STREAM_BITS};

pub(super) const ENABLE_PUSH: u16 = 2;
pub(super) const MAX_CONCURRENT_STREAMS: u16 = 3;
pub(super) const INITIAL_WINDOW_SIZE: u16 = 4;
pub(super) const MAX_FRAME_SIZE: u16 = 5;
pub(super) const MAX_HEADER_LIST_SIZE: u16 = 6;

/// The window of a stream and a connection before anything is declared.
pub(super) const WINDOW: u32 = 65_535;

/// The settings of the peer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// How much it takes on a new stream.
    pub(super) window: u32,
    /// How many streams it serves at once.
    pub(super) streams: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: WINDOW,
            streams: u32::MAX,
        }
    }
}

impl Settings {
    /// Takes the payload of a frame. Larger frames than all take are not made, and nothing that we
    /// send needs the peer's header table.
    pub(super) fn take(&mut self, payload: &[u8]) -> Result<(), Code> {
        let (settings, rest) = payload.as_chunks::<6>();
        if !rest.is_empty() {
            return Err(Code::FrameSize);
        }
        for [i0, i1, v0, v1, v2, v3] in settings {
            let value = u32::from_be_bytes([*v0, *v1, *v2, *v3]);
            match u16::from_be_bytes([*i0, *i1]) {
                ENABLE_PUSH if value > 1 => return Err(Code::Protocol),
                INITIAL_WINDOW_SIZE if value > STREAM_BITS => return Err(Code::FlowControl),
                MAX_FRAME_SIZE if !(1 << 14..1 << 24).contains(&value) => {
                    return Err(Code::Protocol);
                }
                INITIAL_WINDOW_SIZE => self.window = value,
                MAX_CONCURRENT_STREAMS => self.streams = value,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the payload that declares `settings`.
pub(super) fn payload(settings: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (id, value) in settings {
        payload.extend_from_slice(&id.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    payload
}

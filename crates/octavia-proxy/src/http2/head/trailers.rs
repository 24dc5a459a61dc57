//! Fields after a body.

use super::Malformed;
use super::field::{self, Meaning};
use crate::http1::body::may_trail;
use crate::limits;

/// Trailers of which more and more come.
#[derive(Debug, Default)]
pub(in crate::http2) struct Trailers {
    malformed: Option<Malformed>,
}

impl Trailers {
    /// Takes a field; appends what it becomes to `out`. What frames or routes a message means
    /// nothing here, and is dropped.
    pub(in crate::http2) fn add(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) {
        match field::judge(name, value) {
            Ok(Meaning::Plain) if may_trail(name) => field::put_line(name, value, out),
            Ok(
                Meaning::Plain
                | Meaning::ContentLength(_)
                | Meaning::Cookie
                | Meaning::Host
                | Meaning::Te,
            ) => {}
            Err(cause) => self.malformed = Some(cause),
        }
        if out.len() > limits::TRAILER_BYTES as usize {
            self.malformed = Some("the trailers are too large");
            out.clear();
        }
    }

    /// Ends them.
    pub(in crate::http2) fn finish(&self) -> Result<(), Malformed> {
        self.malformed.map_or(Ok(()), Err)
    }
}

//! Pipes for `splice`.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use crate::limits;
use crate::runtime::stream::{Received, Stream};

/// A pipe between two sockets.
pub(super) struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
    filled: usize,
}

/// Empty pipes for later.
#[derive(Default)]
pub(crate) struct Pipes(Vec<Pipe>);

impl Pipes {
    /// Returns a pipe; `None` where none can be made, and bytes are copied then.
    pub(super) fn take(&mut self) -> Option<Pipe> {
        self.0.pop().or_else(|| Pipe::new().ok())
    }

    /// Keeps a pipe for later, if it is empty and there are not too many.
    pub(super) fn give_back(&mut self, pipe: Pipe) {
        if pipe.filled == 0 && self.0.len() < limits::SPARE_PIPES {
            self.0.push(pipe);
        }
    }
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A smaller one, where an unprivileged user has used up his share, will do.
        fcntl_setpipe_size(&writer, limits::PIPE_BYTES).ok();
        Ok(Self {
            reader,
            writer,
            filled: 0,
        })
    }

    /// Moves what `from` has into the pipe, which must be empty.
    pub(super) fn fill(&mut self, from: &mut Stream) -> Received {
        if !from.is_readable() {
            return Received::Nothing;
        }
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        match splice(&*from, None, &self.writer, None, limits::PIPE_BYTES, flags) {
            Ok(0) => Received::End,
            Ok(count) => {
                self.filled = count;
                Received::Bytes(count)
            }
            Err(Errno::AGAIN) => {
                from.set_empty();
                Received::Nothing
            }
            Err(error) => Received::Broken(error),
        }
    }

    /// Moves what the pipe has to `to`; tells whether nothing is left.
    pub(super) fn empty(&mut self, to: &mut Stream) -> io::Result<bool> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        while self.filled > 0 && to.is_writable() {
            match splice(&self.reader, None, &*to, None, self.filled, flags) {
                Ok(count) => self.filled -= count,
                Err(Errno::AGAIN) => to.set_full(),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.filled == 0)
    }
}

//! Bytes from one connection to another, as they are.
//!
//! The first bytes of a direction go through the loop's buffer, which is cheapest for short
//! exchanges; a direction that has carried much is moved by `splice`, through a pipe of its own
//! and past user space.

mod pipe;

use crate::limits;
use crate::runtime::stream::{Received, Stream};

use pipe::Pipe;
pub(crate) use pipe::Pipes;

/// Two directions.
#[derive(Default)]
pub(crate) struct Tunnel {
    /// From the client to the member.
    up: Direction,
    /// From the member to the client.
    down: Direction,
}

/// One direction.
#[derive(Default)]
struct Direction {
    has_ended: bool,
    is_finished: bool,
    /// The other one is finished: once this one is, closing tells both sides.
    is_last: bool,
    window: usize,
    carried: u64,
    pipe: Option<Pipe>,
}

/// What became of a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// So many bytes came from the one side.
    Moved(usize),
    /// The one side has nothing, or the other takes nothing.
    Blocked,
    /// Everything is delivered, and the other side knows that it is.
    Finished,
    /// A side is broken.
    Failed,
}

impl Flow {
    /// Returns how many bytes came.
    pub(crate) fn moved(self) -> usize {
        match self {
            Self::Moved(count) => count,
            Self::Blocked | Self::Finished | Self::Failed => 0,
        }
    }
}

impl Tunnel {
    /// Moves what can be moved in one go; returns what became of the way up, and of the way down.
    /// The tools are the loop's buffer and its spare pipes.
    pub(crate) fn relay(
        &mut self,
        client: &mut Stream,
        member: &mut Stream,
        (buffer, pipes): (&mut [u8], &mut Pipes),
    ) -> [Flow; 2] {
        let Self { up, down } = self;
        up.is_last = down.is_finished;
        let risen = relay(up, client, member, (buffer, pipes));
        down.is_last = up.is_finished;
        [risen, relay(down, member, client, (buffer, pipes))]
    }

    /// Gives back the pipes that can serve others.
    pub(crate) fn recycle(&mut self, pipes: &mut Pipes) {
        for direction in [&mut self.up, &mut self.down] {
            if let Some(pipe) = direction.pipe.take() {
                pipes.give_back(pipe);
            }
        }
    }
}

fn relay(
    direction: &mut Direction,
    from: &mut Stream,
    to: &mut Stream,
    (buffer, pipes): (&mut [u8], &mut Pipes),
) -> Flow {
    match deliver(direction, to) {
        Ok(true) => {}
        Ok(false) => return Flow::Blocked,
        Err(_) => return Flow::Failed,
    }
    if direction.has_ended {
        if direction.is_last {
            to.say_goodbye();
        } else {
            to.shut();
        }
        direction.is_finished = true;
        return Flow::Finished;
    }
    let received = match direction.pipe.as_mut() {
        Some(pipe) => pipe.fill(from),
        None => copy(direction, from, to, buffer),
    };
    match received {
        Received::Bytes(count) => {
            direction.carried += count as u64;
            // What is secured must come to user space.
            let may_splice = !from.is_secured() && !to.is_secured();
            let is_long = direction.carried > limits::SPLICE_AFTER_BYTES;
            if is_long && may_splice && direction.pipe.is_none() {
                direction.pipe = pipes.take();
            }
            Flow::Moved(count)
        }
        Received::Nothing => Flow::Blocked,
        Received::End => {
            direction.has_ended = true;
            Flow::Moved(0)
        }
        Received::Broken(_) => Flow::Failed,
    }
}

/// Delivers what came before; tells whether nothing is left.
fn deliver(direction: &mut Direction, to: &mut Stream) -> std::io::Result<bool> {
    if !to.flush()? {
        return Ok(false);
    }
    match direction.pipe.as_mut() {
        Some(pipe) => pipe.empty(to),
        None => Ok(true),
    }
}

fn copy(
    direction: &mut Direction,
    from: &mut Stream,
    to: &mut Stream,
    buffer: &mut [u8],
) -> Received {
    let window = direction
        .window
        .clamp(limits::FIRST_READ_BYTES, limits::READ_BYTES);
    let received = from.receive(&mut buffer[..window]);
    if let Received::Bytes(count) = received {
        if to.send(&buffer[..count], &[]).is_err() {
            return Received::Broken(rustix::io::Errno::PIPE);
        }
        // What is secured is shorter than what was received.
        direction.window = match (to.has_pending(), 2 * count > window) {
            (true, _) => window / 2,
            (false, true) => 2 * window,
            (false, false) => window,
        };
    }
    received
}

//! What the bytes of an exchange go through: a connection of its own, or a stream of HTTP/2.

use std::io;
use std::sync::Arc;

use super::lane::{Lane, LaneTls};
use super::poller::EventFlags;
use super::stream::{Handshake, Received, Stream};
use crate::tls::Session;

/// A connection, or a stream that is used like one.
pub(crate) enum Wire {
    /// A connection.
    Socket(Stream),
    /// A stream of a connection that others share.
    Lane(Lane),
}

impl Wire {
    /// Returns the connection, if it is one.
    pub(crate) fn socket(&mut self) -> Option<&mut Stream> {
        match self {
            Self::Socket(stream) => Some(stream),
            Self::Lane(_) => None,
        }
    }

    /// Returns the stream of a shared connection, if it is one.
    pub(crate) fn lane(&mut self) -> Option<&mut Lane> {
        match self {
            Self::Socket(_) => None,
            Self::Lane(lane) => Some(lane),
        }
    }

    /// Returns the TLS session, if it is a connection that is secured.
    pub(crate) fn session(&self) -> Option<&Session> {
        match self {
            Self::Socket(stream) => stream.session(),
            Self::Lane(_) => None,
        }
    }

    /// Returns what is known of its TLS.
    pub(crate) fn tls(&self) -> LaneTls {
        match self {
            Self::Socket(stream) => {
                stream
                    .session()
                    .map_or(LaneTls::default(), |session| LaneTls {
                        server_name: session.server_name().cloned(),
                        version: Some(session.version()),
                    })
            }
            Self::Lane(lane) => lane.tls.clone(),
        }
    }

    /// Returns the name that the client asked for in TLS.
    pub(crate) fn server_name(&self) -> Option<&Arc<str>> {
        match self {
            Self::Socket(stream) => stream.session()?.server_name(),
            Self::Lane(lane) => lane.tls.server_name.as_ref(),
        }
    }

    /// Notes what an event told.
    pub(crate) fn note(&mut self, flags: EventFlags) {
        if let Self::Socket(stream) = self {
            stream.note(flags);
        }
    }

    /// Tells whether a write is worth a try.
    pub(crate) fn is_writable(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.is_writable(),
            Self::Lane(_) => true,
        }
    }

    /// Tells whether the peer has ended or broken it.
    pub(crate) fn is_ending(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.is_ending(),
            Self::Lane(lane) => lane.is_ending(),
        }
    }

    /// Tells whether both directions are gone.
    pub(crate) fn is_broken(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.is_broken(),
            Self::Lane(lane) => lane.is_broken(),
        }
    }

    /// Tells whether bytes wait to be sent.
    pub(crate) fn has_pending(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.has_pending(),
            Self::Lane(lane) => lane.has_pending(),
        }
    }

    /// Tells whether more was sent than the peer takes at present.
    pub(crate) fn is_slow(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.has_pending(),
            Self::Lane(lane) => lane.is_slow(),
        }
    }

    /// Tells whether something was received that nobody has read.
    pub(crate) fn has_unread(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.has_unread(),
            Self::Lane(lane) => lane.has_unread(),
        }
    }

    /// Tells whether what came, though nobody waits for anything, means nothing.
    pub(crate) fn is_silent(&mut self) -> bool {
        match self {
            Self::Socket(stream) => stream.is_silent(),
            Self::Lane(lane) => !lane.has_unread(),
        }
    }

    /// Reads into `buffer`.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        match self {
            Self::Socket(stream) => stream.receive(buffer),
            Self::Lane(lane) => lane.receive(buffer),
        }
    }

    /// Sends two pieces in order; keeps what is not taken at once.
    pub(crate) fn send(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        match self {
            Self::Socket(stream) => stream.send(first, second),
            Self::Lane(lane) => {
                lane.send(first, second);
                Ok(())
            }
        }
    }

    /// Sends two pieces after which nothing comes.
    pub(crate) fn send_last(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        match self {
            Self::Socket(stream) => stream.send_last(first, second),
            Self::Lane(lane) => {
                lane.send(first, second);
                lane.say_goodbye();
                Ok(())
            }
        }
    }

    /// Sends what waits, as far as it is taken; tells whether nothing waits any more.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        match self {
            Self::Socket(stream) => stream.flush(),
            Self::Lane(lane) if lane.is_broken() => Err(io::ErrorKind::ConnectionReset.into()),
            Self::Lane(lane) => Ok(!lane.has_pending()),
        }
    }

    /// Gives back the memory that is not needed without work.
    pub(crate) fn rest(&mut self) {
        if let Self::Socket(stream) = self {
            stream.rest();
        }
    }

    /// Tells the peer that nothing more comes.
    pub(crate) fn shut(&mut self) {
        match self {
            Self::Socket(stream) => stream.shut(),
            Self::Lane(lane) => lane.say_goodbye(),
        }
    }

    /// Tells the peer that it was not cut off, where its protocol has a word for that.
    pub(crate) fn say_goodbye(&mut self) {
        match self {
            Self::Socket(stream) => stream.say_goodbye(),
            Self::Lane(lane) => lane.say_goodbye(),
        }
    }

    /// Lets bytes wait as they are, so that they leave with what is sent next.
    pub(crate) fn hold(&mut self, bytes: &[u8]) {
        match self {
            Self::Socket(stream) => stream.hold(bytes),
            Self::Lane(lane) => lane.send(bytes, &[]),
        }
    }

    /// Secures a connection; a stream is as secure as what carries it.
    pub(crate) fn secure(&mut self, session: Session) -> io::Result<()> {
        match self {
            Self::Socket(stream) => stream.secure(session),
            Self::Lane(_) => Ok(()),
        }
    }

    /// Tells whether it is secured.
    pub(crate) fn is_secured(&self) -> bool {
        match self {
            Self::Socket(stream) => stream.is_secured(),
            Self::Lane(_) => true,
        }
    }

    /// Goes on with the handshake of TLS; over at once where there is none.
    pub(crate) fn handshake(&mut self) -> Handshake {
        match self {
            Self::Socket(stream) => stream.handshake(),
            Self::Lane(_) => Handshake::Done,
        }
    }
}

//! A stream inside TLS.
//!
//! Records are received into, and sent from, space that all streams of a thread share: most reads
//! hold whole records, and what the socket does not take at once is rare.

use std::cell::RefCell;
use std::io;

use rustix::io::Errno;

use super::{Received, Stream};
use crate::tls::{Outgoing, Session};

thread_local! {
    static SPACE: RefCell<Space> = RefCell::default();
}

#[derive(Default)]
struct Space {
    incoming: Vec<u8>,
    outgoing: Outgoing,
}

/// How far a handshake came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// It is over.
    Done,
    /// An event will tell.
    Waiting,
    /// It will never be, for this reason.
    Failed(String),
}

/// Why no records were processed.
enum Stop {
    /// There is none.
    Nothing,
    /// The other side ended or broke the connection without a word.
    Broken(Errno),
    /// They are not valid, or refused.
    Refused(rustls::Error),
}

impl Stream {
    /// Secures what is exchanged from here on. A client's session begins to speak.
    pub(crate) fn secure(&mut self, mut session: Session) -> io::Result<()> {
        let begun = SPACE.with_borrow_mut(|space| {
            space.outgoing.clear();
            session
                .begin(&mut space.outgoing)
                .map_err(io::Error::other)?;
            self.send_records(&space.outgoing)
        });
        self.tls = Some(Box::new(session));
        begun
    }

    /// Tells whether it is secured.
    pub(crate) fn is_secured(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns the session of a secured stream.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.tls.as_deref()
    }

    /// Tells whether something was received that nobody has read.
    pub(crate) fn has_unread(&self) -> bool {
        self.session().is_some_and(Session::has_unread)
    }

    /// Tells whether what came, though nobody waits for anything, was between the ends of a session
    /// only: tickets for the next one.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.is_secured() && self.receive_secured(&mut [0]) == Received::Nothing
    }

    /// Goes on with the handshake; over at once where the stream is not secured.
    pub(crate) fn handshake(&mut self) -> Handshake {
        let Some(mut session) = self.tls.take() else {
            return Handshake::Done;
        };
        let handshake = SPACE.with_borrow_mut(|space| self.shake_hands(&mut session, space));
        self.tls = Some(session);
        handshake
    }

    fn shake_hands(&mut self, session: &mut Session, space: &mut Space) -> Handshake {
        while !session.is_established() {
            if let Err(error) = self.flush() {
                return Handshake::Failed(error.kind().to_string());
            }
            // What comes behind the handshake is kept in the session.
            match self.process(session, &mut [], space) {
                Ok(_) => {}
                Err(Stop::Nothing) => return Handshake::Waiting,
                Err(Stop::Broken(_)) => {
                    return Handshake::Failed("the connection was closed".into());
                }
                Err(Stop::Refused(error)) => return Handshake::Failed(error.to_string()),
            }
        }
        Handshake::Done
    }

    pub(super) fn receive_secured(&mut self, buffer: &mut [u8]) -> Received {
        let Some(mut session) = self.tls.take() else {
            return Received::Nothing;
        };
        let received = SPACE.with_borrow_mut(|space| self.open(&mut session, buffer, space));
        self.tls = Some(session);
        received
    }

    fn open(&mut self, session: &mut Session, buffer: &mut [u8], space: &mut Space) -> Received {
        let kept = session.take_plain(buffer);
        if kept > 0 {
            return Received::Bytes(kept);
        }
        loop {
            if session.has_ended() {
                self.ended = true;
                return Received::End;
            }
            match self.process(session, buffer, space) {
                // Records that carry none are between the two ends.
                Ok(0) => {}
                Ok(count) => return Received::Bytes(count),
                Err(Stop::Nothing) => return self.release(session),
                Err(Stop::Broken(error)) => return Received::Broken(error),
                Err(Stop::Refused(error)) => {
                    tracing::debug!(%error, "a TLS connection cannot go on: {error}");
                    return Received::Broken(Errno::PROTO);
                }
            }
        }
    }

    /// Sends the records that waited for others, since there are none to come soon.
    fn release(&mut self, session: &mut Session) -> Received {
        let held = session.take_held();
        if !held.is_empty() && self.send_raw(&held, &[]).is_err() {
            return Received::Broken(Errno::PIPE);
        }
        Received::Nothing
    }

    /// Receives and processes records once; returns the number of plain bytes in `buffer`.
    fn process(
        &mut self,
        session: &mut Session,
        buffer: &mut [u8],
        space: &mut Space,
    ) -> Result<usize, Stop> {
        let free = session.prepare(&mut space.incoming, buffer.len());
        let kept = free.start;
        let count = match self.receive_raw(&mut space.incoming[free]) {
            Received::Bytes(count) => count,
            Received::Nothing => return Err(Stop::Nothing),
            // Whoever ends without saying so in TLS may have been cut off by somebody else.
            Received::End => return Err(self.broken_by(Errno::CONNRESET)),
            Received::Broken(error) => return Err(Stop::Broken(error)),
        };
        space.outgoing.clear();
        let was_established = session.is_established();
        let records = &mut space.incoming[..kept + count];
        let opened = session.open(records, buffer, &mut space.outgoing);
        let sent = if !was_established && session.may_hold() {
            session.hold(space.outgoing.bytes());
            Ok(())
        } else {
            self.send_records(&space.outgoing)
        };
        match (opened, sent) {
            (Ok(count), Ok(())) => Ok(count),
            (Err(error), _) => {
                self.broken = true;
                Err(Stop::Refused(error))
            }
            (_, Err(_)) => Err(self.broken_by(Errno::PIPE)),
        }
    }

    fn broken_by(&mut self, error: Errno) -> Stop {
        self.broken = true;
        Stop::Broken(error)
    }

    fn send_records(&mut self, records: &Outgoing) -> io::Result<()> {
        match records.bytes() {
            [] => Ok(()),
            bytes => self.send_raw(bytes, &[]),
        }
    }

    pub(super) fn send_secured(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        self.seal(|session, out| session.seal([first, second], out))
    }

    /// Sends two pieces after which nothing comes; the other end of a secured stream learns that in
    /// one go with them.
    pub(crate) fn send_last(&mut self, first: &[u8], second: &[u8]) -> io::Result<()> {
        if self.tls.is_none() {
            return self.send(first, second);
        }
        self.has_said_goodbye = true;
        self.seal(|session, out| {
            session.seal([first, second], out)?;
            session.close(out)
        })
    }

    fn seal(
        &mut self,
        seal: impl FnOnce(&mut Session, &mut Outgoing) -> Result<(), rustls::Error>,
    ) -> io::Result<()> {
        let Some(mut session) = self.tls.take() else {
            return Ok(());
        };
        let sent = SPACE.with_borrow_mut(|space| {
            space.outgoing.clear();
            seal(&mut session, &mut space.outgoing).map_err(io::Error::other)?;
            self.send_records(&space.outgoing)
        });
        self.tls = Some(session);
        sent
    }

    /// Tells the other end of a secured stream that nothing more comes, so that it knows that it was
    /// not cut off. What cannot be sent at once is lost.
    pub(crate) fn say_goodbye(&mut self) {
        let session = self.tls.as_ref();
        let is_open = session.is_some_and(|session| session.is_established());
        if is_open && !self.has_said_goodbye && !self.broken {
            self.has_said_goodbye = true;
            // A peer that is gone already needs not be told.
            self.seal(Session::close).ok();
        }
    }
}

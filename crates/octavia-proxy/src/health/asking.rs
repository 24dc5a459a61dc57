//! A question on its way, over a connection or as a datagram.

use std::time::Duration;

use octavia_amphora_api::config::Check;

use super::datagram::Datagram;
use super::probe::{Probe, Progress, Question};
use crate::runtime::poller::{EventFlags, Poller};

/// A question on its way.
pub(super) enum Asking {
    Connection(Probe),
    Datagram(Datagram),
}

impl Asking {
    /// Starts to ask; the error is the reason why the member does not work.
    pub(super) fn start(
        question: Question<'_>,
        poller: &Poller,
        token: u64,
    ) -> Result<Self, String> {
        match question.check {
            Check::Ping => Datagram::ping(question.address, poller, token).map(Self::Datagram),
            Check::UdpConnect => Datagram::udp(question.address, poller, token).map(Self::Datagram),
            Check::Tcp | Check::TlsHello | Check::Http { .. } => {
                Probe::start(question, poller, token).map(Self::Connection)
            }
        }
    }

    /// Returns how long to wait for an answer.
    pub(super) fn patience(check: &Check, timeout: Duration) -> Duration {
        match check {
            // Silence is the good answer, and nobody complains after that time.
            Check::UdpConnect => timeout.min(Duration::from_secs(1)),
            Check::Ping | Check::Tcp | Check::TlsHello | Check::Http { .. } => timeout,
        }
    }

    /// Notes what an event told.
    pub(super) fn note(&mut self, flags: EventFlags) {
        match self {
            Self::Connection(probe) => probe.stream.note(flags),
            // A look is cheap.
            Self::Datagram(_) => {}
        }
    }

    /// Goes on as far as can be.
    pub(super) fn advance(&mut self) -> Progress {
        match self {
            Self::Connection(probe) => probe.advance(),
            Self::Datagram(datagram) => datagram.advance(),
        }
    }

    /// Says what it means that no answer came; `None` is good news.
    pub(super) fn cause_of_silence(&self) -> Option<String> {
        match self {
            Self::Connection(probe) => Some(format!("{}: timed out", probe.stage())),
            Self::Datagram(datagram) => datagram.cause_of_silence(),
        }
    }
}

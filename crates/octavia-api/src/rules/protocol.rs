use octavia_model::{ListenerProtocol as L, PoolProtocol as P};

use crate::error::{Error, Result};

/// Refuses a pool behind a listener whose protocols do not go together.
pub(crate) fn may_serve(listener: L, pool: P) -> Result<()> {
    if may_have_children(listener).is_ok() && served_by(listener).contains(&pool) {
        return Ok(());
    }
    may_have_children(listener)?;
    Err(Error::validation(format!(
        "The pool protocol '{pool}' is invalid while the listener protocol is '{listener}'."
    )))
}

/// Refuses anything below a listener that only shows metrics.
pub(crate) fn may_have_children(listener: L) -> Result<()> {
    if listener == L::Prometheus {
        return Err(Error::BadRequest(format!(
            "Protocol {listener} listeners cannot have child objects."
        )));
    }
    Ok(())
}

const fn served_by(listener: L) -> &'static [P] {
    match listener {
        L::Tcp => &[P::Tcp, P::Http, P::Https, P::Proxy, P::ProxyV2],
        L::Http | L::TerminatedHttps => &[P::Http, P::Proxy, P::ProxyV2],
        L::Https => &[P::Https, P::Tcp, P::Proxy, P::ProxyV2],
        L::Udp => &[P::Udp],
        L::Sctp => &[P::Sctp],
        L::Prometheus => &[],
    }
}

/// The transport of a listener: two listeners may share a port number only when theirs differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// Returns the transport of a listener's protocol.
pub(crate) const fn transport(listener: L) -> Transport {
    match listener {
        L::Http | L::Https | L::Prometheus | L::Tcp | L::TerminatedHttps => Transport::Tcp,
        L::Udp => Transport::Udp,
        L::Sctp => Transport::Sctp,
    }
}

/// Tells whether a pool carries datagrams or messages, and not a stream.
pub(crate) const fn is_datagram(pool: P) -> bool {
    match pool {
        P::Udp | P::Sctp => true,
        P::Http | P::Https | P::Proxy | P::ProxyV2 | P::Tcp => false,
    }
}

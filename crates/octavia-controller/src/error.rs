use octavia_model::{Amphora, Id};

use crate::agent_client::AgentError;
use crate::document::Unsupported;

/// What can go wrong while the world is changed. Each variant exists because some caller acts on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(octavia_store::Error),
    /// The lease went to another worker: everything stops here, nothing is written.
    #[error("the lease was lost")]
    LeaseLost,
    /// Compute or network.
    #[error(transparent)]
    Cloud(#[from] octavia_cloud::Error),
    /// The agent of an amphora.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The wish cannot be carried by the data plane.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// An amphora did not answer for too long.
    #[error("amphora {0} does not answer")]
    Silent(Id<Amphora>),
    /// None of a pair takes the VIPs.
    #[error("none of the pair has the VIP")]
    Masterless,
    /// The server of an amphora is not made yet.
    #[error("the server of amphora {0} is still being made")]
    Unbuilt(Id<Amphora>),
    /// A secret that a listener or pool names cannot be read.
    #[error("read {reference} ({remedy})")]
    Secret {
        /// Its reference.
        reference: String,
        /// What can be done about it.
        remedy: &'static str,
        /// Why it cannot be read.
        #[source]
        source: octavia_cloud::Error,
    },
    /// Certificates cannot be read, made or stored.
    #[error("{attempt}")]
    Certificate {
        /// What was attempted.
        attempt: String,
        /// Why it did not work.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The world is not as the plan supposed; the next look sees how it is.
    #[error("{0}")]
    Moved(String),
    /// A socket cannot be opened.
    #[error("{attempt}")]
    Socket {
        /// What was attempted.
        attempt: String,
        /// Why it did not work.
        #[source]
        source: std::io::Error,
    },
}

/// The result of changing the world.
pub type Result<T> = std::result::Result<T, Error>;

impl From<octavia_store::Error> for Error {
    fn from(error: octavia_store::Error) -> Self {
        match error {
            octavia_store::Error::Conflict(what) => {
                Self::Moved(format!("{what} was changed by another"))
            }
            error @ (octavia_store::Error::Duplicate(_)
            | octavia_store::Error::InUse(_)
            | octavia_store::Error::Value(_)
            | octavia_store::Error::UnknownField(_)
            | octavia_store::Error::UnknownMarker(_)
            | octavia_store::Error::Revision(_)
            | octavia_store::Error::Refused { .. }
            | octavia_store::Error::Corrupt { .. }
            | octavia_store::Error::Busy { .. }
            | octavia_store::Error::Unavailable { .. }) => Self::Store(error),
        }
    }
}

impl Error {
    /// Reads the answer of a question about the lease: a conflict there means that it is lost.
    pub(crate) fn of_lease(error: octavia_store::Error) -> Self {
        if matches!(error, octavia_store::Error::Conflict(_)) {
            Self::LeaseLost
        } else {
            error.into()
        }
    }

    /// Wraps a fault with a certificate.
    pub(crate) fn certificate(
        attempt: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Certificate {
            attempt: attempt.into(),
            source: source.into(),
        }
    }

    /// Tells whether trying again may help without a change of the wish.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Store(error) => error.may_retry(),
            Self::Cloud(error) | Self::Secret { source: error, .. } => error.may_retry(),
            Self::Agent(error) => error.may_retry(),
            Self::Silent(_)
            | Self::Masterless
            | Self::Unbuilt(_)
            | Self::Moved(_)
            | Self::Socket { .. } => true,
            Self::LeaseLost | Self::Unsupported(_) | Self::Certificate { .. } => false,
        }
    }

    /// Returns the error with its causes, in one line for a timeline.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }
}

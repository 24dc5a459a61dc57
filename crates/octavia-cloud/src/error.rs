use std::net::IpAddr;

/// What can go wrong outside. Each variant exists because some caller acts on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was named does not exist (any more).
    #[error("{kind} {id} not found")]
    NotFound {
        /// `subnet`, `port`, `network`, `server`, `secret`.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The address is taken.
    #[error("address {0} is already in use")]
    AddressInUse(IpAddr),
    /// The address is not one of the subnet.
    #[error("address {address} is not a usable address of subnet {subnet}")]
    AddressOutside {
        /// The address.
        address: IpAddr,
        /// The subnet.
        subnet: String,
    },
    /// The subnet has no free address.
    #[error("subnet {0} has no free address")]
    SubnetFull(String),
    /// Whoever asks may not have it.
    #[error("{what} may not be read: {remedy}")]
    Denied {
        /// What was asked for.
        what: String,
        /// What its owner can do about it.
        remedy: String,
    },
    /// A PKCS#12 bundle cannot be read.
    #[error("read the PKCS#12 bundle: {0}")]
    UnreadablePkcs12(String),
    /// What was found is not what it should be.
    #[error("{what} is malformed: {why}")]
    Malformed {
        /// What was asked for.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// A service outside refused, in words that are for whoever asked.
    #[error("{text}")]
    Rejected {
        /// Its HTTP status.
        status: u16,
        /// Its words.
        text: String,
    },
    /// The request makes no sense, and will not later.
    #[error("{0}")]
    Refused(String),
    /// The outside is not well now; trying again may help.
    #[error("{attempt}")]
    Unavailable {
        /// What was attempted, in lower case.
        attempt: String,
        /// Why it did not work.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The result of a call out.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Wraps a fault that may pass.
    pub fn unavailable(
        attempt: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            attempt: attempt.into(),
            source: source.into(),
        }
    }

    /// Tells whether the same call may succeed later.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Unavailable { .. } | Self::SubnetFull(_) => true,
            Self::NotFound { .. }
            | Self::AddressInUse(_)
            | Self::AddressOutside { .. }
            | Self::Denied { .. }
            | Self::UnreadablePkcs12(_)
            | Self::Malformed { .. }
            | Self::Rejected { .. }
            | Self::Refused(_) => false,
        }
    }
}

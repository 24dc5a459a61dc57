mod classify;

/// What can go wrong in the database. Each variant exists because some caller acts on it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique key is taken.
    #[error("{0} already exists")]
    Duplicate(String),
    /// A row is still referred to.
    #[error("{0} is in use")]
    InUse(String),
    /// A value does not fit its column, or cannot be stored at all.
    #[error("{0}")]
    Value(String),
    /// A list asks for a field that the resource does not have.
    #[error("'{0}' is not a field of the resource")]
    UnknownField(String),
    /// A list starts behind an item that does not exist.
    #[error("marker '{0}' does not exist")]
    UnknownMarker(String),
    /// The precondition of a write did not hold: somebody was faster, or the lease is lost.
    #[error("{0} was changed by another")]
    Conflict(&'static str),
    /// The database is at a revision that this version cannot serve; the text says what to do.
    #[error("{0}")]
    Revision(String),
    /// A row holds what no version of the service writes.
    #[error("{table} {id}: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The database refuses a statement for a reason of its own: a trigger of whoever keeps it.
    #[error("{attempt}: the database refuses")]
    Refused {
        /// What was attempted.
        attempt: &'static str,
        /// The database's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A deadlock or a refused certification; the whole transaction may be tried again.
    #[error("{attempt}: another transaction came in between")]
    Busy {
        /// What was attempted.
        attempt: &'static str,
        /// The database's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database cannot be reached, or fails (a full disk, say).
    #[error("{attempt}")]
    Unavailable {
        /// What was attempted.
        attempt: &'static str,
        /// The database's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The result of a question to the database.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Tells whether the same transaction may succeed when tried again.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::Busy { .. } | Self::Unavailable { .. } => true,
            Self::Duplicate(_)
            | Self::InUse(_)
            | Self::Value(_)
            | Self::UnknownField(_)
            | Self::UnknownMarker(_)
            | Self::Conflict(_)
            | Self::Revision(_)
            | Self::Refused { .. }
            | Self::Corrupt { .. } => false,
        }
    }
}

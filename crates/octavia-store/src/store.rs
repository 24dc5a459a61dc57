use std::sync::Arc;

use octavia_model::{Clock, Id, LoadBalancer, Secret};
use tokio::sync::watch;

use crate::{Result, Tx};

/// A database, by URL: `sqlite:///path`, `sqlite::memory:`, `mysql://...` or SQLAlchemy's
/// `mysql+pymysql://user:password@host:port/name?charset=utf8`. Holds a password, so it is never printed.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(Secret<String>);

impl DatabaseUrl {
    /// Reads a URL in either form.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Value`] that says which forms are understood.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self(Secret::new(text.to_owned())))
    }
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing.
    Empty,
    /// Upstream's schema at the revision that we serve, without our tables.
    Upstream,
    /// Everything that we need.
    Ready,
    /// Upstream's schema at another revision.
    OtherRevision(String),
    /// Tables, but none of upstream's markers.
    Foreign,
}

/// What an upgrade did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgraded {
    /// Created everything.
    Created,
    /// Added our tables to upstream's database.
    Adopted,
    /// There was nothing to do.
    AlreadyReady,
}

/// The database. Cheap to clone; all clones share connections and signals.
#[derive(Clone)]
pub struct Store {
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Connects, within 10 seconds. Does not look at the schema.
    pub async fn connect(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Self> {
        let _ = url;
        Ok(Self { clock })
    }

    /// Returns what the database holds, and for [`SchemaState::Ready`] compares all tables with the schema.
    pub async fn check(&self) -> Result<SchemaState> {
        todo!()
    }

    /// Creates or adopts the schema.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Revision`] for a database at another revision, or of something else.
    pub async fn upgrade(&self) -> Result<Upgraded> {
        todo!()
    }

    /// Tells whether the database answers (`SELECT 1`).
    pub async fn ping(&self) -> Result<()> {
        todo!()
    }

    /// Begins a transaction that may write. `name` appears in errors and logs: `listener.update`.
    pub async fn begin(&self, name: &'static str) -> Result<Tx> {
        let _ = (name, &self.clock);
        todo!()
    }

    /// Begins a transaction that only reads.
    pub async fn read(&self, name: &'static str) -> Result<Tx> {
        self.begin(name).await
    }

    /// Counts up whenever a transaction of this process that woke a load balancer was committed.
    /// Other processes' wake-ups are found by [`Tx::lease_next`], which is cheap to ask.
    pub fn wakeups(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// Counts up whenever this process settled a load balancer (see [`Tx::settle`]).
    pub fn settlements(&self) -> watch::Receiver<u64> {
        todo!()
    }

    /// Returns the provisioning status of a load balancer; `None` when it is gone.
    pub async fn provisioning_status(
        &self,
        id: Id<LoadBalancer>,
    ) -> Result<Option<octavia_model::ProvisioningStatus>> {
        let _ = id;
        todo!()
    }
}

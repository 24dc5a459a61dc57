use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use octavia_model::{Clock, Id, LoadBalancer, ProvisioningStatus};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{OnceCell, watch};
use tokio::time::Instant;
use tokio::time::error::Elapsed;

use crate::column::Cell;
use crate::connect::{self, Connections};
use crate::row::load_balancer;
use crate::tx::{Precision, Session};
use crate::{DatabaseUrl, Error, Result, Tx};

/// How long a transaction may wait for a connection.
const ACQUIRE: Duration = Duration::from_secs(15);

/// How long a server may answer nobody of this process before it counts as away for those who have
/// not sent it anything yet. A file is waited for by its own rules.
const SILENCE: Duration = Duration::from_secs(2);

/// How long a database that is well may take to answer.
const PING: Duration = Duration::from_secs(3);

/// The database. Cheap to clone; all clones share connections and signals.
#[derive(Clone)]
pub struct Store {
    pub(crate) connections: Connections,
    place: Arc<str>,
    /// How upstream's columns keep times; asked once.
    precision: Arc<OnceCell<Precision>>,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
}

/// What a committed transaction tells the tasks of this process.
#[derive(Debug)]
pub(crate) struct Signals {
    pub(crate) wakeups: watch::Sender<u64>,
    pub(crate) settlements: watch::Sender<u64>,
    /// When the database answered last.
    heard: Mutex<Option<Instant>>,
    /// How long it may answer nobody.
    silence: Duration,
}

impl Signals {
    fn new(silence: Duration) -> Self {
        Self {
            wakeups: watch::Sender::default(),
            settlements: watch::Sender::default(),
            heard: Mutex::default(),
            silence,
        }
    }

    /// Notes that the database answered.
    pub(crate) fn hear(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Waits for what needs a connection: long for a server that is busy with others of this process,
    /// and briefly for one that answers nobody.
    pub(crate) async fn patiently<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = T>,
    ) -> std::result::Result<T, Elapsed> {
        let mut work = pin!(tokio::time::timeout(limit, work));
        loop {
            match tokio::time::timeout(self.silence, work.as_mut()).await {
                Ok(outcome) => return outcome,
                Err(elapsed) if self.are_silent() => return Err(elapsed),
                Err(_) => {}
            }
        }
    }

    /// Tells whether the database answered nobody for a while.
    fn are_silent(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.is_none_or(|at| at.elapsed() >= self.silence)
    }
}

impl Store {
    /// Connects, within 10 seconds. Does not look at the schema.
    pub async fn connect(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Self> {
        let connections = connect::connect(url, false).await?;
        Ok(Self::over(connections, url, clock))
    }

    /// As [`Self::connect`], but a server need not be there yet: each transaction says whether it is.
    pub async fn connect_lazily(url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Result<Self> {
        let connections = connect::connect(url, true).await?;
        Ok(Self::over(connections, url, clock))
    }

    fn over(connections: Connections, url: &DatabaseUrl, clock: Arc<dyn Clock>) -> Self {
        let silence = if connections.is_mysql() {
            SILENCE
        } else {
            ACQUIRE
        };
        Self {
            connections,
            place: url.place().into(),
            precision: Arc::default(),
            clock,
            signals: Arc::new(Signals::new(silence)),
        }
    }

    /// Returns where the database is: for operators, without a password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Tells whether the database answers (`SELECT 1`), and soon.
    pub async fn ping(&self) -> Result<()> {
        let answer = async {
            let mut tx = self.read("store.ping").await?;
            tx.execute(Query::select().expr(Expr::val(1))).await?;
            Ok(())
        };
        tokio::time::timeout(PING, answer)
            .await
            .map_err(|elapsed| Error::unavailable("store.ping", elapsed))?
    }

    /// Begins a transaction that may write. `name` appears in errors and logs: `listener.update`.
    ///
    /// On SQLite it is the only one that writes: others wait for its end.
    pub async fn begin(&self, name: &'static str) -> Result<Tx> {
        let mode = SqliteTransactionMode::Immediate;
        self.start(&self.connections.writer, name, mode).await
    }

    /// Begins a transaction that only reads, and sees one state of the database throughout.
    pub async fn read(&self, name: &'static str) -> Result<Tx> {
        let mode = SqliteTransactionMode::Deferred;
        self.start(&self.connections.reader, name, mode).await
    }

    /// Asks questions that are answered by one statement each, as single objects are: without the
    /// ways to the database and back that begin and end a transaction. Nothing may be written.
    pub fn look(&self, name: &'static str) -> Tx {
        let session = Session::Single(self.connections.reader.clone());
        self.tx(session, name)
    }

    fn tx(&self, session: Session, name: &'static str) -> Tx {
        let (clock, signals) = (Arc::clone(&self.clock), Arc::clone(&self.signals));
        Tx::new(session, name, clock, signals)
    }

    async fn start(
        &self,
        connection: &DatabaseConnection,
        name: &'static str,
        mode: SqliteTransactionMode,
    ) -> Result<Tx> {
        // What they are in MySQL was said when the connection was made.
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(mode),
            ..TransactionOptions::default()
        };
        let begun = self
            .signals
            .patiently(ACQUIRE, connection.begin_with_options(options))
            .await
            .map_err(|elapsed| Error::unavailable(name, elapsed))?
            .map_err(|error| Error::from_driver(name, error))?;
        self.signals.hear();
        let mut tx = self.tx(Session::Transaction(begun), name);
        if self.connections.is_mysql() {
            let asked = self.precision.get_or_try_init(|| tx.ask_precision());
            let precision = *asked.await?;
            tx.set_precision(precision);
        }
        Ok(tx)
    }

    /// Counts up whenever a transaction of this process that woke a load balancer, or gave back a
    /// lease, was committed.
    /// Other processes' wake-ups are found by [`Tx::lease_next`], which is cheap to ask.
    pub fn wakeups(&self) -> watch::Receiver<u64> {
        self.signals.wakeups.subscribe()
    }

    /// Counts up whenever this process settled a load balancer (see [`Tx::settle`]).
    pub fn settlements(&self) -> watch::Receiver<u64> {
        self.signals.settlements.subscribe()
    }

    /// Returns the provisioning status of a load balancer; `None` when it is gone.
    pub async fn provisioning_status(
        &self,
        id: Id<LoadBalancer>,
    ) -> Result<Option<ProvisioningStatus>> {
        let mut tx = self.read("load_balancer.provisioning_status").await?;
        let id = id.to_string();
        let select = load_balancer::Entity::find()
            .select_only()
            .column(load_balancer::Column::ProvisioningStatus)
            .filter(load_balancer::Column::Id.eq(&id))
            .into_query();
        let status: Option<String> = tx.one(&select).await?;
        let status = status
            .map(|status| Cell::new("load_balancer", &id).parse(&status))
            .transpose()?;
        Ok(status.filter(|status| *status != ProvisioningStatus::Deleted))
    }
}

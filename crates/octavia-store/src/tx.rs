use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDateTime, SubsecRound};
use octavia_model::Clock;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction,
    DbBackend, DbErr, EntityTrait, QueryResult, QueryTrait, Statement, StatementBuilder,
};

use crate::row::Row;
use crate::store::Signals;
use crate::{Error, Result, counting, schema};

/// How long one statement may take; a hung server must not hang its callers.
const STATEMENT: Duration = Duration::from_secs(30);

/// A transaction. Dropping it rolls it back. One of [`Store::look`](crate::Store::look) is none:
/// each of its statements stands alone.
///
/// `created_at` and `updated_at` are written by the store: inserting sets the one, `save_*` the other.
pub struct Tx {
    session: Session,
    name: &'static str,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
    /// Statements sent so far.
    statements: u32,
    precision: Precision,
    pub(crate) woke: bool,
    pub(crate) settled: bool,
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(
        session: Session,
        name: &'static str,
        clock: Arc<dyn Clock>,
        signals: Arc<Signals>,
    ) -> Self {
        Self {
            session,
            name,
            clock,
            signals,
            statements: 0,
            // SQLite keeps what it is given.
            precision: Precision(6),
            woke: false,
            settled: false,
        }
    }

    /// Makes everything permanent, then sends the signals.
    pub async fn commit(self) -> Result<()> {
        let Session::Transaction(transaction) = self.session else {
            return Ok(());
        };
        tokio::time::timeout(STATEMENT, Box::pin(transaction.commit()))
            .await
            .map_err(|elapsed| Error::unavailable(self.name, elapsed))?
            .map_err(|error| Error::from_driver(self.name, error))?;
        if self.woke {
            self.signals.wakeups.send_modify(|count| *count += 1);
        }
        if self.settled {
            self.signals.settlements.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    /// Returns how many statements were sent to the database so far.
    pub const fn statements(&self) -> u32 {
        self.statements
    }

    fn session(&self) -> DatabaseExecutor<'_> {
        match &self.session {
            Session::Transaction(transaction) => transaction.into(),
            Session::Single(connection) => connection.into(),
        }
    }

    /// Waits for the answer to a statement, within limits.
    async fn answered<T>(
        &self,
        statement: impl Future<Output = std::result::Result<T, DbErr>>,
    ) -> Result<T> {
        let answer = match &self.session {
            Session::Transaction(_) => tokio::time::timeout(STATEMENT, statement).await,
            // It takes a connection first.
            Session::Single(_) => self.signals.patiently(STATEMENT, statement).await,
        };
        let answer = answer
            .map_err(|elapsed| Error::unavailable(self.name, elapsed))?
            .map_err(|error| Error::from_driver(self.name, error))?;
        self.signals.hear();
        Ok(answer)
    }

    fn sending(&mut self) {
        self.statements += 1;
        counting::count(1);
    }

    pub(crate) fn is_mysql(&self) -> bool {
        self.session().get_database_backend() == DbBackend::MySql
    }

    /// Returns the present moment as our own tables keep it, on both databases to the microsecond.
    pub(crate) fn now(&self) -> NaiveDateTime {
        self.clock.now().naive_utc().trunc_subsecs(6)
    }

    /// Returns the present moment as upstream's tables keep it.
    pub(crate) fn stamp(&self) -> NaiveDateTime {
        self.kept(self.now())
    }

    /// Cuts a time as upstream's tables keep it: MySQL would round up into the future.
    pub(crate) fn kept(&self, time: NaiveDateTime) -> NaiveDateTime {
        time.trunc_subsecs(self.precision.0)
    }

    /// Asks the server how many digits of a second upstream's tables keep: none as upstream makes
    /// them, and up to six where an operator made more room.
    pub(crate) async fn ask_precision(&mut self) -> Result<Precision> {
        let digits: Vec<Option<i64>> = self.rows_of(DIGITS).await?;
        // No table is there yet, or this account may not look.
        let least = digits.first().copied().flatten().unwrap_or(0);
        Ok(Precision(u16::try_from(least).unwrap_or(0).min(6)))
    }

    pub(crate) const fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// Returns the rows of a query that asks for the columns of `R`, in their order.
    pub(crate) async fn rows<R: Row>(&mut self, select: &SelectStatement) -> Result<Vec<R>> {
        let rows = self.raw_rows(select).await?;
        self.read_rows(rows)
    }

    pub(crate) async fn raw_rows(&mut self, select: &SelectStatement) -> Result<Vec<QueryResult>> {
        self.sending();
        self.answered(self.session().query_all(select)).await
    }

    /// Returns the rows of a query without parameters that no builder knows.
    pub(crate) async fn rows_of<R: Row>(&mut self, sql: &str) -> Result<Vec<R>> {
        self.sending();
        let statement = Statement::from_string(self.session().get_database_backend(), sql);
        let rows = self
            .answered(self.session().query_all_raw(statement))
            .await?;
        self.read_rows(rows)
    }

    fn read_rows<R: Row>(&self, rows: Vec<QueryResult>) -> Result<Vec<R>> {
        rows.into_iter()
            .map(|row| R::read(&row, 0))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| Error::from_driver(self.name, DbErr::from(error)))
    }

    pub(crate) async fn one<R: Row>(&mut self, select: &SelectStatement) -> Result<Option<R>> {
        Ok(self.rows(select).await?.into_iter().next())
    }

    /// Sends a statement, and returns the number of rows it met.
    pub(crate) async fn execute<S: StatementBuilder>(&mut self, statement: &S) -> Result<u64> {
        self.sending();
        let done = self.answered(self.session().execute(statement)).await?;
        Ok(done.rows_affected())
    }

    /// Sends SQL without parameters: the schema, and locks that no builder knows.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<u64> {
        self.sending();
        let done = self
            .answered(self.session().execute_unprepared(sql))
            .await?;
        Ok(done.rows_affected())
    }

    /// Adds a row.
    pub(crate) async fn insert<A>(&mut self, row: A) -> Result<()>
    where
        A: ActiveModelTrait,
    {
        schema::fits(&row)?;
        let statement = A::Entity::insert(row).into_query();
        self.execute(&statement).await.map(|_| ())
    }

    /// Adds rows; none is fine.
    pub(crate) async fn insert_all<A>(&mut self, rows: Vec<A>) -> Result<()>
    where
        A: ActiveModelTrait,
    {
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            schema::fits(row)?;
        }
        let statement = A::Entity::insert_many(rows).into_query();
        self.execute(&statement).await.map(|_| ())
    }

    /// Writes the set columns of the one row that `condition` names.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when there is no such row.
    pub(crate) async fn update<A>(
        &mut self,
        row: A,
        condition: sea_orm::sea_query::Expr,
        what: &'static str,
    ) -> Result<()>
    where
        A: ActiveModelTrait,
    {
        use sea_orm::QueryFilter;
        schema::fits(&row)?;
        let statement = A::Entity::update_many()
            .set(row)
            .filter(condition)
            .into_query();
        match self.execute(&statement).await? {
            0 => Err(Error::Conflict(what)),
            _ => Ok(()),
        }
    }
}

/// What statements are sent to.
pub(crate) enum Session {
    Transaction(DatabaseTransaction),
    Single(DatabaseConnection),
}

/// How many digits of a second upstream's columns keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Precision(u16);

/// Upstream's columns are alike, and one who widens them widens all: one table tells.
const DIGITS: &str = "SELECT CAST(MIN(datetime_precision) AS SIGNED) AS digits \
    FROM information_schema.columns \
    WHERE table_schema = DATABASE() AND table_name = 'load_balancer' AND data_type = 'datetime'";

//! Connections: how many, and what each is told before it is used.

use std::future::Future;
use std::time::Duration;

use sea_orm::sqlx::Executor;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr};

use crate::url::{DatabaseUrl, Kind};
use crate::{Error, Result};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a transaction of another process may hold SQLite's write lock.
const BUSY: Duration = Duration::from_secs(10);
const SQLITE_READERS: u32 = 8;
/// Of each role.
const MYSQL_CONNECTIONS: u32 = 16;
const ATTEMPT: &str = "connect to the database";

#[derive(Clone)]
pub(crate) struct Connections {
    pub(crate) writer: DatabaseConnection,
    pub(crate) reader: DatabaseConnection,
}

impl Connections {
    pub(crate) fn is_mysql(&self) -> bool {
        self.writer.get_database_backend() == DbBackend::MySql
    }
}

/// Connects; `lazily` leaves a server's first connection to whoever needs it first.
pub(crate) async fn connect(url: &DatabaseUrl, lazily: bool) -> Result<Connections> {
    match url.kind() {
        Kind::SqliteMemory => {
            // Each connection would have a database of its own, so there is one, and it stays.
            let mut options = sqlite_options("sqlite::memory:", 1);
            options
                .idle_timeout(None::<Duration>)
                .max_lifetime(None::<Duration>);
            let one = limited(Database::connect(options)).await?;
            Ok(Connections {
                writer: one.clone(),
                reader: one,
            })
        }
        Kind::SqliteFile(path) => sqlite_file(path).await,
        Kind::Mysql(url) => {
            let connect = async |mut options: ConnectOptions| {
                options.connect_lazy(lazily);
                limited(Database::connect(options)).await
            };
            Ok(Connections {
                writer: connect(mysql_options(url.reveal(), Role::Writing)).await?,
                reader: connect(mysql_options(url.reveal(), Role::Reading)).await?,
            })
        }
    }
}

/// Writers of this process queue for the one writing connection, in order, instead of finding the
/// file locked; readers never wait for them.
async fn sqlite_file(path: &str) -> Result<Connections> {
    let file = path.to_owned();
    let with_file =
        move |options: SqliteConnectOptions| options.filename(&file).create_if_missing(true);
    let mut writing = sqlite_options("sqlite:", 1);
    writing.map_sqlx_sqlite_opts({
        let with_file = with_file.clone();
        move |options| with_file(sqlite_pragmas(options))
    });
    let writer = limited(Database::connect(writing)).await?;
    let mut reading = sqlite_options("sqlite:", SQLITE_READERS);
    reading.map_sqlx_sqlite_opts(move |options| with_file(sqlite_pragmas(options)));
    let reader = limited(Database::connect(reading)).await?;
    Ok(Connections { writer, reader })
}

fn sqlite_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = common(url);
    options
        .max_connections(connections)
        .map_sqlx_sqlite_opts(sqlite_pragmas);
    options
}

/// WAL with `synchronous = NORMAL`: a commit survives the death of the process at once, and the
/// death of the machine after the next checkpoint; the file is never damaged.
fn sqlite_pragmas(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(500)
}

/// What the connections of a pool are for. It is said once a connection, not once a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Writing,
    Reading,
}

impl Role {
    /// A lock waits for the newest row, and the reads behind it must see that row, too; a
    /// transaction that only reads sees one state.
    const fn transactions(self) -> &'static str {
        match self {
            Self::Writing => "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            Self::Reading => "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        }
    }
}

fn mysql_options(url: &str, role: Role) -> ConnectOptions {
    let mut options = common(url);
    options
        .max_connections(MYSQL_CONNECTIONS)
        .test_before_acquire_if_idle_for(Duration::from_secs(5))
        .map_sqlx_mysql_opts(|options| options.statement_cache_capacity(500))
        .map_sqlx_mysql_pool_opts(move |pool| {
            let pool = pool.after_connect(move |connection, _| {
                Box::pin(async move {
                    connection.execute(MYSQL_SESSION).await?;
                    connection.execute(role.transactions()).await?;
                    Ok(())
                })
            });
            if role == Role::Reading {
                // One that was cut off holds nothing but a view, which the next one ends.
                return pool;
            }
            // A transaction that was cut off while it began has no owner that could end it.
            pool.after_release(|connection, _| {
                Box::pin(async move {
                    connection.execute("ROLLBACK").await?;
                    Ok(true)
                })
            })
        });
    options
}

/// Values that do not fit are refused, not cut; a lock is not waited for longer than a caller
/// waits.
const MYSQL_SESSION: &str = "SET SESSION sql_mode = \
    CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'), \
    SESSION innodb_lock_wait_timeout = 10, \
    SESSION wait_timeout = 3600";

fn common(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .connect_timeout(CONNECT)
        .acquire_timeout(CONNECT)
        .sqlx_logging(false);
    options
}

async fn limited(
    connecting: impl Future<Output = std::result::Result<DatabaseConnection, DbErr>>,
) -> Result<DatabaseConnection> {
    // Boxed, as the driver's futures are deep enough to stop the compiler in our callers.
    tokio::time::timeout(CONNECT, Box::pin(connecting))
        .await
        .map_err(|elapsed| Error::unavailable(ATTEMPT, elapsed))?
        .map_err(|error| Error::unavailable(ATTEMPT, error))
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use octavia_model::{Clock, SystemClock};
use octavia_store::{DatabaseUrl, Store};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::mariadb;

/// A database of its own for one test; it goes with the value.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Directory(#[expect(dead_code, reason = "removed when it is dropped")] TempDir),
    /// The server's URL, and the database's name.
    Server(&'static str, String),
}

impl TestDatabase {
    /// Makes a database with the schema on every kind of server that this machine has: SQLite, and
    /// MariaDB unless it is missing (a line on standard error says so).
    pub async fn everywhere() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        all.extend(Self::mysql().await);
        all
    }

    /// As [`TestDatabase::everywhere`], with nothing in the databases.
    pub async fn empty_everywhere() -> Vec<Self> {
        let mut all = vec![Self::empty_sqlite()];
        all.extend(Self::empty_mysql().await);
        all
    }

    /// Makes an SQLite database with the schema in it.
    pub async fn sqlite() -> Self {
        Self::empty_sqlite().with_schema().await
    }

    /// Makes an SQLite database with nothing in it.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub fn empty_sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let file = directory.path().join("octavia.db");
        Self {
            url: format!("sqlite:///{}", file.display()),
            place: Place::Directory(directory),
        }
    }

    /// Makes a MariaDB (or MySQL) database with the schema in it; `None` without a server.
    pub async fn mysql() -> Option<Self> {
        match Self::empty_mysql().await {
            Some(database) => Some(database.with_schema().await),
            None => None,
        }
    }

    /// Makes a MariaDB (or MySQL) database with nothing in it; `None` without a server.
    pub async fn empty_mysql() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = mariadb::server()?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("octavia_test_{}_{number}", std::process::id());
        run(server, &format!("CREATE DATABASE {name}")).await;
        Some(Self {
            url: server.replacen('%', &name, 1),
            place: Place::Server(server, name),
        })
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether it is a MySQL or MariaDB database.
    pub const fn is_mysql(&self) -> bool {
        matches!(self.place, Place::Server(..))
    }

    /// Connects with the system's clock.
    pub async fn store(&self) -> Store {
        self.store_with(Arc::new(SystemClock)).await
    }

    /// Connects with a clock of the test.
    ///
    /// # Panics
    ///
    /// When it cannot be reached.
    pub async fn store_with(&self, clock: Arc<dyn Clock>) -> Store {
        let url = DatabaseUrl::parse(&self.url).expect("the URL of a test database is valid");
        Store::connect(&url, clock)
            .await
            .expect("a test database answers")
    }

    /// Sends SQL to it, past the store.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    pub async fn execute(&self, sql: &str) {
        let connection = connect(&self.raw_url()).await;
        connection
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        close(connection).await;
    }

    /// Returns the numbers that a query for a column `value` finds, past the store.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let connection = connect(&self.raw_url()).await;
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        let rows = connection
            .query_all_raw(statement)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        close(connection).await;
        rows.iter()
            .map(|row| row.try_get("", "value").expect("a column of numbers"))
            .collect()
    }

    /// The driver counts slashes in another way.
    fn raw_url(&self) -> String {
        self.url.replacen("sqlite:///", "sqlite://", 1)
    }

    async fn with_schema(self) -> Self {
        self.store()
            .await
            .upgrade()
            .await
            .expect("an empty database takes the schema");
        self
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Place::Server(server, name) = &self.place else {
            return;
        };
        let sql = format!("DROP DATABASE {name}");
        let server = *server;
        // The test's own runtime must not be blocked, and may be ending.
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map(|runtime| runtime.block_on(run(server, &sql)))
        });
        drop(dropping.join());
    }
}

async fn run(server: &str, sql: &str) {
    let connection = connect(&server.replacen('%', "", 1)).await;
    connection
        .execute_unprepared(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    close(connection).await;
}

async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Box::pin(Database::connect(options))
        .await
        .unwrap_or_else(|error| panic!("connect to a test database: {error}"))
}

async fn close(connection: DatabaseConnection) {
    connection
        .close()
        .await
        .unwrap_or_else(|error| panic!("leave a test database: {error}"));
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use octavia_model::{Clock, SystemClock};
use octavia_store::{DatabaseUrl, Store};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;

use crate::mariadb::{self, MortalServer};

/// A database of its own for one test; it goes with the value.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Directory(#[expect(dead_code, reason = "removed when it is dropped")] TempDir),
    /// The database goes with its server.
    OurServer,
    /// A server that outlives the tests: its URL, and the database's name.
    Existing(&'static str, String),
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
        let administrator = connect(&server.url.replacen('%', "", 1)).await;
        run(&administrator, &format!("CREATE DATABASE {name}")).await;
        close(administrator).await;
        Some(Self {
            url: server.url.replacen('%', &name, 1),
            place: if server.outlives_tests() {
                Place::Existing(&server.url, name)
            } else {
                Place::OurServer
            },
        })
    }

    /// Makes a database with the schema in it on a server that may die.
    pub async fn on(server: &MortalServer) -> Self {
        let administrator = connect(&server.url().replacen('%', "", 1)).await;
        run(&administrator, "CREATE DATABASE octavia").await;
        close(administrator).await;
        let database = Self {
            url: server.url().replacen('%', "octavia", 1),
            place: Place::OurServer,
        };
        database.with_schema().await
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether it is a MySQL or MariaDB database.
    pub const fn is_mysql(&self) -> bool {
        matches!(self.place, Place::OurServer | Place::Existing(..))
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
    pub async fn execute(&self, sql: &str) {
        let connection = connect(&self.raw_url()).await;
        run(&connection, sql).await;
        close(connection).await;
    }

    /// Returns the numbers that a query for a column `value` finds, past the store.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    pub async fn numbers(&self, sql: &str) -> Vec<i64> {
        let connection = connect(&self.raw_url()).await;
        let numbers = numbers(&connection, sql).await;
        close(connection).await;
        numbers
    }

    /// The driver counts slashes in another way, and makes no file unless told to.
    fn raw_url(&self) -> String {
        match self.url.strip_prefix("sqlite:///") {
            Some(file) => format!("sqlite://{file}?mode=rwc"),
            None => self.url.clone(),
        }
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
        let Place::Existing(server, name) = &self.place else {
            return;
        };
        let (server, name) = (*server, name.clone());
        // The test's own runtime must not be blocked, and may be ending.
        let dropping = std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map(|runtime| runtime.block_on(remove(server, &name)))
        });
        drop(dropping.join());
    }
}

/// Removes a database whose connections may still be open.
async fn remove(server: &str, name: &str) {
    let administrator = connect(&server.replacen('%', "", 1)).await;
    let open =
        format!("SELECT id AS value FROM information_schema.processlist WHERE db = '{name}'");
    for connection in numbers(&administrator, &open).await {
        // It may have ended by itself.
        drop(
            administrator
                .execute_unprepared(&format!("KILL {connection}"))
                .await,
        );
    }
    run(&administrator, &format!("DROP DATABASE {name}")).await;
    close(administrator).await;
}

async fn run(connection: &DatabaseConnection, sql: &str) {
    connection
        .execute_unprepared(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn numbers(connection: &DatabaseConnection, sql: &str) -> Vec<i64> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    connection
        .query_all_raw(statement)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"))
        .iter()
        .map(|row| row.try_get("", "value").expect("a column of numbers"))
        .collect()
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

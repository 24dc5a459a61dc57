use std::sync::Arc;

use octavia_model::{Clock, SystemClock};
use octavia_store::{DatabaseUrl, Store};
use tempfile::TempDir;

/// A database of its own for one test; it goes with the value.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    _directory: Option<TempDir>,
}

impl TestDatabase {
    /// Makes an SQLite database with the schema in it.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn sqlite() -> Self {
        let database = Self::empty_sqlite();
        database.with_schema().await
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
            _directory: Some(directory),
        }
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Connects with the system's clock.
    ///
    /// # Panics
    ///
    /// When it cannot be reached.
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

    async fn with_schema(self) -> Self {
        self.store()
            .await
            .upgrade()
            .await
            .expect("an empty database takes the schema");
        self
    }
}

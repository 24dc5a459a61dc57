use std::collections::BTreeSet;

use super::{
    Catalogue, MYSQL, MYSQL_OWN, OWN_VERSION, REVISION, SQLITE, SQLITE_OWN, SchemaState, Upgraded,
    statements,
};
use crate::{Error, Result, Store, Tx};

/// Seconds to wait for another process that upgrades the same database.
const PATIENCE_SECONDS: u32 = 25;
/// MySQL's name for the right to upgrade this database; names are the whole server's.
const LOCK: &str = "CONCAT('octavia-schema-', MD5(DATABASE()))";

impl Store {
    /// Returns what the database holds.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Revision`] for a database whose markers are right, but which lacks tables or
    /// columns: the text names them.
    pub async fn check(&self) -> Result<SchemaState> {
        let mut tx = self.read("schema.check").await?;
        let found = Found::look(&mut tx).await?;
        let state = found.state();
        if state == SchemaState::Ready {
            found.complete()?;
        }
        Ok(state)
    }

    /// Creates or adopts the schema. May be repeated, also by two processes at once, and after
    /// one that was killed half way.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Revision`] for a database at another revision, or of something else.
    pub async fn upgrade(&self) -> Result<Upgraded> {
        let mut tx = self.begin("schema.upgrade").await?;
        tx.lock_schema().await?;
        let upgraded = tx.upgrade_schema().await;
        // MySQL's lock belongs to the connection, which goes back to the pool.
        tx.unlock_schema().await?;
        let upgraded = upgraded?;
        tx.commit().await?;
        Ok(upgraded)
    }
}

impl Tx {
    async fn upgrade_schema(&mut self) -> Result<Upgraded> {
        let found = Found::look(self).await?;
        let upgraded = match found.state() {
            SchemaState::Empty => Upgraded::Created,
            SchemaState::Upstream => Upgraded::Adopted,
            SchemaState::Behind => Upgraded::Extended,
            SchemaState::Ready => {
                found.complete()?;
                return Ok(Upgraded::AlreadyReady);
            }
            SchemaState::OtherRevision(revision) => return Err(other_revision(&revision)),
            SchemaState::Foreign => return Err(foreign()),
        };
        // Ours first: they mark a creation that was cut short, as MySQL cannot take it back.
        // The revision is the last thing to be written.
        let (own, upstream) = if self.is_mysql() {
            (MYSQL_OWN, MYSQL)
        } else {
            (SQLITE_OWN, SQLITE)
        };
        if upgraded == Upgraded::Created {
            self.run_all(own).await?;
            self.run_all(upstream).await?;
        } else {
            found.upstream_complete()?;
            self.run_all(own).await?;
        }
        self.run("DELETE FROM rs_schema").await?;
        self.run(&format!(
            "INSERT INTO rs_schema (version) VALUES ({OWN_VERSION})"
        ))
        .await?;
        Ok(upgraded)
    }

    async fn run_all(&mut self, script: &str) -> Result<()> {
        for statement in statements(script) {
            self.run(statement).await?;
        }
        Ok(())
    }

    /// SQLite's transaction is the lock.
    async fn lock_schema(&mut self) -> Result<()> {
        if !self.is_mysql() {
            return Ok(());
        }
        let sql = format!("SELECT GET_LOCK({LOCK}, {PATIENCE_SECONDS}) AS value");
        let got: Vec<Option<i64>> = self.rows_of(&sql).await?;
        match got.first() {
            Some(Some(1)) => Ok(()),
            _ => Err(Error::Revision(
                "another process is upgrading the database; try again when it is done".to_owned(),
            )),
        }
    }

    async fn unlock_schema(&mut self) -> Result<()> {
        if self.is_mysql() {
            self.run(&format!("DO RELEASE_LOCK({LOCK})")).await?;
        }
        Ok(())
    }
}

fn other_revision(revision: &str) -> Error {
    Error::Revision(format!(
        "the database is at revision {revision}, and this version serves {REVISION}: \
         run upstream's `octavia-db-manage upgrade head` (release 19.0.0) first"
    ))
}

fn foreign() -> Error {
    Error::Revision(
        "the database holds tables, but none of a load balancing service: name an empty one"
            .to_owned(),
    )
}

/// What a look at a database found.
struct Found {
    columns: BTreeSet<(String, String)>,
    /// Rows of `alembic_version`.
    revisions: Vec<String>,
    /// Rows of `rs_schema`.
    own: Vec<i32>,
}

impl Found {
    async fn look(tx: &mut Tx) -> Result<Self> {
        let columns: Vec<(String, String)> = tx
            .rows_of(if tx.is_mysql() {
                MYSQL_COLUMNS
            } else {
                SQLITE_COLUMNS
            })
            .await?;
        let mut found = Self {
            columns: columns
                .into_iter()
                .map(|(table, column)| (table.to_lowercase(), column.to_lowercase()))
                .collect(),
            revisions: Vec::new(),
            own: Vec::new(),
        };
        if found.has("alembic_version", "version_num") {
            let select = select("alembic_version", "version_num");
            found.revisions = tx.rows_of(&select).await?;
        }
        if found.has("rs_schema", "version") {
            let versions: Vec<Option<i64>> = tx.rows_of(&select("rs_schema", "version")).await?;
            found.own = versions
                .into_iter()
                .filter_map(|version| i32::try_from(version?).ok())
                .collect();
        }
        Ok(found)
    }

    fn has(&self, table: &str, column: &str) -> bool {
        self.columns
            .contains(&(table.to_owned(), column.to_owned()))
    }

    fn state(&self) -> SchemaState {
        if let Some(newer) = self.own.iter().find(|version| **version > OWN_VERSION) {
            return SchemaState::OtherRevision(format!("{REVISION} with own tables {newer}"));
        }
        match self.revisions.as_slice() {
            [revision] if revision == REVISION && self.own.contains(&OWN_VERSION) => {
                SchemaState::Ready
            }
            [revision] if revision == REVISION && !self.own.is_empty() => SchemaState::Behind,
            [revision] if revision == REVISION => SchemaState::Upstream,
            [] if self.columns.is_empty() || self.interrupted() => SchemaState::Empty,
            [] => SchemaState::Foreign,
            [revision] => SchemaState::OtherRevision(revision.clone()),
            several => SchemaState::OtherRevision(several.join(" and ")),
        }
    }

    /// Our own tables are there, but not their version: a creation was cut short.
    fn interrupted(&self) -> bool {
        self.has("rs_schema", "version") && self.own.is_empty()
    }

    fn complete(&self) -> Result<()> {
        self.lacks_nothing(|_| true)
    }

    fn upstream_complete(&self) -> Result<()> {
        self.lacks_nothing(|table| !table.starts_with("rs_"))
    }

    fn lacks_nothing(&self, among: impl Fn(&str) -> bool) -> Result<()> {
        let missing: Vec<String> = Catalogue::shared()
            .columns()
            .filter(|(table, column)| among(table) && !self.has(table, column))
            .map(|(table, column)| format!("{table}.{column}"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Revision(format!(
            "the database says that it is at revision {REVISION}, but lacks {}",
            missing.join(", ")
        )))
    }
}

fn select(table: &str, column: &str) -> String {
    format!("SELECT {column} AS value FROM {table}")
}

const SQLITE_COLUMNS: &str = "SELECT t.name AS table_of, c.name AS column_of \
    FROM sqlite_master AS t, pragma_table_info(t.name) AS c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
const MYSQL_COLUMNS: &str = "SELECT CAST(table_name AS CHAR) AS table_of, \
    CAST(column_name AS CHAR) AS column_of \
    FROM information_schema.columns WHERE table_schema = DATABASE()";

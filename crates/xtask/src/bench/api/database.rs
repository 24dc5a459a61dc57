//! A database of its own for each server that is measured.

use std::path::Path;

use crate::bench::process::{Core, Program};
use crate::mariadb::Mariadb;

/// A database, and how octavia.conf names it.
pub(super) struct Database {
    pub(super) url: String,
    /// Its server, if it has one, which lives as long as this.
    _server: Option<Mariadb>,
}

impl Database {
    pub(super) fn sqlite(directory: &Path) -> Self {
        let file = directory.join("octavia.db");
        Self {
            url: format!("sqlite:///{}", file.display()),
            _server: None,
        }
    }

    /// Starts a MariaDB on the cores that are not measured.
    pub(super) fn mariadb(directory: &Path) -> anyhow::Result<Self> {
        let server = Mariadb::start(directory, |command| Program::start(command, Core::Others))?;
        Ok(Self {
            url: server.url(),
            _server: Some(server),
        })
    }
}

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{SQLITE, SQLITE_OWN};

/// The tables and columns that the service needs, read from the scripts that create them.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    tables: BTreeMap<&'static str, BTreeMap<&'static str, Option<usize>>>,
}

impl Catalogue {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Catalogue> = OnceLock::new();
        SHARED.get_or_init(|| {
            let mut catalogue = Self::default();
            catalogue.read(SQLITE);
            catalogue.read(SQLITE_OWN);
            catalogue
        })
    }

    /// Reads a script of ours: `CREATE TABLE ... "name" (`, then a line a column, then `)`.
    fn read(&mut self, script: &'static str) {
        let mut table = None;
        for line in script.lines() {
            let mut quoted = line.split('"');
            let before = quoted.next().unwrap_or_default();
            let name = quoted.next().unwrap_or_default();
            if before.starts_with("CREATE TABLE") {
                table = Some(self.tables.entry(name).or_default());
            } else if before == "  " {
                let length = quoted.next().and_then(length);
                if let Some(columns) = table.as_mut() {
                    columns.insert(name, length);
                }
            } else if before.starts_with(')') {
                table = None;
            }
        }
    }

    pub(crate) fn length(&self, table: &str, column: &str) -> Option<usize> {
        *self.tables.get(table)?.get(column)?
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.tables
            .iter()
            .flat_map(|(table, columns)| columns.keys().map(|column| (*table, *column)))
    }

    #[cfg(test)]
    fn size(&self) -> (usize, usize) {
        (self.tables.len(), self.columns().count())
    }
}

/// Returns the 36 of ` VARCHAR(36) NOT NULL`.
fn length(definition: &str) -> Option<usize> {
    let (number, _) = definition
        .trim_start()
        .strip_prefix("VARCHAR(")?
        .split_once(')')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_41_tables_and_260_columns_are_there_with_our_4_tables() {
        let mut upstream = Catalogue::default();
        upstream.read(SQLITE);
        assert_eq!(upstream.size(), (41, 260));
        let mut own = Catalogue::default();
        own.read(SQLITE_OWN);
        assert_eq!(own.size(), (4, 29));
    }

    #[test]
    fn both_dialects_have_the_same_tables_and_columns() {
        let unquoted = |script: &str| script.replace('`', "\"");
        for (sqlite, mysql) in [
            (SQLITE, super::super::MYSQL),
            (SQLITE_OWN, super::super::MYSQL_OWN),
        ] {
            let names = |script: &'static str| {
                let mut catalogue = Catalogue::default();
                catalogue.read(script);
                catalogue.columns().collect::<Vec<_>>()
            };
            let mysql: &'static str = Box::leak(unquoted(mysql).into_boxed_str());
            assert_eq!(names(sqlite), names(mysql));
        }
    }

    #[test]
    fn lengths_are_those_of_the_columns() {
        let catalogue = Catalogue::shared();
        assert_eq!(catalogue.length("health_monitor", "url_path"), Some(255));
        assert_eq!(catalogue.length("sni", "tls_container_id"), Some(128));
        assert_eq!(catalogue.length("member", "weight"), None);
    }
}

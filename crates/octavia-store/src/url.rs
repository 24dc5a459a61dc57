use octavia_model::Secret;

use crate::{Error, Result};

/// A database, by URL: `sqlite:///relative/path`, `sqlite:////absolute/path`, `sqlite::memory:`,
/// `mysql://...` or `SQLAlchemy`'s `mysql+pymysql://user:password@host:port/name?charset=utf8`.
/// Holds a password, so it is never printed.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(Kind);

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A database that lives as long as its one connection.
    SqliteMemory,
    /// A file.
    SqliteFile(String),
    /// A server: `mysql://...` as the driver reads it.
    Mysql(Secret<String>),
}

const FORMS: &str =
    "understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name";

impl DatabaseUrl {
    /// Reads a URL in either form.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Value`] that says which forms are understood.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once(':') else {
            return Err(Error::Value(format!("not a database URL; {FORMS}")));
        };
        let dialect = scheme.split('+').next().unwrap_or(scheme);
        match dialect {
            "sqlite" => sqlite(rest).map(Self),
            "mysql" | "mariadb" => mysql(rest).map(Self),
            other => Err(Error::Value(format!(
                "a database of kind '{other}' cannot be served; {FORMS}"
            ))),
        }
    }

    /// Tells whether the database is this process's own, rather than a server's.
    pub const fn is_embedded(&self) -> bool {
        match self.0 {
            Kind::SqliteMemory | Kind::SqliteFile(_) => true,
            Kind::Mysql(_) => false,
        }
    }

    /// Returns where the database is, without who asks and by which password.
    pub(crate) fn place(&self) -> String {
        match &self.0 {
            Kind::SqliteMemory => "memory".to_owned(),
            Kind::SqliteFile(path) => path.clone(),
            Kind::Mysql(url) => {
                let url = url.reveal().split('?').next().unwrap_or_default();
                let server = url.strip_prefix("mysql://").unwrap_or(url);
                let place = server.rsplit_once('@').map_or(server, |(_, place)| place);
                place.to_owned()
            }
        }
    }

    pub(crate) const fn kind(&self) -> &Kind {
        &self.0
    }
}

/// `SQLAlchemy` counts slashes: three and a relative path, or four for an absolute one.
fn sqlite(rest: &str) -> Result<Kind> {
    let path = rest.split('?').next().unwrap_or(rest);
    if matches!(path, ":memory:" | "//" | "///:memory:" | "///") {
        return Ok(Kind::SqliteMemory);
    }
    match path.strip_prefix("///") {
        Some(path) if !path.is_empty() => Ok(Kind::SqliteFile(path.to_owned())),
        _ => Err(Error::Value(format!(
            "a SQLite URL has three slashes and a path; {FORMS}"
        ))),
    }
}

fn mysql(rest: &str) -> Result<Kind> {
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(Error::Value(format!(
            "a MySQL URL has two slashes; {FORMS}"
        )));
    };
    let (server, query) = rest.split_once('?').unwrap_or((rest, ""));
    if server
        .split_once('/')
        .is_none_or(|(_, name)| name.is_empty())
    {
        return Err(Error::Value(format!(
            "a MySQL URL ends with the name of a database; {FORMS}"
        )));
    }
    let options: Vec<String> = query
        .split('&')
        .filter(|option| !option.is_empty())
        .map(option)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    Ok(Kind::Mysql(Secret::new(format!(
        "mysql://{server}?{}",
        options.join("&")
    ))))
}

/// Translates one of `PyMySQL`'s options; `None` when it has no meaning here.
fn option(text: &str) -> Result<Option<String>> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    match name {
        // The connection always speaks utf8mb4; the columns keep what character set they have.
        "charset" | "use_unicode" | "read_timeout" | "write_timeout" | "connect_timeout" => {
            Ok(None)
        }
        "unix_socket" | "socket" => Ok(Some(format!("socket={value}"))),
        // Better refused than a connection in clear that was believed to be encrypted.
        "ssl" | "ssl_ca" | "ssl_cert" | "ssl_key" | "ssl_verify_cert" | "ssl-mode" => {
            Err(Error::Value(format!(
                "option '{name}' of the database URL: TLS to the database is not built in; \
                 use a socket (unix_socket=/path) or a network that is private"
            )))
        }
        other => Err(Error::Value(format!(
            "option '{other}' of the database URL is not known"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match DatabaseUrl::parse(text) {
            Ok(DatabaseUrl(Kind::SqliteMemory)) => "memory".to_owned(),
            Ok(DatabaseUrl(Kind::SqliteFile(path))) => format!("file {path}"),
            Ok(DatabaseUrl(Kind::Mysql(url))) => url.reveal().clone(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn urls_of_both_forms_are_read() {
        let table: String = [
            "sqlite:///octavia.db",
            "sqlite:////var/lib/octavia.db",
            "sqlite:////var/lib/octavia.db?timeout=5",
            "sqlite::memory:",
            "sqlite://",
            "mysql://octavia:pw@db.example/octavia",
            "mysql+pymysql://octavia:p%40w@db.example:3307/octavia?charset=utf8",
            " mysql+pymysql://octavia@localhost/octavia?unix_socket=/run/m.sock&charset=utf8mb4\n",
        ]
        .map(|text| format!("{}: {}\n", text.trim(), read(text)))
        .concat();
        insta::assert_snapshot!(table, @r"
        sqlite:///octavia.db: file octavia.db
        sqlite:////var/lib/octavia.db: file /var/lib/octavia.db
        sqlite:////var/lib/octavia.db?timeout=5: file /var/lib/octavia.db
        sqlite::memory:: memory
        sqlite://: memory
        mysql://octavia:pw@db.example/octavia: mysql://octavia:pw@db.example/octavia?
        mysql+pymysql://octavia:p%40w@db.example:3307/octavia?charset=utf8: mysql://octavia:p%40w@db.example:3307/octavia?
        mysql+pymysql://octavia@localhost/octavia?unix_socket=/run/m.sock&charset=utf8mb4: mysql://octavia@localhost/octavia?socket=/run/m.sock
        ");
    }

    #[test]
    fn what_is_no_database_url_is_refused_with_the_forms_that_are() {
        let table: String = [
            "",
            "octavia.db",
            "postgresql://octavia@db.example/octavia",
            "sqlite:/octavia.db",
            "mysql:octavia",
            "mysql://db.example",
            "mysql://db.example/octavia?colour=blue",
            "mysql://db.example/octavia?ssl_ca=/ca.pem",
        ]
        .map(|text| format!("{}\n", read(text)))
        .concat();
        insta::assert_snapshot!(table, @r"
        not a database URL; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        not a database URL; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        a database of kind 'postgresql' cannot be served; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        a SQLite URL has three slashes and a path; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        a MySQL URL has two slashes; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        a MySQL URL ends with the name of a database; understood are sqlite:///path, sqlite::memory: and mysql+pymysql://user:password@host/name
        option 'colour' of the database URL is not known
        option 'ssl_ca' of the database URL: TLS to the database is not built in; use a socket (unix_socket=/path) or a network that is private
        ");
    }

    #[test]
    fn a_password_is_never_printed() {
        let url = DatabaseUrl::parse("mysql://octavia:hunter2@db.example/octavia").unwrap();
        assert_eq!(url.place(), "db.example/octavia");
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}

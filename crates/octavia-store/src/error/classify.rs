use sea_orm::sqlx;
use sea_orm::sqlx::error::{DatabaseError, ErrorKind};
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr};

use super::Error;

impl Error {
    /// Says what a failure of the driver means to a caller.
    pub(crate) fn from_driver(attempt: &'static str, error: DbErr) -> Self {
        if matches!(
            error,
            DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. }
        ) {
            return Self::unreadable(attempt, &error);
        }
        if matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) {
            return Self::busy(attempt, error);
        }
        let Some(cause) = driver_error(&error) else {
            return Self::unavailable(attempt, error);
        };
        if matches!(
            cause,
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)
        ) {
            return Self::unreadable(attempt, &error);
        }
        let Some(database) = cause.as_database_error() else {
            return Self::unavailable(attempt, error);
        };
        let message = database.message().to_owned();
        match meaning(database) {
            Meaning::Duplicate => Self::Duplicate(message),
            Meaning::InUse => Self::InUse(message),
            Meaning::Value => Self::Value(message),
            Meaning::NoSchema => Self::Revision(format!(
                "the database lacks a table or column ({message}): run `octavia db upgrade`"
            )),
            Meaning::Refused => Self::Refused {
                attempt,
                source: Box::new(error),
            },
            Meaning::Busy => Self::busy(attempt, error),
            Meaning::Unavailable => Self::unavailable(attempt, error),
        }
    }

    fn busy(attempt: &'static str, source: DbErr) -> Self {
        Self::Busy {
            attempt,
            source: Box::new(source),
        }
    }

    pub(crate) fn unavailable(
        attempt: &'static str,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unavailable {
            attempt,
            source: Box::new(source),
        }
    }

    fn unreadable(attempt: &'static str, error: &DbErr) -> Self {
        Self::Corrupt {
            table: attempt,
            id: "a row".to_owned(),
            problem: error.to_string(),
        }
    }

    /// Gives a violated unique key the name that its caller knows.
    pub(crate) fn duplicate_is(self, what: impl FnOnce() -> String) -> Self {
        if matches!(self, Self::Duplicate(_)) {
            return Self::Duplicate(what());
        }
        self
    }
}

enum Meaning {
    Duplicate,
    InUse,
    Value,
    NoSchema,
    Refused,
    Busy,
    Unavailable,
}

fn meaning(error: &dyn DatabaseError) -> Meaning {
    if let Some(mysql) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return mysql_meaning(mysql.number());
    }
    if error.is_unique_violation() {
        Meaning::Duplicate
    } else if error.is_foreign_key_violation() {
        Meaning::InUse
    } else if matches!(
        error.kind(),
        ErrorKind::NotNullViolation | ErrorKind::CheckViolation
    ) {
        Meaning::Value
    } else {
        sqlite_meaning(error)
    }
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    if let DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause)) = error
    {
        Some(cause.as_ref())
    } else {
        None
    }
}

/// By the number of the server's error (the same on MySQL, MariaDB and Galera).
fn mysql_meaning(number: u16) -> Meaning {
    match number {
        // Duplicate entry.
        1062 | 1586 => Meaning::Duplicate,
        // A row is referred to, or refers to none.
        1451 | 1452 => Meaning::InUse,
        // Null, out of range, wrong characters, too long.
        1048 | 1264 | 1292 | 1366 | 1406 => Meaning::Value,
        // No such column, no such table.
        1054 | 1146 => Meaning::NoSchema,
        // Row changed since it was read, lock wait, deadlock (Galera's certification, too).
        1020 | 1205 | 1213 => Meaning::Busy,
        // Whoever keeps the database has a trigger that says no.
        1644 => Meaning::Refused,
        _ => Meaning::Unavailable,
    }
}

fn sqlite_meaning(error: &dyn DatabaseError) -> Meaning {
    let extended: u32 = error
        .code()
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    match extended & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED.
        5 | 6 => Meaning::Busy,
        // SQLITE_TOOBIG, SQLITE_MISMATCH.
        18 | 20 => Meaning::Value,
        1 if error.message().starts_with("no such") => Meaning::NoSchema,
        _ => Meaning::Unavailable,
    }
}

//! How a column is compared with a value: the same on both databases.
//!
//! MySQL compares texts without case and trailing blanks, and clients rely on it. SQLite is told
//! to (for the letters of ASCII).

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use sea_orm::QueryResult;
use sea_orm::sea_query::{Expr, ExprTrait, Value};

use super::fields::{Field, Kind};
use crate::{Direction, Error, Result};

/// The database's way to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Mysql,
    Sqlite,
}

impl Dialect {
    /// Returns the expression to sort and compare by.
    pub(super) fn key(self, field: &Field) -> Expr {
        match (self, field.kind) {
            (Self::Sqlite, Kind::Text) => {
                Expr::cust_with_expr("RTRIM(?) COLLATE NOCASE", field.expr())
            }
            (Self::Sqlite | Self::Mysql, _) => field.expr(),
        }
    }

    /// Returns the condition that a field equals what the caller wrote. What cannot be a value of
    /// the column equals none.
    pub(super) fn equals(self, field: &Field, wanted: &str) -> Expr {
        let key = self.key(field);
        match field.kind {
            Kind::Text => key.eq(self.trimmed(wanted)),
            Kind::Word => key.is_in([
                wanted.to_owned(),
                wanted.to_lowercase(),
                wanted.to_uppercase(),
            ]),
            Kind::Bool => key.eq(wanted == "true"),
            Kind::Number => wanted
                .parse::<i64>()
                .map_or_else(|_| never(), |n| key.eq(n)),
            Kind::Version => wanted.parse::<f64>().map_or_else(
                |_| never(),
                |version| key.between(version - 0.05, version + 0.05),
            ),
            Kind::Time => second(wanted).map_or_else(never, |start| {
                key.clone()
                    .gte(start)
                    .and(key.lt(start + TimeDelta::seconds(1)))
            }),
        }
    }

    fn trimmed(self, text: &str) -> &str {
        match self {
            Self::Sqlite => text.trim_end_matches(' '),
            Self::Mysql => text,
        }
    }
}

fn never() -> Expr {
    Expr::val(1).eq(0)
}

/// Reads a time as the API shows it.
fn second(text: &str) -> Option<NaiveDateTime> {
    ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| {
            DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|time| time.naive_utc())
        })
}

/// A key of an order with the value that the marker has in it.
pub(super) struct Mark {
    pub(super) key: Expr,
    pub(super) value: Option<Value>,
    pub(super) direction: Direction,
}

impl Mark {
    pub(super) fn reverse(&mut self) {
        self.direction = match self.direction {
            Direction::Ascending => Direction::Descending,
            Direction::Descending => Direction::Ascending,
        };
    }

    fn same(&self) -> Expr {
        match &self.value {
            Some(value) => self.key.clone().eq(value.clone()),
            None => self.key.clone().is_null(),
        }
    }

    /// Both databases put null before every value.
    fn behind(&self) -> Expr {
        let key = self.key.clone();
        match (&self.value, self.direction) {
            (Some(value), Direction::Ascending) => key.gt(value.clone()),
            (Some(value), Direction::Descending) => key.clone().lt(value.clone()).or(key.is_null()),
            (None, Direction::Ascending) => key.is_not_null(),
            (None, Direction::Descending) => never(),
        }
    }
}

/// Returns the condition for what comes behind the marker in an order.
pub(super) fn behind(marks: &[Mark]) -> Expr {
    let mut alternatives = never();
    for (position, mark) in marks.iter().enumerate() {
        let equal_so_far = marks.iter().take(position).map(Mark::same);
        let alternative = equal_so_far.fold(mark.behind(), |sum, same| same.and(sum));
        alternatives = alternatives.or(alternative);
    }
    alternatives
}

/// Reads what a marker has in a key.
pub(super) fn value_of(row: &QueryResult, name: &str, kind: Kind) -> Result<Option<Value>> {
    let read = match kind {
        Kind::Text | Kind::Word => row.try_get::<Option<String>>("", name).map(values),
        Kind::Bool => row.try_get::<Option<bool>>("", name).map(values),
        Kind::Number => row.try_get::<Option<i32>>("", name).map(values),
        Kind::Version => row.try_get::<Option<f32>>("", name).map(values),
        Kind::Time => row.try_get::<Option<NaiveDateTime>>("", name).map(values),
    };
    read.map_err(|error| Error::from_driver("read the marker", error))
}

fn values<T: Into<Value>>(value: Option<T>) -> Option<Value> {
    value.map(Into::into)
}

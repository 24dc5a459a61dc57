//! From the texts of columns to the types of the model, and back.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::{Error, Result};

/// A row that is being read: names the table and the row when a column holds what it must not.
#[derive(Clone, Copy)]
pub(crate) struct Cell<'a> {
    table: &'static str,
    id: &'a str,
}

impl<'a> Cell<'a> {
    pub(crate) const fn new(table: &'static str, id: &'a str) -> Self {
        Self { table, id }
    }

    pub(crate) fn parse<T>(self, text: &str) -> Result<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse()
            .map_err(|error: T::Err| self.corrupt(error.to_string()))
    }

    pub(crate) fn optional<T>(self, text: Option<&String>) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.map(|text| self.parse(text)).transpose()
    }

    /// Reads a column that upstream's schema lets be null, but upstream never leaves so.
    pub(crate) fn needed<T>(self, value: Option<T>, column: &str) -> Result<T> {
        value.ok_or_else(|| self.corrupt(format!("{column} is null")))
    }

    pub(crate) fn port(self, number: i32) -> Result<u16> {
        u16::try_from(number).map_err(|_| self.corrupt(format!("{number} is not a port")))
    }

    pub(crate) fn corrupt(self, problem: String) -> Error {
        Error::Corrupt {
            table: self.table,
            id: self.id.to_owned(),
            problem,
        }
    }
}

/// Reads a time, which is always UTC.
pub(crate) fn utc(time: Option<NaiveDateTime>) -> Option<DateTime<Utc>> {
    time.map(|time| time.and_utc())
}

/// Reads a comma-separated list; empty and null are both the empty list.
pub(crate) fn commas(text: Option<&String>) -> Vec<String> {
    text.map(String::as_str)
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Writes a comma-separated list; upstream keeps the empty list as null.
pub(crate) fn comma_text(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(","))
}

pub(crate) fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

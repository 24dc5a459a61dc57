//! `[database]`.

use octavia_store::DatabaseUrl;

use super::reader::Reader;
use super::settings::Name;

const CONNECTION: Name = ("database", "connection");

/// Reads the URL of the database; `None` when none is named.
pub(super) fn read(reader: &Reader<'_>) -> Option<DatabaseUrl> {
    let url = reader.text(CONNECTION)?;
    DatabaseUrl::parse(&url)
        .inspect_err(|error| reader.refuse(CONNECTION, error.to_string()))
        .ok()
}

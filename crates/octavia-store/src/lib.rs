//! The database: upstream's schema, our `rs_` tables beside it, transactions, leases.
//!
//! SQL lives here and nowhere else; one method answers one question. The same code serves
//! SQLite and MariaDB/MySQL.
//!
//! Invariants:
//! - A write states its precondition in `WHERE` and checks the number of rows.
//! - No network call is made while a transaction is open; transactions are short.
//! - Whoever changes what is wanted of a load balancer calls [`Tx::wake`] in the same transaction.

mod error;
mod list;
mod reconciliation;
mod store;
mod tx;

pub use error::{Error, Result};
pub use list::{Direction, ListQuery, Resource, Sort, TagFilter};
pub use reconciliation::{Event, EventKind, Lease, NewEvent, Reconciliation};
pub use store::{DatabaseUrl, SchemaState, Store, Upgraded};
pub use tx::{Settlement, Tx};

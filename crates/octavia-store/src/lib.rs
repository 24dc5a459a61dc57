//! The database: upstream's schema, our `rs_` tables beside it, transactions, leases.
//!
//! SQL lives here and nowhere else; one method answers one question. The same code serves
//! SQLite and MariaDB/MySQL.
//!
//! Invariants:
//! - A write states its precondition in `WHERE` and checks the number of rows.
//! - No network call is made while a transaction is open; transactions are short.
//! - Whoever changes what is wanted of a load balancer calls [`Tx::wake`] in the same transaction.

mod amphora;
mod availability_zone;
mod availability_zone_profile;
mod children;
mod column;
mod connect;
mod counting;
mod error;
mod flavor;
mod flavor_profile;
mod health_monitor;
mod housekeeping;
mod idempotency;
mod l7policy;
mod l7rule;
mod list;
mod listener;
mod load_balancer;
mod member;
mod operating_status;
mod pickle;
mod pool;
mod quota;
mod reconciliation;
mod row;
mod schema;
mod settle;
mod statistics;
mod store;
mod tags;
mod timeline;
mod tx;
mod url;
mod vrrp_group;

pub use counting::counting;
pub use error::{Error, Result};
pub use idempotency::{Attempt, Claim, StoredAnswer};
pub use list::{Direction, ListQuery, Resource, Sort, TagFilter};
pub use reconciliation::{Lease, Reconciliation};
pub use schema::{SchemaState, Upgraded};
pub use settle::Settlement;
pub use store::Store;
pub use timeline::{Event, EventKind, NewEvent};
pub use tx::Tx;
pub use url::DatabaseUrl;

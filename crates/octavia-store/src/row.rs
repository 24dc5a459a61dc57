//! The rows of the tables, one file a table: names and types as the schema has them, and nothing else.

#![expect(unreachable_pub, reason = "the derive makes its items public")]

use chrono::NaiveDateTime;
use sea_orm::{QueryResult, TryGetError, TryGetable};

pub mod additional_vip;
pub mod amphora;
pub mod amphora_health;
pub mod amphora_member_port;
pub mod availability_zone;
pub mod availability_zone_profile;
pub mod flavor;
pub mod flavor_profile;
pub mod health_monitor;
pub mod l7policy;
pub mod l7rule;
pub mod listener;
pub mod listener_cidr;
pub mod listener_statistics;
pub mod load_balancer;
pub mod member;
pub mod pool;
pub mod quotas;
pub mod rs_events;
pub mod rs_idempotency_keys;
pub mod rs_reconciliation;
pub mod session_persistence;
pub mod sni;
pub mod tags;
pub mod vip;
pub mod vip_security_group;
pub mod vrrp_group;

/// A row that is read by the positions of its columns: names would be looked up for every row.
pub(crate) trait Row: Sized {
    /// How many columns it takes.
    const WIDTH: usize;

    /// Reads it from the columns of an answer that begin at `first`.
    fn read(row: &QueryResult, first: usize) -> Result<Self, TryGetError>;
}

macro_rules! one_column {
    ($($type:ty),*) => {
        $(impl Row for $type {
            const WIDTH: usize = 1;

            fn read(row: &QueryResult, first: usize) -> Result<Self, TryGetError> {
                Self::try_get_by_index(row, first)
            }
        })*
    };
}

one_column!(String, i32, i64, NaiveDateTime);

/// What may be missing: a null, or the row of a table that was joined from the left.
impl<R: Row> Row for Option<R> {
    const WIDTH: usize = R::WIDTH;

    fn read(row: &QueryResult, first: usize) -> Result<Self, TryGetError> {
        match R::read(row, first) {
            Ok(present) => Ok(Some(present)),
            Err(TryGetError::Null(_)) => Ok(None),
            Err(error @ TryGetError::DbErr(_)) => Err(error),
        }
    }
}

/// Side by side.
impl<A: Row, B: Row> Row for (A, B) {
    const WIDTH: usize = A::WIDTH + B::WIDTH;

    fn read(row: &QueryResult, first: usize) -> Result<Self, TryGetError> {
        Ok((A::read(row, first)?, B::read(row, first + A::WIDTH)?))
    }
}

/// Defines a table by its row, whose columns are in the order in which `Entity::find` asks.
macro_rules! table {
    (
        $(#[$of_table:meta])*
        pub struct Model {
            $($(#[$of_column:meta])* pub $column:ident: $type:ty,)*
        }
    ) => {
        #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
        $(#[$of_table])*
        pub struct Model {
            $($(#[$of_column])* pub $column: $type,)*
        }

        impl $crate::row::Row for Model {
            const WIDTH: usize = [$(stringify!($column)),*].len();

            fn read(
                row: &sea_orm::QueryResult,
                first: usize,
            ) -> Result<Self, sea_orm::TryGetError> {
                let mut columns = first..;
                $(let $column = columns.next().unwrap_or(first);)*
                Ok(Self { $($column: row.try_get_by_index_nullable($column)?,)* })
            }
        }

        #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {}

        impl ActiveModelBehavior for ActiveModel {}
    };
}
use table;

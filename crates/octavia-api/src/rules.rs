//! The rules across fields and objects, with upstream's texts.

pub(crate) mod attachments;
pub(crate) mod change;
pub(crate) mod choice;
pub(crate) mod health_monitor;
pub(crate) mod l7policy;
pub(crate) mod l7rule;
pub(crate) mod listener;
pub(crate) mod load_balancer;
pub(crate) mod member;
pub(crate) mod pool;
pub(crate) mod protocol;
pub(crate) mod quota;
pub(crate) mod references;
pub(crate) mod session_persistence;
pub(crate) mod tls;
pub(crate) mod vip;

use std::collections::BTreeSet;

use crate::error::{Error, Result};

/// Refuses a list that holds something twice, as the database would.
pub(crate) fn distinct<T: Ord>(items: &[T]) -> Result<()> {
    if items.iter().collect::<BTreeSet<_>>().len() == items.len() {
        Ok(())
    } else {
        Err(Error::already_exists())
    }
}

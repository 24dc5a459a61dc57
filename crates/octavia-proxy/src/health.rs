//! How members are asked whether they work.

mod verdict;

use std::io;
use std::sync::Arc;

use crate::shared::Shared;

/// Asks members, on a thread of its own.
pub(crate) struct Checker {
    shared: Arc<Shared>,
}

impl Checker {
    pub(crate) fn new(shared: Arc<Shared>, _seed: u64) -> io::Result<Self> {
        Ok(Self { shared })
    }

    pub(crate) fn run(self) {
        drop(self.shared);
    }
}

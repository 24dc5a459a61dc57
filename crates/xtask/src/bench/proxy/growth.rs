//! What a request costs as work grows: rows to be read beside each other.

use super::CONNECTIONS;
use super::contender::{Setup, most_connections};

/// How much there is of something.
pub(crate) struct Growth {
    pub(crate) name: String,
    pub(crate) connections: u32,
    members: usize,
    policies: usize,
}

/// Returns all that grows. The most connections are as many as both proxies have descriptors for.
pub(crate) fn rows() -> anyhow::Result<Vec<Growth>> {
    let most = most_connections()?.min(10_000);
    let connections = [1, 100, most].map(|connections| Growth {
        connections,
        ..Growth::new(format!("HTTP request, {connections} connections at once"))
    });
    let members = [10, 100, 5000].map(|members| Growth {
        members,
        ..Growth::new(format!("HTTP request, {members} members"))
    });
    let policies = [10, 100, 1000].map(|policies| Growth {
        policies,
        ..Growth::new(format!("HTTP request, {policies} policies, none for it"))
    });
    let rows = connections.into_iter().chain(members).chain(policies);
    Ok(rows.collect())
}

impl Growth {
    fn new(name: String) -> Self {
        Self {
            name,
            connections: CONNECTIONS,
            members: 2,
            policies: 0,
        }
    }

    /// Returns how long a turn is to last: so many connections take time to be made.
    pub(crate) fn seconds(&self, wanted: u32) -> u32 {
        wanted.max(self.connections / 1000)
    }

    /// Returns `setup` with as much of it.
    pub(crate) fn setup(&self, setup: Setup) -> Setup {
        Setup {
            members: self.members,
            policies: self.policies,
            ..setup
        }
    }
}

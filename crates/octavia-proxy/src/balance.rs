//! How a member is chosen. Pure: members are indices, and what is known of them is asked.

mod least_connections;
mod round_robin;
mod source;

use std::net::SocketAddr;

use octavia_amphora_api::config::Algorithm;
use uuid::Uuid;

pub(crate) use round_robin::{RoundRobin, Turn};
pub(crate) use source::{Crowd, Ranking};

/// A member that may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its place among the members of its pool.
    pub(crate) index: usize,
    /// Its id.
    pub(crate) id: Uuid,
    /// Its share, at least 1.
    pub(crate) weight: u32,
    /// How many requests or connections it serves now.
    pub(crate) active: u32,
}

/// Chooses one of `candidates` for a client; `None` only if there are none.
pub(crate) fn choose<I>(
    algorithm: Algorithm,
    turns: &mut RoundRobin,
    client: SocketAddr,
    candidates: I,
) -> Option<usize>
where
    I: Iterator<Item = Candidate> + Clone,
{
    match algorithm {
        Algorithm::RoundRobin => turns.choose(candidates),
        Algorithm::LeastConnections => turns.choose(least_connections::least(candidates)),
        Algorithm::SourceIp | Algorithm::SourceIpPort => {
            source::choose(Crowd::of(client, algorithm)?, candidates)
        }
    }
}

#[cfg(test)]
mod tests;

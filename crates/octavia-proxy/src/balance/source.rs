//! The same member for the same client: weighted rendezvous hashing.
//!
//! Clients are hashed into 65,536 crowds. Every member draws a lot for the crowd, and the best one
//! wins. A member that leaves hands its crowds to the others and moves no other client; one that
//! comes takes its share and no more. The lots are the same in every loop, process and host.
//!
//! Drawing costs what there are members, so large pools remember the [`Ranking`] of each crowd.

use std::cmp::Ordering;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use octavia_amphora_api::config::Algorithm;
use uuid::Uuid;

use super::Candidate;

/// Clients that get the same member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowd(u16);

impl Crowd {
    /// Returns the crowd of `client`, if its place is what the algorithm looks at.
    pub(crate) fn of(client: SocketAddr, algorithm: Algorithm) -> Option<Self> {
        let hash = match algorithm {
            Algorithm::RoundRobin | Algorithm::LeastConnections => return None,
            Algorithm::SourceIp => address_hash(client.ip()),
            Algorithm::SourceIpPort => address_and_port_hash(client),
        };
        Some(Self(u16::try_from(hash >> 48).unwrap_or(u16::MAX)))
    }
}

/// Chooses the member with the best lot for a crowd.
pub(super) fn choose(crowd: Crowd, candidates: impl Iterator<Item = Candidate>) -> Option<usize> {
    let lots = candidates.map(|candidate| Lot::draw(crowd, candidate));
    lots.min_by(Lot::better_first).map(|lot| lot.index)
}

/// The four members with the best lots of each crowd, drawn when its first client comes.
///
/// The best that serves among all is the best among all that serve. So one ranking is right
/// whoever is up, as long as members and weights are the same.
#[derive(Debug)]
pub(crate) struct Ranking {
    /// Four times 16 bits, the best lowest: a place in the pool plus one, or 0 for nobody. Loops
    /// that draw at once write the same.
    crowds: Box<[AtomicU64]>,
}

impl Ranking {
    /// From how many members on drawing costs more than looking up.
    const WORTHWHILE: usize = 16;

    /// Begins with nothing drawn; `None` for pools of a size that does without.
    pub(crate) fn of(members: usize) -> Option<Self> {
        let fits = members > Self::WORTHWHILE && members < usize::from(u16::MAX);
        let crowds = 0..=u16::MAX;
        fits.then(|| Self {
            crowds: crowds.map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// Returns the places of the four with the best lots of `candidates`, the best first.
    pub(crate) fn best(
        &self,
        crowd: Crowd,
        candidates: impl Iterator<Item = Candidate>,
    ) -> impl Iterator<Item = usize> {
        let entry = &self.crowds[usize::from(crowd.0)];
        let mut places = entry.load(Relaxed);
        if places == 0 {
            places = draw_all(crowd, candidates);
            entry.store(places, Relaxed);
        }
        let of_rank = move |rank: u32| usize::try_from(places >> (16 * rank) & 0xffff).ok();
        (0..4).map_while(move |rank| of_rank(rank)?.checked_sub(1))
    }
}

fn draw_all(crowd: Crowd, candidates: impl Iterator<Item = Candidate>) -> u64 {
    let mut best: Vec<Lot> = Vec::with_capacity(5);
    for lot in candidates.map(|candidate| Lot::draw(crowd, candidate)) {
        let rank = best.partition_point(|other| Lot::better_first(other, &lot).is_lt());
        best.insert(rank, lot);
        best.truncate(4);
    }
    let place = |lot: &Lot| u64::try_from(lot.index + 1).unwrap_or(0);
    best.iter()
        .rev()
        .fold(0, |places, lot| places << 16 | place(lot))
}

/// What a member drew.
struct Lot {
    value: f64,
    index: usize,
}

impl Lot {
    fn draw(crowd: Crowd, candidate: Candidate) -> Self {
        Self {
            value: lot(mix(u64::from(crowd.0)), candidate),
            index: candidate.index,
        }
    }

    /// Orders the better before the worse; of equal ones, the later member wins.
    fn better_first(one: &Self, other: &Self) -> Ordering {
        let by_value = other.value.total_cmp(&one.value);
        by_value.then(other.index.cmp(&one.index))
    }
}

/// Draws in (-inf, 0]: `ln(u) / weight` makes the chance to win proportional to the weight.
fn lot(crowd: u64, candidate: Candidate) -> f64 {
    let hash = mix(crowd ^ member_hash(candidate.id));
    // 32 bits are exact in a float, and more than enough lots.
    let high = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    let uniform = (f64::from(high) + 1.0) / 4_294_967_297.0;
    uniform.ln() / f64::from(candidate.weight)
}

/// Returns the hash of a client's address; mapped IPv4 is the same client.
fn address_hash(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => mix(u64::from(address.to_bits())),
        IpAddr::V6(address) => fold(address.to_bits()),
    }
}

/// Returns the hash of a client's address and port: one client's connections spread, and each place
/// that it calls from keeps its member.
fn address_and_port_hash(client: SocketAddr) -> u64 {
    mix(address_hash(client.ip()).wrapping_add(u64::from(client.port())))
}

fn member_hash(id: Uuid) -> u64 {
    fold(id.as_u128())
}

fn fold(bits: u128) -> u64 {
    let high = u64::try_from(bits >> 64).unwrap_or(u64::MAX);
    let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(u64::MAX);
    mix(mix(high).wrapping_add(low))
}

/// Mixes all bits into all others (the finaliser of `SplitMix64`).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

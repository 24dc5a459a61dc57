//! The same member for the same client: weighted rendezvous hashing.
//!
//! Every member draws a lot for the client, and the best one wins. A member that leaves hands its
//! clients to the others and moves no other client; one that comes takes its share and no more.
//! The lots are the same in every loop, process and host.

use std::net::{IpAddr, SocketAddr};

use uuid::Uuid;

use super::Candidate;

/// Chooses the member with the best lot for the client of this hash.
pub(super) fn choose(client: u64, candidates: impl Iterator<Item = Candidate>) -> Option<usize> {
    let lot = |candidate: Candidate| (lot(client, candidate), candidate.index);
    candidates
        .map(lot)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, index)| index)
}

/// Draws in (-inf, 0]: `ln(u) / weight` makes the chance to win proportional to the weight.
fn lot(client: u64, candidate: Candidate) -> f64 {
    let hash = mix(client ^ member_hash(candidate.id));
    // 32 bits are exact in a float, and more than enough lots.
    let high = u32::try_from(hash >> 32).unwrap_or(u32::MAX);
    let uniform = (f64::from(high) + 1.0) / 4_294_967_297.0;
    uniform.ln() / f64::from(candidate.weight)
}

/// Returns the hash of a client's address; mapped IPv4 is the same client.
pub(super) fn address_hash(client: IpAddr) -> u64 {
    match client.to_canonical() {
        IpAddr::V4(address) => mix(u64::from(address.to_bits())),
        IpAddr::V6(address) => fold(address.to_bits()),
    }
}

/// Returns the hash of a client's address and port: one client's connections spread, and each place
/// that it calls from keeps its member.
pub(super) fn address_and_port_hash(client: SocketAddr) -> u64 {
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

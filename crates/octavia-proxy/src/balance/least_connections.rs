//! The member with the fewest connections for its weight.

use super::Candidate;

/// Keeps those of `candidates` that no other has fewer connections for its weight than. At least one
/// is kept, even if other loops begin and end connections between the two looks.
pub(super) fn least<I>(candidates: I) -> impl Iterator<Item = Candidate>
where
    I: Iterator<Item = Candidate> + Clone,
{
    let least = candidates.clone().reduce(|least, candidate| {
        if load(candidate, least) < load(least, candidate) {
            candidate
        } else {
            least
        }
    });
    candidates.filter(move |candidate| {
        least.is_none_or(|least| {
            let is_least = load(*candidate, least) <= load(least, *candidate);
            is_least || candidate.index == least.index
        })
    })
}

/// Returns the load of `one`, to be compared with that of `other`: fractions without division.
fn load(one: Candidate, other: Candidate) -> u64 {
    u64::from(one.active) * u64::from(other.weight)
}

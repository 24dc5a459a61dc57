//! Smooth weighted round robin: of weights 3 and 1, `a a b a` and not `a a a b`.
//!
//! Where nearly all members can serve, a heap tells whose turn is next, so that a turn among
//! thousands costs what one among ten does. Where only some may be chosen, all of them are looked at.

mod heap;

use std::collections::HashMap;

use uuid::Uuid;

use super::Candidate;
use heap::Heap;
pub(crate) use heap::Turn;

/// Whose turn it is. A member that cannot be chosen for a while keeps its credit.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin {
    /// Of all members.
    heap: Heap,
    /// For choosing among some.
    credits: Vec<i64>,
}

/// What a member has when turns go on with other members.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    /// How long it waits for its turn, if that is known.
    wait: Option<u128>,
    credit: i64,
}

impl RoundRobin {
    /// Makes the turns of `members`, with what `before` had for those that stay.
    pub(crate) fn continued(before: &HashMap<Uuid, Standing>, members: &[Uuid]) -> Self {
        let standings = members.iter().map(|id| before.get(id));
        let wait = |standing: Option<&Standing>| standing.and_then(|standing| standing.wait);
        let credit = |standing: Option<&Standing>| standing.map_or(0, |standing| standing.credit);
        Self {
            heap: Heap::new(standings.clone().map(wait).collect()),
            credits: standings.map(credit).collect(),
        }
    }

    /// Returns what each of `members` has, for [`RoundRobin::continued`].
    pub(crate) fn standings(&self, members: &[Uuid]) -> HashMap<Uuid, Standing> {
        let standing = |(index, credit): (usize, &i64)| Standing {
            wait: self.heap.wait(index),
            credit: *credit,
        };
        let standings = self.credits.iter().enumerate().map(standing);
        members.iter().copied().zip(standings).collect()
    }

    /// Returns the member whose turn it is, of all; `turn` tells whether it takes it. `None`, and
    /// nobody has missed anything, if many would: then [`RoundRobin::choose`] looks at all.
    pub(crate) fn next(&mut self, turn: impl Fn(usize) -> Turn) -> Option<usize> {
        self.heap.next(turn)
    }

    /// Chooses the candidate whose turn it is.
    pub(crate) fn choose(&mut self, candidates: impl Iterator<Item = Candidate>) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<usize> = None;
        for candidate in candidates {
            let weight = i64::from(candidate.weight);
            total += weight;
            self.credits[candidate.index] += weight;
            let credit = self.credits[candidate.index];
            if best.is_none_or(|best| credit > self.credits[best]) {
                best = Some(candidate.index);
            }
        }
        let best = best?;
        self.credits[best] -= total;
        Some(best)
    }
}

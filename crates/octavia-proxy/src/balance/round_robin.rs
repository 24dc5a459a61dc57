//! Smooth weighted round robin: of weights 3 and 1, `a a b a` and not `a a a b`.

use std::collections::HashMap;

use uuid::Uuid;

use super::Candidate;

/// Whose turn it is. A member that cannot be chosen for a while keeps its credit.
#[derive(Debug, Default)]
pub(crate) struct RoundRobin {
    credits: Vec<i64>,
}

impl RoundRobin {
    /// Makes the turns of `members`, with what `before` had for those that stay.
    pub(crate) fn continued(before: &HashMap<Uuid, i64>, members: &[Uuid]) -> Self {
        let credit = |id| before.get(id).copied().unwrap_or(0);
        Self {
            credits: members.iter().map(credit).collect(),
        }
    }

    /// Returns the credits of `members`, for [`RoundRobin::continued`].
    pub(crate) fn credits(&self, members: &[Uuid]) -> HashMap<Uuid, i64> {
        let credits = self.credits.iter().copied();
        members.iter().copied().zip(credits).collect()
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

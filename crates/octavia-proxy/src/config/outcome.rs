//! What clients met at members, and what follows (passive health).

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use octavia_amphora_api::config::PassiveHealth;

use super::snapshot::Pool;
use super::state::MemberState;
use crate::runtime::clock::Time;

/// What a client met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A connection stood, and nothing more was to be seen.
    Connected,
    /// An answer with that status.
    Answered(u16),
    /// No connection, or no whole answer.
    Failed,
}

impl Outcome {
    fn is_failure(self, wanted: PassiveHealth) -> bool {
        match self {
            Self::Connected => false,
            Self::Answered(status) => {
                wanted.counts_answers && matches!(status, 500 | 502 | 503 | 504)
            }
            Self::Failed => true,
        }
    }
}

impl Pool {
    /// Notes what a client met at a member; tells whether the member was ejected for it.
    pub(crate) fn note(&self, member: &Arc<MemberState>, outcome: Outcome, now: Time) -> bool {
        let Some(wanted) = self.passive_health else {
            return false;
        };
        if !outcome.is_failure(wanted) {
            member.forget_failures();
            return false;
        }
        member.add_failure() >= wanted.failures && self.eject(member, wanted, now)
    }

    /// Ejects a member, unless too few would be left.
    fn eject(&self, member: &Arc<MemberState>, wanted: PassiveHealth, now: Time) -> bool {
        // One at a time, whichever loop comes: else two could each count on the other's member.
        let _turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let serving = |member: &&_| self.takes_traffic(member, now);
        let left = self
            .members
            .iter()
            .filter(serving)
            .count()
            .saturating_sub(1);
        if member.is_ejected(now) || left < self.floor(wanted) {
            return false;
        }
        member.forget_failures();
        let time = Duration::from_millis(wanted.ejection_ms);
        member.ejected_until.set(now.after(time));
        let (id, failures) = (member.id, wanted.failures);
        tracing::warn!(
            member.id = %id,
            "member {id} is left alone for {time:?}: {failures} failures in a row"
        );
        true
    }

    /// Returns how many members stay, whatever they do.
    fn floor(&self, wanted: PassiveHealth) -> usize {
        let meant = |member: &&super::snapshot::Member| member.enabled && member.weight > 0;
        let all = self.members.iter().filter(meant).count();
        (all * usize::from(wanted.floor_percent.min(100)))
            .div_ceil(100)
            .max(1)
    }
}

#[cfg(test)]
mod tests;

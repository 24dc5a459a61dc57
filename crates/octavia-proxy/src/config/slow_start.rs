//! Shares that grow: a member that comes, or comes back, is not given its full share at once.

use std::collections::HashSet;

use octavia_amphora_api::config::Algorithm;

use super::snapshot::{Member, Pool};
use crate::runtime::clock::Time;

/// What a weight of 1 counts where shares grow slowly.
const SCALE: u32 = 100;

/// Returns what a weight of 1 counts among `members`.
pub(super) fn scale(members: &[Member]) -> u32 {
    let is_slow = members.iter().any(|member| member.slow_start.is_some());
    if is_slow { SCALE } else { 1 }
}

/// Lets those of `members` begin that did not serve `before`.
pub(super) fn begin(members: &[Member], before: &Pool, now: Time) {
    let mut growing = members
        .iter()
        .filter(|member| member.slow_start.is_some() && member.enabled)
        .peekable();
    if growing.peek().is_none() {
        return;
    }
    let served = before.members.iter().filter(|member| member.enabled);
    let served: HashSet<_> = served.map(|member| member.state.slot).collect();
    let new = growing.filter(|member| !served.contains(&member.state.slot));
    new.for_each(|member| member.state.since.set(now));
}

impl Pool {
    /// Returns the present share of `member` in percent of what it will be.
    pub(crate) fn grown_percent(&self, member: &Member, now: Time) -> u32 {
        let full = u32::from(member.weight) * self.scale;
        let share = self.share(member, now) * 100;
        share.checked_div(full).unwrap_or(100)
    }

    /// Returns the present share of `member`, at least 1. Clients that belong to a member by their
    /// address do not move as it grows, so that it has its full share at once, as in HAProxy.
    pub(super) fn share(&self, member: &Member, now: Time) -> u32 {
        let full = u32::from(member.weight) * self.scale;
        let by_address = matches!(
            self.algorithm,
            Algorithm::SourceIp | Algorithm::SourceIpPort
        );
        let Some(whole) = member.slow_start.filter(|_| !by_address) else {
            return full;
        };
        let state = &member.state;
        let began = state.since.get().max(state.ejected_until.get());
        let passed = began.map(|began| now.since(began));
        let Some(passed) = passed.filter(|passed| *passed < whole) else {
            return full;
        };
        let grown = u128::from(full) * passed.as_micros() / whole.as_micros().max(1);
        u32::try_from(grown).unwrap_or(full).max(1)
    }
}

//! How much of what costs us more than the peer it may send.

use crate::runtime::clock::Time;

/// An allowance that comes back with time, and with useful work.
#[derive(Debug)]
pub(super) struct Budget {
    most: u32,
    per_second: u32,
    left: u32,
    counted_at: Time,
}

impl Budget {
    /// Makes a full budget.
    pub(super) fn new(most: u32, per_second: u32, now: Time) -> Self {
        Self {
            most,
            per_second,
            left: most,
            counted_at: now,
        }
    }

    /// Spends one; tells whether there was one.
    #[must_use]
    pub(super) fn spend(&mut self, now: Time) -> bool {
        if self.left < self.most / 2 {
            let seconds = now.since(self.counted_at).as_secs();
            if seconds > 0 {
                let back = u64::from(self.per_second).saturating_mul(seconds);
                self.earn(u32::try_from(back).unwrap_or(u32::MAX));
                self.counted_at = now;
            }
        }
        let has_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_left
    }

    /// Gives back what useful work is worth.
    pub(super) fn earn(&mut self, count: u32) {
        self.left = self.left.saturating_add(count).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Budget;
    use crate::runtime::clock::Time;

    #[test]
    fn what_is_spent_comes_back_with_time_and_work() {
        let start = Time::now();
        let mut budget = Budget::new(2, 1, start);
        assert_eq!([0; 3].map(|_| budget.spend(start)), [true, true, false]);
        budget.earn(1);
        assert_eq!([0; 2].map(|_| budget.spend(start)), [true, false]);
        let later = start.after(Duration::from_mins(1));
        assert_eq!([0; 3].map(|_| budget.spend(later)), [true, true, false]);
    }
}

use chrono::{DateTime, Utc};

/// Limits how many failovers begin: a bucket of tokens that fills slowly.
#[derive(Debug)]
pub(super) struct Budget {
    capacity: u32,
    per_minute: u32,
    tokens: f64,
    filled_at: DateTime<Utc>,
}

impl Budget {
    /// Makes a full bucket.
    pub(super) fn new(capacity: u32, per_minute: u32, now: DateTime<Utc>) -> Self {
        Self {
            capacity,
            per_minute,
            tokens: f64::from(capacity),
            filled_at: now,
        }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&mut self, now: DateTime<Utc>) -> bool {
        let seconds = (now - self.filled_at).as_seconds_f64().max(0.0);
        let filled = self.tokens + seconds * f64::from(self.per_minute) / 60.0;
        self.tokens = filled.min(f64::from(self.capacity));
        self.filled_at = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_empty_budget_fills_with_time_and_never_over_its_capacity() {
        let start = DateTime::UNIX_EPOCH;
        let mut budget = Budget::new(2, 6, start);
        assert!(budget.take(start) && budget.take(start));
        assert!(!budget.take(start + TimeDelta::seconds(9)));
        assert!(budget.take(start + TimeDelta::seconds(11)));
        let later = start + TimeDelta::hours(1);
        assert!(budget.take(later) && budget.take(later));
        assert!(!budget.take(later));
    }
}

//! How many a second, now and at most: looked at once a second, while somebody asks.

use std::time::Duration;

use super::Counter;

/// What has a pace.
#[derive(Debug, Default)]
pub(crate) struct Paces {
    /// Connections of listeners; requests, connections and flows of pools and members.
    pub(crate) sessions: Pace,
    /// What members of a pool serve at once, in place of a pace.
    pub(crate) active: Pace,
    /// HTTP requests.
    pub(crate) requests: Pace,
    /// TLS handshakes that succeeded.
    pub(crate) handshakes: Pace,
    /// Of them, those that needed a private key.
    pub(crate) keys: Pace,
}

/// A counter's pace. One thread measures it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    counted: Counter,
    /// How often it was looked at.
    looks: Counter,
    current: Counter,
    most: Counter,
}

impl Pace {
    /// Takes a look at the counter, `passed` after the last one. The first look finds no pace: what
    /// it finds was counted nobody knows when, perhaps by an earlier process.
    pub(crate) fn measure(&self, count: u64, passed: Duration) {
        let more = u128::from(count.saturating_sub(self.counted.get()));
        self.counted.set(count);
        self.looks.add(1);
        if self.looks.get() == 1 {
            return;
        }
        let a_second = more * 1_000_000 / passed.as_micros().max(1);
        self.set(u64::try_from(a_second).unwrap_or(u64::MAX));
    }

    /// Sets the present pace.
    pub(crate) fn set(&self, a_second: u64) {
        self.current.set(a_second);
        self.most.set(self.most.get().max(a_second));
    }

    /// Returns the present pace.
    pub(crate) fn current(&self) -> u64 {
        self.current.get()
    }

    /// Returns the highest pace so far.
    pub(crate) fn most(&self) -> u64 {
        self.most.get()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    #[test]
    fn a_pace_is_what_came_since_the_last_look() {
        let pace = Pace::default();
        let looks = [
            (900, 1000),
            (1000, 1000),
            (1000, 1000),
            (1050, 500),
            (1060, 2000),
        ];
        let found = looks.map(|(count, millis)| {
            pace.measure(count, Duration::from_millis(millis));
            (pace.current(), pace.most())
        });
        assert_eq!(found, [(0, 0), (100, 100), (0, 100), (100, 100), (5, 100)]);
    }
}

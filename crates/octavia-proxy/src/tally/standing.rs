use std::time::Duration;

use super::Counter;
use crate::runtime::clock::Time;

/// Whether something is down, since when, and how often it was; looked at once a second. One thread
/// looks.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// 1 while it is down.
    down: Counter,
    /// How often it went down.
    falls: Counter,
    /// The microsecond of its latest change; 0 before the first.
    changed: Counter,
    /// The microseconds that it was down, until its latest change.
    downtime: Counter,
}

impl Standing {
    /// Takes a look.
    pub(crate) fn look(&self, is_down: bool, now: Time) {
        if (self.down.get() == 1) == is_down {
            return;
        }
        if is_down {
            self.falls.add(1);
        } else {
            self.downtime
                .add(now.micros().saturating_sub(self.changed.get()));
        }
        self.down.set(u64::from(is_down));
        self.changed.set(now.micros());
    }

    /// Returns how often it went down.
    pub(crate) fn falls(&self) -> u64 {
        self.falls.get()
    }

    /// Returns how long ago it went up or down; nothing before the first time.
    pub(crate) fn age(&self, now: Time) -> Duration {
        let changed = self.changed.get();
        if changed == 0 {
            return Duration::ZERO;
        }
        Duration::from_micros(now.micros().saturating_sub(changed))
    }

    /// Returns how long it was down in all.
    pub(crate) fn downtime(&self, now: Time) -> Duration {
        let present = if self.down.get() == 1 {
            self.age(now)
        } else {
            Duration::ZERO
        };
        Duration::from_micros(self.downtime.get()) + present
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Standing;
    use crate::runtime::clock::Time;

    #[test]
    fn time_down_adds_up() {
        let (standing, start) = (Standing::default(), Time::now());
        let at = |seconds| start.after(Duration::from_secs(seconds));
        for (is_down, seconds) in [(false, 0), (true, 1), (true, 3), (false, 6), (true, 10)] {
            standing.look(is_down, at(seconds));
        }
        assert_eq!(standing.falls(), 2);
        assert_eq!(standing.age(at(12)), Duration::from_secs(2));
        assert_eq!(standing.downtime(at(12)), Duration::from_secs(7));
    }
}

//! How the proxy does, as far as the pair is concerned.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::data_plane::DataPlane;

/// How long the proxy may take to tell its state.
const LIMIT: Duration = Duration::from_secs(1);

/// Looks at the proxy again and again, and counts.
pub(super) struct Check {
    data_plane: Arc<dyn DataPlane>,
    interval: Duration,
    tally: Tally,
    next: Instant,
}

/// Good and bad looks in a row. Pure.
#[derive(Debug)]
struct Tally {
    fall: u32,
    rise: u32,
    is_well: bool,
    against: u32,
}

impl Check {
    /// Makes one that takes the proxy for well until it looks otherwise.
    pub(super) fn new(
        data_plane: Arc<dyn DataPlane>,
        interval: Duration,
        (fall, rise): (u32, u32),
    ) -> Self {
        Self {
            data_plane,
            interval,
            tally: Tally {
                fall,
                rise,
                is_well: true,
                against: 0,
            },
            next: Instant::now() + interval,
        }
    }

    /// Waits for the next look, and tells whether the proxy counts as well after it. Dropped half
    /// way, it looks again.
    pub(super) async fn next(&mut self) -> bool {
        sleep_until(self.next).await;
        let data_plane = Arc::clone(&self.data_plane);
        let looking = tokio::task::spawn_blocking(move || data_plane.report());
        let is_good = matches!(tokio::time::timeout(LIMIT, looking).await, Ok(Ok(_)));
        self.next = Instant::now() + self.interval;
        self.tally.count(is_good)
    }
}

impl Tally {
    fn count(&mut self, is_good: bool) -> bool {
        if is_good == self.is_well {
            self.against = 0;
            return self.is_well;
        }
        self.against += 1;
        let enough = if self.is_well { self.fall } else { self.rise };
        if self.against >= enough {
            self.is_well = is_good;
            self.against = 0;
        }
        self.is_well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_so_many_looks_in_a_row_either_way() {
        let mut tally = Tally {
            fall: 2,
            rise: 3,
            is_well: true,
            against: 0,
        };
        let looks = [
            false, true, false, false, true, true, false, true, true, true,
        ];
        let verdicts = looks.map(|is_good| tally.count(is_good));
        let expected = [
            true, true, true, false, false, false, false, false, false, true,
        ];
        assert_eq!(verdicts, expected);
    }
}

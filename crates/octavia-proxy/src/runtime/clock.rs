//! The monotonic clock, read once a turn of a loop and handed on as a value.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the microseconds since 1970, for people to read.
pub(crate) fn wall_micros() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000
}

/// A moment of the monotonic clock, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Time(u64);

impl Time {
    /// A moment that never comes.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    /// Reads the clock.
    pub(crate) fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or(0);
        Self(seconds * 1_000_000 + nanoseconds / 1_000)
    }

    /// Returns the moment so many microseconds after the clock began.
    pub(crate) fn of_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the clock began.
    pub(crate) fn micros(self) -> u64 {
        self.0
    }

    /// Returns the nanoseconds since the clock began.
    pub(crate) fn nanos(self) -> u64 {
        self.0.saturating_mul(1_000)
    }

    /// Returns the moment `duration` later.
    pub(crate) fn after(self, duration: Duration) -> Self {
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(microseconds))
    }

    /// Returns the time passed since `earlier`; zero if that is not earlier.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// A moment that loops share, if it came.
#[derive(Debug, Default)]
pub(crate) struct AtomicTime(AtomicU64);

impl AtomicTime {
    /// Returns it.
    pub(crate) fn get(&self) -> Option<Time> {
        let time = self.0.load(Relaxed);
        (time > 0).then_some(Time(time))
    }

    /// Sets it.
    pub(crate) fn set(&self, time: Time) {
        self.0.store(time.0, Relaxed);
    }
}

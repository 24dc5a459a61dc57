//! When to look at a connection again.
//!
//! A deadline moves with every byte, so it is kept in the connection and the heap is touched only
//! when it moves *forward in the queue*. An entry that comes up too early is put back at the
//! deadline it finds. The first entry of a connection comes up after at most a second: those of
//! short connections then leave the heap soon after them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::clock::Time;
use crate::limits;

/// The deadline of one connection, kept by its owner.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    deadline: Time,
    armed: Time,
}

impl Default for Timer {
    fn default() -> Self {
        Self {
            deadline: Time::NEVER,
            armed: Time::NEVER,
        }
    }
}

/// What a deadline that came up means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The deadline has passed.
    Expired,
    /// It is later, or was replaced.
    NotYet,
}

/// The queue of a loop.
#[derive(Default)]
pub(crate) struct Deadlines {
    heap: BinaryHeap<Reverse<(Time, u64)>>,
}

impl Deadlines {
    /// Sets the deadline of what `token` names.
    pub(crate) fn set(&mut self, timer: &mut Timer, token: u64, at: Time, now: Time) {
        timer.deadline = at;
        if at >= timer.armed {
            return;
        }
        let first = timer.armed == Time::NEVER;
        timer.armed = if first {
            at.min(now.after(limits::FIRST_LOOK))
        } else {
            at
        };
        self.heap.push(Reverse((timer.armed, token)));
    }

    /// Takes the next token whose time has come.
    pub(crate) fn next(&mut self, now: Time) -> Option<(Time, u64)> {
        let Reverse((at, _)) = *self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }

    /// Tells what it means that the entry of `timer` at `at` came up.
    pub(crate) fn check(&mut self, timer: &mut Timer, entry: (Time, u64), now: Time) -> Due {
        let (at, token) = entry;
        if timer.armed != at {
            return Due::NotYet;
        }
        timer.armed = Time::NEVER;
        if timer.deadline <= now {
            return Due::Expired;
        }
        if timer.deadline != Time::NEVER {
            timer.armed = timer.deadline;
            self.heap.push(Reverse((timer.armed, token)));
        }
        Due::NotYet
    }

    /// Returns how long nothing is due.
    pub(crate) fn wait(&self, now: Time) -> Option<Duration> {
        let Reverse((at, _)) = self.heap.peek()?;
        // A microsecond more, so that the clock has passed the moment when the wait ends.
        Some(at.since(now) + Duration::from_micros(1))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Deadlines, Due, Timer};
    use crate::runtime::clock::Time;

    #[test]
    fn a_deadline_that_moved_on_is_not_due() {
        let start = Time::now();
        let second = Duration::from_secs(1);
        let mut deadlines = Deadlines::default();
        let mut timer = Timer::default();
        deadlines.set(&mut timer, 7, start.after(second), start);
        deadlines.set(&mut timer, 7, start.after(3 * second), start);
        let soon = start.after(second);
        let entry = deadlines.next(soon).expect("the first entry");
        assert_eq!(deadlines.check(&mut timer, entry, soon), Due::NotYet);
        assert_eq!(deadlines.next(start.after(2 * second)), None);
        let late = start.after(3 * second);
        let entry = deadlines.next(late).expect("the entry that was put back");
        assert_eq!(deadlines.check(&mut timer, entry, late), Due::Expired);
    }

    #[test]
    fn an_earlier_deadline_overtakes_a_later_one() {
        let start = Time::now();
        let second = Duration::from_secs(1);
        let mut deadlines = Deadlines::default();
        let mut timer = Timer::default();
        deadlines.set(&mut timer, 7, start.after(50 * second), start);
        deadlines.set(&mut timer, 7, start.after(second / 2), start);
        let soon = start.after(second / 2);
        let entry = deadlines.next(soon).expect("the earlier entry");
        assert_eq!(deadlines.check(&mut timer, entry, soon), Due::Expired);
        let entry = deadlines.next(start.after(second)).expect("the stale one");
        assert_eq!(deadlines.check(&mut timer, entry, soon), Due::NotYet);
    }
}

//! Turns by the clock: each member has a moment of its next turn, and the earliest is next.
//!
//! The moment goes on by 1/weight with every turn. The first comes after half of that, which is what
//! makes the order smooth.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How far a turn at weight 1 is from the next. Wide enough that no share is rounded noticeably, and
/// 128 bits hold more turns than a process lives for.
const LAP: u128 = 1 << 40;

/// How many members may miss their turn before it is given up.
const MISSES: usize = 32;

/// What a member does when it is its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It serves, with this weight, at least 1.
    Takes(u32),
    /// It cannot serve now; the next turn at this weight, at least 1, is its next chance.
    Misses(u32),
}

/// The moments of all members.
#[derive(Debug, Default)]
pub(super) struct Heap {
    /// When each member's next turn is; unknown before its weight is.
    moments: Vec<Option<u128>>,
    /// An entry for each member, at its moment or, where that is unknown, earlier.
    entries: BinaryHeap<Reverse<(u128, usize)>>,
    /// The moment of the latest turn.
    now: u128,
}

impl Heap {
    /// Makes the turns of members that wait so long, if that is known.
    pub(super) fn new(moments: Vec<Option<u128>>) -> Self {
        Self {
            entries: entries(&moments),
            moments,
            now: 0,
        }
    }

    /// Returns how long a member waits for its turn, if that is known.
    pub(super) fn wait(&self, index: usize) -> Option<u128> {
        let moment = self.moments.get(index)?.as_ref()?;
        Some(moment.saturating_sub(self.now))
    }

    /// Returns the member whose turn it is; `turn` tells whether it takes it. `None`, and nobody has
    /// missed anything, if many would.
    pub(super) fn next(&mut self, turn: impl Fn(usize) -> Turn) -> Option<usize> {
        let before = self.now;
        let mut missed = Vec::new();
        while missed.len() < MISSES {
            let mut first = self.entries.peek_mut()?;
            let Reverse((entered, index)) = *first;
            let turn = turn(index);
            let (Turn::Takes(weight) | Turn::Misses(weight)) = turn;
            let stride = LAP / u128::from(weight.max(1));
            let moment = *self.moments[index].get_or_insert(self.now + stride / 2);
            if moment > entered {
                *first = Reverse((moment, index));
                continue;
            }
            self.now = moment;
            self.moments[index] = Some(moment + stride);
            *first = Reverse((moment + stride, index));
            if let Turn::Takes(_) = turn {
                return Some(index);
            }
            missed.push((index, moment));
        }
        self.take_back(before, missed);
        None
    }

    fn take_back(&mut self, now: u128, missed: Vec<(usize, u128)>) {
        self.now = now;
        for (index, moment) in missed.into_iter().rev() {
            self.moments[index] = Some(moment);
        }
        self.entries = entries(&self.moments);
    }
}

fn entries(moments: &[Option<u128>]) -> BinaryHeap<Reverse<(u128, usize)>> {
    let moments = moments.iter().enumerate();
    moments
        .map(|(index, moment)| Reverse((moment.unwrap_or(0), index)))
        .collect()
}

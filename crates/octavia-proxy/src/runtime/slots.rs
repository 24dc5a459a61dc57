//! Connections by index, checked by generation.
//!
//! The kernel may still deliver an event for a descriptor that was closed in the same turn; the
//! generation in its token tells that the slot has another owner by now.

use slab::Slab;

/// Names one occupant of a slot; never another one, while fewer than 2^29 follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    index: u32,
    generation: u32,
}

const GENERATIONS: u32 = (1 << 29) - 1;

impl Key {
    /// Packs the key and three bits of `kind` into the data of an epoll registration.
    pub(crate) fn token(self, kind: u8) -> u64 {
        u64::from(kind & 7) << 61 | u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// Unpacks what [`Key::token`] packed.
    pub(crate) fn from_token(token: u64) -> (u8, Self) {
        let index = u32::try_from(token & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let generation = u32::try_from(token >> 32 & u64::from(GENERATIONS)).unwrap_or(0);
        let kind = u8::try_from(token >> 61).unwrap_or(0);
        (kind, Self { index, generation })
    }
}

struct Entry<T> {
    generation: u32,
    value: T,
}

/// A slab whose keys do not outlive their values.
pub(crate) struct Slots<T> {
    entries: Slab<Entry<T>>,
    next: u32,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            entries: Slab::new(),
            next: 0,
        }
    }
}

impl<T> Slots<T> {
    /// Adds what `make` makes of its own key.
    pub(crate) fn insert(&mut self, make: impl FnOnce(Key) -> T) -> Key {
        let entry = self.entries.vacant_entry();
        let generation = self.next;
        self.next = (self.next + 1) & GENERATIONS;
        let index = u32::try_from(entry.key()).expect("a process has fewer than 2^32 descriptors");
        let key = Key { index, generation };
        entry.insert(Entry {
            generation,
            value: make(key),
        });
        key
    }

    /// Returns what `key` names, if it is still there.
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let entry = self.entries.get_mut(key.index as usize)?;
        (entry.generation == key.generation).then_some(&mut entry.value)
    }

    /// Takes out what `key` names.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.get_mut(key)?;
        Some(self.entries.remove(key.index as usize).value)
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns those in `count` slots from `start` on, which begins anew behind the last slot.
    pub(crate) fn near(&self, start: usize, count: usize) -> impl Iterator<Item = (Key, &T)> {
        let slots = self.entries.capacity().max(1);
        let at = move |offset| (start + offset) % slots;
        (0..count.min(slots)).filter_map(move |offset| {
            let entry = self.entries.get(at(offset))?;
            let key = Key {
                index: u32::try_from(at(offset)).unwrap_or(u32::MAX),
                generation: entry.generation,
            };
            Some((key, &entry.value))
        })
    }

    /// Returns the keys of all there are.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let key = |(index, entry): (usize, &Entry<T>)| Key {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            generation: entry.generation,
        };
        self.entries.iter().map(key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Key, Slots};

    #[test]
    fn a_key_does_not_open_the_slot_of_its_successor() {
        let mut slots = Slots::default();
        let first = slots.insert(|_| 'a');
        assert_eq!(slots.remove(first), Some('a'));
        let second = slots.insert(|_| 'b');
        assert_eq!(first.index, second.index);
        assert_eq!(slots.get_mut(first), None);
        assert_eq!(slots.remove(first), None);
        assert_eq!(slots.get_mut(second), Some(&mut 'b'));
    }

    #[test]
    fn a_token_gives_back_kind_and_key() {
        let key = Key {
            index: 77,
            generation: (1 << 29) - 1,
        };
        assert_eq!(Key::from_token(key.token(7)), (7, key));
    }
}

//! Who was served by whom, for the latest clients.
//!
//! Two generations of a bounded size: who is seen is young; when there are too many young ones, they
//! grow old, and those who were old and not seen since are forgotten. So at least the latest
//! [`limits::STICKY_CLIENTS`] are known, and never more than twice as many.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::limits;

/// Members by what a client shows, shared by all loops.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Box<[u8]>, Uuid>,
    old: HashMap<Box<[u8]>, Uuid>,
}

impl Table {
    /// Returns the member that `key` leads to.
    pub(super) fn find(&self, key: &[u8]) -> Option<Uuid> {
        let key = cut(key);
        let mut generations = self.lock();
        if let Some(member) = generations.young.get(key) {
            return Some(*member);
        }
        let (key, member) = generations.old.remove_entry(key)?;
        generations.add(key, member);
        Some(member)
    }

    /// Lets `key` lead to `member`.
    pub(super) fn store(&self, key: &[u8], member: Uuid) {
        let key = cut(key);
        if key.is_empty() {
            return;
        }
        let mut generations = self.lock();
        match generations.young.get_mut(key) {
            Some(known) => *known = member,
            None => generations.add(key.into(), member),
        }
    }

    /// Returns everybody who is known.
    pub(super) fn known(&self) -> Vec<(Box<[u8]>, Uuid)> {
        let generations = self.lock();
        let known = generations.old.iter().chain(&generations.young);
        known.map(|(key, member)| (key.clone(), *member)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn add(&mut self, key: Box<[u8]>, member: Uuid) {
        if self.young.len() >= limits::STICKY_CLIENTS {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, member);
    }
}

/// Nobody makes us remember more than this of a cookie.
fn cut(key: &[u8]) -> &[u8] {
    &key[..key.len().min(limits::STICKY_KEY_BYTES)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::Table;
    use crate::limits;

    const SIZE: u32 = 10 * 1024;

    fn member(number: u32) -> Uuid {
        Uuid::from_u128(u128::from(number))
    }

    #[test]
    fn the_latest_are_known_and_memory_is_bounded() {
        let table = Table::default();
        for number in 0..3 * SIZE {
            table.store(&number.to_be_bytes(), member(number));
        }
        for number in 2 * SIZE..3 * SIZE {
            assert_eq!(table.find(&number.to_be_bytes()), Some(member(number)));
        }
        assert_eq!(table.find(&0_u32.to_be_bytes()), None);
        let generations = table.lock();
        let count = generations.young.len() + generations.old.len();
        assert!(count <= 2 * limits::STICKY_CLIENTS, "{count}");
    }

    #[test]
    fn a_client_that_is_seen_is_not_forgotten() {
        let table = Table::default();
        table.store(b"regular", member(1));
        for number in 0..5 * SIZE {
            table.store(&number.to_be_bytes(), member(2));
            assert_eq!(table.find(b"regular"), Some(member(1)));
        }
    }

    #[test]
    fn only_the_start_of_a_long_cookie_counts() {
        let table = Table::default();
        table.store(&[b'x'; 100], member(1));
        assert_eq!(table.find(&[b'x'; 64]), Some(member(1)));
        assert_eq!(table.find(&[b'x'; 63]), None);
    }

    #[test]
    fn an_empty_cookie_is_none() {
        let table = Table::default();
        table.store(b"", member(1));
        assert_eq!(table.find(b""), None);
    }

    proptest! {
        #[test]
        fn what_was_stored_last_is_found(entries in prop::collection::vec((0_u8..20, 0_u32..5), 1..60)) {
            let table = Table::default();
            let mut expected = std::collections::HashMap::new();
            for (key, number) in entries {
                table.store(&[key], member(number));
                expected.insert(key, member(number));
                for key in 0..20 {
                    prop_assert_eq!(table.find(&[key]), expected.get(&key).copied());
                }
            }
        }
    }
}

//! The dynamic table (RFC 7541 section 2.3.2): the latest fields, within a size.

use std::collections::VecDeque;

/// What the RFC counts for an entry beside its text.
const OVERHEAD: usize = 32;

#[derive(Debug)]
struct Entry {
    text: Box<[u8]>,
    name_length: usize,
}

/// The latest fields, the newest first.
#[derive(Debug)]
pub(super) struct Dynamic {
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
}

impl Dynamic {
    /// Makes an empty table that holds at most `limit` bytes, as the RFC counts them.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            limit,
        }
    }

    /// Returns name and value of an entry.
    pub(super) fn get(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let entry = self.entries.get(index)?;
        Some(entry.text.split_at(entry.name_length))
    }

    /// Adds a field; what does not fit any more leaves, and one that never fits empties the table.
    pub(super) fn add(&mut self, name: &[u8], value: &[u8]) {
        // The name may be that of an entry which leaves now: it is copied first.
        let size = name.len() + value.len() + OVERHEAD;
        if size > self.limit {
            return self.shrink(0);
        }
        let text = [name, value].concat().into_boxed_slice();
        self.insert(Entry {
            text,
            name_length: name.len(),
        });
    }

    /// Adds a field that has the name of entry `index`.
    pub(super) fn add_named_like(&mut self, index: usize, value: &[u8]) {
        let Some((name, _)) = self.get(index) else {
            return;
        };
        let size = name.len() + value.len() + OVERHEAD;
        let entry = Entry {
            text: [name, value].concat().into_boxed_slice(),
            name_length: name.len(),
        };
        if size > self.limit {
            return self.shrink(0);
        }
        self.insert(entry);
    }

    fn insert(&mut self, entry: Entry) {
        let size = entry.text.len() + OVERHEAD;
        self.shrink(self.limit - size);
        self.size += size;
        self.entries.push_front(entry);
    }

    /// Sets how much it holds.
    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
        self.shrink(limit);
    }

    fn shrink(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.entries.pop_back() else {
                return;
            };
            self.size -= oldest.text.len() + OVERHEAD;
        }
    }
}

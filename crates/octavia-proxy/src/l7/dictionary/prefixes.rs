/// Which of many values a text begins with: a sorted table, in which each value knows the longest
/// other one that it begins with itself.
///
/// Whatever begins a text stands before it in the order, and everything between the two begins with
/// it as well. So all of it lies on the way from the text's place in the order up through those
/// links.
#[derive(Debug, Default)]
pub(super) struct Prefixes(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    value: Vec<u8>,
    condition: usize,
    shorter: Option<usize>,
}

impl Prefixes {
    /// Sorts values, each with the number of its condition.
    pub(super) fn of(mut values: Vec<(Vec<u8>, usize)>) -> Self {
        values.sort();
        let mut entries: Vec<Entry> = Vec::with_capacity(values.len());
        for (value, condition) in values {
            let mut shorter = entries.len().checked_sub(1);
            while let Some(at) = shorter.filter(|at| !value.starts_with(&entries[*at].value)) {
                shorter = entries[at].shorter;
            }
            entries.push(Entry {
                value,
                condition,
                shorter,
            });
        }
        Self(entries)
    }

    /// Tells `found` the conditions of the values that `text` begins with.
    pub(super) fn find<'a, I>(&self, text: impl Fn() -> I, mut found: impl FnMut(usize))
    where
        I: Iterator<Item = &'a u8>,
    {
        let before = |entry: &Entry| entry.value.iter().le(text());
        let mut next = self.0.partition_point(before).checked_sub(1);
        let mut begins = false;
        while let Some(entry) = next.map(|at| &self.0[at]) {
            let mut text = text();
            begins = begins || entry.value.iter().all(|byte| text.next() == Some(byte));
            if begins {
                found(entry.condition);
            }
            next = entry.shorter;
        }
    }
}

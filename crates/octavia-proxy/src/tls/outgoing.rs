/// Records on their way out, in space that is kept: it is never cleared, and grows to what was
/// needed most.
#[derive(Default)]
pub(crate) struct Outgoing {
    space: Vec<u8>,
    filled: usize,
}

impl Outgoing {
    /// Forgets what is there.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Returns what is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.space[..self.filled]
    }

    /// Appends bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        if self.space.len() < end {
            self.space.resize(end, 0);
        }
        self.space[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }

    /// Appends what `write` writes. It gets at least `expected` bytes of space, and is called again
    /// if it returns how many it needs.
    pub(super) fn append<E>(
        &mut self,
        expected: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, Short<E>>,
    ) -> Result<(), E> {
        let mut needed = expected;
        loop {
            let end = self.filled + needed;
            if self.space.len() < end {
                self.space.resize(end, 0);
            }
            match write(&mut self.space[self.filled..]) {
                Ok(count) => {
                    self.filled += count;
                    return Ok(());
                }
                Err(Short::Needs(size)) => needed = size,
                Err(Short::Failed(error)) => return Err(error),
            }
        }
    }
}

/// Why nothing was written.
pub(super) enum Short<E> {
    /// There is too little space: so many bytes are needed.
    Needs(usize),
    /// It cannot be written at all.
    Failed(E),
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Outgoing, Short};

    #[test]
    fn space_grows_to_what_is_needed() {
        let mut out = Outgoing::default();
        for (expected, text) in [(1, "first"), (9, " and second")] {
            let Ok(()) = out.append(expected, |free| match free.get_mut(..text.len()) {
                Some(free) => {
                    free.copy_from_slice(text.as_bytes());
                    Ok(text.len())
                }
                None => Err(Short::<Infallible>::Needs(text.len())),
            });
        }
        assert_eq!(out.bytes(), b"first and second");
        out.clear();
        assert_eq!(out.bytes(), b"");
    }
}

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering as AtomicOrdering};

use uuid::Uuid;

/// The id of a `T`: a UUID that cannot be mistaken for the id of something else.
///
/// It is written as upstream stores it: lower case, with dashes.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

impl<T> Id<T> {
    /// Wraps a UUID that is known to name a `T`.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self {
            uuid,
            of: PhantomData,
        }
    }

    /// Returns the UUID.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }

    /// The id of the placeholder that upstream points deleted load balancers to, where a flavor or
    /// zone they had is removed. The row exists, but nobody is shown it.
    pub const PLACEHOLDER: Self = Self::from_uuid(Uuid::nil());

    /// Makes an id that nothing has yet.
    pub fn new(ids: &dyn IdSource) -> Self {
        Self::from_uuid(ids.next())
    }
}

/// A text that is not a UUID.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a UUID")]
pub struct NotAnId(pub String);

impl<T> FromStr for Id<T> {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Uuid::try_parse(text)
            .map(Self::from_uuid)
            .map_err(|_| NotAnId(text.to_owned()))
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}

/// Where new ids come from: chance in production, a sequence in tests.
pub trait IdSource: Send + Sync {
    /// Returns a UUID that was not returned before.
    fn next(&self) -> Uuid;
}

/// Random (version 4) ids.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where ids are drawn by chance"
    )]
    fn next(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Ids that count up, for tests: `00000000-0000-4000-8000-000000000001`, `...2`.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn next(&self) -> Uuid {
        let n = self.0.fetch_add(1, AtomicOrdering::Relaxed) + 1;
        Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 | u128::from(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_lower_case_with_dashes() {
        let id: Id<()> = "A3A300000000400080000000000000AB".parse().unwrap();
        assert_eq!(id.to_string(), "a3a30000-0000-4000-8000-0000000000ab");
    }

    #[test]
    fn sequential_ids_count_up() {
        let ids = SequentialIds::default();
        assert_eq!(
            Id::<()>::new(&ids).to_string(),
            "00000000-0000-4000-8000-000000000001"
        );
        assert_ne!(
            Id::<()>::new(&ids),
            Id::<()>::new(&SequentialIds::default())
        );
    }
}

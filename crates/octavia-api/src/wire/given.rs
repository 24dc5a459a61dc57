use crate::error::{Error, Result};

/// What a request says of a field: nothing, null, or a value. An update needs all three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Given<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there, with null.
    Null,
    /// The key is there, with a value.
    Value(T),
}

impl<T> Given<T> {
    /// Returns the value; null counts as absent.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns a reference to the value; null counts as absent.
    pub(crate) const fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value of a field of a create call that has no use for null: its name is said.
    pub(crate) fn not_null(self, field: &str) -> Result<Option<T>> {
        match self {
            Self::Absent => Ok(None),
            Self::Null => Err(Error::invalid_option("None", field)),
            Self::Value(value) => Ok(Some(value)),
        }
    }

    /// Returns the value of a required field that has no use for null.
    pub(crate) fn needed(self, field: &str) -> Result<T> {
        self.not_null(field)?
            .ok_or_else(|| Error::invalid_option("None", field))
    }

    /// Refuses null where a field has no use for it: its name is said.
    pub(crate) fn check_not_null(&self, field: &str) -> Result<()> {
        if self.is_null() {
            return Err(Error::invalid_option("None", field));
        }
        Ok(())
    }

    /// Tells whether the key is not there.
    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Tells whether the key is there with null.
    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Tells whether the key is there with a value.
    pub(crate) const fn is_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    /// Reads a field of a create call whose default applies only when the key is absent.
    pub(crate) fn or_default(self, default: T) -> Option<T> {
        match self {
            Self::Absent => Some(default),
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Returns what an update makes of `current`: null resets it to `reset`.
    pub(crate) fn change(self, current: T, reset: T) -> T {
        match self {
            Self::Absent => current,
            Self::Null => reset,
            Self::Value(value) => value,
        }
    }

    /// Returns what an update makes of a field that may be cleared.
    pub(crate) fn change_or_clear(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Returns what an update makes of a field that null resets, where nothing may be stored.
    pub(crate) fn reset(self, current: Option<T>, reset: T) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => Some(reset),
            Self::Value(value) => Some(value),
        }
    }
}

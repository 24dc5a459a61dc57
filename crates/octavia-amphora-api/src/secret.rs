use std::fmt;

use serde::{Deserialize, Serialize};

/// Text that must not be printed: `Debug` does not show it. Serialised it is there, since the
/// document is how it travels; whoever stores a document keeps it from other users.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, at the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::SecretText;

    #[test]
    fn a_secret_travels_but_is_never_printed() {
        let key = SecretText::new("insecure");
        assert_eq!(format!("{key:?}"), "***");
        let json = serde_json::to_string(&key).expect("serialise");
        assert_eq!(json, r#""insecure""#);
        assert_eq!(
            serde_json::from_str::<SecretText>(&json).expect("read"),
            key
        );
    }
}

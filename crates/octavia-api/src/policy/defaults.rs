use std::sync::LazyLock;

use serde::Deserialize;

/// A rule that the service knows by itself; names, defaults and operations are upstream's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultRule {
    /// Its name, as operators write it.
    pub name: String,
    /// What holds when no file says otherwise.
    pub default: String,
    /// What also allows while `enforce_new_defaults` is off: the roles of earlier releases.
    pub legacy_default: Option<String>,
    /// The kinds of tokens for which it may be asked; none: all.
    #[serde(default)]
    pub scope_types: Vec<String>,
    /// The calls that ask it.
    #[serde(default)]
    pub operations: Vec<Operation>,
    /// What it allows, in a few words.
    pub description: String,
}

/// A call of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The method.
    pub method: String,
    /// The path, with the names of its variable parts in braces.
    pub path: String,
}

static DEFAULTS: LazyLock<Vec<DefaultRule>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/policy.json"))
        .expect("the file is part of the crate and tests read it")
});

/// Returns every rule that the service knows by itself.
pub fn defaults() -> &'static [DefaultRule] {
    &DEFAULTS
}

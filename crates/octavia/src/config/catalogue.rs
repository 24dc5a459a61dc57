//! Every option there is: upstream's, read out of its running option registry, and our own.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::Deserialize;

use super::value::{Kind, Value};

/// The options of all sections.
pub(super) struct Catalogue {
    options: Vec<OptionSpec>,
    /// Section, then name (old names, too), to the place in `options`.
    index: BTreeMap<String, HashMap<String, usize>>,
}

/// One option: what it is called, what it may be, what it is when nobody says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OptionSpec {
    pub(super) section: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) default: serde_json::Value,
    #[serde(default)]
    pub(super) choices: Vec<String>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    #[serde(default)]
    pub(super) secret: bool,
    /// Earlier names, `section.option`.
    #[serde(default)]
    pub(super) old_names: Vec<String>,
    /// What it means, in a few words.
    pub(super) meaning: String,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let mut options = read(include_str!("../../data/upstream-options.json"));
    options.extend(read(include_str!("../../data/own-options.json")));
    #[cfg(feature = "conformance")]
    options.extend(read(include_str!("../../data/conformance-options.json")));
    Catalogue::new(options)
});

fn read(json: &str) -> Vec<OptionSpec> {
    serde_json::from_str(json).expect("the files are part of the crate and a test reads them")
}

impl Catalogue {
    /// Returns the one catalogue.
    pub(super) fn get() -> &'static Self {
        &CATALOGUE
    }

    fn new(options: Vec<OptionSpec>) -> Self {
        let mut index: BTreeMap<String, HashMap<String, usize>> = BTreeMap::new();
        for (place, option) in options.iter().enumerate() {
            let old = option
                .old_names
                .iter()
                .filter_map(|name| name.split_once('.'));
            for (section, name) in old.chain([(&*option.section, &*option.name)]) {
                index
                    .entry(section.to_owned())
                    .or_default()
                    .insert(name.to_owned(), place);
            }
        }
        Self { options, index }
    }

    /// Finds an option by its name or an old one.
    pub(super) fn find(&self, section: &str, name: &str) -> Option<&OptionSpec> {
        let place = *self.index.get(section)?.get(name)?;
        self.options.get(place)
    }

    /// Returns all options.
    #[cfg(test)]
    pub(super) fn options(&self) -> &[OptionSpec] {
        &self.options
    }

    /// Guesses what an unknown name was meant to be.
    pub(super) fn nearest(&self, section: &str, name: &str) -> Option<(&str, &str)> {
        if let Some(place) = self.index.values().find_map(|names| names.get(name)) {
            let elsewhere = self.options.get(*place)?;
            return Some((&elsewhere.section, &elsewhere.name));
        }
        let wanted = format!("{section}.{name}");
        self.options
            .iter()
            .map(|option| {
                let known = format!("{}.{}", option.section, option.name);
                (edit_distance(&wanted, &known), option)
            })
            .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, option)| (&*option.section, &*option.name))
    }
}

impl OptionSpec {
    /// The value that holds when no file says otherwise.
    pub(super) fn default_value(&self) -> Value {
        Value::from_json(self.kind, &self.default)
    }
}

/// The number of letters to insert, remove or replace to make one text the other (Levenshtein).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_name_finds_the_option() {
        let option = Catalogue::get()
            .find("haproxy_amphora", "active_connection_rety_interval")
            .unwrap();
        assert_eq!(option.name, "active_connection_retry_interval");
    }

    #[test]
    fn the_nearest_name_is_found_by_its_letters_or_in_another_section() {
        let nearest = |section, name| Catalogue::get().nearest(section, name);
        assert_eq!(
            nearest("api_settings", "bind_prot"),
            Some(("api_settings", "bind_port"))
        );
        assert_eq!(
            nearest("api_setting", "auth_strategie"),
            Some(("api_settings", "auth_strategy"))
        );
        assert_eq!(
            nearest("health_manager", "auth_strategy"),
            Some(("api_settings", "auth_strategy"))
        );
        assert_eq!(nearest("api_settings", "entirely_else"), None);
    }

    #[test]
    fn every_default_is_a_value_of_its_type() {
        for option in Catalogue::get().options() {
            let fits = match (option.kind, option.default_value()) {
                (_, Value::Unset) => option.default.is_null(),
                (Kind::Boolean, Value::Boolean(_))
                | (Kind::Integer | Kind::Port, Value::Integer(_))
                | (Kind::Float, Value::Float(_))
                | (Kind::String | Kind::Hostname | Kind::Uri | Kind::Address, Value::Text(_))
                | (Kind::List | Kind::Multi, Value::List(_))
                | (Kind::Dict, Value::Dict(_)) => true,
                _ => false,
            };
            assert!(fits, "{}.{}", option.section, option.name);
        }
    }

    #[test]
    fn every_option_says_what_it_means() {
        for option in Catalogue::get().options() {
            assert!(!option.meaning.is_empty(), "{}", option.name);
        }
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("abc", "abc"), 0);
    }
}

//! All options with the values that hold, and where each value was said.

use std::collections::{BTreeSet, HashMap};

use super::catalogue::{Catalogue, OptionSpec};
use super::problem::{Origin, Problem, Remark};
use super::sources::{Said, Sources};
use super::substitution::substitute;
use super::value::{Kind, Value, plain};

/// A name of an option: section, then option.
pub(super) type Name = (&'static str, &'static str);

/// What was said of the options, checked against the catalogue.
#[derive(Debug)]
pub(crate) struct Settings {
    said: HashMap<Name, (Value, Origin, String)>,
    /// What is worth knowing, but stops nothing.
    remarks: BTreeSet<Remark>,
    /// What is wrong; the default stands in for a value that cannot be used.
    problems: Vec<Problem>,
}

/// How deep a value may refer to a value that refers to a value.
const DEEPEST_REFERENCE: usize = 10;

impl Settings {
    /// Reads all sources, and notes what is wrong.
    pub(crate) fn load(sources: &Sources) -> Self {
        let (all, mut problems) = sources.read();
        let mut raw = Raw::default();
        for one in all {
            raw.add(one);
        }
        let mut said = HashMap::new();
        for (name, texts) in &raw.texts {
            match raw.value(*name, texts) {
                Ok(value) => drop(said.insert(*name, value)),
                Err(problem) => problems.push(problem),
            }
        }
        problems.sort();
        Self {
            said,
            remarks: raw.remarks,
            problems,
        }
    }

    /// Returns what is wrong.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Returns the value that holds, and where it was said.
    pub(super) fn value(&self, name: Name) -> (Value, Origin) {
        self.said.get(&name).map_or_else(
            || (spec(name).default_value(), Origin::Default),
            |(value, origin, _)| (value.clone(), origin.clone()),
        )
    }

    /// Returns what was written, for a message; stars for a secret.
    pub(super) fn written(&self, name: Name) -> String {
        let text = self.said.get(&name).map(|(_, _, text)| text.clone());
        shown(spec(name), &text.unwrap_or_default())
    }

    /// Returns the options that somebody set.
    pub(super) fn set(&self) -> impl Iterator<Item = (Name, &Origin)> {
        self.said
            .iter()
            .map(|(name, (_, origin, _))| (*name, origin))
    }

    /// Returns what is worth knowing, but stops nothing.
    pub(super) fn remarks(&self) -> &BTreeSet<Remark> {
        &self.remarks
    }
}

/// Returns the catalogue's entry of an option that the code names.
pub(super) fn spec(name: Name) -> &'static OptionSpec {
    Catalogue::get()
        .find(name.0, name.1)
        .expect("a test reads every option that the code names")
}

/// What was said, before references are resolved and types are read.
#[derive(Default)]
struct Raw {
    /// In the order in which they win; more than one for a repeated option.
    texts: HashMap<Name, Vec<(String, Origin)>>,
    remarks: BTreeSet<Remark>,
}

impl Raw {
    fn add(&mut self, said: Said) {
        let catalogue = Catalogue::get();
        let name = format!("[{}] {}", said.section, said.option);
        let origin = said.origin.to_string();
        let Some(spec) = catalogue.find(&said.section, &said.option) else {
            let nearest = catalogue
                .nearest(&said.section, &said.option)
                .map(|(section, option)| format!("[{section}] {option}"));
            self.remarks.insert(Remark::Unknown {
                origin,
                name,
                nearest,
            });
            return;
        };
        if spec.name != said.option || spec.section != said.section {
            self.remarks.insert(Remark::OldName {
                origin,
                name,
                today: format!("[{}] {}", spec.section, spec.name),
            });
        }
        let texts = self.texts.entry((&spec.section, &spec.name)).or_default();
        if spec.kind != Kind::Multi {
            texts.clear();
        }
        texts.push((said.value, said.origin));
    }

    fn value(
        &self,
        name: Name,
        texts: &[(String, Origin)],
    ) -> Result<(Value, Origin, String), Problem> {
        let spec = spec(name);
        let mut all = Vec::new();
        let mut last = None;
        for (text, origin) in texts {
            let value = self
                .resolved(name, text, 0)
                .and_then(|text| Value::read(spec, &text))
                .map_err(|allowed| format!("{allowed} ({})", spec.meaning))
                .map_err(|allowed| Problem::value(origin, name, &shown(spec, text), &allowed))?;
            if let (Kind::Multi, Value::List(items)) = (spec.kind, &value) {
                all.extend_from_slice(items);
            } else {
                last = Some(value);
            }
        }
        let (text, origin) = texts
            .last()
            .cloned()
            .unwrap_or((String::new(), Origin::Default));
        Ok((last.unwrap_or(Value::List(all)), origin, text))
    }

    /// Puts the values of other options in where a value refers to them.
    fn resolved(&self, name: Name, text: &str, depth: usize) -> Result<String, String> {
        if depth == DEEPEST_REFERENCE {
            return Err("it refers to itself".to_owned());
        }
        substitute(text, &mut |reference| {
            let catalogue = Catalogue::get();
            let found = match reference.split_once('.') {
                Some((section, option)) => catalogue.find(section, option),
                None => catalogue
                    .find(name.0, reference)
                    .or_else(|| catalogue.find("DEFAULT", reference)),
            };
            let Some(other) = found else {
                return Ok(None);
            };
            let other_name: Name = (&other.section, &other.name);
            match self.texts.get(&other_name).and_then(|texts| texts.last()) {
                Some((text, _)) => self.resolved(other_name, text, depth + 1).map(Some),
                None if other.default.is_null() => Ok(Some(String::new())),
                None => Ok(Some(plain(&other.default))),
            }
        })
    }
}

fn shown(spec: &OptionSpec, text: &str) -> String {
    if spec.secret {
        "***".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::check::Check;
use super::error::PolicyError;
use super::parse::one_or;

/// The largest file that is read.
pub(super) const LARGEST_FILE: u64 = 4 << 20;

/// A rule that a file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Override {
    pub(super) name: String,
    pub(super) check: Check,
    pub(super) file: PathBuf,
    pub(super) line: usize,
}

/// Reads the text of a file, YAML or JSON: names of rules, and what they ask.
pub(super) fn read(file: &Path, text: &str) -> Result<Vec<Override>, PolicyError> {
    let mut reader = Reader {
        file,
        events: Parser::new_from_str(text),
        line: 0,
        rule: None,
    };
    reader.document()
}

struct Reader<'a> {
    file: &'a Path,
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Where the last event stood.
    line: usize,
    /// The rule that is being read.
    rule: Option<String>,
}

/// What stands in a file, as far as rules go.
#[derive(Debug, PartialEq)]
enum Item {
    Text(String),
    Null,
    Map,
    List,
    /// The end of a map or a list.
    End,
    /// The beginning of a document.
    Document,
    /// The end of the file.
    Finish,
    Alias,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<Vec<Override>, PolicyError> {
        let mut overrides = Vec::new();
        loop {
            let item = self.next()?;
            if item == Item::Finish {
                return Ok(overrides);
            }
            if item == Item::Map {
                break;
            }
            if !matches!(item, Item::Document | Item::Null) {
                return Err(self.wrong("the file holds names of rules, a colon, and rules"));
            }
        }
        let mut known = HashSet::new();
        while let Some(said) = self.entry()? {
            if !known.insert(said.name.clone()) {
                self.line = said.line;
                return Err(self.wrong("it stands there twice"));
            }
            overrides.push(said);
        }
        if self.next()? == Item::Finish {
            Ok(overrides)
        } else {
            Err(self.wrong("the file holds a second document"))
        }
    }

    /// Reads a name and its rule; `None` at the end.
    fn entry(&mut self) -> Result<Option<Override>, PolicyError> {
        self.rule = None;
        let name = match self.next()? {
            Item::End => return Ok(None),
            Item::Text(name) => name,
            Item::Null | Item::Map | Item::List | Item::Document | Item::Finish | Item::Alias => {
                return Err(self.wrong("the name of a rule is text"));
            }
        };
        let line = self.line;
        self.rule = Some(name.clone());
        let check = match self.next()? {
            Item::Text(text) => {
                Check::parse(&text).map_err(|error| self.wrong(error.to_string()))?
            }
            Item::Null => {
                return Err(self.wrong(
                    "it says nothing; write \"@\" to allow everybody, \"!\" to refuse everybody",
                ));
            }
            Item::List => self.list_of_lists()?,
            Item::Map | Item::End | Item::Document | Item::Finish | Item::Alias => {
                return Err(self.wrong("it is text, or a list of lists of checks"));
            }
        };
        Ok(Some(Override {
            name,
            check,
            file: self.file.to_owned(),
            line,
        }))
    }

    /// Reads the older form: one of the inner lists must hold, with all its checks.
    fn list_of_lists(&mut self) -> Result<Check, PolicyError> {
        let mut any = Vec::new();
        let mut empty = true;
        loop {
            match self.next()? {
                Item::End if empty => return Ok(Check::Always),
                Item::End if any.is_empty() => return Ok(Check::Never),
                Item::End => return Ok(one_or(any, Check::Any)),
                Item::Text(text) => any.push(self.one_check(&text)?),
                Item::List => {
                    let all = self.inner_list()?;
                    if !all.is_empty() {
                        any.push(one_or(all, Check::All));
                    }
                }
                Item::Null | Item::Map | Item::Document | Item::Finish | Item::Alias => {
                    return Err(self.wrong("a list of checks holds lists, or text"));
                }
            }
            empty = false;
        }
    }

    fn inner_list(&mut self) -> Result<Vec<Check>, PolicyError> {
        let mut all = Vec::new();
        loop {
            match self.next()? {
                Item::End => return Ok(all),
                Item::Text(text) => all.push(self.one_check(&text)?),
                Item::Null
                | Item::Map
                | Item::List
                | Item::Document
                | Item::Finish
                | Item::Alias => return Err(self.wrong("a list of checks in a list holds text")),
            }
        }
    }

    fn one_check(&self, text: &str) -> Result<Check, PolicyError> {
        Check::parse_one(text).map_err(|error| self.wrong(error.to_string()))
    }

    fn next(&mut self) -> Result<Item, PolicyError> {
        loop {
            match self.events.next_event() {
                Some(Ok((event, span))) => {
                    self.line = span.start.line();
                    if let Some(item) = item(event) {
                        return Ok(item);
                    }
                }
                Some(Err(error)) => {
                    self.line = error.marker().line();
                    return Err(self.wrong(format!("it is not YAML: {}", error.info())));
                }
                None => return Ok(Item::Finish),
            }
        }
    }

    fn wrong(&self, cause: impl Into<String>) -> PolicyError {
        PolicyError {
            file: Some(self.file.to_owned()),
            line: Some(self.line).filter(|line| *line > 0),
            rule: self.rule.clone(),
            cause: cause.into(),
        }
    }
}

/// Returns what an event means; `None` for one that means nothing.
fn item(event: Event<'_>) -> Option<Item> {
    Some(match event {
        Event::Nothing | Event::StreamStart | Event::DocumentEnd => return None,
        Event::DocumentStart(_) => Item::Document,
        Event::StreamEnd => Item::Finish,
        Event::Alias(_) => Item::Alias,
        Event::MappingStart(..) => Item::Map,
        Event::SequenceStart(..) => Item::List,
        Event::MappingEnd | Event::SequenceEnd => Item::End,
        // A lone exclamation mark is a tag of YAML's, with nothing behind it.
        Event::Scalar(text, style, _, tag) if tag.is_some() || is_null(&text, style) => Item::Null,
        Event::Scalar(text, ..) => Item::Text(text.into_owned()),
    })
}

fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests;

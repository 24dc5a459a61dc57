//! Where something is in a body.

use std::fmt;

/// The steps to a value, innermost first. Prints as `listeners[0].default_pool`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place(Vec<Step>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Field(&'static str),
    Item(usize),
}

impl Place {
    /// Returns the place of a field of the body.
    pub(crate) fn of(field: &'static str) -> Self {
        Self(vec![Step::Field(field)])
    }

    /// Adds the field that all this is in.
    pub(crate) fn under(&mut self, field: &'static str) {
        self.0.push(Step::Field(field));
    }

    /// Adds the index of the item that all this is in.
    pub(crate) fn under_item(&mut self, index: usize) {
        self.0.push(Step::Item(index));
    }

    /// Returns the fields on the way, outermost first.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().rev().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Item(_) => None,
        })
    }

    /// Returns the innermost field.
    pub(crate) fn field(&self) -> &'static str {
        self.fields().last().unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for step in self.0.iter().rev() {
            match step {
                Step::Field(name) => write!(f, "{separator}{name}")?,
                Step::Item(index) => write!(f, "[{index}]")?,
            }
            separator = ".";
        }
        Ok(())
    }
}

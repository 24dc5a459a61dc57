//! Many comparisons with one text, at the price of few.

mod prefixes;

use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

use super::condition::Test;
use crate::limits;
use prefixes::Prefixes;

/// The comparisons of one place, each with the number of its condition.
///
/// A look costs what the text is long and what it meets, not what is written in here: equality is
/// a hash, beginnings and ends are sorted, what is contained and what expressions find is one
/// automaton each.
#[derive(Default)]
pub(super) struct Dictionary {
    equal: HashMap<Vec<u8>, usize>,
    starts: Prefixes,
    ends: Prefixes,
    contained: Option<(AhoCorasick, Vec<usize>)>,
    expressions: Option<(RegexSet, Vec<usize>)>,
}

/// A test that cannot be made, and why.
pub(super) struct BadTest {
    /// The number of its condition.
    pub(super) condition: usize,
    /// Why not.
    pub(super) problem: String,
}

impl Dictionary {
    /// Compiles tests; expressions do not look at the case of letters where `any_case` says so.
    pub(super) fn compile(
        tests: impl IntoIterator<Item = (Test, usize)>,
        any_case: bool,
    ) -> Result<Self, BadTest> {
        let mut compiled = Self::default();
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        let (mut contained, mut expressions) = (Vec::new(), Vec::new());
        for (test, condition) in tests {
            match test {
                Test::EqualTo(value) => {
                    compiled.equal.insert(value, condition);
                }
                Test::StartsWith(value) => starts.push((value, condition)),
                Test::EndsWith(value) => {
                    ends.push((value.into_iter().rev().collect(), condition));
                }
                Test::Contains(value) => contained.push((value, condition)),
                Test::Regex(text) => expressions.push((text, condition)),
            }
        }
        compiled.starts = Prefixes::of(starts);
        compiled.ends = Prefixes::of(ends);
        compiled.contained = search(contained)?;
        compiled.expressions = set(expressions, any_case)?;
        Ok(compiled)
    }

    /// Tells `found` the conditions that hold for `text`, some of them several times.
    pub(super) fn look(&self, text: &[u8], mut found: impl FnMut(usize)) {
        if let Some(condition) = self.equal.get(text) {
            found(*condition);
        }
        self.starts.find(|| text.iter(), &mut found);
        self.ends.find(|| text.iter().rev(), &mut found);
        if let Some((search, conditions)) = &self.contained {
            let hits = search.find_overlapping_iter(text);
            hits.for_each(|hit| found(conditions[hit.pattern().as_usize()]));
        }
        if let Some((set, conditions)) = &self.expressions {
            let hits = set.matches(text);
            hits.iter().for_each(|hit| found(conditions[hit]));
        }
    }
}

/// Makes one automaton of all values.
fn search(values: Vec<(Vec<u8>, usize)>) -> Result<Option<(AhoCorasick, Vec<usize>)>, BadTest> {
    let Some(first) = values.first().map(|(_, condition)| *condition) else {
        return Ok(None);
    };
    let (values, conditions): (Vec<_>, Vec<_>) = values.into_iter().unzip();
    let search = AhoCorasick::new(values).map_err(|error| BadTest {
        condition: first,
        problem: format!("there is too much to search for: {error}"),
    })?;
    Ok(Some((search, conditions)))
}

/// Makes one automaton of all expressions. Each is compiled alone before, to have its own limit of
/// size and its own error.
fn set(
    expressions: Vec<(String, usize)>,
    any_case: bool,
) -> Result<Option<(RegexSet, Vec<usize>)>, BadTest> {
    let Some(first) = expressions.first().map(|(_, condition)| *condition) else {
        return Ok(None);
    };
    let bad = |condition, problem| BadTest { condition, problem };
    for (text, condition) in &expressions {
        expression(text, any_case).map_err(|problem| bad(*condition, problem))?;
    }
    let (texts, conditions): (Vec<_>, Vec<_>) = expressions.into_iter().unzip();
    let set = RegexSetBuilder::new(&texts)
        .case_insensitive(any_case)
        .size_limit(limits::REGEX_BYTES.saturating_mul(texts.len()))
        .dfa_size_limit(limits::REGEX_CACHE_BYTES)
        .build()
        .map_err(|error| bad(first, format!("there are too many expressions: {error}")))?;
    Ok(Some((set, conditions)))
}

fn expression(text: &str, any_case: bool) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .case_insensitive(any_case)
        .size_limit(limits::REGEX_BYTES)
        .build()
        .map_err(|error| format!("the regular expression '{text}' cannot be used: {error}"))
}

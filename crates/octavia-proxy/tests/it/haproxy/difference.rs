//! Where the two differ, and why.

use std::cell::Cell;
use std::fmt::Write as _;

/// What came of a probe: lines of the client's answer, and of what members saw.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) answer: Vec<String>,
    pub(super) member: Vec<String>,
}

/// A line that only one of the two has.
#[derive(Debug)]
pub(super) struct Difference {
    /// `configuration probe side`, and the line behind `-` (HAProxy's alone) or `+` (ours alone).
    place: String,
    line: String,
}

impl Difference {
    /// Finds the lines that only one of the two has.
    pub(super) fn between(
        configuration: &str,
        probe: &str,
        theirs: &Outcome,
        ours: &Outcome,
    ) -> Vec<Self> {
        let sides = [
            ("answer", &theirs.answer, &ours.answer),
            ("member", &theirs.member, &ours.member),
        ];
        let mut found = Vec::new();
        for (side, theirs, ours) in sides {
            let alone = only_in(theirs, ours).map(|line| format!("- {line}"));
            let alone = alone.chain(only_in(ours, theirs).map(|line| format!("+ {line}")));
            found.extend(alone.map(|line| Self {
                place: format!("{configuration} {probe} {side}"),
                line,
            }));
        }
        found
    }
}

fn only_in<'a>(these: &'a [String], others: &'a [String]) -> impl Iterator<Item = &'a String> {
    let count =
        |lines: &[String], line: &String| lines.iter().filter(|other| *other == line).count();
    let mut seen: Vec<&String> = Vec::new();
    these.iter().filter(move |line| {
        seen.push(line);
        let so_far = seen.iter().filter(|other| *other == line).count();
        so_far > count(others, line)
    })
}

/// Why differences are as they are.
pub(super) struct Reasons(Vec<Reason>);

struct Reason {
    place: &'static str,
    line: &'static str,
    why: &'static str,
    used: Cell<usize>,
}

impl Reasons {
    /// Reads the file: `# reason`, and below it the differences that it explains, as
    /// `configuration probe side sign line`; `*` stands for anything, and the sign `?` for both.
    pub(super) fn read() -> Self {
        let (mut reasons, mut why) = (Vec::new(), "");
        for line in include_str!("../../data/haproxy/differences.txt").lines() {
            if let Some(reason) = line.strip_prefix("# ") {
                why = reason;
            } else if !line.is_empty() {
                let mut gaps = line.match_indices(' ').map(|(at, _)| at);
                let at = gaps.find(|at| line[at + 1..].starts_with(['-', '+', '?']));
                let at = at.expect("a difference has a sign");
                reasons.push(Reason {
                    place: &line[..at],
                    line: &line[at + 1..],
                    why,
                    used: Cell::new(0),
                });
            }
        }
        Self(reasons)
    }

    fn of(&self, difference: &Difference) -> Option<&Reason> {
        let explains = |reason: &&Reason| {
            let line = match reason.line.strip_prefix('?') {
                Some(line) => matches(line, &difference.line[1..]),
                None => matches(reason.line, &difference.line),
            };
            line && matches(reason.place, &difference.place)
        };
        self.0.iter().find(explains)
    }

    /// Lists every difference under its reason.
    pub(super) fn table(&self, differences: &[Difference]) -> String {
        let mut out = String::from("Lines that only HAProxy has (-), and only we have (+):\n");
        let mut last = "";
        for reason in &self.0 {
            let own = |difference: &&Difference| {
                let found = self.of(difference);
                found.is_some_and(|found| std::ptr::eq(found, reason))
            };
            let count = differences.iter().filter(own).count();
            reason.used.set(count);
            if reason.why != last {
                last = reason.why;
                writeln!(out, "\n{last}").expect("a string grows");
            }
            writeln!(out, "  {count:3} x {} {}", reason.place, reason.line)
                .expect("a string grows");
        }
        out + "\n"
    }

    /// Returns the differences without a reason, and the reasons without a difference.
    pub(super) fn complaints(&self, differences: &[Difference]) -> Vec<String> {
        let unexplained = differences
            .iter()
            .filter(|difference| self.of(difference).is_none());
        let unexplained =
            unexplained.map(|difference| format!("{} {}", difference.place, difference.line));
        let unused = self.0.iter().filter(|reason| reason.used.get() == 0);
        let unused = unused.map(|reason| format!("no more: {} {}", reason.place, reason.line));
        unexplained.chain(unused).collect()
    }
}

/// Tells whether `text` is what `pattern` describes.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .any(|at| matches(rest, &text[at..]))
}

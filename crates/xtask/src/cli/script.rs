//! The script: which commands are typed by whom, and what they must answer.

use anyhow::{Context as _, bail};

/// Who types a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody of a project.
    Tenant,
    /// Somebody who runs the cloud.
    Operator,
}

impl Who {
    /// Returns the sign of their shell.
    pub(super) const fn prompt(self) -> char {
        match self {
            Self::Tenant => '$',
            Self::Operator => '#',
        }
    }
}

/// What is expected of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expected {
    /// A field has a value, in one row at least.
    Field(String, String),
    /// No row has this.
    No(String, String),
    /// These words are printed somewhere.
    Words(String),
    /// The command is refused, with these words.
    Refused(String),
}

/// A command after `openstack loadbalancer`, and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) who: Who,
    pub(super) words: Vec<String>,
    pub(super) expected: Vec<Expected>,
}

/// Reads a script.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Typed>> {
    let mut script: Vec<Typed> = Vec::new();
    for line in text.lines().map(str::trim_end) {
        let (mark, rest) = line.split_once(' ').unwrap_or((line, ""));
        let who = match mark {
            "" | "--" => continue,
            "$" => Who::Tenant,
            "#" => Who::Operator,
            _ => {
                let last = script
                    .last_mut()
                    .context("the script begins with an answer")?;
                last.expected.push(expected(mark, rest)?);
                continue;
            }
        };
        script.push(Typed {
            who,
            words: rest.split_whitespace().map(str::to_owned).collect(),
            expected: Vec::new(),
        });
    }
    Ok(script)
}

fn expected(mark: &str, rest: &str) -> anyhow::Result<Expected> {
    match mark {
        "!" => return Ok(Expected::Refused(rest.to_owned())),
        "~" => return Ok(Expected::Words(rest.to_owned())),
        _ => {}
    }
    let field = rest.split_once(':').context("an answer is `field: value`");
    let (name, value) = field.with_context(|| format!("read {mark} {rest}"))?;
    let (name, value) = (name.to_owned(), value.trim().to_owned());
    match mark {
        ">" => Ok(Expected::Field(name, value)),
        "-" => Ok(Expected::No(name, value)),
        _ => bail!("a line of the script begins with {mark}"),
    }
}

impl Typed {
    /// Tells whether fields of the answer are looked at.
    pub(super) fn asks_for_fields(&self) -> bool {
        self.expected.iter().any(|expected| match expected {
            Expected::Field(..) | Expected::No(..) => true,
            Expected::Words(_) | Expected::Refused(_) => false,
        })
    }

    /// Returns the words with which it is to be refused.
    pub(super) fn refusal(&self) -> Option<&str> {
        self.expected.iter().find_map(|expected| match expected {
            Expected::Refused(words) => Some(words.as_str()),
            Expected::Field(..) | Expected::No(..) | Expected::Words(_) => None,
        })
    }
}

/// Returns the subcommands, out of those that the client has, that no command of a script is.
pub(super) fn missing<'a>(script: &[Typed], subcommands: &'a [String]) -> Vec<&'a str> {
    let typed: Vec<String> = script
        .iter()
        .map(|typed| format!("loadbalancer {} ", typed.words.join(" ")))
        .collect();
    let is_typed = |name: &str| {
        typed
            .iter()
            .any(|words| words.starts_with(&format!("{name} ")))
    };
    let names = subcommands.iter().map(String::as_str);
    names.filter(|name| !is_typed(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_commands_with_answers() {
        let script =
            read("-- why\n\n$ show lb1\n> name: lb1\n# list\n- name: x\n! 403 no\n").unwrap();
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let (name, value) = field("name", "lb1");
        assert_eq!(script[0].words, ["show", "lb1"]);
        assert_eq!(script[0].expected, [Expected::Field(name, value)]);
        let (name, value) = field("name", "x");
        let refused = Expected::Refused("403 no".to_owned());
        assert_eq!(script[1].who, Who::Operator);
        assert_eq!(script[1].expected, [Expected::No(name, value), refused]);
        assert!(read("> name: lb1").is_err());
    }

    #[test]
    fn a_subcommand_that_nobody_types_is_missing() {
        let script = read("$ list\n$ pool show p\n").unwrap();
        let all = [
            "loadbalancer list",
            "loadbalancer pool show",
            "loadbalancer pool",
        ];
        let all = [all[0], all[1], all[2], "loadbalancer show"].map(str::to_owned);
        assert_eq!(missing(&script, &all), ["loadbalancer show"]);
    }
}

use std::collections::HashMap;
use std::path::PathBuf;

use super::check::{Check, Subject};
use super::credentials::Credentials;
use super::defaults::{DefaultRule, defaults};
use super::error::PolicyError;
use super::file::Override;
use super::template::Template;

/// How many rules may ask one another in a row.
const LONGEST_CHAIN: usize = 64;

/// All rules that are in force, and the answers they give. Asking is pure.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: HashMap<String, EffectiveRule>,
    /// The rule that stands in for those that do not exist.
    fallback: String,
}

/// A rule as it is in force.
#[derive(Debug, Clone)]
pub struct EffectiveRule {
    /// What must hold.
    pub check: Check,
    /// The file and the line that say so; `None` for the default.
    pub origin: Option<(PathBuf, usize)>,
    scope_types: &'static [String],
}

impl RuleSet {
    /// Lays what files say over the defaults.
    pub(super) fn new(
        overrides: Vec<Override>,
        enforce_new_defaults: bool,
        fallback: &str,
    ) -> Result<Self, PolicyError> {
        let mut rules = HashMap::new();
        for rule in defaults() {
            let effective = EffectiveRule {
                check: default_check(rule, enforce_new_defaults),
                origin: None,
                scope_types: &rule.scope_types,
            };
            rules.insert(rule.name.clone(), effective);
        }
        for said in overrides {
            let scope_types = rules
                .get(&said.name)
                .map_or(&[][..], |known| known.scope_types);
            let effective = EffectiveRule {
                check: said.check,
                origin: Some((said.file, said.line)),
                scope_types,
            };
            rules.insert(said.name, effective);
        }
        let set = Self {
            rules,
            fallback: fallback.to_owned(),
        };
        set.refuse_circles()?;
        Ok(set)
    }

    /// Returns a rule.
    pub fn get(&self, name: &str) -> Option<&EffectiveRule> {
        self.rules.get(name)
    }

    /// Returns the names of all rules, in their order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.rules.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// Returns who asks for a rule that does not exist, and for which; such a check never holds.
    pub fn undefined(&self) -> Vec<(&str, &str)> {
        let mut undefined: Vec<_> = self
            .rules
            .iter()
            .flat_map(|(name, rule)| {
                let asked = rule.check.references().into_iter();
                asked.map(move |reference| (name.as_str(), reference))
            })
            .filter(|(_, reference)| self.find(reference).is_none())
            .collect();
        undefined.sort_unstable();
        undefined
    }

    /// Tells whether the caller may do what the rule guards, to an object of `project`.
    pub fn allows(&self, rule: &str, caller: &Credentials, project: Option<&str>) -> bool {
        let in_scope = self.rules.get(rule).is_none_or(|rule| {
            let scopes = rule.scope_types;
            scopes.is_empty() || scopes.iter().any(|scope| scope == caller.scope())
        });
        in_scope && self.question(caller, project).rule_holds(rule)
    }

    /// Returns why a rule allows: the rules that were asked, one by the other, and the check that
    /// holds in the end. `None` when it refuses.
    pub fn reason(
        &self,
        rule: &str,
        caller: &Credentials,
        project: Option<&str>,
    ) -> Option<Vec<String>> {
        self.allows(rule, caller, project).then(|| {
            let mut steps = vec![format!("rule:{rule}")];
            if let Some(found) = self.find(rule) {
                self.question(caller, project)
                    .explain(&found.check, &mut steps);
            }
            steps
        })
    }

    fn question<'a>(&'a self, caller: &'a Credentials, project: Option<&'a str>) -> Question<'a> {
        Question {
            rules: self,
            caller,
            project,
        }
    }

    /// Finds a rule, or the one that stands in for it.
    fn find(&self, name: &str) -> Option<&EffectiveRule> {
        self.rules
            .get(name)
            .or_else(|| self.rules.get(&self.fallback))
    }

    fn refuse_circles(&self) -> Result<(), PolicyError> {
        let mut heights = HashMap::new();
        for name in self.names() {
            self.height(name, &mut Vec::new(), &mut heights)?;
        }
        Ok(())
    }

    /// Returns how many rules ask one another below this one.
    fn height<'a>(
        &'a self,
        name: &'a str,
        above: &mut Vec<&'a str>,
        heights: &mut HashMap<&'a str, usize>,
    ) -> Result<usize, PolicyError> {
        let (name, rule) = match (self.rules.get_key_value(name), &self.fallback) {
            (Some(found), _) => found,
            (None, fallback) => match self.rules.get_key_value(fallback) {
                Some(found) => found,
                None => return Ok(0),
            },
        };
        let known = heights.get(name.as_str()).copied();
        let longest = above.len() + known.unwrap_or_default();
        if above.contains(&name.as_str()) || longest > LONGEST_CHAIN {
            let chain: Vec<_> = above.iter().copied().chain([name.as_str()]).collect();
            return Err(self.circle(&chain));
        }
        if let Some(height) = known {
            return Ok(height);
        }
        above.push(name);
        let mut height = 0;
        for reference in rule.check.references() {
            height = height.max(1 + self.height(reference, above, heights)?);
        }
        above.pop();
        heights.insert(name, height);
        Ok(height)
    }

    /// Describes rules that ask one another without an end, at the place of one that a file has.
    fn circle(&self, chain: &[&str]) -> PolicyError {
        let place = chain
            .iter()
            .rev()
            .find_map(|name| Some((*name, self.rules.get(*name)?.origin.clone()?)));
        let (rule, origin) = place.unzip();
        let (file, line) = origin.unzip();
        PolicyError {
            file,
            line,
            rule: rule.map(ToOwned::to_owned),
            cause: format!(
                "rules ask one another in a circle, or more than {LONGEST_CHAIN} in a row: {}",
                chain.join(" -> ")
            ),
        }
    }
}

fn default_check(rule: &DefaultRule, enforce_new_defaults: bool) -> Check {
    let read = |text: &str| {
        Check::parse(text).expect("the defaults are part of the crate and a test reads them")
    };
    let check = read(&rule.default);
    match &rule.legacy_default {
        Some(legacy) if !enforce_new_defaults => Check::Any(vec![check, read(legacy)]),
        Some(_) | None => check,
    }
}

/// Who asks about whose object.
struct Question<'a> {
    rules: &'a RuleSet,
    caller: &'a Credentials,
    project: Option<&'a str>,
}

impl Question<'_> {
    fn rule_holds(&self, name: &str) -> bool {
        self.rules
            .find(name)
            .is_some_and(|rule| self.holds(&rule.check))
    }

    fn holds(&self, check: &Check) -> bool {
        match check {
            Check::Always => true,
            Check::Never => false,
            Check::Not(inner) => !self.holds(inner),
            Check::All(parts) => parts.iter().all(|part| self.holds(part)),
            Check::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Check::Rule(name) => self.rule_holds(name),
            Check::Role(role) => self.filled(role).is_some_and(|role| {
                let role = role.to_lowercase();
                let mut roles = self.caller.roles.iter();
                roles.any(|mine| mine.to_lowercase() == role)
            }),
            Check::Compare { subject, template } => self.is(subject, template),
        }
    }

    fn is(&self, subject: &Subject, template: &Template) -> bool {
        let Some(wanted) = self.filled(template) else {
            return false;
        };
        match subject {
            Subject::Literal { value, .. } => *value == wanted,
            Subject::Attribute(name) => {
                let found = self.caller.attribute(name);
                // An attribute that is missing is written None; two that are missing are not the same.
                (found.is_empty() && wanted == "None" && template.is_literal())
                    || found.contains(&wanted.as_str())
            }
        }
    }

    fn filled(&self, template: &Template) -> Option<String> {
        template.fill(|name| self.project.filter(|_| name == "project_id"))
    }

    /// Notes the steps that lead to a check that holds.
    fn explain(&self, check: &Check, steps: &mut Vec<String>) {
        match check {
            Check::Any(parts) => {
                if let Some(part) = parts.iter().find(|part| self.holds(part)) {
                    self.explain(part, steps);
                }
            }
            Check::Rule(name) => {
                steps.push(check.to_string());
                if let Some(rule) = self.rules.find(name) {
                    self.explain(&rule.check, steps);
                }
            }
            Check::Always
            | Check::Never
            | Check::Not(_)
            | Check::All(_)
            | Check::Role(_)
            | Check::Compare { .. } => steps.push(check.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;

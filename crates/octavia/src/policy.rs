//! `octavia policy`: shows and tries the rules that say who may do what.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use octavia_api::policy::{
    CONTEXT_IS_ADMIN, Credentials, DefaultRule, Policy, PolicySettings, RuleSet, defaults,
};
use octavia_model::SystemClock;
use serde_json::json;

use crate::config::Configuration;
use crate::failure::Failure;

/// What to do with the rules of `[oslo_policy]`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists every rule: what it allows, the calls that ask it, its default, what is in force.
    List {
        /// Writes JSON.
        #[arg(long)]
        json: bool,
    },
    /// Says whether the rules can be used, and what a caller may do.
    #[command(after_help = "\
Examples:
  octavia policy check
  octavia policy check --file new-policy.yaml
  octavia policy check --role reader --project p1 --target-project p2 os_load-balancer_api:pool:get_one

Exit codes: 0 the rules can be used, and the rule allows; 1 it refuses; 78 the rules cannot be used.")]
    Check(Question),
}

/// A question to the rules.
#[derive(Debug, Args)]
pub(crate) struct Question {
    /// Reads this file in place of the configured ones.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A role of the caller; may be repeated.
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// The caller's user id.
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// The caller's project.
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// The caller's token is for the whole system.
    #[arg(long, conflicts_with = "project")]
    system: bool,
    /// The project of the object; without it the caller's own.
    #[arg(long, value_name = "ID")]
    target_project: Option<String>,
    /// The rule to ask.
    rule: Option<String>,
}

/// Runs `octavia policy`.
pub(crate) fn run(command: &Command, configuration: Configuration) -> Result<(), Failure> {
    let settings = configuration.api.policy;
    let said = match command {
        Command::List { json: false } => list(&*load(settings)?),
        Command::List { json: true } => list_as_json(&*load(settings)?),
        Command::Check(question) => check(question, settings)?,
    };
    writeln!(std::io::stdout(), "{said}").map_err(|error| Failure::Other(error.into()))
}

fn load(settings: PolicySettings) -> Result<Arc<RuleSet>, Failure> {
    let policy = Policy::load(settings, Arc::new(SystemClock));
    let policy = policy.map_err(|error| Failure::Configuration(error.into()))?;
    Ok(policy.rules())
}

fn list(rules: &RuleSet) -> String {
    let known = defaults().iter().map(|rule| {
        let calls = rule.operations.iter();
        let mut lines = vec![rule.name.clone(), format!("    {}", rule.description)];
        lines.extend(calls.map(|call| format!("    {} {}", call.method, call.path)));
        lines.push(format!("    default    {}", rule.default));
        lines.push(format!("    effective  {}", effective(rules, &rule.name)));
        lines.join("\n")
    });
    let is_own = |name: &&str| {
        !defaults()
            .iter()
            .any(|rule: &DefaultRule| rule.name == *name)
    };
    let own = rules.names().into_iter().filter(is_own);
    let own = own.map(|name| format!("{name}\n    effective  {}", effective(rules, name)));
    known.chain(own).collect::<Vec<_>>().join("\n\n")
}

fn effective(rules: &RuleSet, name: &str) -> String {
    let Some(rule) = rules.get(name) else {
        return String::new();
    };
    match &rule.origin {
        Some((file, line)) => format!("{}  ({}:{line})", rule.check, file.display()),
        None => rule.check.to_string(),
    }
}

fn list_as_json(rules: &RuleSet) -> String {
    let all: Vec<_> = rules
        .names()
        .into_iter()
        .map(|name| {
            let known = defaults().iter().find(|rule| rule.name == name);
            let calls = known.map(|rule| {
                let calls = rule.operations.iter();
                calls
                    .map(|call| json!({ "method": call.method, "path": call.path }))
                    .collect::<Vec<_>>()
            });
            json!({
                "name": name,
                "description": known.map(|rule| &rule.description),
                "operations": calls,
                "default": known.map(|rule| &rule.default),
                "effective": rules.get(name).map(|rule| rule.check.to_string()),
            })
        })
        .collect();
    format!("{:#}", json!(all))
}

fn check(question: &Question, mut settings: PolicySettings) -> Result<String, Failure> {
    if let Some(file) = &question.file {
        let file = std::path::absolute(file).map_err(|error| Failure::Other(error.into()))?;
        if !file.is_file() {
            let text = format!("{}: there is no such file", file.display());
            return Err(Failure::Configuration(text.into()));
        }
        settings.policy_file = file.display().to_string();
        settings.policy_dirs.clear();
    }
    let rules = load(settings)?;
    match &question.rule {
        None => Ok(summary(&rules)),
        Some(rule) => answer(question, rule, &rules),
    }
}

fn summary(rules: &RuleSet) -> String {
    let names = rules.names();
    let is_set = |name: &&&str| rules.get(name).is_some_and(|rule| rule.origin.is_some());
    let set = names.iter().filter(is_set).count();
    let all = names.len();
    let missing = rules.undefined().into_iter().map(|(name, reference)| {
        format!("rule {name} asks for rule {reference}, which does not exist: it does not hold")
    });
    let first = format!("the rules can be used: {all}, of which files set {set}");
    let lines: Vec<_> = [first].into_iter().chain(missing).collect();
    lines.join("\n")
}

fn answer(question: &Question, rule: &str, rules: &RuleSet) -> Result<String, Failure> {
    let Some(found) = rules.get(rule) else {
        return Err(Failure::text(format!("there is no rule {rule}")));
    };
    let mut caller = Credentials {
        user_id: question.user.clone(),
        project_id: question.project.clone(),
        system_scope: question.system.then(|| "all".to_owned()),
        roles: question.role.clone(),
        ..Credentials::default()
    };
    let own = question.project.as_deref();
    caller.is_admin = rules.allows(CONTEXT_IS_ADMIN, &caller, own);
    let target = question.target_project.as_deref().or(own);
    match rules.reason(rule, &caller, target) {
        Some(steps) => Ok(format!("allowed: {}", steps.join(" -> "))),
        None => Err(Failure::text(format!(
            "refused: {} does not hold",
            found.check
        ))),
    }
}

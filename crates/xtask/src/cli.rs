//! Every subcommand of `openstack loadbalancer`, against all-in-one behind a real Keystone.

mod client;
mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use serde_json::Value;

use crate::bench::process::free_address;
use crate::guide::service::{Service, Start};
use crate::guide::{self, Mode};
use crate::keystone::{Keystone, PASSWORD};
use client::{Answer, Client};
use script::{Expected, Typed, Who};

/// The commands and what they must answer.
const SCRIPT: &str = include_str!("../cli/script.txt");

/// What Keystone must know before the first command: the service with its account, the tenant.
const PREPARATION: [&str; 11] = [
    "project create service",
    "user create --password {password} octavia",
    "role add --project service --user octavia admin",
    "project create tenants",
    "user create --password {password} tenant",
    "role add --project tenants --user tenant member",
    "service create --name octavia load-balancer",
    "endpoint create --region RegionOne load-balancer public {endpoint}",
    "service create --name network network",
    "endpoint create --region RegionOne network public {endpoint}",
    "project show tenants",
];

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// The binary to test; built if absent.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// The virtual environment of the clients; made if absent.
    #[arg(long)]
    clients: Option<PathBuf>,
}

/// Types the whole script.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = args.binary.clone().map_or_else(guide::build, Ok)?;
    let clients = args
        .clients
        .clone()
        .map_or_else(guide::install_clients, Ok)?;
    walk(&binary, &clients)
}

/// Types the whole script with a binary and clients that are there.
pub(crate) fn walk(binary: &Path, clients: &Path) -> anyhow::Result<()> {
    let script = script::read(SCRIPT)?;
    let scratch = tempfile::tempdir().context("make a temporary directory")?;
    let (keys, state) = (
        scratch.path().join("keystone"),
        scratch.path().join("state"),
    );
    std::fs::create_dir(&keys)?;
    std::fs::create_dir(&state)?;
    let keystone = Keystone::start(&keys)?;
    let address = free_address()?;
    let mut session = Session {
        operator: Client::start(clients, &keystone.environment("admin", "admin"))?,
        tenant: Client::start(clients, &keystone.environment("tenant", "tenants"))?,
        words: BTreeMap::new(),
    };
    let missing = script::missing(&script, &session.tenant.subcommands);
    let names = missing.join(", ");
    ensure!(missing.is_empty(), "the script leaves out: {names}");
    let prepared = session.prepare(&format!("http://{address}"));
    prepared.with_context(|| format!("Keystone's log ends:\n{}", keystone.log()))?;
    let configuration = scratch.path().join("octavia.conf");
    std::fs::write(&configuration, settings(keystone.url()))?;
    let start = Start {
        mode: Mode::Process,
        binary,
        port: address.port(),
        configuration: Some(&configuration),
    };
    let service = Service::start_with(&start, &state)?;
    let count = script.len();
    // All that is wrong is worth knowing, not only the first.
    let wrong: Vec<_> = script
        .iter()
        .filter_map(|typed| session.step(typed).err())
        .map(|error| format!("{error:#}"))
        .collect();
    if !wrong.is_empty() {
        let (wrong, log) = (wrong.join("\n\n"), service.log());
        bail!("{wrong}\n\nthe service's log ends:\n{log}");
    }
    service.stop()?;
    let all = session.tenant.subcommands.len();
    println!("{count} commands answered as they should: all {all} subcommands of the client.");
    Ok(())
}

/// A write answers when it is live, so that the next command finds it so.
fn settings(keystone: &str) -> String {
    format!(
        "[api_settings]
auth_strategy = keystone
sync_wait = 10
[keystone_authtoken]
auth_url = {keystone}
www_authenticate_uri = {keystone}
auth_type = password
username = octavia
password = {PASSWORD}
project_name = service
user_domain_name = Default
project_domain_name = Default
"
    )
}

/// Two people at two terminals.
struct Session {
    operator: Client,
    tenant: Client,
    /// What was kept of answers.
    words: BTreeMap<String, String>,
}

impl Session {
    fn prepare(&mut self, endpoint: &str) -> anyhow::Result<()> {
        for line in PREPARATION {
            let line = line.replace("{password}", PASSWORD);
            let line = line.replace("{endpoint}", endpoint);
            let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
            // The other one prints nothing.
            if !line.starts_with("role add") {
                words.extend(["-f", "json"].map(str::to_owned));
            }
            let answer = self.operator.run(&words)?;
            ensure!(answer.succeeded, "openstack {line}: {}", answer.complained);
            if line.starts_with("project show") {
                let shown: Value = serde_json::from_str(&answer.printed)?;
                let id = shown["id"].as_str().context("a project without an id")?;
                self.words.insert("tenant".to_owned(), id.to_owned());
            }
        }
        Ok(())
    }

    fn step(&mut self, typed: &Typed) -> anyhow::Result<()> {
        let mut words = vec!["loadbalancer".to_owned()];
        words.extend(typed.words.iter().map(|word| self.filled(word)));
        let prompt = typed.who.prompt();
        println!("\x1b[1m{prompt} openstack {}\x1b[0m", words.join(" "));
        if typed.asks_for_fields() {
            words.extend(["-f", "json"].map(str::to_owned));
        }
        let terminal = match typed.who {
            Who::Tenant => &mut self.tenant,
            Who::Operator => &mut self.operator,
        };
        let answer = terminal.run(&words)?;
        self.check(typed, &answer).with_context(|| {
            format!(
                "openstack {} printed:\n{}\n{}",
                words.join(" "),
                answer.printed,
                answer.complained
            )
        })
    }

    fn filled(&self, word: &str) -> String {
        let kept = word
            .strip_prefix('{')
            .and_then(|word| word.strip_suffix('}'));
        let kept = kept.and_then(|word| self.words.get(word));
        kept.cloned().unwrap_or_else(|| word.to_owned())
    }

    fn check(&mut self, typed: &Typed, answer: &Answer) -> anyhow::Result<()> {
        if let Some(words) = typed.refusal() {
            ensure!(!answer.succeeded, "it is not refused");
            ensure!(answer.complained.contains(words), "it is refused otherwise");
            return Ok(());
        }
        ensure!(answer.succeeded, "it failed");
        for expected in &typed.expected {
            if let Expected::Words(words) = expected {
                ensure!(answer.printed.contains(words), "it does not say {words}");
            }
        }
        if !typed.asks_for_fields() {
            return Ok(());
        }
        let shown: Value = serde_json::from_str(&answer.printed).context("it is no JSON")?;
        let rows = shown
            .as_array()
            .map_or(std::slice::from_ref(&shown), Vec::as_slice);
        for expected in &typed.expected {
            self.expect(expected, rows)?;
        }
        Ok(())
    }

    fn expect(&mut self, expected: &Expected, rows: &[Value]) -> anyhow::Result<()> {
        let (field, value, wanted) = match expected {
            Expected::Field(field, value) => (field, value, true),
            Expected::No(field, value) => (field, value, false),
            Expected::Words(_) | Expected::Refused(_) => return Ok(()),
        };
        let values: Vec<String> = rows.iter().map(|row| text(&row[field.as_str()])).collect();
        let value = self.filled(value);
        if let Some(word) = value
            .strip_prefix('{')
            .and_then(|word| word.strip_suffix('}'))
        {
            let first = values.first().filter(|value| !value.is_empty());
            let first = first.with_context(|| format!("there is no {field}"))?;
            self.words.insert(word.to_owned(), first.clone());
            return Ok(());
        }
        match (values.contains(&value), wanted) {
            (true, true) | (false, false) => Ok(()),
            (false, true) => bail!("{field} is {values:?} and not {value:?}"),
            (true, false) => bail!("{field} is {value:?}"),
        }
    }
}

/// Writes a value as the client's tables do.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

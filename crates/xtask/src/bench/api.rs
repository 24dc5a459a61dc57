//! What the API's process can do with a second of CPU time, on each database.

mod database;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clap::Parser;
use serde_json::json;

use super::http::ask;
use super::process::{Core, octavia, on_core};
use super::proxy::answered;
use super::report::{Report, say};
use super::statistics::median;
use crate::shell::find;
use database::Database;
use server::Server;

/// How to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How often each request takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a turn lasts, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// The binary to measure; built for release if absent.
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// How many load balancers there are, and how many a list shows.
const LOAD_BALANCERS: usize = 100;
/// Connections at once.
const CONNECTIONS: u32 = 8;
/// The load balancers.
const PATH: &str = "/v2.0/lbaas/loadbalancers";

/// A server with its load balancers.
struct Candidate {
    server: Server,
    one: String,
}

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    let binary = octavia(args.binary.as_deref())?;
    let directory = tempfile::tempdir()?;
    let directory = directory.path();
    let (files, other_files) = (directory.join("sqlite"), directory.join("mariadb"));
    std::fs::create_dir(&files)?;
    std::fs::create_dir(&other_files)?;
    let sqlite = candidate(&binary, &files, Database::sqlite(&files))?;
    let mariadb = candidate(&binary, &other_files, Database::mariadb(&other_files)?)?;
    let mut report = Report::new(
        "Requests for each second of CPU time of the API's process, on one core; median of rounds",
        vec!["request", "SQLite", "MariaDB", "MariaDB / SQLite"],
    );
    for name in ["GET by id", "list of 100"] {
        let mut rounds = [Vec::new(), Vec::new()];
        for _ in 0..args.rounds {
            for (candidate, rates) in [&sqlite, &mariadb].into_iter().zip(&mut rounds) {
                let path = match name {
                    "GET by id" => format!("{PATH}/{}", candidate.one),
                    _ => format!("{PATH}?limit={LOAD_BALANCERS}"),
                };
                let rate = rate(&candidate.server, &path, args.seconds);
                rates.push(rate.map_err(|error| error.context(candidate.server.log()))?);
            }
        }
        let [sqlite, mariadb] = rounds.map(|rates| median(&rates));
        say(&format!(
            "{name}: {sqlite:.0} on SQLite, {mariadb:.0} on MariaDB"
        ));
        report.add(name, &[sqlite, mariadb, mariadb / sqlite]);
    }
    Ok(report)
}

/// Starts a server on a database, and fills it.
fn candidate(binary: &Path, files: &Path, database: Database) -> anyhow::Result<Candidate> {
    let server = Server::start(binary, files, database)?;
    let one = fill(&server).map_err(|error| error.context(server.log()))?;
    Ok(Candidate { server, one })
}

/// Makes the load balancers, and returns the id of the last.
fn fill(server: &Server) -> anyhow::Result<String> {
    let subnets = ask(server.address, "GET", "/v2.0/subnets", None)?.json()?;
    let subnet = &subnets["subnets"][0]["id"];
    let mut last = None;
    for number in 0..LOAD_BALANCERS {
        let body = json!({"loadbalancer": {
            "name": format!("measured {number}"),
            "project_id": "measured",
            "vip_subnet_id": subnet,
        }});
        let made = ask(server.address, "POST", PATH, Some(&body))?.json()?;
        last = made["loadbalancer"]["id"].as_str().map(str::to_owned);
    }
    last.context("a load balancer without an id was made")
}

/// Returns how many requests a second of CPU time serves.
fn rate(server: &Server, path: &str, seconds: u32) -> anyhow::Result<f64> {
    let wrk = find("wrk").context("wrk makes the load: apt install wrk")?;
    let mut command = Command::new(wrk);
    command
        .arg("--threads=1")
        .arg(format!("--connections={CONNECTIONS}"))
        .arg(format!("--duration={seconds}s"))
        .arg(format!("http://{}{path}", server.address));
    let before = server.program.cpu_time()?;
    let output = on_core(Core::Others, || command.output())?.context("start wrk")?;
    let requests = answered(&String::from_utf8_lossy(&output.stdout))?;
    let spent = server.program.cpu_time()?.saturating_sub(before);
    Ok(requests / spent.as_secs_f64())
}

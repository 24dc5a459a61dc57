//! What requests cost the API's processes, beside upstream's API on the same database server.

mod load;
mod server;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Parser;

use super::process::{Core, Program, octavia};
use super::report::{Report, say};
use super::statistics::median;
use crate::mariadb::Mariadb;
use crate::venv;
use load::{Request, batch, cost, folder, walk};
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
    /// Measures ours alone.
    #[arg(long)]
    alone: bool,
}

/// Upstream's API, pinned so that a run says the same tomorrow.
const UPSTREAM: [&str; 4] = [
    "octavia==19.0.0",
    // 2.1 refuses what this version of upstream does.
    "SQLAlchemy>=2.0.40,<2.1",
    "PyMySQL",
    "gunicorn",
];
/// How many load balancers there are while requests are measured.
const SOME: usize = 1000;
/// How many there are in the end, in ours.
const MANY: usize = 10_000;
/// How many a page of all of them shows.
const PAGE: usize = 100;
/// Whether it is the first or the last pages that are compared.
const EDGE: usize = 10;
/// What is to be seen where nothing is compared.
const NOTHING: f64 = f64::NAN;

/// A server with its load balancers.
struct Candidate {
    name: &'static str,
    server: Server,
    one: String,
    /// Memory before the first load balancer, in MiB.
    fresh: f64,
}

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    let binary = octavia(args.binary.as_deref())?;
    let files = tempfile::tempdir()?;
    let mariadb = Mariadb::start(files.path(), |mut command| {
        command
            .arg("--innodb-buffer-pool-size=512M")
            .arg("--innodb-flush-log-at-trx-commit=2")
            .arg("--skip-log-bin");
        Program::start(command, Core::Others)
    })?;
    let ours = Server::ours(&binary, &folder(files.path(), "ours")?, &mariadb.url())?;
    let ours = Candidate::fill("octavia", ours)?;
    let upstream = if args.alone {
        None
    } else {
        Some(upstream(&mariadb, files.path())?)
    };
    let mut report = Report::new(
        "CPU time of the API's processes (user and system) and what else is said; median of rounds",
        vec!["what (ratio wanted)", "upstream", "ours", "upstream / ours"],
    );
    let pair = Pair { ours, upstream };
    pair.requests(args, &mut report)?;
    pair.batches(args, &mariadb, &mut report)?;
    pair.sizes(&mut report)?;
    many(&pair.ours.server, &mut report)?;
    Ok(report)
}

fn upstream(mariadb: &Mariadb, files: &Path) -> anyhow::Result<Candidate> {
    let venv = venv::install("upstream", &UPSTREAM)?;
    mariadb.sql("CREATE DATABASE upstream CHARACTER SET utf8mb3")?;
    say("bringing a database to upstream's newest revision");
    let url = mariadb.url_of("upstream");
    let server = Server::upstream(&venv, &folder(files, "upstream")?, &url)?;
    Candidate::fill("upstream", server)
}

impl Candidate {
    /// Makes load balancers.
    fn fill(name: &'static str, server: Server) -> anyhow::Result<Self> {
        say(&format!(
            "{name}: started in {:.2?}; making load balancers",
            server.started
        ));
        let fresh = server.memory()?;
        let mut last = String::new();
        for _ in 0..SOME {
            let made = server.create(None)?;
            made["id"].as_str().context("no id")?.clone_into(&mut last);
        }
        Ok(Self {
            name,
            server,
            one: last,
            fresh,
        })
    }
}

/// What is compared.
struct Pair {
    ours: Candidate,
    upstream: Option<Candidate>,
}

impl Pair {
    /// Takes turns, and returns the median of each: upstream's and ours.
    fn medians(
        &self,
        rounds: u32,
        mut measure: impl FnMut(&Candidate) -> anyhow::Result<f64>,
    ) -> anyhow::Result<[f64; 2]> {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            if let Some(upstream) = &self.upstream {
                theirs.push(measure(upstream)?);
            }
            ours.push(measure(&self.ours)?);
        }
        Ok([median(&theirs), median(&ours)])
    }

    fn requests(&self, args: &Args, report: &mut Report) -> anyhow::Result<()> {
        for (name, request) in [
            ("GET of one, CPU ms (50)", Request::One),
            ("list of 100, CPU ms", Request::Page(100)),
            ("list of 1000, CPU ms (40)", Request::Page(SOME)),
            ("POST of a load balancer, CPU ms (25)", Request::Create),
        ] {
            let medians = self.medians(args.rounds, |candidate| {
                let cost = cost(&candidate.server, request, &candidate.one, args.seconds)?;
                say(&format!("{name}: {} {cost:.3}", candidate.name));
                Ok(cost)
            })?;
            add(report, name, medians);
        }
        Ok(())
    }

    fn batches(&self, args: &Args, mariadb: &Mariadb, report: &mut Report) -> anyhow::Result<()> {
        for members in [160, 5000] {
            let mut seconds = [Vec::new(), Vec::new()];
            // A batch of thousands takes upstream a minute.
            let rounds = if members > SOME { 1 } else { args.rounds };
            let costs = self.medians(rounds, |candidate| {
                let batch = batch(&candidate.server, (mariadb, candidate.name), members)?;
                let index = usize::from(candidate.name == self.ours.name);
                seconds[index].push(batch.seconds);
                say(&format!(
                    "PUT of {members} members: {} {:.1} ms, {:.3} s",
                    candidate.name, batch.cost, batch.seconds
                ));
                Ok(batch.cost)
            })?;
            add(report, &format!("PUT of {members} members, CPU ms"), costs);
            let seconds = seconds.map(|seconds| median(&seconds));
            add(
                report,
                &format!("PUT of {members} members, seconds"),
                seconds,
            );
        }
        Ok(())
    }

    fn sizes(&self, report: &mut Report) -> anyhow::Result<()> {
        let of = |measure: &dyn Fn(&Candidate) -> anyhow::Result<f64>| {
            let theirs = self.upstream.as_ref().map_or(Ok(NOTHING), measure)?;
            anyhow::Ok([theirs, measure(&self.ours)?])
        };
        let started = of(&|candidate| Ok(candidate.server.started.as_secs_f64()))?;
        add(report, "start, seconds", started);
        add(
            report,
            "memory after the start, MiB",
            of(&|candidate| Ok(candidate.fresh))?,
        );
        let after = of(&|candidate| candidate.server.memory())?;
        add(report, "memory after all that, MiB", after);
        Ok(())
    }
}

fn add(report: &mut Report, name: &str, [theirs, ours]: [f64; 2]) {
    report.add(name, &[theirs, ours, theirs / ours], []);
}

/// Fills ours, and walks it by page.
fn many(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    say("making 10 000 load balancers");
    for _ in walk(server, PAGE)?.len() * PAGE..MANY {
        server.create(None)?;
    }
    let times = walk(server, PAGE)?;
    let (first, last) = (&times[..EDGE], &times[times.len() - EDGE..]);
    for (name, pages) in [("first", first), ("last", last)] {
        let name = format!("the {name} {EDGE} of {} pages, ms each", times.len());
        add(report, &name, [NOTHING, median(pages)]);
    }
    add(
        report,
        "memory then, MiB (below 60)",
        [NOTHING, server.memory()?],
    );
    Ok(())
}

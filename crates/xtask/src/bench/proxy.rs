//! CPU time for each operation: our proxy beside HAProxy, in the same run.
//!
//! Both serve the same nginx with one thread on the same core, and take turns; clients and nginx
//! run on the other cores. Nothing but the CPU time of the proxy's process counts, so it does not
//! matter which of them is the bottleneck. HAProxy is configured as upstream renders it; both log
//! each request and connection, in upstream's default format, to the same syslog receiver.

mod backend;
mod certificates;
mod contender;
mod growth;
mod idle;
mod latency;
mod load;
mod syslog;
mod target;

pub(super) use load::answered;
pub(super) use target::Target;

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::process::{self, Program};
use super::report::{Report, say};
use super::statistics::{median, range};
use super::udp;
use backend::Backend;
use contender::{Contender, Setup};
use idle::IDLE;
use load::{Load, SCENARIOS};
use syslog::Receiver;

/// How to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How often each proxy takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a turn lasts, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Connections at once; 32 for HTTP and 64 for TCP when not given.
    #[arg(long)]
    connections: Option<u32>,
    /// How HAProxy shares its connections to members.
    #[arg(long, value_enum, default_value_t = Reuse::Safe)]
    reuse: Reuse,
    /// Lets neither of them log.
    #[arg(long)]
    silent: bool,
    /// The build of our proxy alone (the example of its crate) to measure; built if absent.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Measures only what has this in its name.
    #[arg(long, default_value = "")]
    only: String,
}

/// How HAProxy shares its connections to members (`http-reuse`).
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reuse {
    /// Its default, and so upstream's: the first request of a client waits for a connection of its own.
    Safe,
    /// As ours: any idle connection serves any request.
    Always,
}

impl Reuse {
    const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Always => "always",
        }
    }
}

/// How many connections most rows have at once.
const CONNECTIONS: u32 = 32;

/// Our proxy and its peer.
struct Pair {
    ours: Contender,
    peer: Contender,
}

impl Pair {
    fn start(binary: &Path, backend: &Backend, setup: &Setup) -> anyhow::Result<Self> {
        Ok(Self {
            ours: Contender::ours(binary, backend, setup)?,
            peer: Contender::haproxy(backend, setup)?,
        })
    }

    /// Lets both take their turn; who begins changes from round to round.
    fn rounds(
        &self,
        name: &str,
        count: u32,
        measure: impl Fn(&Contender) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Vec<[f64; 2]>> {
        let measure = |it: &Contender| patiently(|| measure(it));
        let round = |round: u32| {
            let pair = if round.is_multiple_of(2) {
                let ours = measure(&self.ours)?;
                [ours, measure(&self.peer)?]
            } else {
                let peer = measure(&self.peer)?;
                [measure(&self.ours)?, peer]
            };
            say(&format!("{name}: {:.2} beside {:.2}", pair[0], pair[1]));
            Ok(pair)
        };
        (0..count).map(round).collect()
    }
}

/// How often a turn is tried.
const TRIES: usize = 3;

/// On a crowded machine the clients may get nothing done in a turn.
fn patiently(measure: impl Fn() -> anyhow::Result<f64>) -> anyhow::Result<f64> {
    for _ in 1..TRIES {
        match measure() {
            Ok(cost) => return Ok(cost),
            Err(error) => say(&format!("this turn is taken again: {error:#}")),
        }
    }
    measure()
}

/// Everything that a row needs.
struct Bench<'a> {
    args: &'a Args,
    /// Our proxy.
    binary: PathBuf,
    backend: Backend,
    logs: Option<Receiver>,
    report: Report,
}

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    raise_descriptor_limit()?;
    let logs = (!args.silent).then(Receiver::start).transpose()?;
    let columns = vec![
        "operation",
        "ours",
        "HAProxy",
        "ratio",
        "lowest",
        "highest",
        "target",
        "",
    ];
    let mut bench = Bench {
        args,
        binary: process::proxy(args.binary.as_deref())?,
        backend: Backend::start()?,
        logs,
        report: Report::new(
            "CPU time of the proxy's process for each operation, in microseconds, where no other \
             unit is named; median of rounds",
            columns,
        ),
    };
    bench.traffic()?;
    bench.datagrams()?;
    bench.latency()?;
    bench.idle()?;
    bench.growth()?;
    bench.change()?;
    Ok(bench.report)
}

impl Bench<'_> {
    fn wants(&self, name: &str) -> bool {
        name.contains(&self.args.only)
    }

    fn pair(&self, setup: &Setup) -> anyhow::Result<Pair> {
        Pair::start(&self.binary, &self.backend, setup)
    }

    fn setup(&self) -> Setup {
        Setup {
            reuse: self.args.reuse.word(),
            logs: self.logs.as_ref().map(|logs| logs.address),
            ..Setup::default()
        }
    }

    fn add(&mut self, name: &str, rounds: &[[f64; 2]], target: Target) {
        let numbers = summary(rounds);
        self.report.add(name, &numbers, target.judge(&numbers));
    }

    fn traffic(&mut self) -> anyhow::Result<()> {
        let wanted = SCENARIOS.iter().filter(|row| self.wants(row.name));
        let wanted: Vec<_> = wanted.collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let pair = self.pair(&self.setup())?;
        for scenario in wanted {
            let connections = self.args.connections.unwrap_or(scenario.at_once);
            let load = Load::new(scenario, self.args.seconds, connections)?;
            let rounds = pair.rounds(scenario.name, self.args.rounds, |it| load.cost(it))?;
            self.add(scenario.name, &rounds, Target::Ratio(scenario.target));
        }
        self.say_logged();
        Ok(())
    }

    /// What nobody hears was not worth its time.
    fn say_logged(&self) {
        if let Some(logs) = &self.logs {
            say(&format!("{} lines were logged so far", logs.heard()));
        }
    }

    fn datagrams(&mut self) -> anyhow::Result<()> {
        let name = "UDP round trip, 64 B, 64 flows, beside nginx";
        if !self.wants(name) {
            return Ok(());
        }
        let args = udp::Args::new(&self.binary, self.args.rounds, self.args.seconds);
        let rounds = udp::rounds(&args)?;
        self.add(name, &rounds, udp::TARGET);
        Ok(())
    }

    fn latency(&mut self) -> anyhow::Result<()> {
        let at_half = "p99 at half of HAProxy's top rate, ms";
        if self.wants(at_half) {
            let pair = self.pair(&self.setup())?;
            let rate = latency::top_rate(&pair.peer, self.args.seconds)? / 2.0;
            say(&format!("{rate:.0} requests a second"));
            let measure = |it: &Contender| latency::p99(it, rate, self.args.seconds);
            let rounds = pair.rounds(at_half, self.args.rounds, measure)?;
            self.add(at_half, &rounds, Target::Ratio(1.0));
        }
        let beside = "p99 beside 64 downloads of 5 MiB, ms";
        if self.wants(beside) {
            let pair = self.pair(&self.setup())?;
            let measure = |it: &Contender| latency::p99_beside_downloads(it, self.args.seconds);
            let rounds = pair.rounds(beside, self.args.rounds, measure)?;
            self.add(beside, &rounds, Target::Ratio(1.0));
        }
        Ok(())
    }

    /// Each turn is a process of its own: memory that was given back would not be asked for again.
    fn idle(&mut self) -> anyhow::Result<()> {
        for row in &IDLE {
            if !self.wants(row.name) {
                continue;
            }
            let mut rounds = Vec::new();
            for _ in 0..self.args.rounds.min(idle::ROUNDS) {
                let pair = self.pair(&self.setup())?;
                rounds.extend(pair.rounds(row.name, 1, |it| row.kibibytes(it))?);
            }
            self.add(row.name, &rounds, Target::Ratio(0.5));
        }
        Ok(())
    }

    fn growth(&mut self) -> anyhow::Result<()> {
        for row in growth::rows()? {
            if !self.wants(&row.name) {
                continue;
            }
            let setup = row.setup(self.setup());
            let pair = self.pair(&setup)?;
            let seconds = row.seconds(self.args.seconds);
            let load = Load::new(&load::SMALL, seconds, row.connections)?;
            let rounds = pair.rounds(&row.name, self.args.rounds, |it| load.cost(it))?;
            self.add(&row.name, &rounds, Target::None);
        }
        Ok(())
    }

    fn change(&mut self) -> anyhow::Result<()> {
        let name = "one member of 5000 changed: served, ms";
        if !self.wants(name) {
            return Ok(());
        }
        let setup = Setup {
            members: 5000,
            ..self.setup()
        };
        let mut ours = Contender::ours(&self.binary, &self.backend, &setup)?;
        let rounds: Vec<_> = (0..self.args.rounds)
            .map(|round| {
                let taken = contender::change(&mut ours, &self.backend, &setup, round)?;
                Ok([taken.as_secs_f64() * 1e3, f64::NAN])
            })
            .collect::<anyhow::Result<_>>()?;
        self.add(name, &rounds, Target::Ours(10.0));
        Ok(())
    }
}

/// A connection through a proxy takes two of its descriptors, and there may be 10 000 of them. What
/// we start inherits the limit.
fn raise_descriptor_limit() -> anyhow::Result<()> {
    const WANTED: u64 = 60_000;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let more = hard.max(WANTED);
    // Only root may have more than the hard limit, and not everywhere.
    let raised = setrlimit(Resource::RLIMIT_NOFILE, more, more);
    raised.or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, hard, hard))?;
    Ok(())
}

/// Ratios are taken within a round, where both met the same machine.
pub(super) fn summary(rounds: &[[f64; 2]]) -> [f64; 5] {
    let column = |index: usize| -> Vec<f64> { rounds.iter().map(|pair| pair[index]).collect() };
    let ratios: Vec<f64> = rounds.iter().map(|[ours, peer]| ours / peer).collect();
    let is_alone = ratios.iter().any(|ratio| ratio.is_nan());
    let (lowest, highest) = if is_alone {
        (f64::NAN, f64::NAN)
    } else {
        range(&ratios)
    };
    [
        median(&column(0)),
        median(&column(1)),
        median(&ratios),
        lowest,
        highest,
    ]
}

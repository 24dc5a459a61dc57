//! CPU time for each operation: our proxy beside HAProxy, in the same run.
//!
//! Both serve the same nginx with one thread on the same core, and take turns; `wrk` and nginx run
//! on the other cores. Nothing but the CPU time of the proxy's process counts, so it does not
//! matter which of them is the bottleneck.

mod backend;
mod certificates;
mod contender;
mod load;

pub(super) use load::answered;

use clap::{Parser, ValueEnum};

use super::process::Program;
use super::report::{Report, say};
use super::statistics::{median, range};
use backend::Backend;
use contender::Contender;
use load::Load;

/// How to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How often each proxy takes its turn.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// How long a turn lasts, in seconds.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// Connections at once.
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// How HAProxy shares its connections to members.
    #[arg(long, value_enum, default_value_t = Reuse::Safe)]
    reuse: Reuse,
    /// Measures only scenarios whose name contains this.
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

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    let backend = Backend::start()?;
    let ours = Contender::ours(&backend)?;
    let peer = Contender::haproxy(&backend, args.reuse.word())?;
    let mut report = Report::new(
        "CPU time of the proxy's process for each operation, in microseconds; median of rounds",
        vec!["operation", "ours", "HAProxy", "ratio", "lowest", "highest"],
    );
    let scenarios = load::SCENARIOS.iter();
    for scenario in scenarios.filter(|scenario| scenario.name.contains(&args.only)) {
        let load = Load::new(scenario, args.seconds, args.connections)?;
        let mut rounds = Vec::new();
        for round in 0..args.rounds {
            let pair = measure(&load, &ours, &peer, round)?;
            let [ours, peer] = pair;
            say(&format!(
                "{}: {ours:.2} us beside {peer:.2} us",
                scenario.name
            ));
            rounds.push(pair);
        }
        report.add(scenario.name, &summary(&rounds));
    }
    Ok(report)
}

/// Lets both take their turn; who begins changes from round to round.
fn measure(
    load: &Load<'_>,
    ours: &Contender,
    peer: &Contender,
    round: u32,
) -> anyhow::Result<[f64; 2]> {
    if round.is_multiple_of(2) {
        let first = load.cost(ours)?;
        Ok([first, load.cost(peer)?])
    } else {
        let first = load.cost(peer)?;
        Ok([load.cost(ours)?, first])
    }
}

/// Ratios are taken within a round, where both met the same machine.
pub(super) fn summary(rounds: &[[f64; 2]]) -> [f64; 5] {
    let column = |index: usize| -> Vec<f64> { rounds.iter().map(|pair| pair[index]).collect() };
    let ratios: Vec<f64> = rounds.iter().map(|[ours, peer]| ours / peer).collect();
    let (lowest, highest) = range(&ratios);
    [
        median(&column(0)),
        median(&column(1)),
        median(&ratios),
        lowest,
        highest,
    ]
}

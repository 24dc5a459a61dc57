//! The planner's simulation, with seeds of one's choice.

use clap::Parser;

use crate::shell::Step;

/// Which seeds to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 1000)]
    count: u64,
}

/// Runs the simulation tests with the seeds.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args([
            "test",
            "--release",
            "-p",
            "octavia-controller",
            "--test",
            "it",
            "simulation",
            "--",
            "--nocapture",
        ])
        .env("OCTAVIA_SIM_SEED", args.seed.to_string())
        .env("OCTAVIA_SIM_COUNT", args.count.to_string())
        .run()
}

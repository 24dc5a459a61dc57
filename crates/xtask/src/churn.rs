//! Random changes of configuration under load, as many and as long as one likes.

use clap::Parser;

use crate::shell::Step;

/// How many changes, for how long, from which seed.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How many changes.
    #[arg(long, default_value_t = 1000)]
    changes: u64,
    /// Over how many seconds they are spread, at least; as fast as clients are served without it.
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// Where chance begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the test of random changes with these numbers.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args([
            "test",
            "--release",
            "-p",
            "octavia-proxy",
            "--test",
            "it",
            "churn",
            "--",
            "--nocapture",
        ])
        .env("OCTAVIA_CHURN_CHANGES", args.changes.to_string())
        .env("OCTAVIA_CHURN_SECONDS", args.seconds.to_string())
        .env("OCTAVIA_CHURN_SEED", args.seed.to_string())
        .run()
}

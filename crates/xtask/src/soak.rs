//! Full load for minutes, with changes and failures, and the memory at the end.

use clap::Parser;

use crate::shell::Step;

/// How long.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How many minutes.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

/// Runs the test of endurance for so long.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["test", "--release", "-p", "octavia-proxy", "--test", "it"])
        .args(["soak::", "--", "--nocapture"])
        .env("OCTAVIA_SOAK_MINUTES", args.minutes.to_string())
        .run()
}

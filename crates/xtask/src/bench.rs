//! Measurements beside peers: CPU per operation and ratios, never a verdict.

use clap::Parser;

/// What to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Runs the measurement.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let Args {} = args;
    anyhow::bail!("no benchmark is defined yet")
}

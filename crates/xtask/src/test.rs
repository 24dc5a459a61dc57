//! Everything that CI runs.

use clap::Parser;

use crate::shell::Step;

/// What to leave out.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Runs everything.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    Step::new("cargo").args(["fmt", "--all", "--check"]).run()?;
    Step::new("cargo").args(["test", "--workspace"]).run()
}

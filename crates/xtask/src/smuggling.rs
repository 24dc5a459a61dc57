//! The smuggling corpus, with its table; the tests of the proxy run it, too.

use clap::Parser;

use crate::shell::Step;

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Prints the verdicts on every request of the corpus.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["test", "--package", "octavia-proxy", "--test", "it"])
        .args(["no_request_means_one_thing", "--", "--nocapture"])
        .run()
}

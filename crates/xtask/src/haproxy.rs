//! Upstream's configurations under HAProxy and under our proxy; the tests of the proxy run it, too.

use clap::Parser;

use crate::shell::Step;

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Prints every difference with its reason.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["test", "--package", "octavia-proxy", "--test", "it"])
        .args(["what_haproxy_does", "--", "--nocapture"])
        .run()
}

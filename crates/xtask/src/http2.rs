//! HTTP/2 through the data plane, by clients and servers that nobody here wrote: httpx and hypercorn,
//! grpcio on both sides, and `h2` with its own checks switched off.

use clap::Parser;

use crate::shell::{Step, root, target};
use crate::venv;

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Pinned, so that a run says the same tomorrow.
const PACKAGES: [&str; 4] = [
    "h2==4.4.1",
    "httpx[http2]==0.28.1",
    "hypercorn==0.18.0",
    "grpcio==1.85.1",
];

/// Runs it.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["build", "--package", "octavia-proxy", "--example", "proxy"])
        .run()?;
    let venv = venv::install("http2", &PACKAGES)?;
    Step::new(venv.join("bin/python"))
        .args([root().join("crates/xtask/http2/checks.py")])
        .args([target().join("debug/examples/proxy")])
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run()
}

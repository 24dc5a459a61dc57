//! Clients and servers that nobody here wrote, through the data plane.

use clap::Parser;

use crate::shell::{Step, target};
use crate::venv;

/// What they are, pinned.
const PACKAGES: [&str; 3] = ["httpx==0.28.1", "hypercorn==0.18.0", "websockets==17.4"];

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Lets curl, OpenSSL, httpx, websockets and Chromium talk to hypercorn and OpenSSL through us.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    let python = venv::install("clients-of-http", &PACKAGES)?.join("bin/python");
    Step::new("cargo")
        .args(["build", "--package", "octavia-proxy", "--example", "proxy"])
        .run()?;
    Step::new(python)
        .args(["crates/xtask/clients/check.py"])
        .args([target().join("debug/examples/proxy")])
        .run()
}

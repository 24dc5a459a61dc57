//! Upstream's own functional API tests, run against the real binary.
//!
//! The tests come from PyPI, unchanged; `conformance/` of this crate holds what makes them talk over
//! HTTP to a server outside their process, which shares a database with them.

mod ground;
mod report;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;

use crate::shell::{Step, target};
use ground::Ground;

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Leaves out the tests that replace upstream's drivers by doubles, and with them the cargo feature
    /// that asks those doubles: the binary is the one that is released.
    #[arg(long)]
    no_bridge: bool,
    /// Keeps every request and answer in this file, as JSON lines.
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    /// Only tests whose names match, in pytest's language.
    #[arg(short = 'k', value_name = "EXPRESSION")]
    matching: Option<String>,
    /// Modules, such as `test_pool`; all of them if absent.
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
}

/// Runs all of them, with or without the bridge.
pub(crate) fn run_all(bridge: bool) -> anyhow::Result<()> {
    run(&Args {
        no_bridge: !bridge,
        transcript: None,
        matching: None,
        modules: Vec::new(),
    })
}

/// Runs the tests, prints the counts, and fails when one of them does.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let binary = build(!args.no_bridge)?;
    let ground = Ground::prepare(&binary)?;
    let results = ground.directory().join("results.json");
    let mut pytest = ground
        .pytest(&binary)
        .env("CONFORMANCE_BRIDGE", if args.no_bridge { "0" } else { "1" });
    if let Some(file) = &args.transcript {
        pytest = pytest.env("CONFORMANCE_TRANSCRIPT", std::path::absolute(file)?);
    }
    if let Some(expression) = &args.matching {
        pytest = pytest.args(["-k", expression]);
    }
    pytest = pytest.args(["--conformance-out"]).args([&results]);
    pytest = ground.select(pytest, &args.modules)?;
    let outcome = pytest.run();
    let text = std::fs::read_to_string(&results).context("upstream's tests left no results")?;
    report::judge(&text)?;
    outcome
}

/// Builds the binary that is tested, with or without the bridge to the tests' doubles.
fn build(bridge: bool) -> anyhow::Result<PathBuf> {
    let cargo = Step::new("cargo").args(["build", "--package", "octavia"]);
    if bridge {
        cargo.args(["--features", "conformance"]).run()?;
    } else {
        cargo.run()?;
    }
    // A copy, as whatever is built next replaces the original.
    let copy = target().join("conformance").join("octavia");
    std::fs::create_dir_all(target().join("conformance"))?;
    std::fs::copy(target().join("debug/octavia"), &copy).context("copy the binary")?;
    Ok(copy)
}

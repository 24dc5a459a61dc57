//! Everything that CI runs, in the order that fails soonest.

mod machine;

use std::time::Instant;

use clap::Parser;

use crate::cli;
use crate::clients;
use crate::conformance;
use crate::fuzz;
use crate::guide::{self, Mode};
use crate::http2;
use crate::schemathesis;
use crate::shell::{Step, find, target};
use crate::tokens;

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Leaves out what walks the whole system: the demo and the guide.
    #[arg(long)]
    quick: bool,
}

/// The version of cargo-deny; it moves in a change of its own.
const CARGO_DENY: &str = "0.20.2";

/// Runs everything.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut report = Report::default();
    report.part("machine", machine::prepare)?;
    report.part("fmt", || {
        Step::new("cargo").args(["fmt", "--all", "--check"]).run()
    })?;
    report.part("clippy", || {
        clippy(&["--workspace"])?;
        clippy(&["--package", "octavia", "--features", "conformance"])
    })?;
    report.part("docs", || {
        Step::new("cargo")
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ])
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()
    })?;
    report.part("deny", deny)?;
    report.part("amphora build", || {
        Step::new("cargo")
            .args([
                "check",
                "--package",
                "octavia",
                "--no-default-features",
                "--features",
                "amphora",
            ])
            .run()
    })?;
    report.part("unit and integration tests", || {
        Step::new("cargo").args(["test", "--workspace"]).run()
    })?;
    if !args.quick {
        report.part("clients and servers of others", || {
            clients::run(&clients::Args {})
        })?;
        fuzz(&mut report)?;
        report.part(
            "HTTP/2 and gRPC, with clients and servers in Python",
            || http2::run(&http2::Args {}),
        )?;
        upstreams_tests(&mut report)?;
        report.part("demo", demo)?;
        report.part("tokens of a real Keystone", || {
            tokens::run(&tokens::Args {})
        })?;
        whole_system(&mut report)?;
    }
    report.print();
    Ok(())
}

fn clippy(what: &[&str]) -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["clippy", "--all-targets"])
        .args(what)
        .args(["--", "-D", "warnings"])
        .run()
}

/// Checks licences, duplicates and sources of dependencies; installs the checker on first use.
fn deny() -> anyhow::Result<()> {
    let tools = target().join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        Step::new("cargo")
            .args([
                "install",
                "--quiet",
                "--locked",
                "--version",
                CARGO_DENY,
                "cargo-deny",
                "--root",
            ])
            .args([tools.as_os_str()])
            .run()?;
    }
    Step::new(program)
        .args(["check", "licenses", "bans", "sources"])
        .run()
}

/// Runs the fuzz targets for a short time.
fn fuzz(report: &mut Report) -> anyhow::Result<()> {
    if fuzz::is_possible() {
        return report.part("fuzz targets", || fuzz::run(&fuzz::Args::default()));
    }
    report.skip(
        "fuzz targets",
        "they need a nightly compiler, which rustup cannot install",
    );
    Ok(())
}

/// Runs the README's first command, to its end.
fn demo() -> anyhow::Result<()> {
    Step::new("cargo")
        .args(["run", "--release", "--", "demo", "--exit"])
        .run()
}

/// Runs upstream's own tests: with their doubles, and on the binary that is released.
fn upstreams_tests(report: &mut Report) -> anyhow::Result<()> {
    for (name, bridge) in [
        ("upstream's functional tests", true),
        ("upstream's functional tests, without doubles", false),
    ] {
        if find("mariadbd").is_none() {
            report.skip(name, "it needs mariadbd");
        } else {
            report.part(name, || conformance::run_all(bridge))?;
        }
    }
    Ok(())
}

/// Walks the guide as root in namespaces, and once more without root.
fn whole_system(report: &mut Report) -> anyhow::Result<()> {
    let binary = guide::build()?;
    report.part("schemathesis", || {
        schemathesis::run(&schemathesis::Args {
            seconds: schemathesis::SECONDS,
            binary: Some(binary.clone()),
        })
    })?;
    let clients = guide::install_clients()?;
    report.part("every subcommand of the client, behind Keystone", || {
        cli::walk(&binary, &clients)
    })?;
    if machine::is_root() {
        report.part("guide, in namespaces", || {
            guide::walk_as_root(&binary, &clients)
        })?;
        report.part("guide, without root", || {
            guide::walk_without_root(&binary, &clients)
        })
    } else {
        report.skip("guide, in namespaces", "it needs root");
        report.part("guide, without root", || {
            guide::run(&guide::Args {
                mode: Mode::Process,
                binary: Some(binary.clone()),
                clients: Some(clients.clone()),
            })
        })
    }
}

/// What was run, and how long it took.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
}

impl Report {
    fn part(
        &mut self,
        name: &str,
        part: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        println!("\n\x1b[1m== {name}\x1b[0m");
        let start = now();
        part().map_err(|error| error.context(format!("{name} failed")))?;
        self.lines
            .push(format!("{:>6.1} s  {name}", start.elapsed().as_secs_f64()));
        Ok(())
    }

    fn skip(&mut self, name: &str, why: &str) {
        println!("\n\x1b[1;33m== SKIPPED: {name}: {why}\x1b[0m");
        self.lines.push(format!(" SKIPPED  {name}: {why}"));
    }

    fn print(&self) {
        println!("\n\x1b[1m== All passed\x1b[0m\n{}", self.lines.join("\n"));
        if find("just").is_none() {
            println!(
                "(`just` is not installed; `cargo install just` gives short names to all this)"
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a development command tells how long it took"
)]
fn now() -> Instant {
    Instant::now()
}

//! The fuzz targets of `/fuzz`, for a bounded time.
//!
//! They are run by libFuzzer without cargo-fuzz: nothing but a nightly compiler need be installed.
//! Our code has no `unsafe`, so no sanitizer watches memory; laws, overflows and panics count.

mod seeds;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::Parser;

use crate::shell::{Step, root, target};

/// How long each target runs in `cargo xtask test`.
const SECONDS: u32 = 10;

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// What libFuzzer is guided by, as cargo-fuzz asks for it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1";

/// What to run.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How long each target runs.
    #[arg(long, default_value_t = SECONDS)]
    pub(crate) seconds: u32,
    /// The targets; all of them if none is named.
    pub(crate) targets: Vec<String>,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            seconds: SECONDS,
            targets: Vec::new(),
        }
    }
}

/// Builds the targets, and runs each for its time.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let all = targets()?;
    let chosen = if args.targets.is_empty() {
        &all
    } else {
        &args.targets
    };
    for target in chosen {
        ensure!(
            all.contains(target),
            "there is no target {target}; there are: {}",
            all.join(", ")
        );
    }
    let directory = target().join("fuzz");
    seeds::write(&directory.join("seeds"))?;
    build(&directory, chosen)?;
    for target in chosen {
        fuzz(target, args.seconds, &directory)?;
    }
    println!(
        "{} targets ran for {} s each, and no law was broken",
        chosen.len(),
        args.seconds
    );
    Ok(())
}

/// Tells whether there is a nightly compiler, or can be.
pub(crate) fn is_possible() -> bool {
    let has_nightly = Step::new("rustc").args(["+nightly", "--version"]);
    let install = ["toolchain", "install", "nightly", "--profile", "minimal"];
    has_nightly.succeeds() || Step::new("rustup").args(install).succeeds()
}

fn targets() -> anyhow::Result<Vec<String>> {
    let directory = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for file in std::fs::read_dir(&directory).context("list the fuzz targets")? {
        let path = file?.path();
        names.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

fn build(directory: &Path, targets: &[String]) -> anyhow::Result<()> {
    let bins = targets.iter().flat_map(|target| ["--bin", target]);
    Step::new("cargo")
        .args(["+nightly", "build", "--release", "--target", TRIPLE])
        .args(["--manifest-path", "fuzz/Cargo.toml"])
        .args(bins)
        .env("CARGO_TARGET_DIR", directory)
        .env("RUSTFLAGS", FLAGS)
        .run()
}

fn fuzz(target: &str, seconds: u32, directory: &Path) -> anyhow::Result<()> {
    let make = |name: &str| -> anyhow::Result<PathBuf> {
        let made = directory.join(name).join(target);
        std::fs::create_dir_all(&made).with_context(|| format!("make {}", made.display()))?;
        Ok(made)
    };
    let (corpus, seeds, found) = (make("corpus")?, make("seeds")?, make("found")?);
    let program = directory.join(TRIPLE).join("release").join(target);
    let run = Step::new(program)
        .args([
            format!("-max_total_time={seconds}"),
            format!("-artifact_prefix={}/", found.display()),
        ])
        .args([
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ])
        .args(["-max_len=20000", "-dict=fuzz/http.dict"])
        .args([corpus, seeds])
        .run();
    run.with_context(|| format!("{target} broke a law; the bytes lie in {}", found.display()))
}

//! What became of the tests: counts a module, and a verdict.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Passed, failed, skipped.
#[derive(Default, Clone, Copy)]
struct Counts {
    passed: u32,
    failed: u32,
    skipped: u32,
}

/// How many lines of an error are shown.
const SHOWN_LINES: usize = 8;

/// Prints the counts of a run, and fails when a test failed or none was run.
pub(super) fn judge(results: &str) -> anyhow::Result<()> {
    let results: Value = serde_json::from_str(results).context("read the results")?;
    let tests = results["tests"]
        .as_object()
        .context("results without tests")?;
    let mut modules: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut total = Counts::default();
    for (name, test) in tests {
        if let Some(error) = test["error"].as_str() {
            println!("\n\x1b[1m{name}\x1b[0m\n{}", tail(error));
        }
        let module = name.split("::").next().unwrap_or(name);
        let module = module.rsplit('.').next().unwrap_or(module);
        for counts in [modules.entry(module).or_default(), &mut total] {
            match test["outcome"].as_str() {
                Some("passed") => counts.passed += 1,
                Some("skipped") => counts.skipped += 1,
                _ => counts.failed += 1,
            }
        }
    }
    println!(
        "\n{:36}{:>8}{:>8}{:>8}",
        "module", "passed", "failed", "skipped"
    );
    for (module, counts) in modules.iter().chain([(&"all", &total)]) {
        let Counts {
            passed,
            failed,
            skipped,
        } = counts;
        println!("{module:36}{passed:>8}{failed:>8}{skipped:>8}");
    }
    if total.failed > 0 || total.passed == 0 {
        bail!("{} of upstream's tests failed", total.failed);
    }
    Ok(())
}

/// Returns the end of an error, which holds what was wanted and what came instead.
fn tail(error: &str) -> String {
    let told = error.split("Captured stdout").next().unwrap_or(error);
    let lines: Vec<_> = told
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let from = lines.len().saturating_sub(SHOWN_LINES);
    lines[from..].join("\n")
}

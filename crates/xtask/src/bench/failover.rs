//! How long the VIP of a pair does not answer, beside what was recorded of upstream.

use clap::Parser;

use crate::shell::Step;

/// How often to strike.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How often each misfortune strikes the master.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
}

/// Runs the test of pairs, as released, with so many rounds; it needs root. Each gap is a line.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    Step::new("cargo")
        .args([
            "test",
            "--release",
            "-p",
            "octavia",
            "--test",
            "it",
            "pair::",
            "--",
            "--nocapture",
        ])
        .env("OCTAVIA_FAILOVER_ROUNDS", args.rounds.to_string())
        .run()?;
    println!(
        "\nupstream, recorded: a pair is made in 39 to 41 s and its VIP answers 10 s later; \
         its master killed, the VIP does not answer for 3.3 to 4.0 s, and the pair is whole after \
         79 to 83 s"
    );
    Ok(())
}

//! Measurements beside peers: CPU per operation and ratios, never a verdict.

mod api;
mod control;
mod failover;
pub(crate) mod http;
pub(crate) mod process;
mod proxy;
mod report;
mod statistics;
mod udp;

use clap::{Parser, Subcommand};

/// What to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Prints JSON instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// CPU time of the proxy for each operation, beside HAProxy's.
    Proxy(proxy::Args),
    /// CPU time of the proxy for each round trip of a datagram, beside nginx's.
    Udp(udp::Args),
    /// CPU time of the API for each request, beside upstream's.
    Api(api::Args),
    /// How long the VIP of a pair does not answer when its master is struck; as root.
    Failover(failover::Args),
    /// Time from a change in the API until it is live.
    Control(control::Args),
}

/// Runs the measurement.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let report = match args.what {
        What::Failover(what) => return failover::run(&what),
        What::Proxy(what) => proxy::run(&what)?,
        What::Udp(what) => udp::run(&what)?,
        What::Api(what) => api::run(&what)?,
        What::Control(what) => control::run(&what)?,
    };
    if args.json {
        println!("{}", report.json());
    } else {
        println!("\n{}", report.table());
    }
    Ok(())
}

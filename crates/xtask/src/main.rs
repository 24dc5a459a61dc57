//! Development commands, run as `cargo xtask <command>`.
#![expect(
    clippy::print_stdout,
    reason = "a development command talks to the person who typed it"
)]

mod bench;
mod churn;
mod cli;
mod clients;
mod conformance;
mod fuzz;
mod guide;
mod haproxy;
mod http2;
mod keystone;
mod mariadb;
mod schemathesis;
mod shell;
mod sim;
mod smuggling;
mod soak;
mod test;
mod tokens;
mod venv;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Development commands of Octavia in Rust.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything that CI runs, and installs what it needs.
    Test(test::Args),
    /// Walks the tenant guide with the unmodified `openstack` client.
    Guide(guide::Args),
    /// Measures speed beside peers, in the same run.
    Bench(bench::Args),
    /// Types every subcommand of `openstack loadbalancer`, behind a real Keystone.
    Cli(cli::Args),
    /// Runs upstream's own functional API tests against the real binary.
    Conformance(conformance::Args),
    /// Calls the API with what its OpenAPI document lets Schemathesis make up.
    Schemathesis(schemathesis::Args),
    /// Walks callers with tokens of a real Keystone through the API's door.
    Tokens(tokens::Args),
    /// Changes a proxy's configuration at random under load, and expects no failed request.
    Churn(churn::Args),
    /// Runs the fuzz targets for a bounded time.
    Fuzz(fuzz::Args),
    /// Prints what differs between HAProxy, configured by upstream, and our proxy.
    Haproxy(haproxy::Args),
    /// Lets clients and servers that nobody here wrote talk through the data plane.
    Clients(clients::Args),
    /// Prints what we, HAProxy and nginx make of requests that could be understood in two ways.
    Smuggling(smuggling::Args),
    /// Loads a proxy for minutes, with changes and members that die, and looks at its memory.
    Soak(soak::Args),
    /// Speaks HTTP/2 and gRPC through a proxy with clients and servers in Python.
    Http2(http2::Args),
    /// Runs the planner's simulation with more seeds than the tests do.
    Sim(sim::Args),
}

fn main() -> ExitCode {
    let done = match CommandLine::parse().command {
        Command::Test(args) => test::run(&args),
        Command::Guide(args) => guide::run(&args),
        Command::Bench(args) => bench::run(args),
        Command::Cli(args) => cli::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Schemathesis(args) => schemathesis::run(&args),
        Command::Tokens(args) => tokens::run(&args),
        Command::Churn(args) => churn::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Haproxy(args) => haproxy::run(&args),
        Command::Clients(args) => clients::run(&args),
        Command::Smuggling(args) => smuggling::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Http2(args) => http2::run(&args),
        Command::Sim(args) => sim::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The chain of causes, without the backtrace of a debug print.
            println!("\n\x1b[1;31merror:\x1b[0m {error:#}");
            ExitCode::FAILURE
        }
    }
}

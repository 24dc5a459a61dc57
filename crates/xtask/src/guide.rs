//! The tenant guide as a test, with the unmodified `openstack` client.

use clap::Parser;

/// Where to walk the guide.
#[derive(Debug, Parser)]
pub(crate) struct Args {}

/// Walks the guide.
pub(crate) fn run(_: &Args) -> anyhow::Result<()> {
    anyhow::bail!("the guide comes with the roles")
}

//! `octavia db`: creates, adopts and checks the database.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use octavia_model::SystemClock;
use octavia_store::{DatabaseUrl, SchemaState, Store, Upgraded};
use tokio_util::sync::CancellationToken;

use crate::config::Configuration;
use crate::failure::Failure;

/// How often a database that does not answer is asked again.
const CHECK_PAUSE: Duration = Duration::from_secs(1);

/// What to do with the database of `[database] connection`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Creates the schema in an empty database, or adds our tables to upstream's.
    ///
    /// A database of upstream's stays usable by upstream: its own tables are not touched.
    Upgrade,
    /// Says what the database holds, and whether this version can serve it.
    Check,
}

/// Runs `octavia db`.
pub(crate) async fn run(command: Command, configuration: Configuration) -> Result<(), Failure> {
    let store = connect(&configuration).await?;
    let said = match command {
        Command::Upgrade => match store.upgrade().await? {
            Upgraded::Created => "created: the database is ready",
            Upgraded::Adopted => "adopted: upstream's database, with our tables beside its own",
            Upgraded::Extended => "extended: the tables that this version brings are added",
            Upgraded::AlreadyReady => "nothing to do: the database is ready",
        },
        Command::Check => {
            ready(store.check().await?)?;
            "the database is ready"
        }
    };
    writeln!(std::io::stdout(), "{said}").map_err(|error| Failure::Other(error.into()))
}

/// Connects to the configured database, and sees that this version can serve it.
pub(crate) async fn open(configuration: &Configuration) -> Result<Store, Failure> {
    let store = connect(configuration).await?;
    ready(store.check().await?)?;
    Ok(store)
}

/// As [`open`], for the API: a server that does not answer yet is no reason not to start. Clients are
/// told, and `/healthcheck` says so.
pub(crate) async fn open_early(configuration: &Configuration) -> Result<Store, Failure> {
    Ok(Store::connect_lazily(url(configuration)?, Arc::new(SystemClock)).await?)
}

/// Waits until the database answers, and fails unless this version can serve it; then waits for the end.
pub(crate) async fn watch_until_ready(
    store: Store,
    stopping: CancellationToken,
) -> Result<(), Failure> {
    let mut told = false;
    loop {
        match store.check().await {
            Ok(state) => {
                ready(state)?;
                break;
            }
            Err(error) if error.may_retry() => {
                if !told {
                    let error = Failure::from(error);
                    tracing::warn!(%error, "the database does not answer; waiting for it: {error}");
                    told = true;
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            () = tokio::time::sleep(CHECK_PAUSE) => {}
        }
    }
    stopping.cancelled().await;
    Ok(())
}

async fn connect(configuration: &Configuration) -> Result<Store, Failure> {
    Ok(Store::connect(url(configuration)?, Arc::new(SystemClock)).await?)
}

fn url(configuration: &Configuration) -> Result<&DatabaseUrl, Failure> {
    configuration.database.as_ref().ok_or_else(|| {
        Failure::Configuration(
            "no database: set [database] connection in octavia.conf, for example \
             mysql+pymysql://octavia:password@db.example.org/octavia or sqlite:////var/lib/octavia/octavia.db"
                .into(),
        )
    })
}

fn ready(state: SchemaState) -> Result<(), Failure> {
    let problem = match state {
        SchemaState::Ready => return Ok(()),
        SchemaState::Behind => {
            "the database is an earlier version's: run `octavia db upgrade`".to_owned()
        }
        SchemaState::Empty => "the database is empty: run `octavia db upgrade`".to_owned(),
        SchemaState::Upstream => "the database is upstream's, at the right revision, without our tables: \
             run `octavia db upgrade` to add them"
            .to_owned(),
        SchemaState::OtherRevision(revision) => format!(
            "the database is at revision {revision}, which this version cannot serve: \
             bring it to the revision of upstream 19.0.0 with upstream's `octavia-db-manage upgrade head` first"
        ),
        SchemaState::Foreign => {
            "the database holds tables, but none of Octavia's: name another one in [database] connection"
                .to_owned()
        }
    };
    Err(Failure::text(problem))
}

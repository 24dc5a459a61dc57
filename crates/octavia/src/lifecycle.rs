//! Start and stop: soft first, hard at the second signal or when the time is up.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The tasks of a process, which live and end together.
///
/// A task that fails, panics, or ends before it was asked to takes the others with it: softly, and the
/// process then ends with that error.
pub(crate) struct Lifecycle {
    tasks: JoinSet<(&'static str, Result<(), Failure>)>,
    stop: CancellationToken,
    limit: Duration,
}

impl Lifecycle {
    /// Makes a process without tasks; `limit` is how long a soft stop may take.
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
            limit,
        }
    }

    /// Returns the token that is cancelled when the process is to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task that runs until [`Self::stopping`].
    pub(crate) fn start(
        &mut self,
        name: &'static str,
        task: impl Future<Output = Result<(), Failure>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, task.await) });
    }

    /// Runs until a signal, until [`Self::stopping`] is cancelled, or until a task ends; then stops all.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        self.run_then(async { Ok(()) }).await
    }

    /// Runs as [`Self::run`] does, and clears up when all tasks have stopped. A second signal and the
    /// limit end that, too.
    pub(crate) async fn run_then(
        mut self,
        clear_up: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let mut signals = Signals::listen()?;
        let outcome = tokio::select! {
            biased;
            signal = signals.next() => {
                tracing::info!("{signal}: stopping; once more to stop at once");
                Ok(())
            }
            () = self.stop.cancelled() => Ok(()),
            ended = self.tasks.join_next() => early_end(ended),
        };
        if let Err(failure) = &outcome {
            tracing::error!("stopping, because of an error: {failure}");
        }
        self.stop.cancel();
        let limit = self.limit;
        let stopped = tokio::select! {
            stopped = async { self.wind_down().await.and(clear_up.await) } => stopped,
            signal = signals.next() => Err(Failure::text(format!("{signal} again: stopped at once"))),
            () = tokio::time::sleep(limit) => Err(Failure::text(format!(
                "not everything stopped within {} s ([DEFAULT] graceful_shutdown_timeout)",
                limit.as_secs()
            ))),
        };
        outcome.and(stopped)
    }

    /// Waits until every task has ended; the first failure counts.
    async fn wind_down(&mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next().await {
            outcome = outcome.and(in_words(ended));
        }
        outcome
    }
}

type Ended = Result<(&'static str, Result<(), Failure>), tokio::task::JoinError>;

fn early_end(ended: Option<Ended>) -> Result<(), Failure> {
    let Some(ended) = ended else {
        return Ok(());
    };
    let name = ended.as_ref().map(|(name, _)| *name).ok();
    in_words(ended)?;
    Err(Failure::text(format!(
        "the task `{}` ended without being asked to",
        name.unwrap_or("task")
    )))
}

fn in_words(ended: Ended) -> Result<(), Failure> {
    match ended {
        Ok((_, outcome)) => outcome,
        Err(error) => Err(Failure::text(format!("a task broke: {error}"))),
    }
}

/// The signals that stop a process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| Failure::Other(error.into()));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
        }
    }
}

#[cfg(test)]
mod tests;

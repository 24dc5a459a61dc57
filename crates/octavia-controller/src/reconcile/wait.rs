use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Reconciler;
use super::look::agent_of;
use crate::error::{Error, Result};
use crate::plan::{AgentSeen, Observed, Waiting};

/// The longest pause between two questions.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What a pass listens to, and how long it has waited for what it waits for.
pub(super) struct Patience {
    wakeups: watch::Receiver<u64>,
    heard: watch::Receiver<u64>,
    waiting: Option<(Waiting, DateTime<Utc>, Instant)>,
}

impl Patience {
    /// Begins to listen.
    pub(super) fn new(reconciler: &Reconciler) -> Self {
        Self {
            wakeups: reconciler.world.store.wakeups(),
            heard: reconciler.world.heard.listen(),
            waiting: None,
        }
    }

    /// Forgets what was heard; a look follows, which sees its effects.
    pub(super) fn before_look(&mut self) {
        self.wakeups.mark_unchanged();
        self.heard.mark_unchanged();
    }

    /// Tells whether this is not what was waited for last.
    pub(super) fn is_new(&self, why: Waiting) -> bool {
        self.waiting.is_none_or(|(known, ..)| known != why)
    }

    /// Returns until when to wait, and since when: waiting again for the same goes on.
    fn begin(&mut self, why: Waiting, until: DateTime<Utc>) -> (DateTime<Utc>, Instant) {
        let began = match self.waiting {
            Some((known, until, since)) if known == why => (until, since),
            _ => (until, Instant::now()),
        };
        self.waiting = Some((why, began.0, began.1));
        began
    }
}

impl Reconciler {
    /// Waits until it is worth looking again: something new is wanted, an amphora was heard or
    /// answers, a server may have been made.
    ///
    /// # Errors
    ///
    /// When `until` passes first.
    pub(super) async fn wait(
        &self,
        patience: &mut Patience,
        (until, why): (DateTime<Utc>, Waiting),
        seen: &Observed,
        token: &CancellationToken,
    ) -> Result<()> {
        let (until, since) = patience.begin(why, until);
        let first_pause = self.settings.worker.boot_probe_interval;
        while self.now() < until {
            // Fast at first, slower for what takes minutes.
            let pause = (since.elapsed() / 10).clamp(first_pause, PAUSE_MAX.max(first_pause));
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                _ = patience.wakeups.changed() => return Ok(()),
                _ = patience.heard.changed() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            if self.may_have_ended(why, seen).await {
                return Ok(());
            }
        }
        Err(match why {
            Waiting::Server(amphora) => Error::Unbuilt(amphora),
            Waiting::Agent(amphora) => Error::Silent(amphora),
            Waiting::Master => Error::Masterless,
        })
    }

    async fn may_have_ended(&self, why: Waiting, seen: &Observed) -> bool {
        match why {
            Waiting::Master => {
                let agents = seen.servers.iter().filter_map(agent_of);
                let asked = join_all(agents.map(|agent| self.world.ask(agent))).await;
                let mut pairs = asked.into_iter().filter_map(|(_, pair)| pair);
                pairs.any(|pair| pair.is_master)
            }
            // Only compute knows, and the next look asks it.
            Waiting::Server(_) => true,
            Waiting::Agent(amphora) => {
                let server = seen.servers.iter().find(|s| s.amphora_id == amphora);
                match server.and_then(agent_of) {
                    Some(agent) => self.world.probe(agent).await != AgentSeen::Silent,
                    None => true,
                }
            }
        }
    }
}

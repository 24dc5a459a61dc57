use chrono::{DateTime, TimeDelta, Utc};
use octavia_amphora_api::heartbeat::Heartbeat;

/// How far an amphora's clock may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(10);

/// The last heartbeat of an amphora that was believed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Last {
    sent_at: Option<DateTime<Utc>>,
    seq: u64,
}

impl Last {
    /// Tells whether a heartbeat is new, and remembers it if so. Senders that do not say when they
    /// sent it (upstream's) cannot be checked, and are believed.
    pub(super) fn admit(&mut self, heartbeat: &Heartbeat, now: DateTime<Utc>) -> bool {
        let Some(sent_at) = heartbeat.sent_at else {
            return true;
        };
        let is_recent = (now - sent_at).abs() <= WINDOW;
        let is_newer = self
            .sent_at
            .is_none_or(|last| sent_at > last || (sent_at == last && heartbeat.seq > self.seq));
        if is_recent && is_newer {
            *self = Self {
                sent_at: Some(sent_at),
                seq: heartbeat.seq,
            };
        }
        is_recent && is_newer
    }
}

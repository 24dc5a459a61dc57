//! Session tickets get other keys every half day.

use octavia_model::ListenerProtocol;
use tokio_util::sync::CancellationToken;

use super::{Housekeeping, TICKET_LOOK, pause};
use crate::ca::ticket_period;
use crate::error::Result;

impl Housekeeping {
    /// Works until `token` is cancelled. Several housekeepers send the same keys twice, which changes
    /// nothing.
    pub(super) async fn rotate_tickets(&self, token: &CancellationToken) {
        let mut sent = ticket_period(self.world.clock.now());
        while !pause(TICKET_LOOK, token).await {
            let period = ticket_period(self.world.clock.now());
            if period == sent {
                continue;
            }
            match self.send_ticket_keys().await {
                Ok(()) => sent = period,
                Err(error) => {
                    tracing::warn!(error = %error.chain(), "could not change the keys of session tickets");
                }
            }
        }
    }

    /// Has every load balancer that ends TLS get a document with the keys of now.
    pub async fn send_ticket_keys(&self) -> Result<()> {
        let mut tx = self.world.store.read("housekeeping.tickets").await?;
        let ids = tx
            .load_balancers_with(ListenerProtocol::TerminatedHttps)
            .await?;
        drop(tx);
        for id in ids {
            let mut tx = self.world.store.begin("housekeeping.ticket-keys").await?;
            tx.wake(id).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

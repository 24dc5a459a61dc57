//! Certificates that end soon.

use chrono::{DateTime, TimeDelta, Utc};
use octavia_model::{Amphora, AmphoraStatus};

use super::Housekeeping;
use crate::agent_client::AgentAddress;
use crate::error::Result;

impl Housekeeping {
    /// Gives every amphora whose certificate ends soon a new one. One that fails is tried again
    /// at the next round; `cert_busy` keeps nobody from it.
    pub async fn rotate_certificates(&self) -> Result<()> {
        let now = self.world.clock.now();
        let mut tx = self.world.store.read("housekeeping.rotation").await?;
        let amphorae = tx.amphorae().await?;
        drop(tx);
        let buffer = TimeDelta::from_std(self.config.cert_expiry_buffer).unwrap_or(TimeDelta::MAX);
        for amphora in amphorae.iter().filter(|a| is_due(a, now, buffer)) {
            let id = amphora.id;
            match self.rotate_one(amphora, now).await {
                Ok(()) => tracing::info!(amphora.id = %id, "amphora {id} has a new certificate"),
                Err(error) => {
                    tracing::error!(
                        amphora.id = %id, error = %error.chain(),
                        "could not replace the certificate of amphora {id}"
                    );
                }
            }
        }
        Ok(())
    }

    async fn rotate_one(&self, amphora: &Amphora, now: DateTime<Utc>) -> Result<()> {
        let Some(address) = amphora.lb_network_ip else {
            return Ok(());
        };
        let agent = AgentAddress {
            amphora: amphora.id,
            address,
        };
        let validity = self.amphora.cert_validity_time;
        let issued = self.world.authority.issue(amphora.id, now, validity)?;
        self.world
            .agents
            .replace_certificate(agent, &issued.pem)
            .await?;
        let mut tx = self.world.store.begin("housekeeping.rotated").await?;
        if let Some(amphora) = tx.amphora(amphora.id).await? {
            tx.save_amphora(&Amphora {
                cert_expiration: Some(issued.expires_at),
                cert_busy: false,
                ..amphora
            })
            .await?;
        }
        Ok(tx.commit().await?)
    }
}

fn is_due(amphora: &Amphora, now: DateTime<Utc>, buffer: TimeDelta) -> bool {
    let is_running = amphora.compute_id.is_some()
        && !matches!(
            amphora.status,
            AmphoraStatus::Deleted | AmphoraStatus::PendingDelete
        );
    is_running
        && amphora
            .cert_expiration
            .is_some_and(|end| end - now <= buffer)
}

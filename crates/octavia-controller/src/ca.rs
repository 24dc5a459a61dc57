//! Certificates: an authority of our own, or the operator's.

mod files;
mod own;
#[cfg(test)]
mod tests;
mod tickets;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use octavia_model::{Amphora, Id, Secret};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};

pub use tickets::Tickets;
pub(crate) use tickets::period as ticket_period;

use crate::agent_client::ClientIdentity;
use crate::config::CertificateConfig;
use crate::error::{Error, Result};

/// The name in the controller's own certificate.
const CONTROLLER_NAME: &str = "octavia-controller";

/// How far an amphora's clock may be behind ours when a fresh certificate reaches it.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Issues the certificates of agents, and holds what both sides check each other with.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// What agents check the controller with, PEM.
    client_authorities: String,
    identity: ClientIdentity,
}

/// A certificate for an agent.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate, then its key, PEM.
    pub pem: Secret<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl Authority {
    /// Opens the authority that the settings name; makes our own on first start.
    pub fn open(config: &CertificateConfig, now: DateTime<Utc>) -> Result<Self> {
        match config {
            CertificateConfig::Own(directory) => own::open(directory, now),
            CertificateConfig::Files(paths) => files::open(paths),
        }
    }

    /// Issues a certificate for the agent of an amphora.
    pub fn issue(
        &self,
        amphora: Id<Amphora>,
        now: DateTime<Utc>,
        validity: Duration,
    ) -> Result<Issued> {
        let failed =
            |e| Error::certificate(format!("sign the certificate of amphora {amphora}"), e);
        let expires_at = expiry(now, validity);
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let mut params = CertificateParams::new([amphora.to_string()]).map_err(failed)?;
        params.distinguished_name = common_name(&amphora.to_string());
        set_validity(&mut params, now, expires_at);
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
            KeyUsagePurpose::KeyAgreement,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Issued {
            pem: Secret::new(format!("{}{}", certificate.pem(), key.serialize_pem())),
            expires_at,
        })
    }

    /// Returns what the controller shows itself with, and checks agents with.
    pub const fn identity(&self) -> &ClientIdentity {
        &self.identity
    }

    /// Returns what agents check the controller with, PEM.
    pub fn client_authorities(&self) -> &str {
        &self.client_authorities
    }
}

pub(crate) fn expiry(now: DateTime<Utc>, validity: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(validity)
        .ok()
        .and_then(|validity| now.checked_add_signed(validity))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, name);
    distinguished_name
}

fn set_validity(params: &mut CertificateParams, from: DateTime<Utc>, until: DateTime<Utc>) {
    let moment = |at: DateTime<Utc>| {
        let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    params.not_before = moment(from - CLOCK_SKEW);
    params.not_after = moment(until);
}

//! The agent's HTTP API: paths and bodies. Mutual TLS; JSON both ways.
//!
//! | method and path | body | success | otherwise |
//! |---|---|---|---|
//! | `GET /v1/status` | | 200 [`AgentStatus`] | |
//! | `PUT /v1/config` | [`crate::AmphoraConfig`] | 200 [`Applied`], once the proxy serves it | 400, 409, 500 [`Refusal`] |
//! | `PUT /v1/certificate` | PEM: certificate, then key | 204; the next handshake uses it | 400 [`Refusal`] |
//! | `DELETE /v1/config` | | 204: listeners closed, configuration forgotten | 500 [`Refusal`] |
//! | `GET /` | | 200 `{"api_version": "2.0"}`, which upstream's controllers ask for first | |
//!
//! Clients show a certificate of the controllers' authority. One that names an amphora (a UUID as
//! its DNS name) is refused, so that where one authority signs both, an amphora that was broken
//! into commands no other.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::report::Report;

/// The path of [`AgentStatus`].
pub const STATUS_PATH: &str = "/v1/status";
/// The path of the configuration.
pub const CONFIG_PATH: &str = "/v1/config";
/// The path of the agent's certificate.
pub const CERTIFICATE_PATH: &str = "/v1/certificate";

/// What an agent says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// The amphora.
    pub amphora_id: Uuid,
    /// The version of its binary.
    pub version: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// The state of its data plane.
    pub report: Report,
    /// Why the stored configuration is not served, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How it stands with its twin, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrrp: Option<VrrpStatus>,
}

/// How an amphora stands with its twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VrrpStatus {
    /// What it is.
    pub state: VrrpState,
    /// The amphorae that it knows as its peers.
    pub peers: Vec<Uuid>,
}

/// What one of a pair is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VrrpState {
    /// It has the VIPs.
    Master,
    /// It stands by.
    Backup,
    /// It cannot serve.
    Fault,
}

/// The answer to a configuration that is served now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// The generation that is served.
    pub generation: u64,
}

/// Why a call was refused, for people and for the controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What kind of refusal.
    pub reason: RefusalReason,
    /// The cause in words: `listener 80: address already in use`.
    pub message: String,
}

/// What kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The document cannot be read, or names what this amphora does not know.
    Invalid,
    /// A newer generation is served.
    Outdated,
    /// It is for another amphora.
    Misdirected,
    /// The host refused: an address in use, a full disk. May be tried again.
    Host,
}

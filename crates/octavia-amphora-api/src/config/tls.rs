//! TLS at listeners and towards members. Certificates and keys are PEM, in the document itself.

mod cipher;

use serde::{Deserialize, Serialize};

pub use cipher::CipherSuite;

use crate::secret::SecretText;

/// How a listener speaks TLS with its clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// The default certificate first, then those for the names that they hold. At least one.
    pub certificates: Vec<Certificate>,
    /// The versions that are spoken; at least one.
    pub versions: Vec<TlsVersion>,
    /// The cipher suites that are spoken. A version of which none is named speaks all it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ciphers: Vec<CipherSuite>,
    /// The protocols offered by ALPN, in order of preference; those that the proxy does not speak
    /// are not offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
    /// Which certificates of clients are asked for; none if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificates: Option<ClientCertificates>,
    /// `Strict-Transport-Security` in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hsts: Option<Hsts>,
    /// What session tickets are sealed with, the present key first, in hexadecimal, 32 bytes each:
    /// the same for amphorae that stand in for each other. Without one the proxy makes its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ticket_keys: Vec<SecretText>,
}

/// A certificate and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The certificate, then those that lead to its authority. PEM.
    pub chain: String,
    /// Its private key, not encrypted. PEM.
    pub key: SecretText,
}

/// A version of TLS that can be spoken. Older ones cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[serde(rename = "TLSv1.2")]
    V1_2,
    /// TLS 1.3.
    #[serde(rename = "TLSv1.3")]
    V1_3,
}

/// Which certificates clients show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientCertificates {
    /// Whether they must.
    pub mode: ClientAuthentication,
    /// Who may have signed them. PEM, one or more certificates.
    pub authorities: String,
    /// Those that count no more. PEM, one or more lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations: Option<String>,
}

/// Whether clients must show a certificate. One that is shown is checked in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientAuthentication {
    /// They may.
    Optional,
    /// They must.
    Mandatory,
}

/// For how long browsers use nothing but TLS (RFC 6797).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hsts {
    /// Seconds.
    pub max_age_s: u64,
    /// Whether that holds for all names below, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub include_subdomains: bool,
    /// Whether browsers may have it built in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preload: bool,
}

/// How a pool speaks TLS with its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolTls {
    /// Who may have signed the members' certificates; without it they are not checked. PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// Certificates of members that count no more. PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations: Option<String>,
    /// What is shown to members that ask for a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// The versions that are spoken; at least one.
    pub versions: Vec<TlsVersion>,
    /// The cipher suites that are spoken. A version of which none is named speaks all it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ciphers: Vec<CipherSuite>,
    /// The protocols offered by ALPN, in order of preference; those that the proxy does not speak
    /// are not offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpn: Vec<String>,
}

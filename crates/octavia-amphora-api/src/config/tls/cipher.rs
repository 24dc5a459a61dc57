use serde::{Deserialize, Serialize};

use super::TlsVersion;

/// A cipher suite that can be spoken, under its OpenSSL name.
///
/// All have forward secrecy and authenticate what they encrypt. Suites with CBC, with RSA or finite
/// field Diffie-Hellman as key exchange, or older ones, are not implemented by our TLS library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CipherSuite {
    /// TLS 1.3.
    #[serde(rename = "TLS_AES_128_GCM_SHA256")]
    Aes128Gcm,
    /// TLS 1.3.
    #[serde(rename = "TLS_AES_256_GCM_SHA384")]
    Aes256Gcm,
    /// TLS 1.3.
    #[serde(rename = "TLS_CHACHA20_POLY1305_SHA256")]
    ChaCha20,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-ECDSA-AES128-GCM-SHA256")]
    EcdsaAes128Gcm,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-ECDSA-AES256-GCM-SHA384")]
    EcdsaAes256Gcm,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-ECDSA-CHACHA20-POLY1305")]
    EcdsaChaCha20,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-RSA-AES128-GCM-SHA256")]
    RsaAes128Gcm,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-RSA-AES256-GCM-SHA384")]
    RsaAes256Gcm,
    /// TLS 1.2.
    #[serde(rename = "ECDHE-RSA-CHACHA20-POLY1305")]
    RsaChaCha20,
}

impl CipherSuite {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Aes128Gcm,
        Self::Aes256Gcm,
        Self::ChaCha20,
        Self::EcdsaAes128Gcm,
        Self::EcdsaAes256Gcm,
        Self::EcdsaChaCha20,
        Self::RsaAes128Gcm,
        Self::RsaAes256Gcm,
        Self::RsaChaCha20,
    ];

    /// Finds the suite with that OpenSSL name.
    pub fn from_openssl(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Returns the OpenSSL name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "TLS_AES_128_GCM_SHA256",
            Self::Aes256Gcm => "TLS_AES_256_GCM_SHA384",
            Self::ChaCha20 => "TLS_CHACHA20_POLY1305_SHA256",
            Self::EcdsaAes128Gcm => "ECDHE-ECDSA-AES128-GCM-SHA256",
            Self::EcdsaAes256Gcm => "ECDHE-ECDSA-AES256-GCM-SHA384",
            Self::EcdsaChaCha20 => "ECDHE-ECDSA-CHACHA20-POLY1305",
            Self::RsaAes128Gcm => "ECDHE-RSA-AES128-GCM-SHA256",
            Self::RsaAes256Gcm => "ECDHE-RSA-AES256-GCM-SHA384",
            Self::RsaChaCha20 => "ECDHE-RSA-CHACHA20-POLY1305",
        }
    }

    /// Returns the version that it belongs to.
    pub const fn version(self) -> TlsVersion {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm | Self::ChaCha20 => TlsVersion::V1_3,
            Self::EcdsaAes128Gcm
            | Self::EcdsaAes256Gcm
            | Self::EcdsaChaCha20
            | Self::RsaAes128Gcm
            | Self::RsaAes256Gcm
            | Self::RsaChaCha20 => TlsVersion::V1_2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CipherSuite;

    #[test]
    fn a_suite_is_serialised_as_openssl_calls_it() {
        for suite in CipherSuite::ALL {
            let json = serde_json::to_value(suite).expect("serialise");
            assert_eq!(json, suite.name());
            assert_eq!(CipherSuite::from_openssl(suite.name()), Some(suite));
        }
        assert_eq!(CipherSuite::from_openssl("DHE-RSA-AES128-GCM-SHA256"), None);
    }
}

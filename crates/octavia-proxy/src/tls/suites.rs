use std::sync::Arc;

use octavia_amphora_api::config::{CipherSuite, TlsVersion};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion, version};

/// Returns the cryptography that speaks `wanted` suites. As with OpenSSL, the suites of a version
/// of which none is named are not limited.
pub(super) fn provider(wanted: &[CipherSuite]) -> Arc<CryptoProvider> {
    let is_limited = |version| wanted.iter().any(|suite| suite.version() == version);
    let of_version = |version| {
        let named = wanted
            .iter()
            .filter(move |suite| suite.version() == version);
        let all = CipherSuite::ALL
            .iter()
            .filter(move |suite| suite.version() == version);
        let suites: Vec<_> = if is_limited(version) {
            named.collect()
        } else {
            all.collect()
        };
        suites.into_iter().map(|suite| supported(*suite))
    };
    let cipher_suites = of_version(TlsVersion::V1_3)
        .chain(of_version(TlsVersion::V1_2))
        .collect();
    Arc::new(CryptoProvider {
        cipher_suites,
        ..aws_lc_rs::default_provider()
    })
}

const fn supported(suite: CipherSuite) -> SupportedCipherSuite {
    match suite {
        CipherSuite::Aes128Gcm => cipher_suite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::Aes256Gcm => cipher_suite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::ChaCha20 => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        CipherSuite::EcdsaAes128Gcm => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::EcdsaAes256Gcm => cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::EcdsaChaCha20 => cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        CipherSuite::RsaAes128Gcm => cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::RsaAes256Gcm => cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        CipherSuite::RsaChaCha20 => cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    }
}

/// Returns the versions as rustls has them; at least one.
pub(super) fn versions(
    wanted: &[TlsVersion],
) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let version = |version: &TlsVersion| match version {
        TlsVersion::V1_2 => &version::TLS12,
        TlsVersion::V1_3 => &version::TLS13,
    };
    if wanted.is_empty() {
        return Err("no TLS version is enabled".into());
    }
    Ok(wanted.iter().map(version).collect())
}

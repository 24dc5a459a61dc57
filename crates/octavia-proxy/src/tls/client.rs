//! How a pool speaks TLS with its members.

use std::net::SocketAddr;
use std::sync::Arc;

use octavia_amphora_api::config::{PoolTls, TlsVersion};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

use super::session::Session;
use super::verifier::MemberVerifier;
use super::{alpn, certificates, suites};

/// The TLS of a pool, compiled.
pub(crate) struct ClientTls {
    /// What it was compiled from.
    wanted: PoolTls,
    config: Arc<ClientConfig>,
    /// The same without HTTP/2.
    without_http2: Arc<ClientConfig>,
}

/// What may be spoken inside TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// Whatever is configured.
    Any,
    /// That, but not HTTP/2.
    NotHttp2,
}

impl ClientTls {
    /// Compiles `wanted`; what was compiled before and is the same is kept. The error says for
    /// people what cannot be used.
    pub(crate) fn compile(
        wanted: &PoolTls,
        before: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, String> {
        if let Some(before) = before.filter(|before| before.wanted == *wanted) {
            return Ok(Arc::clone(before));
        }
        let config = Arc::new(config(wanted)?);
        let is_http2 = |protocol: &Vec<u8>| protocol == alpn::HTTP2.as_bytes();
        let mut without_http2 = Arc::clone(&config);
        if config.alpn_protocols.iter().any(is_http2) {
            let config = Arc::make_mut(&mut without_http2);
            config.alpn_protocols.retain(|protocol| !is_http2(protocol));
        }
        Ok(Arc::new(Self {
            config,
            without_http2,
            wanted: wanted.clone(),
        }))
    }

    /// Speaks with anybody, for checks that are only about whether somebody answers.
    pub(crate) fn unverified() -> Result<Arc<Self>, String> {
        let wanted = PoolTls {
            authorities: None,
            revocations: None,
            certificate: None,
            versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
            ciphers: Vec::new(),
            alpn: Vec::new(),
        };
        Self::compile(&wanted, None)
    }

    /// Begins to talk to the member at `address`, asking for the certificate of `name`; without one
    /// the member's certificate may be for anybody, as upstream has it.
    pub(crate) fn session(
        &self,
        address: SocketAddr,
        name: Option<&str>,
        spoken: Spoken,
    ) -> Result<Session, rustls::Error> {
        let name = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        let name = name.unwrap_or_else(|| ServerName::IpAddress(address.ip().into()));
        let config = match spoken {
            Spoken::Any => &self.config,
            Spoken::NotHttp2 => &self.without_http2,
        };
        Session::client(config, name)
    }
}

fn config(wanted: &PoolTls) -> Result<ClientConfig, String> {
    let provider = suites::provider(&wanted.ciphers);
    let verifier = MemberVerifier::new(wanted, &provider)?;
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&suites::versions(&wanted.versions)?)
        .map_err(|error| format!("the TLS versions and ciphers do not fit: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &wanted.certificate {
        None => config.with_no_client_auth(),
        Some(certificate) => {
            let key = certificates::certified_key(certificate, &provider)
                .map_err(|cause| format!("client certificate: {cause}"))?;
            config.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)))
        }
    };
    config.alpn_protocols = alpn::offered(&wanted.alpn);
    Ok(config)
}

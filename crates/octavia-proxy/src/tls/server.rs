//! How a listener speaks TLS with its clients.

use std::sync::Arc;

use octavia_amphora_api::config::ListenerTls;
use rustls::ServerConfig;
use rustls::server::NoServerSessionStorage;

use super::sni::Resolver;
use super::{certificates, suites};

/// The TLS of a listener, compiled.
pub(crate) struct ServerTls {
    /// What it was compiled from.
    wanted: ListenerTls,
    /// What a handshake needs.
    pub(crate) config: Arc<ServerConfig>,
}

impl ServerTls {
    /// Compiles `wanted`; what was compiled before and is the same is kept. The error says for
    /// people what cannot be used.
    pub(crate) fn compile(
        wanted: &ListenerTls,
        before: Option<&Arc<Self>>,
    ) -> Result<Arc<Self>, String> {
        if let Some(before) = before.filter(|before| before.wanted == *wanted) {
            return Ok(Arc::clone(before));
        }
        Ok(Arc::new(Self {
            config: Arc::new(config(wanted)?),
            wanted: wanted.clone(),
        }))
    }
}

fn config(wanted: &ListenerTls) -> Result<ServerConfig, String> {
    let provider = suites::provider(&wanted.ciphers);
    let mut keys = Vec::new();
    for (index, certificate) in wanted.certificates.iter().enumerate() {
        let key = certificates::certified_key(certificate, &provider);
        keys.push(key.map_err(|cause| format!("certificate {}: {cause}", index + 1))?);
    }
    let resolver = Resolver::new(&keys).ok_or("there is no certificate")?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&suites::versions(&wanted.versions))
        .map_err(|error| format!("the TLS versions and ciphers do not fit: {error}"))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

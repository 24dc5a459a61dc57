//! How a listener speaks TLS with its clients.

use std::sync::Arc;

use octavia_amphora_api::config::{ClientAuthentication, ClientCertificates, Hsts, ListenerTls};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};

use super::sni::{self, Expiry, Resolver};
use super::tickets::SharedTickets;
use super::{alpn, certificates, suites};

/// The TLS of a listener, compiled.
pub(crate) struct ServerTls {
    /// What it was compiled from.
    wanted: ListenerTls,
    /// What a handshake needs.
    pub(crate) config: Arc<ServerConfig>,
    /// The lines that it adds to answers.
    pub(crate) answer_lines: Vec<u8>,
    /// When its certificates end.
    pub(crate) expiries: Vec<Expiry>,
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
        let (mut config, expiries) = config(wanted)?;
        config.ticketer = tickets(wanted, before)?;
        Ok(Arc::new(Self {
            config: Arc::new(config),
            expiries,
            answer_lines: wanted.hsts.map(hsts_line).unwrap_or_default(),
            wanted: wanted.clone(),
        }))
    }
}

/// A session that is resumed is not checked again: its ticket is of use only as long as clients are
/// checked as they were when it began.
fn tickets(
    wanted: &ListenerTls,
    before: Option<&Arc<ServerTls>>,
) -> Result<Arc<dyn ProducesTickets>, String> {
    let before = before.filter(|before| {
        before.wanted.client_certificates == wanted.client_certificates
            && before.wanted.ticket_keys == wanted.ticket_keys
    });
    match before {
        Some(before) => Ok(Arc::clone(&before.config.ticketer)),
        None if wanted.ticket_keys.is_empty() => {
            Ticketer::new().map_err(|error| format!("no key for session tickets: {error}"))
        }
        None => {
            let checks = wanted.client_certificates.as_ref();
            Ok(Arc::new(SharedTickets::new(&wanted.ticket_keys, checks)?))
        }
    }
}

fn config(wanted: &ListenerTls) -> Result<(ServerConfig, Vec<Expiry>), String> {
    let provider = suites::provider(&wanted.ciphers);
    let mut keys = Vec::new();
    for (index, certificate) in wanted.certificates.iter().enumerate() {
        let key = certificates::certified_key(certificate, &provider);
        keys.push(key.map_err(|cause| format!("certificate {}: {cause}", index + 1))?);
    }
    let resolver = Resolver::new(&keys).ok_or("there is no certificate")?;
    let clients = match &wanted.client_certificates {
        None => WebPkiClientVerifier::no_client_auth(),
        Some(clients) => client_verifier(clients, &provider)?,
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&suites::versions(&wanted.versions)?)
        .map_err(|error| format!("the TLS versions and ciphers do not fit: {error}"))?
        .with_client_cert_verifier(clients)
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = alpn::offered(&wanted.alpn);
    // As HAProxy has it: the order of the suites is ours.
    config.ignore_client_order = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok((config, sni::expiries(&keys)))
}

fn client_verifier(
    wanted: &ClientCertificates,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let roots = certificates::authorities(&wanted.authorities)
        .map_err(|cause| format!("client authority: {cause}"))?;
    let mut verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    if let Some(revocations) = &wanted.revocations {
        let revocations = certificates::revocations(revocations)
            .map_err(|cause| format!("client certificates: {cause}"))?;
        verifier = verifier
            .with_crls(revocations)
            .enforce_revocation_expiration();
    }
    let verifier = match wanted.mode {
        ClientAuthentication::Mandatory => verifier,
        ClientAuthentication::Optional => verifier.allow_unauthenticated(),
    };
    verifier
        .build()
        .map_err(|error| format!("client authority: it cannot be used: {error}"))
}

/// Renders the header as upstream does.
fn hsts_line(hsts: Hsts) -> Vec<u8> {
    let subdomains = if hsts.include_subdomains {
        " includeSubDomains;"
    } else {
        ""
    };
    let preload = if hsts.preload { " preload;" } else { "" };
    let seconds = hsts.max_age_s;
    format!("Strict-Transport-Security: max-age={seconds};{subdomains}{preload}\r\n").into_bytes()
}

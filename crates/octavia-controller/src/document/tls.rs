//! TLS of listeners and pools: what they name, as the proxy takes it.

use std::collections::{BTreeMap, BTreeSet};

use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{
    self, Certificate, CipherSuite, ClientCertificates, Hsts, ListenerTls, PoolTls, TlsVersion,
};
use octavia_cloud::CertificateBundle;
use octavia_model::{
    ClientAuthentication, Listener, ListenerProtocol, LoadBalancerTree, Pool, ProvisioningStatus,
    Secret,
};

use super::{Surroundings, Unsupported, listener};

/// The ciphers of new listeners and pools in upstream, now and in earlier releases. Whoever has one
/// of these lists has chosen nothing: what of it cannot be spoken is left out.
pub(super) const DEFAULT_CIPHERS: [&str; 2] = [
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:\
     ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
     ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:\
     DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305",
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:\
     DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:\
     ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA256:DHE-RSA-AES128-SHA256:\
     ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256",
];

/// The secrets that a document needs, by reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Certificates with their keys.
    pub certificates: BTreeSet<String>,
    /// Authorities and revocation lists.
    pub others: BTreeSet<String>,
}

/// What they hold.
#[derive(Debug, Clone, Default)]
pub struct Material {
    /// Certificates with their keys.
    pub certificates: BTreeMap<String, CertificateBundle>,
    /// Authorities and revocation lists.
    pub others: BTreeMap<String, Secret<Vec<u8>>>,
}

/// Returns the secrets that the document of a load balancer needs. What is about to be deleted, or
/// is disabled, needs none.
pub fn references(tree: &LoadBalancerTree) -> References {
    let mut references = References::default();
    if tree.load_balancer.enabled {
        let listeners = tree.listeners.iter().filter(|l| listener::is_deployed(l));
        for listener in listeners.filter(|listener| ends_tls(listener)) {
            references
                .certificates
                .extend(certificate_references(listener));
            if let Some((_, authority)) = authentication(listener) {
                references.others.insert(authority.clone());
                references
                    .others
                    .extend(listener.client_crl_container_id.clone());
            }
        }
    }
    for tree in &tree.pools {
        let pool = &tree.pool;
        if pool.tls_enabled && pool.provisioning_status != ProvisioningStatus::PendingDelete {
            references
                .certificates
                .extend(pool.tls_certificate_id.clone());
            references.others.extend(pool.ca_tls_certificate_id.clone());
            references.others.extend(pool.crl_container_id.clone());
        }
    }
    references
}

fn ends_tls(listener: &Listener) -> bool {
    listener.protocol == ListenerProtocol::TerminatedHttps
}

/// The default certificate first.
fn certificate_references(listener: &Listener) -> impl Iterator<Item = String> {
    let default = listener.tls_certificate_id.iter();
    default.chain(&listener.sni_container_refs).cloned()
}

/// Returns whether clients must show certificates, and who may have signed them, if they are asked.
fn authentication(listener: &Listener) -> Option<(config::ClientAuthentication, &String)> {
    let mode = match listener.client_authentication {
        ClientAuthentication::None => return None,
        ClientAuthentication::Optional => config::ClientAuthentication::Optional,
        ClientAuthentication::Mandatory => config::ClientAuthentication::Mandatory,
    };
    Some((mode, listener.client_ca_tls_certificate_id.as_ref()?))
}

/// Returns the TLS of a listener, if it ends any.
pub(super) fn of_listener(
    listener: &Listener,
    surroundings: &Surroundings<'_>,
) -> Result<Option<ListenerTls>, Unsupported> {
    if !ends_tls(listener) {
        return Ok(None);
    }
    let of = Of {
        object: "listener",
        id: listener.id.to_string(),
        material: surroundings.material,
    };
    let client_certificates = match authentication(listener) {
        None => None,
        Some((mode, authority)) => Some(ClientCertificates {
            mode,
            authorities: of.text(authority)?,
            revocations: of.optional_text(listener.client_crl_container_id.as_ref())?,
        }),
    };
    Ok(Some(ListenerTls {
        certificates: certificate_references(listener)
            .map(|reference| of.certificate(&reference))
            .collect::<Result<_, _>>()?,
        versions: of.versions(&listener.tls_versions)?,
        ciphers: of.ciphers(listener.tls_ciphers.as_deref())?,
        alpn: listener.alpn_protocols.clone(),
        client_certificates,
        hsts: hsts(listener),
        ticket_keys: surroundings
            .tickets
            .map_or_else(Vec::new, |tickets| tickets.keys(listener.id)),
    }))
}

fn hsts(listener: &Listener) -> Option<Hsts> {
    Some(Hsts {
        max_age_s: u64::try_from(listener.hsts_max_age?).ok()?,
        include_subdomains: listener.hsts_include_subdomains,
        preload: listener.hsts_preload,
    })
}

/// Returns the TLS that a pool speaks with its members, if any.
pub(super) fn of_pool(pool: &Pool, material: &Material) -> Result<Option<PoolTls>, Unsupported> {
    if !pool.tls_enabled {
        return Ok(None);
    }
    let of = Of {
        object: "pool",
        id: pool.id.to_string(),
        material,
    };
    let certificate = pool.tls_certificate_id.as_ref();
    Ok(Some(PoolTls {
        authorities: of.optional_text(pool.ca_tls_certificate_id.as_ref())?,
        revocations: of.optional_text(pool.crl_container_id.as_ref())?,
        certificate: certificate
            .map(|reference| of.certificate(reference))
            .transpose()?,
        versions: of.versions(&pool.tls_versions)?,
        ciphers: of.ciphers(pool.tls_ciphers.as_deref())?,
        alpn: pool.alpn_protocols.clone(),
    }))
}

/// Whose TLS it is, and what its references hold.
struct Of<'a> {
    object: &'static str,
    id: String,
    material: &'a Material,
}

impl Of<'_> {
    fn unsupported(&self, feature: String) -> Unsupported {
        Unsupported {
            object: self.object,
            id: self.id.clone(),
            feature,
        }
    }

    fn certificate(&self, reference: &str) -> Result<Certificate, Unsupported> {
        let bundle = self.material.certificates.get(reference);
        let bundle = bundle.ok_or_else(|| self.unread(reference))?;
        let chain = std::iter::once(&bundle.certificate).chain(&bundle.intermediates);
        Ok(Certificate {
            chain: chain.map(String::as_str).collect::<Vec<_>>().join("\n"),
            key: SecretText::new(bundle.private_key.reveal()),
        })
    }

    fn text(&self, reference: &str) -> Result<String, Unsupported> {
        let secret = self.material.others.get(reference);
        let secret = secret.ok_or_else(|| self.unread(reference))?;
        String::from_utf8(secret.reveal().clone())
            .map_err(|_| self.unsupported(format!("{reference}, which is not PEM,")))
    }

    fn optional_text(&self, reference: Option<&String>) -> Result<Option<String>, Unsupported> {
        reference.map(|reference| self.text(reference)).transpose()
    }

    fn unread(&self, reference: &str) -> Unsupported {
        self.unsupported(format!("{reference}, which was not read,"))
    }

    fn versions(&self, names: &[String]) -> Result<Vec<TlsVersion>, Unsupported> {
        let version = |name: &String| match name.as_str() {
            "TLSv1.2" => Ok(TlsVersion::V1_2),
            "TLSv1.3" => Ok(TlsVersion::V1_3),
            other => Err(self.unsupported(format!("TLS version {other}"))),
        };
        if names.is_empty() {
            return Ok(vec![TlsVersion::V1_2, TlsVersion::V1_3]);
        }
        names.iter().map(version).collect()
    }

    fn ciphers(&self, list: Option<&str>) -> Result<Vec<CipherSuite>, Unsupported> {
        let Some(list) = list else {
            return Ok(Vec::new());
        };
        let is_default = DEFAULT_CIPHERS.contains(&list);
        let mut suites = Vec::new();
        for name in list.split(':').filter(|name| !name.is_empty()) {
            match CipherSuite::from_openssl(name) {
                Some(suite) => suites.push(suite),
                None if is_default => {}
                None => return Err(self.unsupported(format!("cipher {name}"))),
            }
        }
        Ok(suites)
    }
}

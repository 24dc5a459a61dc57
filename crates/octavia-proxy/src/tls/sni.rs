//! Which certificate a client gets: the one for the name that it asks for, or the default.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

thread_local! {
    /// The name that the client asks for whose message this thread processes. rustls tells it to
    /// the resolver only, which knows no connection.
    static ASKED: RefCell<Option<Arc<str>>> = const { RefCell::new(None) };
}

/// Returns the name that was asked for in the handshake message just processed by this thread.
pub(super) fn take_asked_name() -> Option<Arc<str>> {
    ASKED.take()
}

/// The certificates of a listener by name.
#[derive(Debug)]
pub(super) struct Resolver {
    default: Arc<CertifiedKey>,
    exact: HashMap<String, Arc<CertifiedKey>>,
    /// By what follows the asterisk: `.example.org`.
    wildcard: HashMap<String, Arc<CertifiedKey>>,
}

impl Resolver {
    /// Sorts `keys` by their names; the first is the default. Of two with the same name the
    /// earlier counts.
    pub(super) fn new(keys: &[Arc<CertifiedKey>]) -> Option<Self> {
        let mut resolver = Self {
            default: Arc::clone(keys.first()?),
            exact: HashMap::new(),
            wildcard: HashMap::new(),
        };
        for key in keys {
            for name in names(key) {
                let (names, name) = match name.strip_prefix('*') {
                    Some(rest) => (&mut resolver.wildcard, rest.to_owned()),
                    None => (&mut resolver.exact, name),
                };
                names.entry(name).or_insert_with(|| Arc::clone(key));
            }
        }
        Some(resolver)
    }

    fn find(&self, name: &str) -> &Arc<CertifiedKey> {
        let name = name.to_ascii_lowercase();
        let wildcard = || {
            let dot = name.find('.')?;
            self.wildcard.get(&name[dot..])
        };
        let found = self.exact.get(&name).or_else(wildcard);
        found.unwrap_or(&self.default)
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name();
        ASKED.set(name.map(Arc::from));
        let key = name.map_or(&self.default, |name| self.find(name));
        Some(Arc::clone(key))
    }
}

/// When a certificate ends that clients are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expiry {
    /// The name that clients ask for; empty for whoever asks for no known one.
    pub(crate) name: String,
    /// When, in seconds since 1970.
    pub(crate) at: i64,
}

/// Returns when the certificates of `keys` end, by the names for which they are shown.
pub(super) fn expiries(keys: &[Arc<CertifiedKey>]) -> Vec<Expiry> {
    let mut expiries = Vec::new();
    let mut known = HashSet::new();
    let default = keys.first().map(|key| (String::new(), key));
    let named = keys
        .iter()
        .flat_map(|key| names(key).into_iter().map(move |name| (name, key)));
    for (name, key) in default.into_iter().chain(named) {
        if known.insert(name.clone())
            && let Some(at) = expiry(key)
        {
            expiries.push(Expiry { name, at });
        }
    }
    expiries
}

/// Returns when a certificate ends, in seconds since 1970.
fn expiry(key: &CertifiedKey) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(key.cert.first()?).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

/// Returns the names of a certificate in lower case: its DNS names, and its common name, as
/// HAProxy takes them.
fn names(key: &CertifiedKey) -> Vec<String> {
    let Some(Ok((_, certificate))) = key.cert.first().map(|der| X509Certificate::from_der(der))
    else {
        return Vec::new();
    };
    let alternative = certificate.subject_alternative_name().ok().flatten();
    let alternative = alternative
        .iter()
        .flat_map(|names| &names.value.general_names);
    let mut found = Vec::new();
    for name in alternative {
        if let GeneralName::DNSName(name) = name {
            found.push(name.to_ascii_lowercase());
        }
    }
    let common = certificate.subject().iter_common_name();
    found.extend(common.filter_map(|name| Some(name.as_str().ok()?.to_ascii_lowercase())));
    found
}

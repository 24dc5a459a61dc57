use std::collections::BTreeMap;

use octavia_model::{Listener, ListenerProtocol as Protocol};

use crate::error::{Error, Result};
use crate::wire::python;

/// Headers for every HTTP listener.
const HEADERS: [&str; 6] = [
    "X-Forwarded-For",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "X-Forwarded-IP",
    "X-Client-IP",
    "X-Real-IP",
];

/// Headers for listeners that end TLS.
const TLS_HEADERS: [&str; 8] = [
    "X-SSL-Client-Verify",
    "X-SSL-Client-Has-Cert",
    "X-SSL-Client-DN",
    "X-SSL-Client-CN",
    "X-SSL-Issuer",
    "X-SSL-Client-SHA1",
    "X-SSL-Client-Not-Before",
    "X-SSL-Client-Not-After",
];

/// Checks the headers to insert; `shown` prints them in the one text that shows all.
pub(super) fn check(
    listener: &Listener,
    shown: impl Fn(&BTreeMap<String, String>) -> String,
) -> Result<()> {
    let headers = &listener.insert_headers;
    if headers.is_empty() {
        return Ok(());
    }
    let protocol = listener.protocol;
    if !matches!(protocol, Protocol::Http | Protocol::TerminatedHttps) {
        let option = format!("a {protocol} protocol listener.");
        return Err(Error::invalid_option("insert-headers", option));
    }
    let known = |name: &str| HEADERS.contains(&name) || TLS_HEADERS.contains(&name);
    if !headers.keys().all(|name| known(name)) {
        return Err(Error::invalid_option(shown(headers), "insert_headers"));
    }
    let of_tls: Vec<_> = headers
        .keys()
        .map(String::as_str)
        .filter(|name| TLS_HEADERS.contains(name))
        .collect();
    if protocol == Protocol::Http && !of_tls.is_empty() {
        let option = format!("{protocol} protocol listener.");
        return Err(Error::invalid_option(python::list(of_tls), option));
    }
    Ok(())
}

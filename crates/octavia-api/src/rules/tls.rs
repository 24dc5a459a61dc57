use crate::ApiConfig;
use crate::error::{Error, Result};

/// TLS versions, old to new.
const VERSIONS: [&str; 5] = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Checks a list of ciphers; on any protocol, as upstream does.
pub(crate) fn ciphers(config: &ApiConfig, ciphers: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-+!:@=_.".contains(c);
    if !ciphers.chars().all(allowed) {
        return Err(Error::validation(
            "Invalid characters in cipher string. Only alphanumeric, -, +, !, :, @, =, _, and . \
             are allowed.",
        ));
    }
    let prohibited: Vec<_> = ciphers
        .split(':')
        .filter(|cipher| {
            config
                .tls_cipher_prohibit_list
                .iter()
                .any(|bad| bad == cipher)
        })
        .collect();
    if prohibited.is_empty() {
        return Ok(());
    }
    Err(Error::validation(format!(
        "The following ciphers have been prohibited by an administrator: {}",
        prohibited.join(", ")
    )))
}

/// Checks a list of TLS versions.
pub(crate) fn versions(config: &ApiConfig, versions: &[String]) -> Result<()> {
    if versions.is_empty() {
        return Err(Error::validation(
            "Empty TLS version list. Either specify at least one TLS version or remove this \
             parameter to use the default.",
        ));
    }
    let rank = |version: &str| VERSIONS.iter().position(|known| *known == version);
    let unknown = those(versions, |version| rank(version).is_none());
    if !unknown.is_empty() {
        return Err(Error::validation(format!(
            "Invalid TLS versions: {unknown}"
        )));
    }
    let Some(minimum) = &config.minimum_tls_version else {
        return Ok(());
    };
    let low = those(versions, |version| rank(version) < rank(minimum));
    if low.is_empty() {
        return Ok(());
    }
    Err(Error::validation(format!(
        "Requested TLS versions are less than the minimum: {low} < {minimum}"
    )))
}

fn those(versions: &[String], test: impl Fn(&str) -> bool) -> String {
    let those: Vec<_> = versions
        .iter()
        .map(String::as_str)
        .filter(|v| test(v))
        .collect();
    those.join(", ")
}

/// Checks a list of ALPN protocols; their names were checked when they were read.
pub(crate) fn alpn(protocols: &[String]) -> Result<()> {
    if protocols.is_empty() {
        return Err(Error::validation(
            "Empty ALPN protocol list. Either specify at least one ALPN protocol or remove this \
             parameter to use the default.",
        ));
    }
    Ok(())
}

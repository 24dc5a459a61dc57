//! The target of a request, and the host that it is for.

use super::answer::Refusal;

const NOT_VALID: Refusal = Refusal::Malformed("the target of the request is not valid");
const TWO_HOSTS: Refusal = Refusal::Malformed("target and Host field name different hosts");

/// Refuses what is not a path, a whole URL, or the asterisk of OPTIONS (RFC 9112 section 3.2).
/// Returns the authority of a URL: it must be that of the Host field, or the member could serve
/// another host than the one that we saw.
pub(super) fn judge<'a>(
    method: &str,
    target: &'a str,
    host: Option<&[u8]>,
) -> Result<Option<&'a str>, Refusal> {
    if target.bytes().any(|byte| byte == b'#' || !byte.is_ascii()) {
        return Err(NOT_VALID);
    }
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(None);
    }
    let (scheme, rest) = target.split_once("://").ok_or(NOT_VALID)?;
    let port = match scheme.to_ascii_lowercase().as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return Err(NOT_VALID),
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.is_empty() || !is_host(authority.as_bytes()) {
        return Err(NOT_VALID);
    }
    let without_port = |name: &[u8]| {
        let name = name.to_ascii_lowercase();
        name.strip_suffix(port.as_bytes())
            .map_or(name.clone(), <[u8]>::to_vec)
    };
    match host {
        Some(host) if without_port(host) != without_port(authority.as_bytes()) => Err(TWO_HOSTS),
        Some(_) | None => Ok(Some(authority)),
    }
}

/// Tells whether `value` is a host with or without a port, or nothing (RFC 3986 section 3.2.2).
pub(super) fn is_host(value: &[u8]) -> bool {
    let end = match value {
        [b'[', rest @ ..] => match memchr::memchr(b']', rest) {
            Some(end) if rest[..end].iter().all(|byte| is_in_address(*byte)) => end + 2,
            Some(_) | None => return false,
        },
        _ => memchr::memchr(b':', value).unwrap_or(value.len()),
    };
    let (name, port) = value.split_at(end);
    let is_name = name.starts_with(b"[") || name.iter().all(|byte| is_in_name(*byte));
    is_name && (port.is_empty() || is_port(&port[1..]) && port[0] == b':')
}

fn is_in_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'.' | b'%' | b'-' | b'_' | b'~')
}

/// What `reg-name` may have: letters, digits, marks, escapes and delimiters.
fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

fn is_port(port: &[u8]) -> bool {
    let digits = port.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(port).ok().filter(|_| digits);
    text.is_some_and(|text| text.is_empty() || text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::{is_host, judge};

    #[test]
    fn names_addresses_and_ports_are_hosts() {
        let hosts = [
            "",
            "x",
            "a.b_c-d",
            "192.0.2.1:80",
            "[2001:db8::1]",
            "[::1]:8080",
            "x:",
            "a%20b",
        ];
        for host in hosts {
            assert!(is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn what_hides_a_second_host_is_none() {
        let others = [
            "a b", "a/b", "a@b", "a?b", "a#b", "a\\b", "a:80:81", "a:x", "a:65536", "[::1",
            "[::1]x", "::1", "a\t", "\u{e9}", "<a>", "[a@b]", "a:-1", "a:+1",
        ];
        for other in others {
            assert!(!is_host(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_url_names_the_host_of_the_field() {
        let judged = |target, host: &str| judge("GET", target, Some(host.as_bytes())).is_ok();
        assert!(judged("http://a/b", "A"));
        assert!(judged("HTTPS://a:443", "a"));
        assert!(!judged("http://a:443/", "a"));
        assert!(!judged("http://b/", "a"));
        assert!(!judged("ftp://a/", "a"));
    }
}

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use http::HeaderMap;
use http::header::{FORWARDED, HOST};
use http::uri::Authority;

/// Where the service may be mounted behind a web server; also part of upstream's open paths.
const MOUNT: &str = "/load-balancer";

/// Whom a connection is with; the server puts it into the extensions of its requests.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The other end.
    pub address: SocketAddr,
    /// Whether it is encrypted.
    pub encrypted: bool,
}

/// Where a request was sent to: links in answers start with it. And who sent it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// Scheme and host: `http://api.example`.
    pub(crate) base: String,
    /// The mount point, or nothing.
    pub(crate) mount: String,
    /// The path, as it was sent, without the mount point.
    pub(crate) path: String,
    /// The client's address, as far as it is known.
    pub(crate) client: Option<IpAddr>,
}

impl Origin {
    /// Reads it off a request.
    pub(super) fn of(request: &Request) -> Self {
        let peer = request.extensions().get::<Peer>();
        let scheme = match peer {
            Some(peer) if peer.encrypted => "https",
            Some(_) | None => "http",
        };
        let host = request
            .headers()
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .or_else(|| request.uri().authority().map(Authority::as_str))
            .unwrap_or("localhost");
        // Links leave the usual port out, as upstream's do.
        let usual = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(usual).unwrap_or(host);
        let path = request.uri().path();
        let (mount, path) = path
            .strip_prefix(MOUNT)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
            .map_or(("", path), |rest| (MOUNT, rest));
        Self {
            base: format!("{scheme}://{host}"),
            mount: mount.to_owned(),
            path: path.to_owned(),
            client: peer.map(|peer| peer.address.ip()),
        }
    }

    /// Returns the host, with its port unless that is the scheme's.
    pub(crate) fn host(&self) -> &str {
        self.base.split_once("://").map_or("", |(_, host)| host)
    }

    /// Returns the port that the request was sent to.
    pub(crate) fn port(&self) -> Option<u16> {
        let (scheme, host) = self.base.split_once("://")?;
        let usual = if scheme == "https" { 443 } else { 80 };
        let authority: Authority = host.parse().ok()?;
        Some(authority.port_u16().unwrap_or(usual))
    }

    /// Believes what a proxy says of the request that it passes on: RFC 7239's `Forwarded`, else
    /// `X-Forwarded-*`; the first proxy's words count. What is not of the right form counts as unsaid.
    pub(super) fn forwarded(mut self, headers: &HeaderMap) -> Self {
        let said = Said::by(headers);
        let (scheme, host) = self.base.split_once("://").unwrap_or(("http", &self.base));
        let scheme = said.scheme.as_deref().unwrap_or(scheme);
        let host = said.host.as_deref().unwrap_or(host);
        self.base = format!("{scheme}://{host}");
        self.client = said.client.or(self.client);
        if let Some(prefix) = text(headers, "x-forwarded-prefix").filter(|text| is_prefix(text)) {
            self.mount = format!("{}{}", prefix.trim_end_matches('/'), self.mount);
        }
        self
    }
}

/// What a proxy says of a request.
struct Said {
    scheme: Option<String>,
    host: Option<String>,
    client: Option<IpAddr>,
}

impl Said {
    fn by(headers: &HeaderMap) -> Self {
        let named = |name: &str| match headers.get(FORWARDED) {
            Some(forwarded) => parameter(forwarded.to_str().ok()?, name),
            None => text(headers, &format!("x-forwarded-{name}")),
        };
        Self {
            scheme: named("proto")
                .map(|scheme| scheme.to_ascii_lowercase())
                .filter(|scheme| matches!(scheme.as_str(), "http" | "https")),
            host: named("host").filter(|host| host.parse::<Authority>().is_ok()),
            client: named("for").and_then(|client| address(&client)),
        }
    }
}

/// Returns the first of the values that a header lists.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let first = value.split(',').next().unwrap_or_default().trim();
    (!first.is_empty()).then(|| first.to_owned())
}

/// Returns a parameter of the first element of `Forwarded`: `for=192.0.2.60;proto="http", ...`.
fn parameter(forwarded: &str, name: &str) -> Option<String> {
    let first = forwarded.split(',').next().unwrap_or_default();
    first
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
}

/// Reads an address with or without a port: `192.0.2.60`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.trim_matches(['[', ']']).parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare().or_else(with_port)
}

fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~%".contains(&byte);
    text.starts_with('/') && !text.starts_with("//") && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use axum::body::Body;

    use super::*;

    fn forwarded(headers: &[(&str, &str)]) -> String {
        let mut request = Request::get("/load-balancer/v2").header("host", "api.example:9876");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let origin = Origin::of(&request).forwarded(request.headers());
        let client = origin.client.map(|client| client.to_string());
        let client = client.unwrap_or_else(|| "-".to_owned());
        format!("{}{} {client}", origin.base, origin.mount)
    }

    #[test]
    fn what_proxies_say_is_read_and_what_they_cannot_mean_is_not() {
        let cases: [&[(&str, &str)]; 9] = [
            &[],
            &[(
                "forwarded",
                "for=192.0.2.60;proto=https;host=lb.example, for=10.0.0.1;host=b",
            )],
            &[
                ("forwarded", "For=\"[2001:db8::1]:4711\""),
                ("x-forwarded-proto", "https"),
            ],
            &[
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "lb.example:8443, inner"),
            ],
            &[("x-forwarded-for", "203.0.113.9, 10.0.0.1")],
            &[("x-forwarded-prefix", "/cloud/")],
            &[
                ("x-forwarded-prefix", "//evil.example"),
                ("x-forwarded-proto", "javascript"),
            ],
            &[("x-forwarded-host", "a b"), ("x-forwarded-for", "unknown")],
            &[("forwarded", ";;,")],
        ];
        let mut report = String::new();
        for headers in cases {
            writeln!(report, "{}", forwarded(headers)).unwrap();
        }
        insta::assert_snapshot!(report, @r"
        http://api.example:9876/load-balancer -
        https://lb.example/load-balancer 192.0.2.60
        http://api.example:9876/load-balancer 2001:db8::1
        https://lb.example:8443/load-balancer -
        http://api.example:9876/load-balancer 203.0.113.9
        http://api.example:9876/cloud/load-balancer -
        http://api.example:9876/load-balancer -
        http://api.example:9876/load-balancer -
        http://api.example:9876/load-balancer -
        ");
    }
}

/// What the proxy speaks inside TLS, as ALPN names it.
const SPOKEN: [&str; 3] = [HTTP2, "http/1.1", "http/1.0"];

/// HTTP/2, as ALPN names it.
pub(super) const HTTP2: &str = "h2";

/// Returns those of `wanted` that are spoken, in order.
pub(super) fn offered(wanted: &[String]) -> Vec<Vec<u8>> {
    let spoken = wanted.iter().filter(|name| SPOKEN.contains(&name.as_str()));
    spoken.map(|name| name.clone().into_bytes()).collect()
}

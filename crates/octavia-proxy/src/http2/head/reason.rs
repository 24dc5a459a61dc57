//! The words that HTTP/1.1 has for a status, and HTTP/2 has not.

/// Returns the reason of a status; none is as valid.
pub(super) fn of(status: &[u8]) -> &'static str {
    match status {
        b"100" => "Continue",
        b"103" => "Early Hints",
        b"200" => "OK",
        b"201" => "Created",
        b"202" => "Accepted",
        b"204" => "No Content",
        b"206" => "Partial Content",
        b"301" => "Moved Permanently",
        b"302" => "Found",
        b"303" => "See Other",
        b"304" => "Not Modified",
        b"307" => "Temporary Redirect",
        b"308" => "Permanent Redirect",
        b"400" => "Bad Request",
        b"401" => "Unauthorized",
        b"403" => "Forbidden",
        b"404" => "Not Found",
        b"405" => "Method Not Allowed",
        b"409" => "Conflict",
        b"410" => "Gone",
        b"412" => "Precondition Failed",
        b"413" => "Content Too Large",
        b"429" => "Too Many Requests",
        b"500" => "Internal Server Error",
        b"501" => "Not Implemented",
        b"502" => "Bad Gateway",
        b"503" => "Service Unavailable",
        b"504" => "Gateway Timeout",
        _ => "",
    }
}

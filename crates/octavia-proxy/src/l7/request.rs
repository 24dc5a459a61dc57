use httparse::Header;

use crate::tls::Peer;

/// What rules can look at.
pub(super) struct Request<'a> {
    /// The path, without the query.
    pub(super) path: &'a [u8],
    /// The path with the query.
    pub(super) path_and_query: &'a [u8],
    /// The certificate that the client showed.
    pub(super) peer: Option<&'a Peer>,
    /// The lines of its head.
    pub(super) headers: &'a [Header<'a>],
}

impl<'a> Request<'a> {
    /// Reads the head at the start of `bytes`, if it is whole.
    pub(super) fn read(bytes: &'a [u8], storage: &'a mut [Header<'a>]) -> Option<Self> {
        let mut request = httparse::Request::new(storage);
        if request.parse(bytes).ok()?.is_partial() {
            return None;
        }
        let path_and_query = path_and_query(request.path?.as_bytes());
        let end = memchr::memchr(b'?', path_and_query);
        Some(Self {
            path: &path_and_query[..end.unwrap_or(path_and_query.len())],
            path_and_query,
            peer: None,
            headers: request.headers,
        })
    }
}

/// Returns the values in a line of a header; a comma outside of quotes ends one.
pub(super) fn values(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    line.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    })
    .map(<[u8]>::trim_ascii)
}

/// Returns names and values in a line of cookies.
pub(super) fn cookies(line: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = line.split(|byte| *byte == b';' || *byte == b',');
    pairs.filter_map(|pair| {
        let at = memchr::memchr(b'=', pair)?;
        Some((pair[..at].trim_ascii(), pair[at + 1..].trim_ascii()))
    })
}

/// Leaves out scheme and authority.
fn path_and_query(target: &[u8]) -> &[u8] {
    if target.starts_with(b"/") {
        return target;
    }
    let authority = memchr::memmem::find(target, b"://").map(|at| &target[at + 3..]);
    let path = authority.and_then(|rest| Some(&rest[memchr::memchr2(b'/', b'?', rest)?..]));
    path.unwrap_or(b"/")
}

//! What a structure says of the client's TLS, as HAProxy's `send-proxy-v2-ssl-cn` does.

use crate::tls::Peer;

const TYPE_SSL: u8 = 0x20;
const SUBTYPE_VERSION: u8 = 0x21;
const SUBTYPE_COMMON_NAME: u8 = 0x22;
const CLIENT_SSL: u8 = 1;
/// A certificate was shown, on this connection and in its session.
const CLIENT_CERTIFICATE: u8 = 2 | 4;
/// Where a structure has its length, after the signature and two bytes.
const LENGTH: usize = 14;

/// Appends to the structure `header` that the client speaks that version of TLS, and whose
/// certificate it showed.
pub(crate) fn add(header: &mut Vec<u8>, version: &str, peer: Option<&Peer>) {
    let flags = match peer {
        None => CLIENT_SSL,
        Some(_) => CLIENT_SSL | CLIENT_CERTIFICATE,
    };
    // A client whose certificate is not valid gets no connection: four zeros.
    let mut value = vec![flags, 0, 0, 0, 0];
    append(&mut value, SUBTYPE_VERSION, version.as_bytes());
    if let Some(name) = peer.and_then(|peer| peer.subject_part("CN")) {
        append(&mut value, SUBTYPE_COMMON_NAME, name);
    }
    append(header, TYPE_SSL, &value);
    let length = header.len() - LENGTH - 2;
    let length = u16::try_from(length).expect("names in certificates are short");
    header[LENGTH..LENGTH + 2].copy_from_slice(&length.to_be_bytes());
}

/// Appends a value with its type and length; a longer one than any sane name is cut.
fn append(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let value = &value[..value.len().min(1024)];
    let length = u16::try_from(value.len()).expect("it was cut");
    out.push(kind);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::super::Version;
    use super::add;

    #[test]
    fn the_version_follows_the_addresses_and_counts_in_the_length() {
        let (client, local) = (([192, 0, 2, 7], 4711), ([198, 51, 100, 1], 443));
        let mut header = Vec::new();
        Version::Two.write(client.into(), local.into(), &mut header);
        let plain = header.len();
        add(&mut header, "TLSv1.3", None);
        // As HAProxy 2.6 sends it.
        assert_eq!(&header[plain..], b"\x20\0\x0f\x01\0\0\0\0\x21\0\x07TLSv1.3");
        assert_eq!(usize::from(header[15]), header.len() - 16);
    }
}

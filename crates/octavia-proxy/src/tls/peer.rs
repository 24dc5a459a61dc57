//! What members and rules are told of a client's certificate, in HAProxy's words.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate, X509Name};

/// A header that tells something about the client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PeerHeader {
    Verify,
    HasCertificate,
    SubjectName,
    CommonName,
    IssuerName,
    Sha1,
    NotBefore,
    NotAfter,
}

impl PeerHeader {
    /// All of them, in the order in which members get them.
    pub(crate) const ALL: [Self; 8] = [
        Self::Verify,
        Self::HasCertificate,
        Self::SubjectName,
        Self::CommonName,
        Self::IssuerName,
        Self::Sha1,
        Self::NotBefore,
        Self::NotAfter,
    ];

    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Verify => "X-SSL-Client-Verify",
            Self::HasCertificate => "X-SSL-Client-Has-Cert",
            Self::SubjectName => "X-SSL-Client-DN",
            Self::CommonName => "X-SSL-Client-CN",
            Self::IssuerName => "X-SSL-Issuer",
            Self::Sha1 => "X-SSL-Client-SHA1",
            Self::NotBefore => "X-SSL-Client-Not-Before",
            Self::NotAfter => "X-SSL-Client-Not-After",
        }
    }

    /// Finds the header with that name, in any case.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        let is_named = |header: &Self| name.eq_ignore_ascii_case(header.name().as_bytes());
        Self::ALL.into_iter().find(is_named)
    }
}

/// A set of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PeerHeaders(u8);

impl PeerHeaders {
    /// Returns the set of those that `is_wanted`.
    pub(crate) fn of(is_wanted: impl Fn(PeerHeader) -> bool) -> Self {
        let wanted = PeerHeader::ALL
            .into_iter()
            .filter(|header| is_wanted(*header));
        Self(wanted.fold(0, |set, header| set | 1 << header as u8))
    }

    /// Tells whether `header` is one of them.
    pub(crate) fn contains(self, header: PeerHeader) -> bool {
        self.0 >> header as u8 & 1 == 1
    }

    /// Appends a line for each; that of a client without certificate is empty, but there.
    pub(crate) fn write(self, peer: Option<&Peer>, out: &mut Vec<u8>) {
        let headers = PeerHeader::ALL.into_iter();
        for header in headers.filter(|header| self.contains(*header)) {
            out.extend_from_slice(header.name().as_bytes());
            out.extend_from_slice(b": ");
            match (header, peer) {
                // A client whose certificate is not valid gets no connection.
                (PeerHeader::Verify, _) | (PeerHeader::HasCertificate, None) => out.push(b'0'),
                (PeerHeader::HasCertificate, Some(_)) => out.push(b'1'),
                (header, Some(peer)) => peer.write(header, out),
                (_, None) => {}
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// What is known of a client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    subject: Name,
    issuer: Name,
    sha1: String,
    not_before: String,
    not_after: String,
}

/// The parts of a name, in order. Nothing in them can end a line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name(Vec<(String, Vec<u8>)>);

impl Peer {
    /// Reads a certificate; `None` if it cannot be read, which a verified one always can.
    pub(crate) fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, der);
        Some(Self {
            subject: Name::read(certificate.subject()),
            issuer: Name::read(certificate.issuer()),
            sha1: hex(sha1.as_ref()),
            not_before: time(certificate.validity().not_before),
            not_after: time(certificate.validity().not_after),
        })
    }

    /// Returns the first part of that name of the subject: `CN`, `OU`, in any case.
    pub(crate) fn subject_part(&self, name: &str) -> Option<&[u8]> {
        let mut parts = self.subject.0.iter();
        let part = parts.find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(&part.1)
    }

    fn write(&self, header: PeerHeader, out: &mut Vec<u8>) {
        match header {
            PeerHeader::Verify | PeerHeader::HasCertificate => {}
            PeerHeader::SubjectName => self.subject.write(out),
            PeerHeader::CommonName => {
                out.extend_from_slice(self.subject_part("CN").unwrap_or_default());
            }
            PeerHeader::IssuerName => self.issuer.write(out),
            PeerHeader::Sha1 => out.extend_from_slice(self.sha1.as_bytes()),
            PeerHeader::NotBefore => out.extend_from_slice(self.not_before.as_bytes()),
            PeerHeader::NotAfter => out.extend_from_slice(self.not_after.as_bytes()),
        }
    }
}

impl Name {
    fn read(name: &X509Name<'_>) -> Self {
        let part = |part: &x509_parser::prelude::AttributeTypeAndValue<'_>| {
            let oid = part.attr_type().to_id_string();
            let value = part.attr_value().data.iter();
            let visible = |byte: &u8| if byte.is_ascii_control() { b'?' } else { *byte };
            (
                short_name(&oid).map_or(oid, str::to_owned),
                value.map(visible).collect(),
            )
        };
        Self(name.iter_attributes().map(part).collect())
    }

    fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in &self.0 {
            out.push(b'/');
            out.extend_from_slice(name.as_bytes());
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
}

/// Returns what OpenSSL calls a part of a name.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "GN",
        "2.5.4.43" => "initials",
        "2.5.4.46" => "dnQualifier",
        "2.5.4.65" => "pseudonym",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02X}"))
}

/// Renders a time as certificates have it: `261120151036Z`; as HAProxy, nothing of other centuries,
/// which could not be told from this one.
fn time(time: ASN1Time) -> String {
    let time = time.to_datetime();
    if !(2000..2100).contains(&time.year()) {
        return String::new();
    }
    format!(
        "{:02}{:02}{:02}{:02}{:02}{:02}Z",
        time.year() % 100,
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

    use super::{Peer, PeerHeader, PeerHeaders};

    #[test]
    fn a_certificate_is_told_as_haproxy_tells_it() {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "DE");
        name.push(DnType::OrganizationName, "Foo, Inc.\r\nX-Forged: yes");
        name.push(DnType::CommonName, "client one");
        name.push(DnType::CustomDnType(vec![1, 2, 3, 4]), "own");
        params.distinguished_name = name;
        params.not_before = rcgen::date_time_ymd(2026, 1, 2);
        params.not_after = rcgen::date_time_ymd(2051, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let mut peer = Peer::read(certificate.der()).expect("it can be read");
        assert_eq!(peer.sha1.len(), 40);
        peer.sha1 = "77EC".into();
        let mut out = Vec::new();
        PeerHeaders::of(|_| true).write(Some(&peer), &mut out);
        let text = String::from_utf8(out).expect("text");
        insta::assert_snapshot!(text.replace('\r', ""), @"
        X-SSL-Client-Verify: 0
        X-SSL-Client-Has-Cert: 1
        X-SSL-Client-DN: /C=DE/O=Foo, Inc.??X-Forged: yes/CN=client one/1.2.3.4=own
        X-SSL-Client-CN: client one
        X-SSL-Issuer: /C=DE/O=Foo, Inc.??X-Forged: yes/CN=client one/1.2.3.4=own
        X-SSL-Client-SHA1: 77EC
        X-SSL-Client-Not-Before: 260102000000Z
        X-SSL-Client-Not-After: 511231000000Z
        ");
    }

    #[test]
    fn without_a_certificate_the_headers_are_there_and_empty() {
        let mut out = Vec::new();
        let wanted = [
            PeerHeader::Verify,
            PeerHeader::HasCertificate,
            PeerHeader::CommonName,
        ];
        PeerHeaders::of(|header| wanted.contains(&header)).write(None, &mut out);
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "X-SSL-Client-Verify: 0\r\nX-SSL-Client-Has-Cert: 0\r\nX-SSL-Client-CN: \r\n"
        );
    }

    #[test]
    fn a_header_is_found_by_its_name_in_any_case() {
        for header in PeerHeader::ALL {
            let name = header.name().to_ascii_lowercase();
            assert_eq!(PeerHeader::named(name.as_bytes()), Some(header));
        }
        assert_eq!(PeerHeader::named(b"x-ssl-client"), None);
    }
}

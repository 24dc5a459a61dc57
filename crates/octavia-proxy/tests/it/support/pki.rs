use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{Certificate, ListenerTls, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    PKCS_ECDSA_P256_SHA256,
};

/// An authority of the test's own.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named(name);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("sign itself");
        Self { issuer }
    }

    /// Returns its certificate.
    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Signs a certificate for the first of `names`, and the others.
    pub(crate) fn certify(&self, names: &[&str]) -> Certificate {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names");
        params.distinguished_name = named(&names[0]);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("sign");
        Certificate {
            chain: certificate.pem(),
            key: SecretText::new(key.serialize_pem()),
        }
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
}

/// Speaks both versions with `certificates`.
pub(crate) fn listener_tls(certificates: Vec<Certificate>) -> ListenerTls {
    ListenerTls {
        certificates,
        versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
        ciphers: Vec::new(),
        alpn: vec!["http/1.1".into()],
        client_certificates: None,
        hsts: None,
        ticket_keys: Vec::new(),
    }
}

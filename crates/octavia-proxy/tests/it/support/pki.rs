use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{Certificate, ListenerTls, PoolTls, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer,
    DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair, PKCS_ECDSA_P256_SHA256,
    RevokedCertParams, date_time_ymd,
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
        self.certify_number(1, names)
    }

    /// As [`Authority::certify`], with a serial number.
    pub(crate) fn certify_number(&self, number: u64, names: &[&str]) -> Certificate {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names.clone()).expect("names");
        params.distinguished_name = named(&names[0]);
        params.serial_number = Some(number.into());
        params.not_before = date_time_ymd(2026, 1, 2);
        params.not_after = date_time_ymd(2051, 12, 31);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("sign");
        Certificate {
            chain: certificate.pem(),
            key: SecretText::new(key.serialize_pem()),
        }
    }
}

impl Authority {
    /// Revokes the certificate with that number.
    pub(crate) fn revoke(&self, number: u64) -> String {
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: 1.into(),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: number.into(),
                revocation_time: date_time_ymd(2026, 1, 1),
                reason_code: None,
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("sign");
        list.pem().expect("text")
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

/// Believes members whom `authority` certified, or anybody without one.
pub(crate) fn pool_tls(authority: Option<&Authority>) -> PoolTls {
    PoolTls {
        authorities: authority.map(Authority::pem),
        revocations: None,
        certificate: None,
        versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
        ciphers: Vec::new(),
        alpn: Vec::new(),
    }
}

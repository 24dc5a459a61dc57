use super::*;

const CERTIFICATE: &str = include_str!("../../../tests/data/certificate.pem");
const AUTHORITY: &str = include_str!("../../../tests/data/authority.pem");
/// The key of [`CERTIFICATE`], with passphrase `secret`.
const LOCKED_KEY: &str = include_str!("../../../tests/data/locked_key.pem");
/// As OpenSSL 3 writes it by default.
const MODERN: &[u8] = include_bytes!("../../../tests/data/modern.p12");
/// As OpenSSL 1 did: RC2 and triple DES.
const LEGACY: &[u8] = include_bytes!("../../../tests/data/legacy.p12");
/// With passphrase `secret`.
const LOCKED: &[u8] = include_bytes!("../../../tests/data/locked.p12");

fn secret() -> Secret<String> {
    Secret::new("secret".to_owned())
}

fn unlocked() -> CertificateBundle {
    let text = format!("{AUTHORITY}{LOCKED_KEY}{CERTIFICATE}");
    CertificateBundle::from_pem("it", text.as_bytes(), Some(&secret())).unwrap()
}

fn why(text: &str) -> String {
    CertificateBundle::from_pem("it", text.as_bytes(), None)
        .unwrap_err()
        .to_string()
}

#[test]
fn the_certificate_of_the_key_comes_first_whatever_the_order() {
    let bundle = unlocked();
    assert_eq!(bundle.certificate, CERTIFICATE);
    assert_eq!(bundle.intermediates, [AUTHORITY]);
    assert!(
        bundle
            .private_key
            .reveal()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
}

#[test]
fn pkcs12_bundles_of_openssl_hold_the_same() {
    for der in [MODERN, LEGACY] {
        assert_eq!(CertificateBundle::from_pkcs12(der).unwrap(), unlocked());
    }
}

#[test]
fn a_key_is_never_printed() {
    let printed = format!("{:?}", unlocked());
    assert!(printed.contains("private_key: ***"), "{printed}");
}

#[test]
fn a_bundle_with_a_passphrase_is_refused() {
    let error = CertificateBundle::from_pkcs12(LOCKED).unwrap_err();
    assert!(matches!(error, Error::UnreadablePkcs12(_)), "{error}");
}

#[test]
fn a_chain_is_ordered_from_the_certificate_up() {
    let params = |name: &str| {
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        params
    };
    let key = || rcgen::KeyPair::generate().unwrap();
    let (root_key, middle_key, leaf_key) = (key(), key(), key());
    let root = params("root").self_signed(&root_key).unwrap();
    let root_issuer = rcgen::Issuer::new(params("root"), root_key);
    let middle = params("middle")
        .signed_by(&middle_key, &root_issuer)
        .unwrap();
    let middle_issuer = rcgen::Issuer::new(params("middle"), middle_key);
    let leaf = params("leaf").signed_by(&leaf_key, &middle_issuer).unwrap();
    let text = [
        root.pem(),
        leaf.pem(),
        middle.pem(),
        leaf_key.serialize_pem(),
    ]
    .concat();
    let bundle = CertificateBundle::from_pem("it", text.as_bytes(), None).unwrap();
    let written = |certificate: rcgen::Certificate| encode("CERTIFICATE", certificate.der());
    assert_eq!(bundle.intermediates, [written(middle), written(root)]);
}

#[test]
fn what_does_not_fit_is_named() {
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let garbled = format!("-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n{other}");
    let old = "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-256-CBC,00\n\nMAAA\n\
               -----END RSA PRIVATE KEY-----\n";
    let texts = [
        String::new(),
        CERTIFICATE.to_owned(),
        other.clone(),
        format!("{other}{other}"),
        format!("{CERTIFICATE}{other}"),
        format!("{CERTIFICATE}{LOCKED_KEY}"),
        format!("{CERTIFICATE}{old}"),
        garbled,
    ];
    let said: Vec<_> = texts.iter().map(|text| why(text)).collect();
    insta::assert_snapshot!(said.join("\n"), @r"
    it is malformed: it holds no private key
    it is malformed: it holds no private key
    it is malformed: it holds no certificate
    it is malformed: it holds more than one private key
    it is malformed: its private key belongs to none of its certificates
    it is malformed: its private key needs a passphrase
    it is malformed: its private key is encrypted in the old way; write it as PKCS#8
    it is malformed: one of its certificates cannot be read: Parsing requires 1 bytes/chars
    ");
    let wrong = Secret::new("wrong".to_owned());
    let text = format!("{CERTIFICATE}{LOCKED_KEY}");
    assert!(CertificateBundle::from_pem("it", text.as_bytes(), Some(&wrong)).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(CertificateBundle::from_pkcs12(&bytes));
        drop(CertificateBundle::from_pem("it", &bytes, Some(&secret())));
    }

    #[test]
    fn a_bundle_with_a_changed_byte_is_read_or_refused(at in 0..MODERN.len(), to: u8) {
        let mut bytes = MODERN.to_vec();
        // The iteration counts stay: they say how long reading takes.
        proptest::prop_assume!(bytes[at] != 0x08 && bytes[at] != 0x00);
        bytes[at] = to;
        drop(CertificateBundle::from_pkcs12(&bytes));
    }
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use octavia_model::Id;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::*;
use crate::config::CertificateFiles;

const MONTH: Duration = Duration::from_hours(720);

fn now() -> DateTime<Utc> {
    crate::samples::start()
}

fn amphora() -> Id<Amphora> {
    "a3a30000-0000-4000-8000-000000000001".parse().unwrap()
}

fn own(directory: &Path) -> Authority {
    Authority::open(&CertificateConfig::Own(directory.join("ca")), now()).unwrap()
}

#[test]
fn the_second_start_finds_the_authority_of_the_first() {
    let directory = tempfile::tempdir().unwrap();
    let first = own(directory.path());
    let second = own(directory.path());
    assert_eq!(first.client_authorities(), second.client_authorities());
}

#[test]
fn keys_are_for_their_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    own(directory.path());
    for entry in fs::read_dir(directory.path().join("ca")).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}

#[test]
fn of_starts_at_once_all_have_the_same_authority_and_nothing_is_left_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let authorities: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| own(directory.path())))
            .collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap().client_authorities().to_owned())
            .collect()
    });
    assert!(
        authorities
            .iter()
            .all(|authority| *authority == authorities[0])
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn an_agents_certificate_is_as_upstreams() {
    let directory = tempfile::tempdir().unwrap();
    let authority = own(directory.path());
    let issued = authority.issue(amphora(), now(), MONTH).unwrap();
    let parsed = ::pem::parse_many(issued.pem.reveal()).unwrap();
    let tags: Vec<_> = parsed.iter().map(::pem::Pem::tag).collect();
    assert_eq!(tags, ["CERTIFICATE", "PRIVATE KEY"]);

    let (_, certificate) = X509Certificate::from_der(parsed[0].contents()).unwrap();
    assert_eq!(
        certificate.subject().to_string(),
        format!("CN={}", amphora())
    );
    assert_eq!(
        certificate.validity().not_after.timestamp(),
        (now() + MONTH).timestamp()
    );
    assert_eq!(issued.expires_at, now() + MONTH);
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    let id = amphora().to_string();
    assert_eq!(names.value.general_names, [GeneralName::DNSName(&id)]);
    let constraints = certificate.basic_constraints().unwrap().unwrap();
    assert!(!constraints.value.ca);
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && usage.client_auth);

    let ca = ::pem::parse(authority.client_authorities()).unwrap();
    let (_, ca) = X509Certificate::from_der(ca.contents()).unwrap();
    assert!(ca.is_ca());
    certificate.verify_signature(Some(ca.public_key())).unwrap();
}

#[test]
fn the_controllers_certificate_is_a_clients() {
    let directory = tempfile::tempdir().unwrap();
    let authority = own(directory.path());
    let pems = ::pem::parse_many(authority.identity().certificate_and_key.reveal()).unwrap();
    let (_, certificate) = X509Certificate::from_der(pems[0].contents()).unwrap();
    assert_eq!(certificate.subject().to_string(), "CN=octavia-controller");
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth);
}

#[test]
fn the_operators_files_sign_as_well() {
    let directory = tempfile::tempdir().unwrap();
    own(directory.path());
    let files = files(&directory.path().join("ca"));
    let authority = Authority::open(&CertificateConfig::Files(files), now()).unwrap();
    authority.issue(amphora(), now(), MONTH).unwrap();
}

#[test]
fn an_encrypted_key_is_refused_with_the_way_out() {
    let directory = tempfile::tempdir().unwrap();
    own(directory.path());
    let files = files(&directory.path().join("ca"));
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(&files.ca_private_key, encrypted).unwrap();
    let error = Authority::open(&CertificateConfig::Files(files), now())
        .map(drop)
        .unwrap_err();
    assert!(error.chain().contains("openssl pkey"), "{}", error.chain());
}

fn files(directory: &Path) -> CertificateFiles {
    CertificateFiles {
        ca_certificate: directory.join("ca.pem"),
        ca_private_key: directory.join("ca.key"),
        ca_private_key_passphrase: None,
        client_cert: directory.join("controller.pem"),
        server_ca: directory.join("ca.pem"),
        client_ca: directory.join("ca.pem"),
    }
}

use std::fs;

use super::*;

const CERTIFICATE: &str = include_str!("../../../tests/data/certificate.pem");
const LOCKED_KEY: &str = include_str!("../../../tests/data/locked_key.pem");
const BUNDLE: &[u8] = include_bytes!("../../../tests/data/modern.p12");

fn of(project: &str) -> SecretReader {
    SecretReader::service(Some(project.to_owned()))
}

/// A store with files of project `ours`.
fn store() -> (tempfile::TempDir, LocalSecrets) {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours");
    let parts = ours.join("parts");
    fs::create_dir_all(&parts).unwrap();
    fs::write(ours.join("web.p12"), BUNDLE).unwrap();
    fs::write(ours.join("broken.p12"), &BUNDLE[..90]).unwrap();
    fs::write(ours.join("large"), vec![b'x'; 2 << 20]).unwrap();
    fs::write(parts.join("certificate.pem"), CERTIFICATE).unwrap();
    fs::write(parts.join("private_key.pem"), LOCKED_KEY).unwrap();
    fs::write(parts.join("private_key_passphrase"), "secret\n").unwrap();
    fs::write(folder.path().join("outside"), "x").unwrap();
    let store = LocalSecrets::new(folder.path());
    (folder, store)
}

#[tokio::test]
async fn bundles_and_containers_are_read() {
    let (_folder, store) = store();
    let bundle = store
        .certificate(&of("ours"), "file:web.p12")
        .await
        .unwrap();
    assert_eq!(bundle.intermediates.len(), 1);
    let parts = store.certificate(&of("ours"), "file:parts").await.unwrap();
    assert_eq!(parts.certificate, bundle.certificate);
    assert_eq!(parts.private_key, bundle.private_key);
    let raw = store.secret(&of("ours"), "file:web.p12").await.unwrap();
    assert_eq!(raw.reveal(), BUNDLE);
    store.grant(&of("ours"), "file:web.p12").await.unwrap();
}

#[tokio::test]
async fn a_project_reads_nothing_of_another() {
    let (_folder, store) = store();
    for reader in [
        of("theirs"),
        of("ours/../ours"),
        of(""),
        SecretReader::service(None),
    ] {
        let error = store
            .certificate(&reader, "file:web.p12")
            .await
            .unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
    }
}

#[tokio::test]
async fn references_lead_nowhere_else() {
    let (_folder, store) = store();
    for reference in [
        "web.p12",
        "file:",
        "file:.",
        "file:..",
        "file:../outside",
        "file:parts/certificate.pem",
        "file:/etc/passwd",
        "file:web.p12\0",
        "file:absent",
        "file:web%2ep12",
        "https://keys.example/v1/containers/1",
    ] {
        let error = store.secret(&of("ours"), reference).await.unwrap_err();
        assert!(
            matches!(error, Error::NotFound { .. }),
            "{reference}: {error}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_read_says_why() {
    let (_folder, store) = store();
    let broken = store.certificate(&of("ours"), "file:broken.p12").await;
    assert!(matches!(broken, Err(Error::UnreadablePkcs12(_))));
    let large = store.secret(&of("ours"), "file:large").await.unwrap_err();
    insta::assert_snapshot!(large, @"file:large is malformed: it is larger than 1048576 bytes");
}

//! Sessions that go on at another time, or at another proxy.

use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{ClientAuthentication, ClientCertificates};

use super::{Files, HOST, change, s_client, setup};
use crate::support::command::run;
use crate::support::pki::{Authority, listener_tls};
use crate::support::{Origin, Setup};

#[test]
fn a_session_is_resumed_also_after_a_change_that_does_not_concern_it() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    let files = Files::new();
    let session = files.path("session");
    let shake = |setup: &Setup, way: &str| {
        let said = s_client(setup, &["-tls1_2", way, &session, "-servername", HOST])?;
        Some(said.output.contains("Reused, TLSv1.2"))
    };
    let Some(resumed) = shake(&setup, "-sess_out") else {
        return;
    };
    assert!(!resumed);
    assert_eq!(shake(&setup, "-sess_in"), Some(true));
    change(&mut setup, |tls| tls.alpn.clear());
    assert_eq!(shake(&setup, "-sess_in"), Some(true));
    change(&mut setup, |tls| {
        tls.client_certificates = Some(ClientCertificates {
            mode: ClientAuthentication::Optional,
            authorities: authority.pem(),
            revocations: None,
        });
    });
    assert_eq!(shake(&setup, "-sess_in"), Some(false));
}

/// Makes a key for session tickets.
fn ticket_key(pair: &str) -> SecretText {
    SecretText::new(pair.repeat(32))
}

#[test]
fn a_session_begun_at_one_proxy_is_resumed_at_another() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut tls = listener_tls(vec![authority.certify(&[HOST])]);
    tls.ticket_keys = vec![ticket_key("0a")];
    let first = setup(&origin, tls.clone());
    let files = Files::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let session = files.path(version);
        // Tickets of TLS 1.3 come after the handshake.
        let request =
            "printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n'; sleep 1";
        let command = format!(
            "({request}) | openssl s_client -connect {} {version} -sess_out {session} -servername {HOST}",
            first.address()
        );
        let Some(begun) = run("sh", &["-c", &command]) else {
            return;
        };
        assert!(begun.output.contains("New, TLSv1"), "{}", begun.errors);
        let resumed = |keys: &[&str], authenticate: bool| {
            let mut tls = tls.clone();
            tls.ticket_keys = keys.iter().map(|key| ticket_key(key)).collect();
            tls.client_certificates = authenticate.then(|| ClientCertificates {
                mode: ClientAuthentication::Optional,
                authorities: authority.pem(),
                revocations: None,
            });
            let other = setup(&origin, tls);
            let said = s_client(
                &other,
                &[version, "-sess_in", &session, "-servername", HOST],
            );
            said.expect("it ran before")
                .output
                .contains("Reused, TLSv1")
        };
        assert!(resumed(&["0b", "0a"], false), "{version}: after a rotation");
        assert!(!resumed(&["0b"], false), "{version}: when its key is gone");
        assert!(
            !resumed(&["0a"], true),
            "{version}: where clients are checked otherwise"
        );
    }
}

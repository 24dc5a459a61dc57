//! Handshakes that are refused half way.

use std::io::{Read, Write};

use octavia_amphora_api::config::{
    Certificate, ClientAuthentication, ClientCertificates, ListenerProtocol,
};

use crate::support::pki::{Authority, listener_tls};
use crate::support::secure;
use crate::support::{Origin, Setup};

const HOST: &str = "www.example.org";

/// A client that sends the end of its handshake together with the certificate that it has not.
#[test]
fn a_flight_that_is_refused_in_its_middle_ends_its_connection_only() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut tls = listener_tls(vec![authority.certify(&[HOST])]);
    tls.client_certificates = Some(ClientCertificates {
        mode: ClientAuthentication::Mandatory,
        authorities: authority.pem(),
        revocations: None,
    });
    let setup = Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].tls = Some(tls);
    });
    let get = |certificate: Option<&Certificate>| {
        let config = secure::client(&authority, certificate);
        let mut stream = secure::connect(setup.address(), HOST, &config);
        let mut answer = String::new();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        stream.read_to_string(&mut answer).map(|_| answer)
    };
    let refused = get(None).expect_err("it is refused");
    assert!(
        refused.to_string().contains("CertificateRequired"),
        "{refused}"
    );
    let served = get(Some(&authority.certify(&["client"]))).expect("it is served");
    assert!(served.starts_with("HTTP/1.1 200"), "{served}");
}

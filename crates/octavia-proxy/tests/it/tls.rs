//! TLS ended at a listener, with clients that nobody here wrote.

mod resumption;

use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{
    Certificate, CipherSuite, ClientAuthentication, ClientCertificates, Hsts, ListenerProtocol,
    ListenerTls, TlsVersion,
};

use crate::support::command::{Said, run};
use crate::support::pki::{Authority, listener_tls, pool_tls};
use crate::support::{Client, Origin, Setup, wait_until};

const HOST: &str = "www.example.org";

/// Files that programs read.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).expect("write a file");
        path
    }

    fn path(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("a path of text").to_owned()
    }

    /// Returns how curl shows a certificate.
    fn certificate(&self, certificate: &Certificate) -> [String; 4] {
        let chain = self.write("client.pem", &certificate.chain);
        let key = self.write("client.key", certificate.key.reveal());
        ["--cert".into(), chain, "--key".into(), key]
    }
}

/// Serves HTTP inside TLS.
fn setup(origin: &Origin, tls: ListenerTls) -> Setup {
    Setup::new(ListenerProtocol::Http, &[origin.address], |config| {
        config.listeners[0].tls = Some(tls);
    })
}

/// Changes the TLS of the listener.
fn change(setup: &mut Setup, edit: impl FnOnce(&mut ListenerTls)) {
    setup.change(|config| edit(config.listeners[0].tls.as_mut().expect("it has TLS")));
}

/// Fetches a path by curl, as `host`, trusting `authority`.
fn curl(setup: &Setup, host: &str, authority: &Authority, more: &[&str]) -> Option<Said> {
    let files = Files::new();
    let ca = files.write("ca.pem", &authority.pem());
    let address = setup.address();
    let url = format!("https://{host}:{}/", address.port());
    let resolve = format!("{host}:{}:{}", address.port(), address.ip());
    let mut arguments = vec![
        "-sS",
        "--max-time",
        "10",
        "--cacert",
        &ca,
        "--resolve",
        &resolve,
    ];
    arguments.extend(more);
    arguments.push(&url);
    run("curl", &arguments)
}

/// Shakes hands by OpenSSL.
fn s_client(setup: &Setup, more: &[&str]) -> Option<Said> {
    let address = setup.address().to_string();
    let mut arguments = vec!["s_client", "-connect", &address];
    arguments.extend(more);
    run("openssl", &arguments)
}

#[test]
fn curl_fetches_through_a_tls_listener() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    setup.change(|config| config.listeners[0].insert_headers.x_forwarded_proto = true);
    for version in [["1.2", "--tlsv1.2"], ["1.3", "--tlsv1.3"]] {
        let [maximum, minimum] = version;
        let Some(said) = curl(&setup, HOST, &authority, &[minimum, "--tls-max", maximum]) else {
            return;
        };
        assert_eq!(said.output, "a", "{said:?}");
    }
    assert!(origin.heads()[0].contains("X-Forwarded-Proto: https\n"));
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn large_bodies_pass_both_ways() {
    let authority = Authority::new("an authority");
    let origin = Origin::serve(|mut connection| {
        while let Some(head) = connection.request() {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let length = length.expect("a length").parse().expect("a number");
            let body = connection.read(length);
            connection.answer(&body);
        }
    });
    let setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    let body: Vec<u8> = (0..3_000_017_u32)
        .map(|n| (n * 7 / 3).to_le_bytes()[0])
        .collect();
    let files = Files::new();
    let (sent, got) = (files.path("sent"), files.path("got"));
    std::fs::write(&sent, &body).expect("write a file");
    let data = format!("@{sent}");
    let more = ["--data-binary", &data, "-H", "Expect:", "-o", &got];
    let Some(said) = curl(&setup, HOST, &authority, &more) else {
        return;
    };
    assert_eq!(said.errors, "");
    assert!(std::fs::read(&got).expect("read a file") == body);
}

#[test]
fn a_client_gets_the_certificate_for_the_name_that_it_asks_for() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let certificates = [
        &["default.example.org"][..],
        &["exact.example.org", "also.example.org"],
        &["*.example.org"],
    ];
    let certificates = certificates.map(|names| authority.certify(names)).to_vec();
    let setup = setup(&origin, listener_tls(certificates));
    let subject = |name: &str| {
        let said = s_client(&setup, &["-servername", name])?;
        let line = said
            .output
            .lines()
            .find(|line| line.starts_with("subject="));
        Some(line.expect("a subject").replace("subject=CN = ", ""))
    };
    for (name, expected) in [
        ("exact.example.org", "exact.example.org"),
        ("ALSO.example.org", "exact.example.org"),
        ("any.example.org", "*.example.org"),
        ("below.any.example.org", "default.example.org"),
        ("other.example.com", "default.example.org"),
    ] {
        let Some(subject) = subject(name) else {
            return;
        };
        assert_eq!(subject, expected, "for {name}");
    }
}

#[test]
fn a_new_certificate_counts_for_the_next_handshake_and_touches_no_connection() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let origin = Origin::named("a");
    let mut setup = setup(&origin, listener_tls(vec![old.certify(&[HOST])]));
    let Some(said) = curl(&setup, HOST, &old, &[]) else {
        return;
    };
    assert_eq!(said.output, "a");
    change(&mut setup, |tls| {
        tls.certificates = vec![new.certify(&[HOST])];
    });
    let with_new = curl(&setup, HOST, &new, &[]).expect("curl is here");
    assert_eq!(with_new.output, "a");
    let with_old = curl(&setup, HOST, &old, &[]).expect("curl is here");
    assert!(with_old.errors.contains("certificate"), "{with_old:?}");
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_with_the_cause() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let good = authority.certify(&[HOST]);
    let mut setup = setup(&origin, listener_tls(vec![good.clone()]));
    let mut refused = |edit: &dyn Fn(&mut ListenerTls)| {
        let error = setup.try_change(|config| {
            let tls = config.listeners[0]
                .tls
                .get_or_insert_with(|| unreachable!());
            *tls = listener_tls(vec![good.clone()]);
            edit(tls);
        });
        let error = error.expect_err("it cannot be served").to_string();
        error.replace(&setup.config.listeners[0].id.to_string(), "ID")
    };
    let mut causes = Vec::new();
    causes.push(refused(&|tls| tls.certificates[0].chain = "no PEM".into()));
    causes.push(refused(&|tls| {
        tls.certificates[0].key = SecretText::new("-----BEGIN PRIVATE KEY-----\n");
    }));
    causes.push(refused(&|tls| {
        let other = Authority::new("another").certify(&[HOST]);
        tls.certificates.push(Certificate {
            key: other.key,
            ..tls.certificates[0].clone()
        });
    }));
    causes.push(refused(&|tls| {
        tls.client_certificates = Some(ClientCertificates {
            mode: ClientAuthentication::Optional,
            authorities: String::new(),
            revocations: None,
        });
    }));
    causes.push(refused(&|tls| tls.versions.clear()));
    insta::assert_snapshot!(causes.join("\n"), @"
    read the configuration: listener ID: certificate 1: there is no certificate
    read the configuration: listener ID: certificate 1: the private key is not PEM of a key without passphrase
    read the configuration: listener ID: certificate 2: the private key does not belong to the certificate
    read the configuration: listener ID: client authority: there is no certificate
    read the configuration: listener ID: no TLS version is enabled
    ");
}

#[test]
fn clients_show_certificates_and_members_are_told() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    let clients = |mode, revocations| ClientCertificates {
        mode,
        authorities: authority.pem(),
        revocations,
    };
    setup.change(|config| {
        let headers = &mut config.listeners[0].insert_headers;
        headers.x_ssl_client_verify = true;
        headers.x_ssl_client_has_cert = true;
        headers.x_ssl_client_dn = true;
        headers.x_ssl_issuer = true;
        let tls = config.listeners[0].tls.as_mut().expect("it has TLS");
        tls.client_certificates = Some(clients(ClientAuthentication::Optional, None));
    });
    let fetch = |setup: &Setup, certificate: Option<&Certificate>| {
        let files = Files::new();
        let shown = certificate.map(|certificate| files.certificate(certificate));
        let more: Vec<_> = shown.iter().flatten().map(String::as_str).collect();
        Some(curl(setup, HOST, &authority, &more)?.output)
    };
    let client = authority.certify_number(7, &["client one"]);
    let stranger = Authority::new("another authority").certify(&["stranger"]);
    let Some(fetched) = fetch(&setup, None) else {
        return;
    };
    assert_eq!(fetched, "a");
    assert_eq!(fetch(&setup, Some(&client)).as_deref(), Some("a"));
    assert_eq!(fetch(&setup, Some(&stranger)).as_deref(), Some(""));
    let told = |head: &String| {
        let lines = head.lines().filter(|line| line.starts_with("X-SSL"));
        lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let told: Vec<_> = origin.heads().iter().map(told).collect();
    insta::assert_snapshot!(told.join("\n\n"), @"
    X-SSL-Client-Verify: 0
    X-SSL-Client-Has-Cert: 0
    X-SSL-Client-DN:
    X-SSL-Issuer:

    X-SSL-Client-Verify: 0
    X-SSL-Client-Has-Cert: 1
    X-SSL-Client-DN: /CN=client one
    X-SSL-Issuer: /CN=an authority
    ");

    change(&mut setup, |tls| {
        tls.client_certificates = Some(clients(ClientAuthentication::Mandatory, None));
    });
    assert_eq!(fetch(&setup, None).as_deref(), Some(""));
    assert_eq!(fetch(&setup, Some(&client)).as_deref(), Some("a"));
    change(&mut setup, |tls| {
        let revoked = Some(authority.revoke(7));
        tls.client_certificates = Some(clients(ClientAuthentication::Mandatory, revoked));
    });
    assert_eq!(fetch(&setup, Some(&client)).as_deref(), Some(""));
    let other = authority.certify_number(8, &["client two"]);
    assert_eq!(fetch(&setup, Some(&other)).as_deref(), Some("a"));
}

#[test]
fn hsts_replaces_what_the_member_says() {
    let authority = Authority::new("an authority");
    let origin = Origin::serve(|mut connection| {
        connection.request();
        connection.send(
            "HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\nContent-Length: 1\r\n\r\na",
        );
    });
    let mut tls = listener_tls(vec![authority.certify(&[HOST])]);
    tls.hsts = Some(Hsts {
        max_age_s: 31_536_000,
        include_subdomains: true,
        preload: true,
    });
    let setup = setup(&origin, tls);
    let Some(said) = curl(&setup, HOST, &authority, &["-i"]) else {
        return;
    };
    insta::assert_snapshot!(said.output.replace('\r', ""), @"
    HTTP/1.1 200 OK
    Content-Length: 1
    Strict-Transport-Security: max-age=31536000; includeSubDomains; preload;

    a
    ");
}

#[test]
fn a_client_chooses_http_1_1_by_alpn_and_one_that_offers_nothing_known_is_refused() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    let shake = |offered: &str| s_client(&setup, &["-alpn", offered]).map(|said| said.output);
    let Some(chosen) = shake("unknown,http/1.1") else {
        return;
    };
    assert!(chosen.contains("ALPN protocol: http/1.1"), "{chosen}");
    let refused = shake("unknown").expect("openssl is here");
    assert!(!refused.contains("ALPN protocol"), "{refused}");
    wait_until("it is counted", || setup.counters().request_errors == 1);
}

#[test]
fn a_handshake_that_takes_too_long_is_ended() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    setup.change(|config| config.listeners[0].timeouts.client_data_ms = 100);
    let mut silent = Client::connect(setup.address());
    let mut slow = Client::connect(setup.address());
    // The start of a record that says it is longer.
    slow.send([22, 3, 1, 1, 0, 1]);
    assert!(silent.is_closed() && slow.is_closed());
    assert_eq!(setup.counters().request_errors, 2);
    assert_eq!(setup.counters().active_connections, 0);
}

#[test]
fn only_the_versions_and_ciphers_that_are_listed_are_spoken() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let mut tls = listener_tls(vec![authority.certify(&[HOST])]);
    tls.versions = vec![TlsVersion::V1_2];
    tls.ciphers = vec![CipherSuite::EcdsaChaCha20, CipherSuite::Aes128Gcm];
    let setup = setup(&origin, tls);
    let cipher = |more: &[&str]| {
        let said = s_client(&setup, more)?;
        let line = said.output.lines().find(|line| line.starts_with("New, "));
        Some(line.unwrap_or_default().to_owned())
    };
    let Some(chosen) = cipher(&[]) else {
        return;
    };
    assert_eq!(
        chosen,
        "New, TLSv1.2, Cipher is ECDHE-ECDSA-CHACHA20-POLY1305"
    );
    let none = Some("New, (NONE), Cipher is (NONE)".to_owned());
    assert_eq!(cipher(&["-tls1_3"]), none);
    assert_eq!(
        cipher(&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]),
        none
    );
}

#[test]
fn a_client_that_does_not_shake_hands_is_refused_and_counted() {
    let authority = Authority::new("an authority");
    let origin = Origin::named("a");
    let setup = setup(&origin, listener_tls(vec![authority.certify(&[HOST])]));
    let mut client = Client::connect(setup.address());
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // An alert, then the end.
    assert_eq!(client.rest().first(), Some(&21));
    wait_until("it is counted", || setup.counters().request_errors == 1);
    assert_eq!(setup.counters().active_connections, 0);
}

#[test]
fn bytes_of_any_protocol_pass_inside_tls_on_both_sides() {
    let authority = Authority::new("an authority");
    let origin = Origin::serve(|mut connection| {
        let rest = connection.rest();
        connection.send(rest);
    });
    let inner = Setup::new(ListenerProtocol::Tcp, &[origin.address], |config| {
        config.listeners[0].tls = Some(listener_tls(vec![authority.certify(&[HOST])]));
    });
    let outer = Setup::new(ListenerProtocol::Tcp, &[inner.address()], |config| {
        config.pools[0].tls = Some(pool_tls(Some(&authority)));
    });
    let mut client = Client::connect(outer.address());
    let bytes: Vec<u8> = (0..1_000_000_u32)
        .map(|n| (n / 3).to_le_bytes()[0])
        .collect();
    client.send(&bytes);
    client.end();
    assert!(client.rest() == bytes);
}

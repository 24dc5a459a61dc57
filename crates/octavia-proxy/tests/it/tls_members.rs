//! TLS with members, played by nginx, and checks that speak it.

use octavia_amphora_api::config::{
    Certificate, Check, CipherSuite, ListenerProtocol, PoolTls, TlsVersion,
};
use octavia_amphora_api::report::MemberStatus;

use crate::support::command::run;
use crate::support::config::monitor;
use crate::support::nginx::Nginx;
use crate::support::pki::{Authority, listener_tls, pool_tls};
use crate::support::{Client, Origin, Setup, get, wait_until};

const SERVER: &str = "ssl_certificate chain.pem; ssl_certificate_key key.pem;";

/// Starts nginx with `certificate`.
fn nginx(certificate: &Certificate, more: &str) -> Option<Nginx> {
    let files = [
        ("chain.pem", certificate.chain.as_str()),
        ("key.pem", certificate.key.reveal()),
    ];
    Nginx::start(&files, &format!("{SERVER} {more}"))
}

/// Serves plain HTTP from a pool that speaks TLS.
fn setup(nginx: &Nginx, tls: PoolTls) -> Setup {
    Setup::new(ListenerProtocol::Http, &[nginx.address], |config| {
        config.pools[0].tls = Some(tls);
    })
}

#[test]
fn a_member_is_reached_inside_tls_and_its_connection_is_shared() {
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&authority.certify(&["member"]), "ssl_protocols TLSv1.3;") else {
        return;
    };
    let setup = setup(&nginx, pool_tls(None));
    let mut client = Client::connect(setup.address());
    for number in 1..=3 {
        let text = client.get("/").text();
        // A plain listener has no name to pass on, so the member is asked for none.
        assert_eq!(text, format!("TLSv1.3 [] {number} NONE"));
    }
}

#[test]
fn the_name_that_a_client_asks_for_is_passed_on_and_must_fit() {
    let authority = Authority::new("an authority");
    let certificate = authority.certify(&["www.example.org"]);
    let Some(nginx) = nginx(&certificate, "") else {
        return;
    };
    let setup = Setup::new(ListenerProtocol::Http, &[nginx.address], |config| {
        config.listeners[0].tls = Some(listener_tls(vec![certificate]));
        config.pools[0].tls = Some(pool_tls(Some(&authority)));
    });
    let fetch = |name: &str| {
        let address = setup.address();
        let url = format!("https://{name}:{}/", address.port());
        let resolve = format!("{name}:{}:{}", address.port(), address.ip());
        let said = run("curl", &["-sSk", "--resolve", &resolve, &url])?;
        Some(said.output)
    };
    let Some(fetched) = fetch("www.example.org") else {
        return;
    };
    assert!(fetched.contains("[www.example.org]"), "{fetched}");
    let refused = fetch("other.example.org").expect("curl is here");
    assert!(refused.contains("503"), "{refused}");
}

#[test]
fn a_member_of_another_authority_is_not_believed() {
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&authority.certify(&["member"]), "") else {
        return;
    };
    let believed = setup(&nginx, pool_tls(Some(&authority)));
    assert_eq!(get(believed.address(), "/").status, 200);
    let other = Authority::new("another authority");
    let doubted = setup(&nginx, pool_tls(Some(&other)));
    assert_eq!(get(doubted.address(), "/").status, 503);
}

#[test]
fn a_member_whose_certificate_was_revoked_is_not_believed() {
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&authority.certify_number(7, &["member"]), "") else {
        return;
    };
    let mut tls = pool_tls(Some(&authority));
    tls.revocations = Some(authority.revoke(8));
    let another = setup(&nginx, tls.clone());
    assert_eq!(get(another.address(), "/").status, 200);
    tls.revocations = Some(authority.revoke(7));
    let revoked = setup(&nginx, tls);
    assert_eq!(get(revoked.address(), "/").status, 503);
}

#[test]
fn only_the_versions_and_ciphers_that_a_pool_lists_are_spoken_with_members() {
    let authority = Authority::new("an authority");
    let cipher = "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384;";
    let Some(old) = nginx(&authority.certify(&["member"]), cipher) else {
        return;
    };
    let answer = |versions: &[TlsVersion], ciphers: &[CipherSuite]| {
        let mut tls = pool_tls(None);
        tls.versions = versions.to_vec();
        tls.ciphers = ciphers.to_vec();
        get(setup(&old, tls).address(), "/").text()
    };
    let both = [TlsVersion::V1_2, TlsVersion::V1_3];
    assert!(answer(&both, &[]).starts_with("TLSv1.2"));
    assert!(answer(&both, &[CipherSuite::EcdsaAes256Gcm]).starts_with("TLSv1.2"));
    let other_cipher = answer(&both, &[CipherSuite::EcdsaAes128Gcm]);
    assert!(other_cipher.contains("503"), "{other_cipher}");
    let other_version = answer(&[TlsVersion::V1_3], &[]);
    assert!(other_version.contains("503"), "{other_version}");
}

#[test]
fn a_member_that_asks_for_a_certificate_gets_the_pools() {
    let authority = Authority::new("an authority");
    let files = authority.pem();
    let certificate = authority.certify(&["member"]);
    let Some(nginx) = Nginx::start(
        &[
            ("chain.pem", certificate.chain.as_str()),
            ("key.pem", certificate.key.reveal()),
            ("ca.pem", &files),
        ],
        &format!("{SERVER} ssl_client_certificate ca.pem; ssl_verify_client on;"),
    ) else {
        return;
    };
    let mut tls = pool_tls(None);
    let without = setup(&nginx, tls.clone());
    assert_eq!(get(without.address(), "/").status, 400);
    tls.certificate = Some(authority.certify(&["the load balancer"]));
    let with = setup(&nginx, tls);
    assert!(get(with.address(), "/").text().ends_with("SUCCESS"));
}

#[test]
fn a_check_of_a_tls_pool_shakes_hands() {
    let authority = Authority::new("an authority");
    let Some(nginx) = nginx(&authority.certify(&["member"]), "") else {
        return;
    };
    let plain = Origin::named("plain");
    let mut setup = Setup::new(
        ListenerProtocol::Http,
        &[nginx.address, plain.address],
        |config| config.pools[0].health_monitor = Some(monitor(Check::TlsHello)),
    );
    wait_until("one is up and one down", || {
        (setup.status(0), setup.status(1)) == (MemberStatus::Up, MemberStatus::Down)
    });
    let cause = setup.member(1).cause.expect("a cause");
    assert!(cause.starts_with("tls: "), "{cause}");
    let other = Authority::new("another authority");
    setup.change(|config| config.pools[0].tls = Some(pool_tls(Some(&other))));
    wait_until("nobody is believed", || {
        setup.status(0) == MemberStatus::Down
    });
    setup.change(|config| {
        config.pools[0].tls = None;
        config.pools[0].health_monitor = Some(monitor(Check::Http {
            method: "GET".into(),
            path: "/".into(),
            expected_codes: vec![(200, 200)],
            version: "1.1".into(),
            host: None,
            over_tls: true,
        }));
    });
    wait_until("the answer inside TLS counts", || {
        setup.status(0) == MemberStatus::Up
    });
}

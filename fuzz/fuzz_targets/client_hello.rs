//! What clients begin a TLS handshake with.
#![no_main]

use std::sync::LazyLock;

use octavia_amphora_api::SecretText;
use octavia_amphora_api::config::{Certificate, ListenerTls, TlsVersion};
use octavia_proxy::fuzzing::TlsServer;

static SERVER: LazyLock<TlsServer> = LazyLock::new(|| {
    let names = ["x.example.org", "*.example.org"].map(str::to_owned);
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let tls = ListenerTls {
        certificates: vec![Certificate {
            chain: own.cert.pem(),
            key: SecretText::new(own.signing_key.serialize_pem()),
        }],
        versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
        ciphers: Vec::new(),
        alpn: vec!["http/1.1".to_owned()],
        client_certificates: None,
        hsts: None,
        ticket_keys: Vec::new(),
    };
    TlsServer::new(&tls).expect("a server")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| SERVER.client_hello(bytes));

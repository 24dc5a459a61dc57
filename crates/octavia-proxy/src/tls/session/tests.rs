use std::io::Read;
use std::sync::Arc;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::Session;
use crate::tls::client::Spoken;
use crate::tls::{ClientTls, Outgoing};

/// A server whose messages span several records.
fn server() -> ServerConnection {
    let own = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.into()], PrivateKeyDer::from(key))
        .expect("a certificate");
    config.max_fragment_size = Some(64);
    ServerConnection::new(Arc::new(config)).expect("a server")
}

fn client() -> Session {
    let tls = ClientTls::unverified().expect("a client");
    let address = "127.0.0.1:443".parse().expect("an address");
    tls.session(address, Some("x"), Spoken::NotHttp2)
        .expect("a session")
}

/// Lets the client take records; what it answers goes to the server.
fn deliver(records: &[u8], client: &mut Session, server: &mut ServerConnection) {
    let mut space = Vec::new();
    let free = client.prepare(&mut space, records.len());
    let end = free.start + records.len();
    space[free.start..end].copy_from_slice(records);
    let mut out = Outgoing::default();
    let opened = client.open(&mut space[..end], &mut [0; 64], &mut out);
    opened.expect("valid records");
    give(out.bytes(), server);
}

fn give(mut bytes: &[u8], server: &mut ServerConnection) {
    while !bytes.is_empty() {
        server.read_tls(&mut bytes).expect("memory");
        server.process_new_packets().expect("valid records");
    }
}

fn records(server: &mut ServerConnection) -> Vec<u8> {
    let mut records = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut records).expect("memory");
    }
    records
}

#[test]
fn what_is_sent_between_the_records_of_a_ticket_arrives() {
    let (mut client, mut server) = (client(), server());
    let mut out = Outgoing::default();
    client.begin(&mut out).expect("a first message");
    give(out.bytes(), &mut server);
    let mut tickets = Vec::new();
    while tickets.is_empty() {
        let records = records(&mut server);
        if client.is_established() {
            tickets = records;
        } else {
            deliver(&records, &mut client, &mut server);
        }
    }
    let first = 5 + usize::from(u16::from_be_bytes([tickets[3], tickets[4]]));
    assert!(first < tickets.len(), "a ticket has several records");
    deliver(&tickets[..first], &mut client, &mut server);
    assert!(client.has_unread(), "the first record is part of a message");
    let mut out = Outgoing::default();
    client.seal([b"a request", b""], &mut out).expect("sealed");
    give(out.bytes(), &mut server);
    deliver(&tickets[first..], &mut client, &mut server);
    let mut text = [0; 32];
    let count = server.reader().read(&mut text).expect("plain bytes");
    assert_eq!(&text[..count], b"a request");
}

//! Certificates that listeners and pools name.

use octavia_cloud::fake::FakeSecrets;
use octavia_cloud::{CertificateBundle, Error};
use octavia_model::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, IsCa,
    Issuer, KeyIdMethod, KeyPair, SerialNumber, date_time_ymd,
};
use serde_json::{Value, json};

use crate::world::{PROJECT, World};

/// What the recorded calls name: `good` and `good2` are certificates, `crl-other` is of another
/// authority than `ca`.
pub(crate) fn store() -> FakeSecrets {
    let store = FakeSecrets::default();
    for name in ["good", "good2"] {
        store.put_certificate(PROJECT, &reference(name), certificate());
    }
    let (authority, revocations) = authority();
    let (_, other) = self::authority();
    for (name, text) in [
        ("ca", authority),
        ("crl", revocations),
        ("crl-other", other),
        ("badca", "garbage".to_owned()),
        ("badcrl", "garbage".to_owned()),
    ] {
        store.put_secret(PROJECT, &reference(name), text);
    }
    let unreadable = Error::UnreadablePkcs12("bad pkcs12".to_owned());
    store.fail_next(&reference("unreadable"), unreadable);
    store
}

fn reference(name: &str) -> String {
    format!("http://b/{name}")
}

fn certificate() -> CertificateBundle {
    certificate_of(&CertificateParams::new(vec!["www.example.com".to_owned()]).unwrap())
}

fn certificate_of(params: &CertificateParams) -> CertificateBundle {
    let key = KeyPair::generate().unwrap();
    CertificateBundle {
        certificate: params.self_signed(&key).unwrap().pem(),
        private_key: Secret::new(key.serialize_pem()),
        intermediates: Vec::new(),
    }
}

/// An authority, and a revocation list that it signed.
fn authority() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap().pem();
    let revocations = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 1, 1),
        next_update: date_time_ymd(2027, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let revocations = revocations.signed_by(&Issuer::new(params, key)).unwrap();
    (certificate, revocations.pem().unwrap())
}

/// A service with a load balancer.
async fn world() -> (World, String) {
    let world = World::new().await;
    let subnet = json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" });
    let lb = world.make("loadbalancer", subnet).await;
    (world, lb)
}

fn listener(lb: &str, fields: &Value) -> Value {
    let mut listener = json!({
        "loadbalancer_id": lb, "protocol": "TERMINATED_HTTPS", "protocol_port": 443,
    });
    let all = listener.as_object_mut().unwrap();
    all.extend(fields.as_object().unwrap().clone());
    listener
}

async fn refusal(world: &World, method: &str, path: &str, body: Value) -> String {
    let answer = world.call(method, path, body).await;
    let text = answer.body["faultstring"].as_str().unwrap();
    format!("{} {text}", answer.status.as_u16())
}

const LISTENERS: &str = "/v2.0/lbaas/listeners";

#[tokio::test]
async fn all_that_cannot_be_retrieved_is_named_at_once() {
    let (world, lb) = world().await;
    let body = listener(
        &lb,
        &json!({
            "sni_container_refs": ["http://b/good", "http://b/no", "http://b/theirs"],
            "default_tls_container_ref": "http://b/neither",
            "client_ca_tls_container_ref": "http://b/ca",
        }),
    );
    world
        .secrets
        .put_certificate("somebody", "http://b/theirs", certificate());
    let refused = refusal(&world, "POST", LISTENERS, json!({ "listener": body })).await;
    insta::assert_snapshot!(refused, @"400 Could not retrieve certificate: ['http://b/no', 'http://b/theirs', 'http://b/neither']; http://b/theirs may not be read: its owner must share it");
    world.settle().await;
    let listed = world.get(LISTENERS).await;
    assert_eq!(listed["listeners"], json!([]));
}

#[tokio::test]
async fn a_certificate_of_no_host_is_refused() {
    let (world, lb) = world().await;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    world
        .secrets
        .put_certificate(PROJECT, "http://b/nobody", certificate_of(&params));
    let body = listener(
        &lb,
        &json!({ "default_tls_container_ref": "http://b/nobody" }),
    );
    let refused = refusal(&world, "POST", LISTENERS, json!({ "listener": body })).await;
    insta::assert_snapshot!(refused, @"400 No CN or DNSName(s) found in certificate. The certificate is invalid.");
}

#[tokio::test]
async fn the_checks_of_clients_and_their_authority_go_in_one_call() {
    let (world, lb) = world().await;
    let body = listener(
        &lb,
        &json!({
            "default_tls_container_ref": "http://b/good",
            "client_ca_tls_container_ref": "http://b/ca",
            "client_authentication": "MANDATORY",
        }),
    );
    let id = world.make("listener", body).await;
    let nothing = json!({ "client_ca_tls_container_ref": null, "client_authentication": null });
    let path = format!("{LISTENERS}/{id}");
    let changed = world
        .call("PUT", &path, json!({ "listener": nothing }))
        .await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.body);
    assert_eq!(changed.body["listener"]["client_authentication"], "NONE");
    assert!(changed.body["listener"]["client_ca_tls_container_ref"].is_null());
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_a_503_and_changes_nothing() {
    let (world, lb) = world().await;
    world.secrets.break_down();
    let body = listener(
        &lb,
        &json!({ "default_tls_container_ref": "http://b/good" }),
    );
    let refused = refusal(&world, "POST", LISTENERS, json!({ "listener": body })).await;
    insta::assert_snapshot!(refused, @"503 The secret store does not answer. Nothing was changed; please try again.");
    world.secrets.heal();
    world.make("listener", body).await;
    assert_eq!(world.secrets.granted(), ["http://b/good"]);
}

#[tokio::test]
async fn an_update_reads_what_it_names_and_no_more() {
    let (world, lb) = world().await;
    let fields = json!({
        "default_tls_container_ref": "http://b/good",
        "sni_container_refs": ["http://b/good2"],
        "client_ca_tls_container_ref": "http://b/ca",
        "client_crl_container_ref": "http://b/crl",
    });
    let id = world.make("listener", listener(&lb, &fields)).await;
    let path = format!("{LISTENERS}/{id}");
    let read_by = async |body: Value| {
        let before = world.secrets.reads();
        let answer = world.call("PUT", &path, json!({ "listener": body })).await;
        world.settle().await;
        (answer.status.as_u16(), world.secrets.reads() - before)
    };
    world.secrets.remove("http://b/good");
    // Each is looked at twice: once to let the service in.
    assert_eq!(read_by(json!({ "name": "new" })).await, (200, 0));
    assert_eq!(
        read_by(json!({ "sni_container_refs": ["http://b/good2"] })).await,
        (200, 2)
    );
    assert_eq!(
        read_by(json!({ "default_tls_container_ref": "http://b/good2" })).await,
        (200, 2)
    );
    assert_eq!(
        read_by(json!({ "client_ca_tls_container_ref": "http://b/ca" })).await,
        (200, 4)
    );
    assert_eq!(
        read_by(json!({ "client_crl_container_ref": "http://b/crl-other" })).await,
        (400, 4)
    );
}

#[tokio::test]
async fn a_tree_with_a_bad_reference_leaves_nothing() {
    let world = World::new().await;
    let body = json!({
        "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
        "pools": [{
            "name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "tls_enabled": true,
            "tls_container_ref": "http://b/good", "ca_tls_container_ref": "http://b/badca",
        }],
        "listeners": [{
            "protocol": "TERMINATED_HTTPS", "protocol_port": 443,
            "default_tls_container_ref": "http://b/good",
        }],
    });
    let path = "/v2.0/lbaas/loadbalancers";
    let refused = refusal(&world, "POST", path, json!({ "loadbalancer": body })).await;
    insta::assert_snapshot!(refused, @"400 Validation failure: The client authentication CA certificate is invalid. It must be a valid x509 PEM format certificate. Error: there is no CERTIFICATE in it");
    assert_eq!(world.network.ports_held(), 0);
    assert_eq!(world.get(path).await["loadbalancers"], json!([]));
}

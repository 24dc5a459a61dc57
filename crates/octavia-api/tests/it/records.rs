//! What a call leaves in the log: a line, and where they are wanted audit records.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use http::Request;
use octavia_api::{ApiConfig, AuditConfig, EdgeConfig, Peer};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{World, impatient, request, send};

/// The ids by which the calls of the tests are known in the log.
const LINE: &str = "req-f4fa18b7-8a3f-4c9c-9f4f-000000000001";
const AUDITED: &str = "req-f4fa18b7-8a3f-4c9c-9f4f-000000000002";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Returns the log of this process: interest in events is the process's, not a test's.
    fn of_all_tests() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let start = || {
            let log = Self::default();
            let subscriber = tracing_subscriber::fmt().json().with_writer(log.clone());
            subscriber.init();
            log
        };
        LOG.get_or_init(start).clone()
    }

    /// Returns the events of a target that were written for a call.
    fn events(&self, target: &str, call: &str) -> Vec<Value> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&log).into_owned();
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events
            .filter(|event| event["span"]["request.global_id"] == call)
            .filter(|event| event["target"] == target)
            .collect()
    }
}

/// Creates a load balancer, and returns what the log says of it.
async fn create(router: &Router, id: &str) -> Log {
    let log = Log::of_all_tests();
    let subnet = "11111111-1111-1111-1111-111111111111";
    let body = json!({ "loadbalancer": { "vip_subnet_id": subnet } }).to_string();
    let call = request("POST", "/v2.0/lbaas/loadbalancers?")
        .header("x-user-id", "u1")
        .header("x-user-name", "alice")
        .header("x-auth-token", "gAAAAABsecret")
        .header("x-openstack-request-id", id)
        .header("user-agent", "openstacksdk")
        .header("content-length", body.len());
    let mut call: Request<_> = call.body(body.into()).unwrap();
    call.extensions_mut().insert(Peer {
        address: SocketAddr::from(([192, 0, 2, 7], 4711)),
        encrypted: false,
    });
    assert_eq!(send(router, call).await.status, 201);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains("gAAAAAB"), "tokens stay out of the log");
    log
}

#[tokio::test]
async fn a_call_has_a_line_that_says_who_called_and_what_it_cost() {
    let world = World::new().await;
    let log = create(&world.router, LINE).await;
    let lines = log.events("octavia_api::edge::access_log", LINE);
    let [line] = lines.as_slice() else {
        panic!("{lines:?}");
    };
    let fields = &line["fields"];
    let said = [
        "client", "project", "user", "method", "path", "status", "bytes_in",
    ]
    .map(|name| fields[name].to_string())
    .join(" ");
    insta::assert_snapshot!(said, @r#""192.0.2.7" "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" "u1" "POST" "/v2.0/lbaas/loadbalancers" 201 73"#);
    for number in ["bytes_out", "queries", "duration_us"] {
        assert!(fields[number].as_u64().unwrap_or(0) > 0, "{number}: {line}");
    }
    assert_eq!(line["span"]["request.global_id"], LINE);
    assert!(log.events("audit", LINE).is_empty());
}

#[tokio::test]
async fn an_audited_call_leaves_two_records() {
    let world = World::new().await;
    let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let audit = AuditConfig {
        ignore_req_list: vec!["GET".to_owned()],
        target_endpoint_type: Some("load-balancer".to_owned()),
        path_keywords: map("loadbalancers", "loadbalancer"),
        service_endpoints: map("load-balancer", "service/load-balancer"),
        ..AuditConfig::default()
    };
    let edge = EdgeConfig {
        audit: Some(audit),
        ..EdgeConfig::default()
    };
    let router = world.router_with(ApiConfig {
        edge,
        ..impatient()
    });
    let log = create(&router, AUDITED).await;
    let records: Vec<_> = log
        .events("audit", AUDITED)
        .iter()
        .map(|event| {
            let payload = event["fields"]["payload"].as_str().unwrap();
            let record: Value = serde_json::from_str(payload).unwrap();
            let kind = event["fields"]["event_type"].as_str().unwrap();
            format!("{kind} {record}")
        })
        .collect();
    insta::assert_snapshot!(records.join("\n"), @r#"
    audit.http.request {"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","eventType":"activity","id":"00000000-0000-4000-8000-000000000002","eventTime":"2026-01-01T00:00:00.000000+0000","action":"create","outcome":"pending","observer":{"id":"target"},"initiator":{"id":"u1","typeURI":"service/security/account/user","name":"alice","credential":{"token":"xxxxxxxx","identity_status":"unknown"},"host":{"address":"192.0.2.7","agent":"openstacksdk"},"project_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","request_id":"req-00000000-0000-4000-8000-000000000001","global_request_id":"req-f4fa18b7-8a3f-4c9c-9f4f-000000000002"},"target":{"id":"load-balancer","typeURI":"service/load-balancer/loadbalancers","name":"load-balancer"},"requestPath":"/v2.0/lbaas/loadbalancers?","tags":["correlation_id?value=00000000-0000-4000-8000-000000000003"]}
    audit.http.response {"typeURI":"http://schemas.dmtf.org/cloud/audit/1.0/event","eventType":"activity","id":"00000000-0000-4000-8000-000000000002","eventTime":"2026-01-01T00:00:00.000000+0000","action":"create","outcome":"success","observer":{"id":"target"},"initiator":{"id":"u1","typeURI":"service/security/account/user","name":"alice","credential":{"token":"xxxxxxxx","identity_status":"unknown"},"host":{"address":"192.0.2.7","agent":"openstacksdk"},"project_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","request_id":"req-00000000-0000-4000-8000-000000000001","global_request_id":"req-f4fa18b7-8a3f-4c9c-9f4f-000000000002"},"target":{"id":"load-balancer","typeURI":"service/load-balancer/loadbalancers","name":"load-balancer"},"requestPath":"/v2.0/lbaas/loadbalancers?","tags":["correlation_id?value=00000000-0000-4000-8000-000000000003"],"reason":{"reasonType":"HTTP","reasonCode":"201"},"reporterchain":[{"role":"modifier","reporterTime":"2026-01-01T00:00:00.000000+0000","reporter":{"id":"target"}}]}
    "#);
}

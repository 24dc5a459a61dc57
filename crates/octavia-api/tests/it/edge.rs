//! What every answer has, whatever was asked.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use octavia_api::{ApiConfig, CorsSettings, EdgeConfig, RateLimit};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{World, impatient, request, send};

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";

#[tokio::test]
async fn every_answer_carries_an_id_of_its_own() {
    let world = World::new().await;
    let mut ids = BTreeSet::new();
    let paths = [
        "/",
        "/v2",
        "/nope",
        "/v2/lbaas/loadbalancers",
        "/v2/lbaas/loadbalancers?limit=x",
    ];
    for path in paths {
        let id = world
            .call("GET", path, Value::Null)
            .await
            .request_id
            .unwrap();
        assert!(id.starts_with("req-"), "{id}");
        ids.insert(id);
    }
    assert_eq!(ids.len(), paths.len());
}

#[tokio::test]
async fn a_body_without_a_length_is_limited_too() {
    let world = World::new().await;
    let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let body = Body::from_stream(futures_util::stream::iter(chunks));
    let answer = send(
        &world.router,
        request("POST", "/v2/lbaas/loadbalancers")
            .body(body)
            .unwrap(),
    )
    .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.body["title"], "Request Entity Too Large");
}

#[tokio::test]
async fn the_service_may_be_mounted_below_a_prefix() {
    let world = World::new().await;
    let root = world.get("/load-balancer/").await;
    let link = &root["versions"][30]["links"][0]["href"];
    assert_eq!(link, "http://api.example/load-balancer/v2");
    let list = world.get("/load-balancer/v2.0/lbaas/pools?limit=1").await;
    assert_eq!(list["pools"], serde_json::json!([]));
}

#[tokio::test]
async fn the_last_version_is_the_current_one() {
    let world = World::new().await;
    let root = world.get("/").await;
    let versions = root["versions"].as_array().unwrap();
    let current: Vec<_> = versions
        .iter()
        .filter(|version| version["status"] == "CURRENT")
        .map(|version| version["id"].as_str().unwrap())
        .collect();
    assert_eq!((versions.len(), current), (31, vec!["v2.30"]));
}

fn browsers(allowed_origin: &str) -> ApiConfig {
    let cors = CorsSettings {
        allowed_origin: vec![allowed_origin.to_owned()],
        ..CorsSettings::default()
    };
    let edge = EdgeConfig {
        cors,
        ..EdgeConfig::default()
    };
    ApiConfig {
        edge,
        ..impatient()
    }
}

/// Returns the status, and the headers that are about origins.
async fn about_origins(router: &Router, call: http::request::Builder) -> String {
    let request = call.body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let mut lines: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("access-control") || *name == "vary")
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    format!("{} {}", response.status().as_u16(), lines.join("; "))
}

#[tokio::test]
async fn pages_of_known_origins_may_read_answers_and_refusals() {
    let world = World::new().await;
    let router = world.router_with(browsers("https://dashboard.example"));
    let call = |path: &str, origin: &str| request("GET", path).header("origin", origin);
    let known = "https://dashboard.example";
    for (path, status) in [("/v2/lbaas/pools", 200), ("/v2/lbaas/pools/x", 404)] {
        let seen = about_origins(&router, call(path, known)).await;
        let expected = format!(
            "{status} access-control-allow-credentials: true; \
             access-control-allow-origin: https://dashboard.example; \
             access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; vary: Origin"
        );
        assert_eq!(seen, expected);
    }
    let unknown = call("/v2/lbaas/pools", "https://evil.example");
    assert_eq!(about_origins(&router, unknown).await, "200 ");
    let none = about_origins(&world.router, call("/v2/lbaas/pools", known)).await;
    assert_eq!(none, "200 ", "without configuration no page may call");
}

#[tokio::test]
async fn browsers_are_told_what_pages_may_do() {
    let world = World::new().await;
    let some = world.router_with(browsers("https://dashboard.example"));
    let all = world.router_with(browsers("*"));
    let mut seen = Vec::new();
    for (router, origin, method, headers) in [
        (
            &some,
            "https://dashboard.example",
            "POST",
            "content-type, X-Auth-Token",
        ),
        (&some, "https://dashboard.example", "GET", ""),
        (&some, "https://dashboard.example", "PATCH", ""),
        (&some, "https://dashboard.example", "GET", "X-Secret"),
        (&some, "https://evil.example", "GET", ""),
        (&all, "https://any.example", "DELETE", ""),
    ] {
        let mut call = request("OPTIONS", "/v2/lbaas/pools")
            .header("origin", origin)
            .header("access-control-request-method", method);
        if !headers.is_empty() {
            call = call.header("access-control-request-headers", headers);
        }
        seen.push(about_origins(router, call).await);
    }
    insta::assert_debug_snapshot!(seen, @r#"
    [
        "200 access-control-allow-credentials: true; access-control-allow-headers: content-type,X-Auth-Token; access-control-allow-methods: POST; access-control-allow-origin: https://dashboard.example; access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; access-control-max-age: 3600; vary: Origin",
        "200 access-control-allow-credentials: true; access-control-allow-methods: GET; access-control-allow-origin: https://dashboard.example; access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; access-control-max-age: 3600; vary: Origin",
        "200 access-control-allow-credentials: true; access-control-allow-origin: https://dashboard.example; access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; vary: Origin",
        "200 access-control-allow-credentials: true; access-control-allow-origin: https://dashboard.example; access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; vary: Origin",
        "200 ",
        "200 access-control-allow-credentials: true; access-control-allow-methods: DELETE; access-control-allow-origin: *; access-control-expose-headers: X-Auth-Token,X-Openstack-Request-Id; access-control-max-age: 3600; vary: Origin",
    ]
    "#);
}

#[tokio::test]
async fn what_a_proxy_says_is_believed_only_when_told_to() {
    let world = World::new().await;
    let believing = EdgeConfig {
        enable_proxy_headers_parsing: true,
        ..EdgeConfig::default()
    };
    let believing = world.router_with(ApiConfig {
        edge: believing,
        ..impatient()
    });
    let body = json!({ "vip_subnet_id": SUBNET });
    world.make("loadbalancer", body).await;
    for (router, base) in [
        (&world.router, "http://api.example"),
        (&believing, "https://lb.example/cloud"),
    ] {
        let call = |path| {
            let call = request("GET", path)
                .header("forwarded", "proto=https;host=lb.example")
                .header("x-forwarded-prefix", "/cloud");
            send(router, call.body(Body::empty()).unwrap())
        };
        let root = call("/").await.body;
        let versions = &root["versions"][0]["links"][0]["href"];
        assert_eq!(*versions, format!("{base}/v2"));
        let list = call("/v2/lbaas/loadbalancers?limit=1").await.body;
        let next = list["loadbalancers_links"][0]["href"].as_str().unwrap();
        let expected = format!("{base}/v2/lbaas/loadbalancers?limit=1&marker=");
        assert!(next.starts_with(&expected), "{next}");
    }
}

#[tokio::test]
async fn a_list_of_a_hundred_asks_the_database_no_more_than_a_list_of_one() {
    let world = World::new().await;
    let listeners: Vec<_> = (1..=3)
        .map(|port| json!({ "protocol": "HTTP", "protocol_port": port, "tags": ["t"] }))
        .collect();
    let monitor = json!({ "type": "TCP", "delay": 5, "timeout": 3, "max_retries": 2 });
    let pool = json!({
        "name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN", "healthmonitor": monitor,
    });
    let body = json!({ "vip_subnet_id": SUBNET, "listeners": listeners, "pools": [pool] });
    world.make("loadbalancer", body.clone()).await;
    let one = queries(&world).await;
    for _ in 1..100 {
        world.make("loadbalancer", body.clone()).await;
    }
    let hundred = queries(&world).await;
    assert_eq!(one, hundred);
    assert!(one.iter().all(|(_, queries)| *queries == 2), "{one:?}");
}

/// Returns how many statements each list sends to the database.
async fn queries(world: &World) -> Vec<(&'static str, u32)> {
    let mut all = Vec::new();
    for kind in ["loadbalancers", "listeners", "pools", "healthmonitors"] {
        let path = format!("/v2/lbaas/{kind}");
        let (_, queries) = octavia_store::counting(world.get(&path)).await;
        all.push((kind, queries));
    }
    all
}

#[tokio::test]
async fn a_project_that_asks_too_often_waits_and_others_do_not() {
    let world = World::new().await;
    let rate_limit = RateLimit {
        per_second: 2,
        burst: 3,
    };
    let edge = EdgeConfig {
        rate_limit,
        ..EdgeConfig::default()
    };
    let router = world.router_with(ApiConfig {
        edge,
        ..impatient()
    });
    let ask = async |project: &str| {
        // It asks the database for nothing, whose clock does not pause.
        let call = Request::get("/v2").header("x-project-id", project);
        let call = call.body(Body::empty()).unwrap();
        let response = router.clone().oneshot(call).await.unwrap();
        let wait = response.headers().get("retry-after");
        let wait = wait.map(|wait| wait.to_str().unwrap().to_owned());
        (response.status().as_u16(), wait)
    };
    tokio::time::pause();
    for _ in 0..3 {
        assert_eq!(ask("p1").await, (200, None));
    }
    assert_eq!(ask("p1").await, (429, Some("1".to_owned())));
    assert_eq!(ask("p2").await, (200, None));
    tokio::time::advance(Duration::from_millis(500)).await;
    assert_eq!(ask("p1").await, (200, None));
    assert_eq!(ask("p1").await.0, 429);
}

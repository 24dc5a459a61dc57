//! `/healthcheck`: what is checked, who may ask, and how it is told.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use chrono::TimeDelta;
use http::Request;
use http_body_util::BodyExt;
use octavia_api::{ApiConfig, HealthBackend, HealthConfig, Peer};
use octavia_testing::TestDatabase;
use tower::ServiceExt;

use crate::world::{World, impatient};

fn config(backends: Vec<HealthBackend>) -> ApiConfig {
    ApiConfig {
        health: HealthConfig {
            enabled: true,
            backends,
            ..HealthConfig::default()
        },
        ..impatient()
    }
}

async fn ask(router: &Router, method: &str, headers: &[(&str, &str)]) -> String {
    let mut request = Request::builder().method(method).uri("/healthcheck");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer {
        address: SocketAddr::from(([192, 0, 2, 7], 4711)),
        encrypted: false,
    });
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    format!("{status} {}", String::from_utf8_lossy(&bytes))
}

#[tokio::test]
async fn results_are_told_as_they_are_asked_for() {
    let world = World::new().await;
    let router = world.router_with(config(vec![HealthBackend::Database]));
    let mut told = vec![
        ask(&router, "HEAD", &[]).await,
        ask(&router, "DELETE", &[]).await,
    ];
    for accept in ["text/plain", "*/*", "application/json", "text/html"] {
        told.push(ask(&router, "GET", &[("accept", accept)]).await);
    }
    insta::assert_snapshot!(told.join("\n"), @r##"
    204 
    405 {"code":405,"title":"Method Not Allowed","description":""}
    200 OK
    200 OK
    200 {"detailed":false,"reasons":["OK"]}
    200 <HTML>
    <HEAD><TITLE>Healthcheck Status</TITLE></HEAD>
    <BODY>
    <H2>Result of 1 checks:</H2>
    <TABLE bgcolor="#ffffff" border="1">
    <TBODY>
    <TR><TH>Reason</TH></TR>
    <TR><TD>OK</TD></TR>
    </TBODY>
    </TABLE>
    <HR></HR>
    </BODY>
    </HTML>
    "##);
    let none = world.router_with(config(Vec::new()));
    assert_eq!(ask(&none, "GET", &[]).await, "204 ");
    let off = ask(&world.router, "GET", &[]).await;
    assert!(off.starts_with("404"), "{off}");
}

#[tokio::test]
async fn details_are_told_where_they_are_wanted() {
    let world = World::new().await;
    let path = "/nonexistent/<maintenance>".into();
    let mut config = config(vec![HealthBackend::DisableByFile(Some(path))]);
    config.health.detailed = true;
    let router = world.router_with(config);
    let json = ask(&router, "GET", &[("accept", "application/json")]).await;
    let html = ask(&router, "GET", &[("accept", "text/html")]).await;
    insta::assert_snapshot!(format!("{json}\n{html}"), @r##"
    200 {"detailed":true,"gc":{"counts":[0,0,0],"threshold":[0,0,0]},"greenthreads":[],"now":"2026-01-01 00:00:00.000000","platform":"linux","python_version":"none","reasons":[{"class":"HealthcheckResult","details":"Path '/nonexistent/<maintenance>' was not found","reason":"OK"}],"threads":[]}
    200 <HTML>
    <HEAD><TITLE>Healthcheck Status</TITLE></HEAD>
    <BODY>
    <H1>Server status</H1>
    <B>Current time:</B><PRE>2026-01-01 00:00:00 UTC</PRE>
    <B>Platform:</B><PRE>linux</PRE>
    <HR></HR>
    <H2>Garbage collector:</H2>
    <PRE>none</PRE>
    <HR></HR>
    <H2>Result of 1 checks:</H2>
    <TABLE bgcolor="#ffffff" border="1">
    <TBODY>
    <TR><TH>Kind</TH><TH>Reason</TH><TH>Details</TH></TR>
    <TR><TD>HealthcheckResult</TD><TD>OK</TD><TD>Path '/nonexistent/&lt;maintenance&gt;' was not found</TD></TR>
    </TBODY>
    </TABLE>
    <HR></HR>
    </BODY>
    </HTML>
    "##);
}

#[tokio::test]
async fn files_take_a_service_out_and_bring_it_in() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (here, absent) = (folder.path().join("here"), folder.path().join("absent"));
    std::fs::write(&here, "").unwrap();
    let mut told = Vec::new();
    for backend in [
        HealthBackend::DisableByFile(None),
        HealthBackend::DisableByFile(Some(absent.clone())),
        HealthBackend::DisableByFile(Some(here.clone())),
        HealthBackend::DisableByFilesPorts(vec![(9876, here.clone())]),
        HealthBackend::DisableByFilesPorts(vec![(80, here.clone())]),
        HealthBackend::EnableByFiles(vec![here.clone()]),
        HealthBackend::EnableByFiles(vec![here, absent]),
    ] {
        let router = world.router_with(config(vec![backend]));
        told.push(ask(&router, "GET", &[("host", "api.example:9876")]).await);
    }
    let expected = [
        "200 OK",
        "200 OK",
        "503 DISABLED BY FILE",
        "503 DISABLED BY FILE",
        "200 OK",
        "200 OK",
        "503 FILE PATH MISSING",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_said_is_reused_for_a_while() {
    let database = TestDatabase::sqlite().await;
    let world = World::on(database, config(vec![HealthBackend::Database])).await;
    for queries in [1, 0] {
        let (told, sent) = octavia_store::counting(ask(&world.router, "GET", &[])).await;
        assert_eq!((told.as_str(), sent), ("200 OK", queries));
    }
    world.clock.advance(TimeDelta::seconds(6));
    let (_, sent) = octavia_store::counting(ask(&world.router, "GET", &[])).await;
    assert_eq!(sent, 1);
}

#[tokio::test]
async fn only_those_may_ask_who_are_meant_to() {
    let world = World::new().await;
    let with = |range: &str, ignore_proxied_requests| {
        let mut config = config(Vec::new());
        config.health.allowed_source_ranges = vec![range.parse().unwrap()];
        config.health.ignore_proxied_requests = ignore_proxied_requests;
        world.router_with(config)
    };
    let proxied = [("x-forwarded-for", "192.0.2.7")];
    let inside = ask(&with("192.0.2.0/24", false), "GET", &proxied).await;
    assert_eq!(inside, "204 ");
    for (range, ignores) in [("198.51.100.0/24", false), ("192.0.2.0/24", true)] {
        let told = ask(&with(range, ignores), "GET", &proxied).await;
        assert!(told.starts_with("404"), "{told}");
    }
}

//! What every answer has, whatever was asked.

use std::collections::BTreeSet;

use axum::body::Body;
use http::StatusCode;
use serde_json::Value;

use crate::world::{World, request, send};

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

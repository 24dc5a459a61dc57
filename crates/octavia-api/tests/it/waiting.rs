//! Waiting instead of refusing, and for the effect of a change.

use std::time::Duration;

use http::StatusCode;
use octavia_api::ApiConfig;
use octavia_testing::eventually;
use serde_json::{Value, json};

use crate::world::{World, impatient, settle};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(40);

fn subnet() -> Value {
    json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" })
}

/// Makes a load balancer that stays pending, whatever the configuration.
async fn pending(world: &World) -> String {
    let router = world.router_with(impatient());
    let body = json!({ "loadbalancer": subnet() }).to_string();
    let request = crate::world::request("POST", "/v2/lbaas/loadbalancers");
    let answer = crate::world::send(&router, request.body(body.into()).unwrap()).await;
    answer.body["loadbalancer"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn rename(world: &World, id: &str) -> crate::world::Answer {
    let path = format!("/v2/lbaas/loadbalancers/{id}");
    let body = json!({ "loadbalancer": { "name": "renamed" } });
    world.call("PUT", &path, body).await
}

#[tokio::test]
async fn a_write_waits_for_its_turn() {
    let world = World::with(ApiConfig {
        immutable_wait: LONG,
        ..impatient()
    })
    .await;
    let id = pending(&world).await;
    let (answer, ()) = tokio::join!(rename(&world, &id), world.settle());
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(
        answer.body["loadbalancer"]["provisioning_status"],
        "PENDING_UPDATE"
    );
}

#[tokio::test]
async fn a_write_hears_of_the_end_of_a_change_by_another_process() {
    let world = World::with(ApiConfig {
        immutable_wait: LONG,
        ..impatient()
    })
    .await;
    let id = pending(&world).await;
    let other = world.another_process().await;
    let (answer, ()) = tokio::join!(rename(&world, &id), settle(&other));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn a_write_is_refused_when_its_turn_does_not_come() {
    let world = World::with(ApiConfig {
        immutable_wait: SHORT,
        ..impatient()
    })
    .await;
    let id = pending(&world).await;
    let answer = rename(&world, &id).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let expected = format!("Invalid state PENDING_CREATE of loadbalancer resource {id}");
    assert_eq!(answer.body["faultstring"], expected);
}

#[tokio::test]
async fn a_load_balancer_in_error_is_not_waited_for() {
    let world = World::with(ApiConfig {
        immutable_wait: LONG,
        ..impatient()
    })
    .await;
    let id = world.make("loadbalancer", subnet()).await;
    crate::replay::break_it(&world, "loadbalancer", &id).await;
    let started = tokio::time::Instant::now();
    let answer = rename(&world, &id).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(started.elapsed() < LONG / 2);
}

#[tokio::test]
async fn an_accepted_write_answers_when_the_change_is_live() {
    let world = World::with(ApiConfig {
        sync_wait: LONG,
        ..impatient()
    })
    .await;
    let body = json!({ "loadbalancer": subnet() });
    let work = eventually("the load balancer is settled", async || {
        world.settle().await;
        let list = world.get("/v2/lbaas/loadbalancers").await;
        list["loadbalancers"][0]["provisioning_status"] == "ACTIVE"
    });
    let (answer, ()) = tokio::join!(world.call("POST", "/v2/lbaas/loadbalancers", body), work);
    assert_eq!(answer.status, StatusCode::CREATED);
    let shown = &answer.body["loadbalancer"];
    assert_eq!(
        shown["provisioning_status"], "PENDING_CREATE",
        "as upstream shows it"
    );
    let path = format!("/v2/lbaas/loadbalancers/{}", shown["id"].as_str().unwrap());
    let seen = world.get(&path).await;
    assert_eq!(seen["loadbalancer"]["provisioning_status"], "ACTIVE");
}

#[tokio::test]
async fn an_accepted_write_answers_when_the_wait_is_over() {
    let world = World::with(ApiConfig {
        sync_wait: SHORT,
        ..impatient()
    })
    .await;
    let body = json!({ "loadbalancer": subnet() });
    let answer = world.call("POST", "/v2/lbaas/loadbalancers", body).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_second_delete_waits_and_finds_nothing() {
    let world = World::with(ApiConfig {
        immutable_wait: LONG,
        ..impatient()
    })
    .await;
    let id = world.make("loadbalancer", subnet()).await;
    let path = format!("/v2/lbaas/loadbalancers/{id}");
    let first = world.call("DELETE", &path, Value::Null).await;
    assert_eq!(first.status, StatusCode::NO_CONTENT);
    let (second, ()) = tokio::join!(world.call("DELETE", &path, Value::Null), world.settle());
    assert_eq!(second.status, StatusCode::NOT_FOUND);
}

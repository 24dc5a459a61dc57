//! Limits of projects, under load.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use futures_util::future::join_all;
use http::Request;
use octavia_api::policy::{Policy, PolicySettings};
use octavia_api::{ApiConfig, Auth};
use octavia_model::{Limits, QuotaKind, SystemClock};
use octavia_testing::TestDatabase;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::world::{Answer, PROJECT, World, impatient, send};

const LIMIT: u64 = 7;

fn asking(world: &World) -> Router {
    let config = ApiConfig {
        quotas: Limits {
            load_balancer: Some(7),
            ..Limits::NONE
        },
        ..impatient()
    };
    let policy = Policy::load(PolicySettings::default(), Arc::new(SystemClock)).unwrap();
    world.router_asking_with(config, Auth::Headers(Arc::new(policy)))
}

async fn call(router: &Router, method: &str, path: &str, body: Value) -> Answer {
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let request = Request::builder()
        .method(method)
        .uri(format!("/v2.0/lbaas/{path}"))
        .header("content-type", "application/json")
        .header("x-project-id", PROJECT)
        .header("x-roles", "member,reader");
    send(router, request.body(body).unwrap()).await
}

async fn create(router: &Router) -> Answer {
    let subnet = "11111111-1111-1111-1111-111111111111";
    let body = json!({ "loadbalancer": { "vip_subnet_id": subnet } });
    call(router, "POST", "loadbalancers", body).await
}

async fn fifty_leave_the_quota_on(database: TestDatabase) {
    let world = World::on(database, impatient()).await;
    let router = asking(&world);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let router = router.clone();
        calls.spawn(async move {
            loop {
                let answer = create(&router).await;
                // Too many at once for the database: the caller is told to come again.
                if answer.status.as_u16() != 503 {
                    return answer;
                }
            }
        });
    }
    let answers = calls.join_all().await;
    let with = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((with(201), with(403)), (7, 43));
    assert_eq!(count(&world).await, LIMIT);
    assert_eq!(world.network.ports_held(), 7, "the refused hold no address");

    world.settle().await;
    let id = answers
        .iter()
        .find_map(|answer| answer.body["loadbalancer"]["id"].as_str());
    let path = format!("loadbalancers/{}", id.unwrap());
    assert_eq!(
        call(&router, "DELETE", &path, Value::Null).await.status,
        204
    );
    assert_eq!(create(&router).await.status, 403, "it is not gone yet");
    world.settle().await;
    assert_eq!(create(&router).await.status, 201);
}

async fn count(world: &World) -> u64 {
    let mut tx = world.store.begin("test.count").await.unwrap();
    tx.lock_quota(PROJECT).await.unwrap();
    tx.count(PROJECT, QuotaKind::LoadBalancer).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_creates_at_once_leave_exactly_the_quota() {
    fifty_leave_the_quota_on(TestDatabase::sqlite().await).await;
    if let Some(database) = TestDatabase::mysql().await {
        fifty_leave_the_quota_on(database).await;
    }
}

#[tokio::test]
async fn without_keystone_no_quota_is_enforced() {
    let config = ApiConfig {
        quotas: Limits {
            load_balancer: Some(0),
            ..Limits::NONE
        },
        ..impatient()
    };
    let world = World::with(config).await;
    assert_eq!(create(&world.router).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_locked_is_said_to_be_busy() {
    let databases = TestDatabase::everywhere().await;
    join_all(databases.into_iter().map(busy_on)).await;
}

async fn busy_on(database: TestDatabase) {
    let world = World::on(database, impatient()).await;
    let router = asking(&world);
    let other = world.another_process().await;
    let mut held = other.begin("test.hold").await.unwrap();
    held.lock_quota(PROJECT).await.unwrap();
    let answer = create(&router).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    let text = "Project busy.  Unable to lock the project.  Please try again.";
    assert_eq!(answer.body["faultstring"], text);
    held.commit().await.unwrap();
    assert_eq!(create(&router).await.status, 201);
}

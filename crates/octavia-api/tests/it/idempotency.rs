//! POSTs that come again under the same `Idempotency-Key`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use octavia_api::ApiConfig;
use octavia_cloud::NetworkDriver;
use octavia_cloud::fake::{Call, FakeCloud};
use octavia_testing::TestDatabase;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::ports::{Dying, Fate};
use crate::world::{World, impatient, request};

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";
const PATH: &str = "/v2/lbaas/loadbalancers";

/// What of an answer is the same the second time.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    status: u16,
    kind: Option<String>,
    body: Value,
    replayed: bool,
}

fn body(name: &str) -> Value {
    json!({ "loadbalancer": { "vip_subnet_id": SUBNET, "name": name } })
}

fn with_key(path: &str, key: &str, body: &Value) -> Request<Body> {
    let call = request("POST", path).header("idempotency-key", key);
    call.body(Body::from(body.to_string())).unwrap()
}

async fn post(router: &Router, path: &str, key: &str, body: &Value) -> Seen {
    let call = with_key(path, key, body);
    seen(router.clone().oneshot(call).await.unwrap()).await
}

async fn seen(response: Response<Body>) -> Seen {
    let header = |name| {
        let value = response.headers().get(name);
        value.map(|value: &http::HeaderValue| value.to_str().unwrap().to_owned())
    };
    let (kind, replayed) = (header("content-type"), header("idempotency-replayed"));
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Seen {
        status,
        kind,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        replayed: replayed.is_some(),
    }
}

async fn how_many(world: &World) -> usize {
    world.get(PATH).await["loadbalancers"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn the_same_call_is_answered_as_the_first_time_and_does_nothing() {
    let world = World::new().await;
    let first = post(&world.router, PATH, "k", &body("a")).await;
    assert_eq!((first.status, first.replayed), (201, false));
    world.settle().await;
    world.clock.advance(TimeDelta::hours(23));
    // Another spelling of the path is the same path.
    let again = post(&world.router, "/v2.0/lbaas/loadbalancers/", "k", &body("a")).await;
    let expected = Seen {
        replayed: true,
        ..first
    };
    assert_eq!(again, expected);
    assert_eq!((how_many(&world).await, world.network.ports_held()), (1, 1));
    let other = post(&world.router, PATH, "k", &body("b")).await;
    assert_eq!(other.status, 422);
    assert_eq!(
        other.body["faultstring"],
        "The Idempotency-Key was used for another request before."
    );
    world.clock.advance(TimeDelta::hours(2));
    let next_day = post(&world.router, PATH, "k", &body("a")).await;
    assert_eq!((next_day.status, next_day.replayed), (201, false));
    assert_eq!(how_many(&world).await, 2);
}

#[tokio::test]
async fn a_key_is_that_of_a_project_a_user_and_a_path() {
    let world = World::new().await;
    let mut made = BTreeSet::new();
    for (project, user) in [("p1", "u1"), ("p2", "u1"), ("p1", "u2")] {
        let mut call = with_key(PATH, "k", &body("a"));
        let headers = call.headers_mut();
        headers.insert("x-project-id", project.parse().unwrap());
        headers.insert("x-user-id", user.parse().unwrap());
        let response = world.router.clone().oneshot(call).await.unwrap();
        let seen = seen(response).await;
        assert_eq!((seen.status, seen.replayed), (201, false));
        made.insert(seen.body["loadbalancer"]["id"].to_string());
    }
    assert_eq!(made.len(), 3);
    let elsewhere = post(&world.router, "/v2/lbaas/pools", "k", &body("a")).await;
    assert_eq!(elsewhere.status, 400, "{elsewhere:?}");
}

#[tokio::test]
async fn every_kind_of_object_is_made_once() {
    let world = World::new().await;
    let lb = world
        .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
        .await;
    let pool = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" });
    let pool = world.make("pool", pool).await;
    let members = format!("/v2/lbaas/pools/{pool}/members");
    let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 });
    let profile = json!({ "name": "p", "provider_name": "amphora", "flavor_data": "{}" });
    for (path, body) in [
        ("/v2/lbaas/listeners", json!({ "listener": listener })),
        (
            &members,
            json!({ "member": { "address": "10.0.0.1", "protocol_port": 80 } }),
        ),
        (
            "/v2/lbaas/flavorprofiles",
            json!({ "flavorprofile": profile }),
        ),
    ] {
        let first = post(&world.router, path, "k", &body).await;
        assert_eq!(first.status, 201, "{path}: {first:?}");
        let again = post(&world.router, path, "k", &body).await;
        assert_eq!(
            (again.status, again.replayed, &again.body),
            (201, true, &first.body)
        );
        world.settle().await;
    }
}

#[tokio::test]
async fn refusals_are_repeated_unless_they_pass_by_themselves() {
    let world = World::new().await;
    let wrong = json!({ "loadbalancer": { "vip_subnet_id": "x" } });
    let first = post(&world.router, PATH, "wrong", &wrong).await;
    let again = post(&world.router, PATH, "wrong", &wrong).await;
    assert_eq!((first.status, again.replayed), (400, true));
    assert_eq!(first.body, again.body);

    let made = post(&world.router, PATH, "lb", &body("a")).await;
    let lb = &made.body["loadbalancer"]["id"];
    let pool = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN" });
    let pool = json!({ "pool": pool });
    let path = "/v2/lbaas/pools";
    assert_eq!(post(&world.router, path, "k", &pool).await.status, 409);
    world.settle().await;
    assert_eq!(post(&world.router, path, "k", &pool).await.status, 201);
}

#[tokio::test]
async fn a_failure_is_tried_again() {
    let world = World::new().await;
    let cloud = Arc::new(FakeCloud::new());
    let network: Arc<dyn NetworkDriver> = Arc::<FakeCloud>::clone(&cloud);
    let router = world.router_over(impatient(), network);
    let subnet = cloud.subnet_named("private-subnet").id;
    let body = json!({ "loadbalancer": { "vip_subnet_id": subnet.to_string() } });
    cloud.break_down(Call::CreatePort);
    assert_eq!(post(&router, PATH, "k", &body).await.status, 500);
    cloud.heal();
    let seen = post(&router, PATH, "k", &body).await;
    assert_eq!((seen.status, seen.replayed), (201, false));
}

#[tokio::test]
async fn what_cannot_be_a_key_is_refused_and_only_posts_have_keys() {
    let world = World::new().await;
    for key in ["", "é", &"x".repeat(256)] {
        let mut call = with_key(PATH, "k", &body("a"));
        let key = http::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        call.headers_mut().insert("idempotency-key", key);
        let response = world.router.clone().oneshot(call).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
    for _ in 0..2 {
        let call = request("GET", PATH).header("idempotency-key", "k");
        let call = call.body(Body::empty()).unwrap();
        let answer = seen(world.router.clone().oneshot(call).await.unwrap()).await;
        assert_eq!((answer.status, answer.replayed), (200, false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_parallel_calls_one_makes_a_load_balancer_and_all_say_so() {
    for database in TestDatabase::everywhere().await {
        let patient = ApiConfig {
            immutable_wait: Duration::from_mins(1),
            ..impatient()
        };
        let world = World::on(database, patient).await;
        let body = body("a");
        let calls = (0..20).map(|_| post(&world.router, PATH, "k", &body));
        let answers = join_all(calls).await;
        let first = answers.iter().filter(|answer| !answer.replayed).count();
        assert_eq!(first, 1, "{answers:?}");
        let different: BTreeSet<_> = answers
            .iter()
            .map(|answer| format!("{} {}", answer.status, answer.body))
            .collect();
        assert_eq!(different.len(), 1, "{different:?}");
        assert_eq!((how_many(&world).await, world.network.ports_held()), (1, 1));
    }
}

/// A process that dies does not go on: its request is not polled any more. Whatever it was doing
/// then, the next call under the key makes the load balancer, or tells of the one that was made.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_a_process_dies_the_next_call_makes_exactly_one() {
    for database in TestDatabase::everywhere().await {
        let world = World::on(database, impatient()).await;
        let mut dead = 0;
        loop {
            let (name, key) = (format!("lb-{dead}"), format!("k-{dead}"));
            let finished = die_after(dead, &world, &key, &body(&name)).await;
            // Whoever died held the key for a while.
            world.clock.advance(TimeDelta::seconds(11));
            let next = post(&world.router, PATH, &key, &body(&name)).await;
            assert_eq!(next.status, 201, "after {dead} steps: {next:?}");
            let named = format!("{PATH}?name={name}");
            let made = &world.get(&named).await["loadbalancers"];
            let ids: Vec<_> = made
                .as_array()
                .unwrap()
                .iter()
                .map(|lb| &lb["id"])
                .collect();
            assert_eq!(
                ids,
                [&next.body["loadbalancer"]["id"]],
                "after {dead} steps"
            );
            if finished {
                break;
            }
            dead += 1;
        }
        assert!(dead > 0, "a call is done at once");
    }
}

/// Polls a call so often, and no more. Tells whether it was answered.
async fn die_after(steps: usize, world: &World, key: &str, body: &Value) -> bool {
    let mut call = world
        .router
        .clone()
        .oneshot(with_key(PATH, key, body))
        .boxed();
    let mut left = steps;
    std::future::poll_fn(|context| {
        if left == 0 {
            return std::task::Poll::Ready(false);
        }
        left -= 1;
        call.poll_unpin(context).map(|_| true)
    })
    .await
}

#[tokio::test]
async fn while_another_process_is_at_work_the_caller_is_told_to_come_again() {
    let world = World::new().await;
    let network = Dying {
        inner: Arc::clone(&world.network),
        made: Arc::default(),
        fate: Fate::Killed,
    };
    let (made, a) = (Arc::clone(&network.made), body("a"));
    let other = world.router_over(impatient(), Arc::new(network));
    tokio::select! {
        answer = post(&other, PATH, "k", &a) => panic!("{answer:?}"),
        () = made.notified() => {}
    }
    let call = with_key(PATH, "k", &body("a"));
    let response = world.router.clone().oneshot(call).await.unwrap();
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!(response.headers()["retry-after"], "1");
    world.clock.advance(TimeDelta::seconds(11));
    assert_eq!(post(&world.router, PATH, "k", &body("a")).await.status, 201);
}

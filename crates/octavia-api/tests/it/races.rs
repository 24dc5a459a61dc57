//! Two writes at once: one lock, one winner.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use octavia_api::ApiConfig;
use serde_json::{Value, json};

use crate::world::{Answer, World, impatient};

fn statuses(answers: &[&Answer]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    counts
}

async fn load_balancer(world: &World) -> String {
    let body = json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" });
    world.make("loadbalancer", body).await
}

fn listener(id: &str, port: u16) -> Value {
    json!({ "listener": { "loadbalancer_id": id, "protocol": "HTTP", "protocol_port": port } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_racing_writes_one_is_accepted() {
    let world = World::new().await;
    let id = load_balancer(&world).await;
    let (first, second) = tokio::join!(
        world.call("POST", "/v2/lbaas/listeners", listener(&id, 80)),
        world.call("POST", "/v2/lbaas/listeners", listener(&id, 81)),
    );
    assert_eq!(
        statuses(&[&first, &second]),
        BTreeMap::from([(201, 1), (409, 1)])
    );
    let listed = world.get("/v2/lbaas/listeners").await;
    assert_eq!(listed["listeners"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_waiting_both_are_accepted() {
    let world = World::with(ApiConfig {
        immutable_wait: Duration::from_secs(20),
        sync_wait: Duration::from_millis(20),
        ..impatient()
    })
    .await;
    let id = load_balancer(&world).await;
    let writes = async {
        tokio::join!(
            world.call("POST", "/v2/lbaas/listeners", listener(&id, 80)),
            world.call("POST", "/v2/lbaas/listeners", listener(&id, 81)),
        )
    };
    let worker = async {
        loop {
            world.settle().await;
            tokio::task::yield_now().await;
        }
    };
    let (first, second) = tokio::select! {
        answers = writes => answers,
        () = worker => unreachable!(),
    };
    assert_eq!(statuses(&[&first, &second]), BTreeMap::from([(201, 2)]));
}

#[tokio::test]
async fn a_second_delete_is_refused() {
    let world = World::new().await;
    let id = load_balancer(&world).await;
    let path = format!("/v2/lbaas/loadbalancers/{id}");
    assert_eq!(
        world.call("DELETE", &path, Value::Null).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        world.call("DELETE", &path, Value::Null).await.status,
        StatusCode::CONFLICT
    );
    world.settle().await;
    assert_eq!(
        world.call("DELETE", &path, Value::Null).await.status,
        StatusCode::NOT_FOUND
    );
}

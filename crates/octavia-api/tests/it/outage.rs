//! The database goes away under writes, and comes back.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use chrono::TimeDelta;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use octavia_testing::{MortalServer, TestDatabase};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::world::{World, impatient, request};

const PATH: &str = "/v2/lbaas/loadbalancers";
const WRITERS: usize = 4;

/// What writers have seen so far.
#[derive(Default)]
struct Seen {
    created: watch::Sender<usize>,
    unavailable: watch::Sender<usize>,
    enough: AtomicBool,
}

impl Seen {
    async fn more(counter: &watch::Sender<usize>, count: usize) {
        let mut changes = counter.subscribe();
        let goal = *changes.borrow_and_update() + count;
        changes.wait_for(|now| *now >= goal).await.unwrap();
    }
}

/// Creates load balancers under keys, each again until it is made; returns their ids.
async fn write(world: &World, writer: usize, seen: &Seen) -> Vec<String> {
    let mut made = Vec::new();
    while !seen.enough.load(Ordering::Relaxed) {
        let key = format!("{writer}-{}", made.len());
        let subnet = "11111111-1111-1111-1111-111111111111";
        let body = json!({ "loadbalancer": { "vip_subnet_id": subnet, "name": key } });
        let call = request("POST", PATH).header("idempotency-key", &key);
        let call = call.body(Body::from(body.to_string())).unwrap();
        let response = world.router.clone().oneshot(call).await.unwrap();
        let status = response.status().as_u16();
        let waits = response.headers().contains_key("retry-after");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        match status {
            201 => {
                let id = body["loadbalancer"]["id"].as_str().unwrap();
                made.push(id.to_owned());
                seen.created.send_modify(|count| *count += 1);
            }
            // The key is held by the call that the database died under.
            409 => assert!(waits, "{body}"),
            503 => {
                assert!(waits, "{body}");
                seen.unavailable.send_modify(|count| *count += 1);
            }
            other => panic!("{other} {body}"),
        }
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_under_writes_holds_nothing_half() {
    let Some(server) = MortalServer::start() else {
        return;
    };
    let database = TestDatabase::on(&server).await;
    let world = World::on(database, impatient()).await;
    let seen = Seen::default();
    let writers = join_all((0..WRITERS).map(|writer| write(&world, writer, &seen)));
    let fate = async {
        for _ in 0..2 {
            Seen::more(&seen.created, 10).await;
            server.kill();
            Seen::more(&seen.unavailable, WRITERS).await;
            server.revive();
            // Keys of calls that died are held for a while.
            world.clock.advance(TimeDelta::seconds(11));
        }
        Seen::more(&seen.created, 10).await;
        seen.enough.store(true, Ordering::Relaxed);
    };
    let (made, ()) = tokio::join!(writers, fate);
    let made: Vec<_> = made.into_iter().flatten().collect();

    let many = i64::try_from(made.len()).unwrap();
    for rows in [
        "load_balancer",
        "vip",
        "rs_reconciliation",
        "rs_idempotency_keys WHERE status = 201",
    ] {
        assert_eq!(world.count(rows).await, many, "{rows}");
    }
    for id in &made {
        world.get(&format!("{PATH}/{id}")).await;
        let ports = world.network.ports_of(id.parse().unwrap());
        assert_eq!(ports, 1, "an accepted load balancer has its port");
    }
}

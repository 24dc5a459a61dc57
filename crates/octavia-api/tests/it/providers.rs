//! Providers that fail, refuse, or do not answer.

use std::sync::Arc;

use axum::Router;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, pending};
use http::StatusCode;
use octavia_api::{
    AmphoraOrder, Capabilities, Error, Order, Provider, ReservedVip, Setting, VipWish,
};
use octavia_model::{Amphora, Id, LoadBalancer};
use octavia_store::Tx;
use serde_json::{Value, json};

use crate::world::{Answer, World, request, send};

/// How a provider answers whatever it is asked.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    Fails,
    Refuses,
    /// Has no such thing.
    Lacks,
    Hangs,
}

/// A provider of one mood.
pub(crate) struct Moody(pub(crate) String, pub(crate) Mood);

impl Moody {
    fn answer<'a, T: Send + 'a>(&self) -> BoxFuture<'a, Result<T, Error>> {
        let (provider, what) = (self.0.clone(), "no luck today".to_owned());
        let error = match self.1 {
            Mood::Fails => Error::Provider { provider, what },
            Mood::Refuses => Error::Unsupported { provider, what },
            Mood::Lacks => Error::NotImplemented { provider, what },
            Mood::Hangs => return pending().boxed(),
        };
        async { Err(error) }.boxed()
    }
}

impl Provider for Moody {
    fn flavor_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>, Error>> {
        self.answer()
    }

    fn zone_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>, Error>> {
        self.answer()
    }

    fn accepts_zone<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        self.answer()
    }

    /// Leaves that to the network, whose port is then to be given back.
    fn reserve_vip<'a>(
        &'a self,
        _: &'a VipWish,
    ) -> BoxFuture<'a, Result<Option<ReservedVip>, Error>> {
        async { Ok(None) }.boxed()
    }

    fn take<'a>(
        &'a self,
        _: &'a mut Tx,
        _: Id<LoadBalancer>,
        _: &'a Order<'a>,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer()
    }

    fn take_amphora<'a>(
        &'a self,
        _: &'a mut Tx,
        _: &'a Amphora,
        _: AmphoraOrder,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.answer()
    }
}

fn service(world: &World, mood: Mood) -> Router {
    world
        .service()
        .with_capabilities(Capabilities::everything())
        .around_providers(|name, _| Arc::new(Moody(name.to_owned(), mood)))
        .router()
}

async fn call(router: &Router, method: &str, path: &str, body: &Value) -> Answer {
    let request = request(method, path).body(body.to_string().into());
    send(router, request.unwrap()).await
}

const SUBNET: &str = "11111111-1111-1111-1111-111111111111";

#[tokio::test]
async fn what_a_provider_does_not_take_over_is_not_written() {
    let world = World::new().await;
    let lb = world
        .make("loadbalancer", json!({ "vip_subnet_id": SUBNET }))
        .await;
    let path = format!("/v2.0/lbaas/loadbalancers/{lb}");
    let before = world.get(&path).await;
    let ports = world.network.ports_held();
    for (mood, status) in [
        (Mood::Fails, StatusCode::INTERNAL_SERVER_ERROR),
        (Mood::Refuses, StatusCode::NOT_IMPLEMENTED),
    ] {
        let service = service(&world, mood);
        let listener = json!({ "loadbalancer_id": lb, "protocol": "HTTP", "protocol_port": 80 });
        let new = json!({ "loadbalancer": { "vip_subnet_id": SUBNET } });
        for (method, path, body) in [
            ("POST", "/v2.0/lbaas/loadbalancers", new),
            (
                "POST",
                "/v2.0/lbaas/listeners",
                json!({ "listener": listener }),
            ),
            (
                "PUT",
                path.as_str(),
                json!({ "loadbalancer": { "name": "another" } }),
            ),
            ("DELETE", path.as_str(), Value::Null),
        ] {
            let answer = call(&service, method, path, &body).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
            let text = answer.body["faultstring"].as_str().unwrap();
            assert!(text.contains("no luck today"), "{text}");
        }
    }
    assert_eq!(world.get(&path).await, before);
    assert_eq!(world.count("load_balancer").await, 1);
    assert_eq!(world.count("listener").await, 0);
    assert_eq!(world.network.ports_held(), ports);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_not_waited_for_without_end() {
    let world = World::new().await;
    let service = service(&world, Mood::Hangs);
    tokio::time::pause();
    let path = "/v2.0/lbaas/providers/amphora/flavor_capabilities";
    let answer = call(&service, "GET", path, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    insta::assert_snapshot!(answer.body["faultstring"].as_str().unwrap(), @"Provider 'amphora' reports error: it does not answer within 15 s");
}

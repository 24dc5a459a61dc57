//! The door under Keystone.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use chrono::TimeDelta;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use octavia_api::policy::{Policy, PolicySettings};
use octavia_api::{Auth, KeystoneGate};
use octavia_cloud::fake::FakeIdentity;
use octavia_cloud::{AccessRule, CacheSettings, CachedIdentity, Identity, Token};
use octavia_model::{Clock, ManualClock};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::World;

const PATH: &str = "/v2.0/lbaas/loadbalancers";

/// A service that asks an identity service in memory.
struct Gate {
    world: World,
    keystone: Arc<FakeIdentity>,
    router: Router,
}

impl Gate {
    async fn new() -> Self {
        Self::requiring_roles(true).await
    }

    async fn requiring_roles(required: bool) -> Self {
        Self::made(|gate, _| gate.service_token_roles_required = required).await
    }

    /// Makes a service whose door is changed first.
    async fn made(change: impl FnOnce(&mut KeystoneGate, Arc<dyn Clock>)) -> Self {
        let world = World::new().await;
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&world.clock);
        let keystone = Arc::new(FakeIdentity::new(Arc::clone(&clock)));
        let policy = Policy::load(PolicySettings::default(), Arc::clone(&clock)).unwrap();
        let mut gate = KeystoneGate {
            identity: Arc::<FakeIdentity>::clone(&keystone) as Arc<dyn Identity>,
            www_authenticate_uri: "http://keystone.example/v3".to_owned(),
            service_token_roles: vec!["service".to_owned()],
            service_token_roles_required: true,
            service_type: Some("load-balancer".to_owned()),
        };
        change(&mut gate, clock);
        let auth = Auth::Keystone(Arc::new(gate), Arc::new(policy));
        let router = world.router_asking(auth);
        Self {
            world,
            keystone,
            router,
        }
    }

    fn issue(&self, id: &str, user: &str, change: impl FnOnce(&mut Token)) {
        let hour = TimeDelta::hours(1);
        self.keystone.issue_as(id, user, hour, change);
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = Request::get(path).header("host", "api.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let header = |name| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let (challenge, wait) = (header("www-authenticate"), header("retry-after"));
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Seen {
            status,
            challenge,
            wait,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
        }
    }

    async fn status(&self, headers: &[(&str, &str)]) -> u16 {
        self.get(PATH, headers).await.status.as_u16()
    }
}

struct Seen {
    status: StatusCode,
    challenge: Option<String>,
    wait: Option<String>,
    body: Value,
}

#[tokio::test]
async fn without_a_good_token_callers_are_told_where_to_get_one() {
    let gate = Gate::new().await;
    for headers in [
        &[][..],
        &[("x-auth-token", "")],
        &[("x-auth-token", "forged")],
        &[("x-roles", "admin"), ("x-project-id", "p")],
    ] {
        let seen = gate.get(PATH, headers).await;
        assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        let challenge = "Keystone uri=\"http://keystone.example/v3\"";
        assert_eq!(seen.challenge.as_deref(), Some(challenge));
        let expected = json!({ "error": {
            "code": 401,
            "title": "Unauthorized",
            "message": "The request you have made requires authentication.",
        } });
        assert_eq!(seen.body, expected);
    }
}

#[tokio::test]
async fn exactly_six_paths_need_no_token() {
    let gate = Gate::new().await;
    for open in [
        "/",
        "/load-balancer/",
        "/healthcheck",
        "/load-balancer/healthcheck",
        "/v2.0/openapi.json",
        "/load-balancer/v2.0/openapi.json",
    ] {
        let seen = gate.get(open, &[]).await;
        assert_ne!(seen.status, StatusCode::UNAUTHORIZED, "{open}");
    }
    for closed in [
        "/load-balancer",
        "//",
        "/healthcheck/",
        "/healthcheck.json",
        "/v2",
        "/v2.0/lbaas",
        "/v2.0/networks",
        "/v2.0/openapi",
        "/nope",
        "/load-balancer/v2/lbaas/loadbalancers",
        "/v2.0/lbaas/loadbalancers?limit=x",
    ] {
        let seen = gate.get(closed, &[("accept", "text/html")]).await;
        assert_eq!(seen.status, StatusCode::UNAUTHORIZED, "{closed}");
    }
}

#[tokio::test]
async fn a_token_says_who_calls_and_headers_say_nothing() {
    let gate = Gate::new().await;
    let subnet = "11111111-1111-1111-1111-111111111111";
    for project in ["alice-project", "bob-project"] {
        let body = json!({ "vip_subnet_id": subnet, "project_id": project });
        gate.world.make("loadbalancer", body).await;
    }
    gate.issue("t", "alice", |_| {});
    let headers = [
        ("x-auth-token", "t"),
        ("x-project-id", "bob-project"),
        ("x-roles", "admin"),
        ("openstack-system-scope", "all"),
    ];
    let seen = gate.get(PATH, &headers).await;
    let projects: Vec<_> = seen.body["loadbalancers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lb| &lb["project_id"])
        .collect();
    assert_eq!(projects, ["alice-project"]);
    gate.issue("t", "alice", |token| token.roles.clear());
    assert_eq!(gate.status(&headers).await, 403);
    gate.issue("t", "root", |token| token.roles = vec!["admin".to_owned()]);
    let seen = gate.get(PATH, &headers).await;
    assert_eq!(seen.body["loadbalancers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_of_the_wrong_scope_has_no_project() {
    let gate = Gate::new().await;
    gate.issue("t", "alice", |token| token.project_id = None);
    assert_eq!(gate.status(&[("x-auth-token", "t")]).await, 403);
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let gate = Gate::new().await;
    gate.issue("t", "alice", |_| {});
    assert_eq!(gate.status(&[("x-auth-token", "t")]).await, 200);
    gate.world.clock.advance(TimeDelta::hours(1));
    assert_eq!(gate.status(&[("x-auth-token", "t")]).await, 401);
}

#[tokio::test]
async fn a_service_may_pass_on_what_was_begun_in_time() {
    let expired = [("x-auth-token", "t"), ("x-service-token", "s")];
    for (required, roles, expected) in [
        (true, &["service"][..], 200),
        (true, &["member"], 401),
        (false, &["member"], 401),
    ] {
        let gate = Gate::requiring_roles(required).await;
        gate.keystone.issue("t", "alice", TimeDelta::seconds(1));
        gate.world.clock.advance(TimeDelta::seconds(2));
        gate.issue("s", "heat", |token| {
            token.roles = roles.iter().map(|role| (*role).to_owned()).collect();
        });
        assert_eq!(
            gate.status(&expired).await,
            expected,
            "{required} {roles:?}"
        );
        gate.keystone.revoke("s");
        assert_eq!(gate.status(&expired).await, 401, "a forged service token");
    }
}

#[tokio::test]
async fn when_nobody_can_say_whose_a_token_is_nobody_is_let_in() {
    let gate = Gate::new().await;
    gate.issue("t", "alice", |_| {});
    gate.keystone.break_down();
    let seen = gate.get(PATH, &[("x-auth-token", "t")]).await;
    assert_eq!(seen.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(seen.wait.as_deref(), Some("5"));
    assert_eq!(seen.body["error"]["code"], 503);
    gate.keystone.heal();
    assert_eq!(gate.status(&[("x-auth-token", "t")]).await, 200);
}

#[tokio::test]
async fn a_keystone_that_hangs_holds_nobody_up_for_ever() {
    let gate = Gate::new().await;
    gate.issue("t", "alice", |_| {});
    gate.keystone.hold();
    tokio::time::pause();
    assert_eq!(gate.status(&[("x-auth-token", "t")]).await, 503);
}

#[tokio::test]
async fn only_services_pass_for_services_where_roles_are_required() {
    for (required, roles, expected) in [
        (true, "service", 200),
        (true, "member", 401),
        (false, "member", 200),
    ] {
        let gate = Gate::requiring_roles(required).await;
        gate.issue("t", "alice", |_| {});
        gate.issue("s", "heat", |token| token.roles = vec![roles.to_owned()]);
        let headers = [("x-auth-token", "t"), ("x-service-token", "s")];
        assert_eq!(gate.status(&headers).await, expected, "{required} {roles}");
    }
}

#[tokio::test]
async fn a_token_with_access_rules_is_good_for_what_they_allow() {
    let gate = Gate::new().await;
    let rule = |service: &str, method: &str, path: &str| AccessRule {
        service: service.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
    };
    for (rules, expected) in [
        (vec![rule("load-balancer", "GET", "/v2.0/lbaas/*")], 200),
        (vec![rule("load-balancer", "POST", "/v2.0/lbaas/*")], 401),
        (vec![rule("load-balancer", "GET", "/v2.0/lbaas/pools")], 401),
        (vec![rule("compute", "GET", "/**")], 401),
        (vec![], 401),
    ] {
        gate.issue("t", "alice", |token| token.access_rules = Some(rules));
        assert_eq!(gate.status(&[("x-auth-token", "t")]).await, expected);
        gate.issue("s", "heat", |token| {
            token.roles = vec!["service".to_owned()];
        });
        let passed_on = [("x-auth-token", "t"), ("x-service-token", "s")];
        assert_eq!(gate.status(&passed_on).await, 200);
    }
}

#[tokio::test]
async fn a_service_that_does_not_know_its_name_takes_no_token_with_rules() {
    let gate = Gate::made(|gate, _| gate.service_type = None).await;
    gate.issue("t", "alice", |token| token.access_rules = Some(Vec::new()));
    gate.issue("s", "heat", |token| {
        token.roles = vec!["service".to_owned()];
    });
    let passed_on = [("x-auth-token", "t"), ("x-service-token", "s")];
    assert_eq!(gate.status(&passed_on).await, 401);
}

#[tokio::test]
async fn a_revoked_token_is_good_for_as_long_as_it_is_remembered_and_no_longer() {
    let gate = Gate::made(|gate, clock| {
        let inner = Arc::clone(&gate.identity);
        let cache = CachedIdentity::new(inner, CacheSettings::default(), clock);
        gate.identity = Arc::new(cache);
    })
    .await;
    gate.issue("t", "alice", |_| {});
    let token = [("x-auth-token", "t")];
    assert_eq!(gate.status(&token).await, 200);
    gate.keystone.revoke("t");
    gate.world.clock.advance(TimeDelta::seconds(299));
    assert_eq!(gate.status(&token).await, 200);
    assert_eq!(gate.keystone.questions(), 1);
    gate.world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(gate.status(&token).await, 401);
}

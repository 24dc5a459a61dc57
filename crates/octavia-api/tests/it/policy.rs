//! Rules at the door: who may call what, through HTTP.

pub(crate) mod routes;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use octavia_api::Auth;
use octavia_api::policy::{Policy, PolicySettings};
use octavia_model::SystemClock;
use serde_json::{Value, json};

use crate::world::{Answer, World, send, settle};

const OWN: &str = "mine";
const OTHER: &str = "another";

/// Loads rules from a file, which may be missing.
fn policy(file: &str, enforce_new_defaults: bool) -> Arc<Policy> {
    let settings = PolicySettings {
        policy_file: file.to_owned(),
        folders: vec![fixtures()],
        enforce_new_defaults,
        ..PolicySettings::default()
    };
    Arc::new(Policy::load(settings, Arc::new(SystemClock)).unwrap())
}

fn fixtures() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/policy"
    ))
}

/// Somebody with roles in project [`OWN`].
struct Visitor<'a> {
    router: &'a Router,
    roles: &'a str,
}

impl Visitor<'_> {
    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("/v2.0/lbaas/{path}"))
            .header("content-type", "application/json")
            .header("x-project-id", OWN)
            .header("x-user-id", "me")
            .header("x-roles", self.roles);
        send(self.router, request.body(body).unwrap()).await
    }

    async fn status(&self, method: &str, path: &str, body: Value) -> StatusCode {
        self.call(method, path, body).await.status
    }
}

/// A load balancer and a pool for each of two projects.
struct Town {
    world: World,
    own: Place,
    other: Place,
}

struct Place {
    project: &'static str,
    load_balancer: String,
    pool: String,
}

impl Town {
    async fn new() -> Self {
        let world = World::new().await;
        let own = Place::new(&world, OWN).await;
        let other = Place::new(&world, OTHER).await;
        Self { world, own, other }
    }

    /// Says where something is allowed; `ask` answers whether it is in one place.
    async fn reach(&self, ask: impl AsyncFn(&Place) -> bool) -> &'static str {
        match (ask(&self.own).await, ask(&self.other).await) {
            (true, true) => "any",
            (true, false) => "own",
            (false, false) => "-",
            (false, true) => "only others",
        }
    }
}

impl Place {
    async fn new(world: &World, project: &'static str) -> Self {
        let subnet = "11111111-1111-1111-1111-111111111111";
        let body = json!({ "vip_subnet_id": subnet, "project_id": project, "name": project });
        let load_balancer = world.make("loadbalancer", body).await;
        let body = json!({
            "loadbalancer_id": load_balancer, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
        });
        let pool = world.make("pool", body).await;
        Self {
            project,
            load_balancer,
            pool,
        }
    }
}

/// What one role reaches, as the recorded matrix names it.
async fn reached(town: &Town, visitor: &Visitor<'_>) -> Vec<(&'static str, &'static str)> {
    let read = async |place: &Place| {
        let path = format!("loadbalancers/{}", place.load_balancer);
        visitor.status("GET", &path, Value::Null).await == StatusCode::OK
    };
    let read_global = async |place: &Place| {
        let list = visitor.call("GET", "loadbalancers", Value::Null).await;
        let all = list.body["loadbalancers"].as_array();
        // A list that holds one's own project alone is no global one.
        all.is_some_and(|all| all.len() == 2 && all.iter().any(|lb| lb["name"] == place.project))
    };
    let write = async |place: &Place| {
        let path = format!("loadbalancers/{}", place.load_balancer);
        let body = json!({ "loadbalancer": { "description": "changed" } });
        let changed = visitor.status("PUT", &path, body).await == StatusCode::OK;
        settle(&town.world.store).await;
        // The VIP is missing; that is said to those who may create.
        let body = json!({ "loadbalancer": { "project_id": place.project } });
        let created = visitor.status("POST", "loadbalancers", body).await;
        assert_eq!(created == StatusCode::BAD_REQUEST, changed, "{created}");
        changed
    };
    let admin = async |place: &Place| {
        let path = format!("loadbalancers/{}/failover", place.load_balancer);
        let done = visitor.status("PUT", &path, Value::Null).await == StatusCode::ACCEPTED;
        settle(&town.world.store).await;
        done
    };
    let members = async |place: &Place| {
        let path = format!("pools/{}/members", place.pool);
        visitor.status("GET", &path, Value::Null).await == StatusCode::OK
    };
    vec![
        ("load-balancer:read", town.reach(read).await),
        ("load-balancer:read-global", town.reach(read_global).await),
        ("load-balancer:write", town.reach(write).await),
        ("load-balancer:admin", town.reach(admin).await),
        ("member:get_all", town.reach(members).await),
    ]
}

#[tokio::test]
async fn every_role_reaches_through_http_what_it_reaches_upstream() {
    let matrix = std::fs::read_to_string(fixtures().join("rbac_matrix.json")).unwrap();
    let matrix: Value = serde_json::from_str(&matrix).unwrap();
    let town = Town::new().await;
    let mut wrong = Vec::new();
    for (set_up, roles) in matrix.as_object().unwrap() {
        let file = if set_up.contains("-policy.") {
            set_up
        } else {
            "none"
        };
        let policy = policy(file, !set_up.starts_with("legacy"));
        let router = town.world.router_asking(Auth::Headers(policy));
        for (role, expected) in roles.as_object().unwrap() {
            let visitor = Visitor {
                router: &router,
                roles: if role.starts_with('(') { "" } else { role },
            };
            let reached = reached(&town, &visitor).await.into_iter();
            wrong.extend(
                reached
                    .filter(|(rule, found)| expected[*rule] != *found)
                    .map(|(rule, found)| format!("{set_up}, {role}, {rule}: {found}")),
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[tokio::test]
async fn a_list_shows_the_own_project_and_no_other() {
    let town = Town::new().await;
    let router = town
        .world
        .router_asking(Auth::Headers(policy("none", true)));
    let names = async |roles: &'static str, path: &'static str| {
        let visitor = Visitor {
            router: &router,
            roles,
        };
        let answer = visitor.call("GET", path, Value::Null).await;
        let items = answer.body["loadbalancers"].as_array().cloned();
        let items = items.ok_or(answer.status.as_u16())?;
        let names = items
            .iter()
            .map(|lb| lb["name"].as_str().unwrap().to_owned());
        Ok::<Vec<_>, u16>(names.collect())
    };
    let own = Ok(vec![OWN.to_owned()]);
    assert_eq!(names("reader", "loadbalancers").await, own);
    assert_eq!(names("reader", "loadbalancers?project_id=").await, own);
    assert_eq!(names("reader", "loadbalancers?project_id=mine").await, own);
    assert_eq!(
        names("reader", "loadbalancers?project_id=another").await,
        Err(403)
    );
    assert_eq!(names("admin", "loadbalancers?project_id=mine").await, own);
    assert_eq!(names("admin", "loadbalancers").await.unwrap().len(), 2);
    assert_eq!(names("", "loadbalancers").await, Err(403));
}

#[tokio::test]
async fn whoever_names_no_project_lists_nothing() {
    let world = World::new().await;
    let router = world.router_asking(Auth::Headers(policy("none", true)));
    let request = Request::get("/v2.0/lbaas/pools").header("x-roles", "member");
    let answer = send(&router, request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let expected = json!({
        "faultcode": "Client",
        "faultstring": "Policy does not allow this request to be performed.",
        "debuginfo": null,
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn an_unknown_id_is_not_found_before_it_is_forbidden() {
    let world = World::new().await;
    let router = world.router_asking(Auth::Headers(policy("none", true)));
    let nobody = Visitor {
        router: &router,
        roles: "",
    };
    let path = "loadbalancers/99999999-9999-9999-9999-999999999999";
    let status = nobody.status("GET", path, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn security_groups_of_a_vip_have_rules_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let text = r#"
"os_load-balancer_api:loadbalancer:put:vip_sg_ids": "!"
"os_load-balancer_api:loadbalancer:post:vip_sg_ids": "!"
"#;
    std::fs::write(&file, text).unwrap();
    let town = Town::new().await;
    let policy = policy(file.to_str().unwrap(), true);
    let router = town.world.router_asking(Auth::Headers(policy));
    let member = Visitor {
        router: &router,
        roles: "member",
    };
    let path = format!("loadbalancers/{}", town.own.load_balancer);
    let groups = json!({ "loadbalancer": { "vip_sg_ids": [] } });
    let status = member.status("PUT", &path, groups.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let status = member.status("POST", "loadbalancers", groups).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let name = json!({ "loadbalancer": { "name": "x" } });
    assert_eq!(member.status("PUT", &path, name).await, StatusCode::OK);
}

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use axum::Json;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use octavia_model::ManualClock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::*;
use crate::{AccessRule, CatalogueService};

/// A Keystone that knows one account and the tokens it is told.
#[derive(Default)]
struct Server {
    /// Tokens of callers, and how they are answered.
    tokens: HashMap<String, Value>,
    /// How often a token was made for the service; only the last one is taken.
    made: usize,
    /// What was asked: the arguments.
    asked: Vec<String>,
    /// What every question is answered with.
    fault: Option<StatusCode>,
    /// The password is another one.
    refuses_account: bool,
}

type Shared = Arc<Mutex<Server>>;

struct Stage {
    server: Shared,
    clock: Arc<ManualClock>,
    url: String,
}

fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap()
}

impl Stage {
    async fn new() -> Self {
        let server = Shared::default();
        let router = Router::new()
            .route("/v3/auth/tokens", get(validate).post(make))
            .with_state(Arc::clone(&server));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = axum::serve(listener, router).into_future();
        tokio_util::task::TaskTracker::new().spawn(serving);
        Self {
            server,
            clock: Arc::new(ManualClock::new(start())),
            url,
        }
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap()
    }

    fn keystone(&self) -> Keystone {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Keystone::new(settings(&self.url), clock).unwrap()
    }
}

fn settings(url: &str) -> KeystoneSettings {
    let domain = Domain::Name("Default".to_owned());
    let name = |name: &str| Named::Name {
        name: name.to_owned(),
        domain: domain.clone(),
    };
    KeystoneSettings {
        auth_url: url.to_owned(),
        account: Account {
            user: name("octavia"),
            password: Secret::new("insecure".to_owned()),
            scope: Scope::Project(name("service")),
        },
        connect_timeout: Duration::from_secs(5),
        timeout: Duration::from_secs(5),
        retries: 0,
        authorities: None,
        certificate_and_key: None,
        insecure: false,
        include_catalogue: false,
    }
}

async fn make(State(server): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut server = server.lock().unwrap();
    server.made += 1;
    let password = &body["auth"]["identity"]["password"]["user"]["password"];
    if server.refuses_account || password != "insecure" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    // Tokens live an hour, counted from the start of the test.
    let end = start() + TimeDelta::hours(i64::try_from(server.made).unwrap());
    let token = json!({ "token": { "user": { "id": "octavia" }, "expires_at": end } });
    let name = [("x-subject-token", format!("own-{}", server.made))];
    (StatusCode::CREATED, name, Json(token)).into_response()
}

async fn validate(State(server): State<Shared>, request: Request) -> Response {
    let mut server = server.lock().unwrap();
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let asked = request.uri().query().unwrap_or_default().to_owned();
    server.asked.push(asked);
    if header("x-auth-token") != format!("own-{}", server.made) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if let Some(fault) = server.fault {
        return fault.into_response();
    }
    let found = server.tokens.get(&header("x-subject-token")).cloned();
    found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |token| Json(token).into_response(),
    )
}

fn token_of_alice() -> Value {
    json!({ "token": {
        "methods": ["password"],
        "user": { "id": "alice", "name": "Alice", "domain": { "id": "default", "name": "Default" } },
        "project": { "id": "p1", "name": "demo", "domain": { "id": "default", "name": "Default" } },
        "roles": [{ "id": "r1", "name": "member" }, { "id": "r2", "name": "reader" }],
        "is_domain": false,
        "expires_at": "2026-01-01T01:00:00.000000Z",
        "issued_at": "2026-01-01T00:00:00.000000Z",
        "audit_ids": ["x"],
    } })
}

async fn ask(keystone: &Keystone, token: &str) -> Result<Option<Arc<Token>>> {
    let token = Secret::new(token.to_owned());
    keystone.validate(&token, Validity::Now).await
}

#[tokio::test]
async fn a_token_says_who_calls() {
    let stage = Stage::new().await;
    stage
        .server()
        .tokens
        .insert("t".to_owned(), token_of_alice());
    let keystone = stage.keystone();
    let token = ask(&keystone, "t").await.unwrap().unwrap();
    let expected = Token {
        user_id: "alice".to_owned(),
        user_name: Some("Alice".to_owned()),
        user_domain_id: Some("default".to_owned()),
        project_id: Some("p1".to_owned()),
        project_domain_id: Some("default".to_owned()),
        domain_id: None,
        is_for_system: false,
        roles: vec!["member".to_owned(), "reader".to_owned()],
        is_admin_project: true,
        access_rules: None,
        catalogue: None,
        expires_at: start() + TimeDelta::hours(1),
    };
    assert_eq!(*token, expected);
    assert_eq!(ask(&keystone, "forged").await.unwrap(), None);
    assert_eq!(stage.server().made, 1, "the service's own token is kept");
    assert_eq!(stage.server().asked, ["nocatalog", "nocatalog"]);
}

#[tokio::test]
async fn the_catalogue_is_read_where_it_is_asked_for() {
    let stage = Stage::new().await;
    let mut token = token_of_alice();
    let at = |region: &str, interface: &str, url: &str| json!({ "region": region, "interface": interface, "url": url });
    token["token"]["catalog"] = json!([
        { "type": "load-balancer", "name": "octavia", "id": "s1", "endpoints": [
            at("One", "public", "http://one"),
            at("Two", "internal", "http://two"),
            at("One", "internal", "http://inside"),
        ] },
        { "type": "identity", "endpoints": [at("One", "admin", "http://keystone")] },
        { "type": "image", "name": "glance", "endpoints": [] },
    ]);
    stage.server().tokens.insert("t".to_owned(), token);
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&stage.clock);
    let asking = KeystoneSettings {
        include_catalogue: true,
        ..settings(&stage.url)
    };
    let keystone = Keystone::new(asking, clock).unwrap();
    let token = ask(&keystone, "t").await.unwrap().unwrap();
    let load_balancer = CatalogueService {
        kind: "load-balancer".to_owned(),
        name: Some("octavia".to_owned()),
        admin: None,
        internal: Some("http://inside".to_owned()),
        public: Some("http://one".to_owned()),
    };
    let identity = CatalogueService {
        kind: "identity".to_owned(),
        admin: Some("http://keystone".to_owned()),
        ..CatalogueService::default()
    };
    assert_eq!(token.catalogue, Some(vec![load_balancer, identity]));
    assert_eq!(stage.server().asked, [""]);
}

#[tokio::test]
async fn the_rules_of_an_application_credential_are_read() {
    let stage = Stage::new().await;
    let mut token = token_of_alice();
    token["token"]["application_credential"] = json!({
        "id": "a1",
        "restricted": true,
        "access_rules": [
            { "id": "x", "service": "load-balancer", "method": "GET", "path": "/v2.0/**" },
        ],
    });
    stage.server().tokens.insert("t".to_owned(), token);
    let token = ask(&stage.keystone(), "t").await.unwrap().unwrap();
    let expected = AccessRule {
        service: "load-balancer".to_owned(),
        method: "GET".to_owned(),
        path: "/v2.0/**".to_owned(),
    };
    assert_eq!(token.access_rules, Some(vec![expected]));
}

#[tokio::test]
async fn what_cannot_be_a_token_is_not_asked_about() {
    let stage = Stage::new().await;
    let keystone = stage.keystone();
    for token in ["a\nb", &"x".repeat(LONGEST_TOKEN + 1)] {
        assert_eq!(ask(&keystone, token).await.unwrap(), None);
    }
    assert_eq!(stage.server().asked, Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_own_token_is_renewed_and_the_question_asked_again() {
    let stage = Stage::new().await;
    stage
        .server()
        .tokens
        .insert("t".to_owned(), token_of_alice());
    let keystone = stage.keystone();
    assert!(ask(&keystone, "t").await.unwrap().is_some());
    // Another token is made elsewhere: the first one is worth nothing now.
    stage.server().made += 1;
    assert!(ask(&keystone, "t").await.unwrap().is_some());
    assert_eq!(stage.server().made, 3);
}

#[tokio::test]
async fn the_own_token_is_renewed_before_its_end() {
    let stage = Stage::new().await;
    stage
        .server()
        .tokens
        .insert("t".to_owned(), token_of_alice());
    let keystone = stage.keystone();
    assert!(ask(&keystone, "t").await.unwrap().is_some());
    stage.clock.advance(TimeDelta::minutes(57));
    assert!(ask(&keystone, "t").await.unwrap().is_some());
    assert_eq!(stage.server().made, 1);
    stage.clock.advance(TimeDelta::minutes(1));
    assert!(ask(&keystone, "t").await.unwrap().is_some());
    assert_eq!(stage.server().made, 2);
}

#[tokio::test]
async fn a_keystone_that_cannot_answer_says_neither_yes_nor_no() {
    let stage = Stage::new().await;
    let keystone = stage.keystone();
    let mut errors = Vec::new();
    for fault in [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::FORBIDDEN,
        StatusCode::UNAUTHORIZED,
        StatusCode::FOUND,
        StatusCode::NO_CONTENT,
    ] {
        stage.server().fault = Some(fault);
        errors.push(described(&ask(&keystone, "t").await.unwrap_err()));
    }
    stage.server().fault = None;
    stage
        .server()
        .tokens
        .insert("t".to_owned(), json!({ "token": {} }));
    errors.push(described(&ask(&keystone, "t").await.unwrap_err()));
    stage.server().refuses_account = true;
    errors.push(described(&ask(&stage.keystone(), "t").await.unwrap_err()));
    insta::assert_debug_snapshot!(errors, @r#"
    [
        "ask Keystone: it cannot answer: 500 Internal Server Error",
        "ask Keystone: the service's account may not ask about tokens: 403 Forbidden",
        "ask Keystone: it refuses the service's own account ([keystone_authtoken]): 401 Unauthorized",
        "ask Keystone: it cannot answer: 302 Found",
        "ask Keystone: it cannot answer: 204 No Content",
        "read Keystone's answer about a token: missing field `user` at line 1 column 11",
        "ask Keystone: it refuses the service's own account ([keystone_authtoken]): 401 Unauthorized",
    ]
    "#);
}

fn described(error: &Error) -> String {
    use std::error::Error as _;
    assert!(error.may_retry(), "{error}");
    let cause = error.source().unwrap();
    format!("{error}: {cause}")
}

#[tokio::test]
async fn a_keystone_that_is_not_there_or_hangs_is_given_up() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(start()));
    // Nobody accepts: the connection stands, and no answer comes.
    let hanging = KeystoneSettings {
        timeout: Duration::from_millis(50),
        retries: 1,
        ..settings(&url)
    };
    let keystone = Keystone::new(hanging, Arc::clone(&clock)).unwrap();
    assert!(ask(&keystone, "t").await.is_err());
    drop(listener);
    let keystone = Keystone::new(settings(&url), clock).unwrap();
    assert!(ask(&keystone, "t").await.is_err());
}

#[tokio::test]
async fn expired_tokens_are_asked_for_by_name() {
    let stage = Stage::new().await;
    stage
        .server()
        .tokens
        .insert("t".to_owned(), token_of_alice());
    let token = Secret::new("t".to_owned());
    let found = stage
        .keystone()
        .validate(&token, Validity::EvenExpired)
        .await;
    assert!(found.unwrap().is_some());
    assert_eq!(stage.server().asked, ["nocatalog&allow_expired=1"]);
}

#[test]
fn accounts_are_written_as_keystone_reads_them() {
    let mut account = settings("http://k").account;
    let by_name = wire::authentication(&account);
    account.user = Named::Id("u1".to_owned());
    account.scope = Scope::Domain(Domain::Id("d1".to_owned()));
    let by_id = wire::authentication(&account);
    account.scope = Scope::System;
    let system = wire::authentication(&account)["auth"]["scope"].to_string();
    insta::assert_snapshot!(format!("{by_name}\n{by_id}\n{system}"), @r#"
    {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"octavia","domain":{"name":"Default"},"password":"insecure"}}},"scope":{"project":{"name":"service","domain":{"name":"Default"}}}}}
    {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"insecure"}}},"scope":{"domain":{"id":"d1"}}}}
    {"system":{"all":true}}
    "#);
    assert!(!format!("{account:?}").contains("insecure"));
}

#[test]
fn the_address_may_name_the_version_or_not() {
    for (given, expected) in [
        ("http://k:5000", "http://k:5000/v3/auth/tokens"),
        ("http://k:5000/v3/", "http://k:5000/v3/auth/tokens"),
        ("https://k/identity/v3", "https://k/identity/v3/auth/tokens"),
        ("https://k/identity", "https://k/identity/v3/auth/tokens"),
    ] {
        assert_eq!(tokens_url(given).unwrap(), expected);
    }
    for wrong in ["", "keystone:5000", "ftp://k", "http://"] {
        assert!(tokens_url(wrong).is_err(), "{wrong}");
    }
}

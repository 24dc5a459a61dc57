//! Policies of listeners.

use std::net::SocketAddr;

use octavia_amphora_api::config::{
    L7Action, L7Compare, L7Policy, L7Rule, L7Subject, ListenerProtocol, PoolProtocol,
};
use octavia_proxy::ApplyError;

use crate::support::config::{LISTENER, id, member};
use crate::support::{Client, Origin, Setup, get, wait_until};

const API_POOL: u128 = 21;

fn on_path(number: u128, action: L7Action, start: &str) -> L7Policy {
    L7Policy {
        id: id(number),
        action,
        rules: vec![L7Rule {
            subject: L7Subject::Path,
            compare: L7Compare::StartsWith,
            value: start.to_owned(),
            invert: false,
        }],
    }
}

fn to_api() -> L7Action {
    L7Action::RedirectToPool { pool: id(API_POOL) }
}

/// Serves with a second pool, which policies may choose.
fn serve(web: SocketAddr, api: SocketAddr, policies: Vec<L7Policy>) -> Setup {
    Setup::new(ListenerProtocol::Http, &[web], |config| {
        let mut pool = config.pools[0].clone();
        pool.id = id(API_POOL);
        pool.members = vec![member(200, api)];
        config.pools.push(pool);
        config.listeners[0].l7_policies = policies;
    })
}

#[test]
fn a_policy_chooses_the_pool_of_each_request_of_a_connection() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let setup = serve(web.address, api.address, vec![on_path(1, to_api(), "/api")]);
    let mut client = Client::connect(setup.address());
    for (path, expected) in [
        ("/", "web"),
        ("/api/x?y", "api"),
        ("/other", "web"),
        ("/api", "api"),
    ] {
        assert_eq!(client.get(path).text(), expected, "{path}");
    }
    assert_eq!(setup.counters().request_errors, 0);
}

#[test]
fn a_refused_request_leaves_the_connection_open() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let policies = vec![
        on_path(1, to_api(), "/private"),
        on_path(2, L7Action::Reject, "/private"),
    ];
    let setup = serve(web.address, api.address, policies);
    let mut client = Client::connect(setup.address());
    let refused = client.get("/private/x");
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("403 Forbidden"));
    client.send("HEAD /private HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.head().status, 403);
    assert_eq!(client.get("/").text(), "web");
    assert_eq!(api.accepted(), 0);

    client.send("POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    let refused = client.response();
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn a_redirection_names_the_url_or_keeps_path_and_query() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let to_url = L7Action::RedirectToUrl {
        url: "https://new.example.test/?a=1&b=2".to_owned(),
        code: 301,
    };
    let to_prefix = L7Action::RedirectPrefix {
        prefix: "https://secure.example.test".to_owned(),
        code: 307,
    };
    let policies = vec![on_path(1, to_url, "/old"), on_path(2, to_prefix, "/s/")];
    let setup = serve(web.address, api.address, policies);
    let mut client = Client::connect(setup.address());
    let answer = client.get("/old/x");
    assert_eq!(answer.status, 301);
    let url = "https://new.example.test/?a=1&b=2";
    assert_eq!(answer.header("location"), Some(url));
    assert_eq!(answer.header("cache-control"), None);
    let answer = client.get("/s/a?b=c");
    assert_eq!(answer.status, 307);
    let url = "https://secure.example.test/s/a?b=c";
    assert_eq!(answer.header("location"), Some(url));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    client.send("GET http://x/s/d HTTP/1.1\r\nHost: x\r\n\r\n");
    let url = "https://secure.example.test/s/d";
    assert_eq!(client.response().header("location"), Some(url));
    assert_eq!(client.get("/").text(), "web");
}

#[test]
fn a_disabled_pool_is_not_chosen() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let mut setup = serve(web.address, api.address, vec![on_path(1, to_api(), "/api")]);
    assert_eq!(get(setup.address(), "/api").text(), "api");
    setup.change(|config| config.pools[1].enabled = false);
    assert_eq!(get(setup.address(), "/api").text(), "web");
    setup.change(|config| config.pools[1].enabled = true);
    assert_eq!(get(setup.address(), "/api").text(), "api");
}

#[test]
fn a_pool_that_only_a_policy_uses_is_reported_with_the_listener() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let mut setup = serve(web.address, api.address, vec![on_path(1, to_api(), "/api")]);
    let listener = Some(id(LISTENER));
    let user = |setup: &Setup| setup.report().pools[1].listener_id;
    assert_eq!(user(&setup), listener);
    setup.change(|config| config.listeners[0].l7_policies.clear());
    assert_eq!(user(&setup), None);
}

#[test]
fn a_chosen_pool_speaks_its_own_protocol() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let setup = Setup::new(ListenerProtocol::Http, &[web.address], |config| {
        let mut pool = config.pools[0].clone();
        pool.id = id(API_POOL);
        pool.protocol = PoolProtocol::Proxy;
        pool.members = vec![member(200, api.address)];
        config.pools.push(pool);
        config.listeners[0].l7_policies = vec![on_path(1, to_api(), "/api")];
    });
    let mut client = Client::connect(setup.address());
    client.get("/");
    client.send("GET /api HTTP/1.1\r\nHost: x\r\n\r\n");
    let heads = || api.heads().into_iter().next();
    wait_until("the member to be reached", || heads().is_some());
    let head = heads().expect("a head");
    assert!(head.starts_with("PROXY TCP4 127.0.0.1 "), "{head}");
    assert!(web.heads()[0].starts_with("GET / "), "{:?}", web.heads());
}

#[test]
fn a_policy_comes_and_goes_without_closing_a_connection() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let mut setup = serve(web.address, api.address, Vec::new());
    let mut client = Client::connect(setup.address());
    assert_eq!(client.get("/api").text(), "web");
    setup.change(|config| {
        config.listeners[0].l7_policies = vec![on_path(1, to_api(), "/api")];
    });
    assert_eq!(client.get("/api").text(), "api");
    setup.change(|config| config.listeners[0].l7_policies.clear());
    assert_eq!(client.get("/api").text(), "web");
    assert_eq!(setup.counters().total_connections, 1);
}

#[test]
fn a_pool_that_is_missing_or_a_bad_expression_changes_nothing() {
    let (web, api) = (Origin::named("web"), Origin::named("api"));
    let mut setup = serve(web.address, api.address, vec![on_path(1, to_api(), "/api")]);
    let missing = L7Action::RedirectToPool { pool: id(99) };
    let refused = setup.try_change(|config| {
        config.listeners[0].l7_policies = vec![on_path(2, missing, "/")];
    });
    assert!(matches!(refused, Err(ApplyError::Invalid(_))));
    let refused = setup.try_change(|config| {
        let mut policy = on_path(3, L7Action::Reject, "(");
        policy.rules[0].compare = L7Compare::Regex;
        config.listeners[0].l7_policies = vec![policy];
    });
    assert!(matches!(refused, Err(ApplyError::Invalid(_))));
    assert_eq!(get(setup.address(), "/api").text(), "api");
}

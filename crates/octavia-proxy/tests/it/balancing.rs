//! Who gets the next request.

use std::collections::BTreeMap;

use octavia_amphora_api::config::Algorithm;
use octavia_amphora_api::report::{MemberStatus, PoolStatus};

use crate::support::{Client, Origin, Setup, get};

fn tally(setup: &Setup, requests: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..requests {
        *counts.entry(get(setup.address(), "/").text()).or_default() += 1;
    }
    counts
}

fn counts(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs
        .iter()
        .map(|(name, count)| ((*name).to_owned(), *count))
        .collect()
}

#[test]
fn requests_alternate() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    let order: String = (0..6).map(|_| get(setup.address(), "/").text()).collect();
    assert_eq!(order, "ababab");
    let mut client = Client::connect(setup.address());
    let order: String = (0..6).map(|_| client.get("/").text()).collect();
    assert_eq!(order, "ababab");
}

#[test]
fn weights_are_shares_and_zero_is_none() {
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| {
        config.pools[0].members[0].weight = 3;
        config.pools[0].members[2].weight = 0;
    });
    assert_eq!(tally(&setup, 8), counts(&[("a", 6), ("b", 2)]));
    assert_eq!(setup.status(2), MemberStatus::Drain);
}

#[test]
fn a_disabled_member_gets_nothing() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| config.pools[0].members[0].enabled = false);
    assert_eq!(tally(&setup, 4), counts(&[("b", 4)]));
    assert_eq!(setup.status(0), MemberStatus::Maint);
    assert_eq!(setup.status(1), MemberStatus::NoCheck);
}

#[test]
fn backups_serve_when_nobody_else_can() {
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| {
        config.pools[0].members[1].backup = true;
        config.pools[0].members[2].backup = true;
    });
    assert_eq!(tally(&setup, 4), counts(&[("a", 4)]));
    setup.change(|config| config.pools[0].members[0].enabled = false);
    assert_eq!(tally(&setup, 4), counts(&[("b", 2), ("c", 2)]));
}

#[test]
fn the_least_busy_member_is_asked() {
    let busy = Origin::serve(|mut connection| {
        connection.request();
        connection.rest();
    });
    let idle = Origin::named("idle");
    let mut setup = Setup::http(&[busy.address, idle.address]);
    setup.change(|config| config.pools[0].algorithm = Algorithm::LeastConnections);
    let mut waiting = Client::connect(setup.address());
    waiting.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    crate::support::wait_until("the busy member is asked", || busy.heads().len() == 1);
    // Another connection could be in another loop, and find the idle member busy with the last answer.
    let mut client = Client::connect(setup.address());
    for _ in 0..5 {
        assert_eq!(client.get("/").text(), "idle");
    }
}

#[test]
fn a_client_stays_with_its_member() {
    let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| config.pools[0].algorithm = Algorithm::SourceIp);
    assert_eq!(tally(&setup, 6).len(), 1);
}

#[test]
fn the_connections_of_a_client_are_spread_by_port_and_each_stays() {
    let origins = [Origin::named("a"), Origin::named("b")];
    let mut setup = Setup::http(&origins.each_ref().map(|origin| origin.address));
    setup.change(|config| config.pools[0].algorithm = Algorithm::SourceIpPort);
    let mut clients: Vec<_> = (0..64).map(|_| Client::connect(setup.address())).collect();
    let names: Vec<_> = clients
        .iter_mut()
        .map(|client| client.get("/").text())
        .collect();
    assert!(names.contains(&"a".into()) && names.contains(&"b".into()));
    for (client, name) in clients.iter_mut().zip(names) {
        assert_eq!(client.get("/").text(), name);
    }
}

#[test]
fn without_a_pool_that_takes_traffic_the_answer_is_503() {
    let origin = Origin::named("a");
    let mut setup = Setup::http(&[origin.address]);
    setup.change(|config| config.pools[0].enabled = false);
    assert_eq!(get(setup.address(), "/").status, 503);
    assert_eq!(setup.report().pools, []);
    setup.change(|config| config.pools[0].enabled = true);
    assert_eq!(get(setup.address(), "/").status, 200);
    setup.change(|config| config.listeners[0].default_pool = None);
    assert_eq!(get(setup.address(), "/").status, 503);
    assert_eq!(setup.report().pools[0].listener_id, None);
    setup.change(|config| config.pools[0].members.clear());
    assert_eq!(setup.report().pools[0].status, PoolStatus::Up);
}

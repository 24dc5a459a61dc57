//! Feature by feature beside HAProxy: configurations that upstream wrote for it run under HAProxy
//! itself, the same load balancers under our proxy, and both get the same requests. What the client
//! is answered and what the member sees is compared; every difference has its reason in a file.

mod adapt;
mod difference;
mod member;
mod message;
mod probe;
mod twin;

use std::io::Write;

use difference::{Difference, Reasons};
use twin::Twin;

/// The configurations, each with what is asked of it.
const CONFIGURATIONS: [(&str, &[probe::Set]); 23] = [
    ("http-basic", &[probe::HTTP, probe::FAILURES]),
    ("http-monitor", &[probe::SHORT]),
    ("tcp-limits", &[probe::TCP]),
    ("https-passthrough", &[probe::PASSED_TLS]),
    ("tls-hello", &[probe::PASSED_TLS]),
    ("terminated-https", &[probe::TLS]),
    ("client-auth", &[probe::TLS, probe::NO_CERTIFICATE]),
    ("pool-tls", &[probe::SHORT]),
    ("pool-tls-noverify", &[probe::SHORT]),
    ("proxy-v1", &[probe::PROXY]),
    ("proxy-v2-tls", &[probe::TLS]),
    ("persist-source-ip-pair", &[probe::SHORT, probe::TURNS]),
    ("persist-http-cookie", &[probe::COOKIES]),
    ("persist-app-cookie", &[probe::COOKIES]),
    ("l7", &[probe::L7]),
    ("ping-monitor", &[probe::SHORT]),
    ("prometheus", &[probe::SHORT]),
    ("dual-stack", &[probe::ADDRESSES]),
    ("disabled-parts", &[probe::DISABLED]),
    ("disabled-lb", &[probe::SHORT]),
    ("cpu-pinning", &[probe::SHORT]),
    ("no-logging", &[probe::SHORT]),
    ("old-haproxy", &[probe::SHORT, probe::TURNS]),
];

/// Those whose monitors ask members by HTTP.
const ASKED: [&str; 3] = ["http-monitor", "persist-source-ip-pair", "old-haproxy"];

#[test]
fn what_haproxy_does_we_do_or_say_why_not() {
    let reasons = Reasons::read();
    let done: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = CONFIGURATIONS
            .iter()
            .map(|(name, sets)| scope.spawn(move || compare(name, sets)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a configuration"))
            .collect()
    });
    let Some(done) = done.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let differences: Vec<Difference> = done.into_iter().flatten().collect();
    let mut out = std::io::stderr();
    write!(out, "{}", reasons.table(&differences)).expect("print the table");
    let wrong = reasons.complaints(&differences);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Asks both the same; `None`, said aloud, where this machine has no HAProxy.
fn compare(name: &str, sets: &[probe::Set]) -> Option<Vec<Difference>> {
    let mut twin = Twin::start(name)?;
    let mut differences = Vec::new();
    for probe in sets.iter().flat_map(|set| set.iter()) {
        let [theirs, ours] = twin.ask(probe);
        differences.extend(Difference::between(name, probe.name, &theirs, &ours));
    }
    if ASKED.contains(&name) {
        let [theirs, ours] = twin.await_checks();
        differences.extend(Difference::between(name, "monitor", &theirs, &ours));
    }
    Some(differences)
}

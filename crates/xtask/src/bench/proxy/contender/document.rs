//! The document that asks ours for what HAProxy is asked for.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::super::backend::Backend;
use super::super::certificates::{Certificate, ECDSA, RSA};
use super::{Listeners, Setup};

/// Upstream's default `user_log_format`.
const FORMAT: &str = "{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U \
    %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc";

/// Makes the document.
pub(super) fn document(
    backend: &Backend,
    setup: &Setup,
    (listeners, generation): (Listeners, u32),
) -> anyhow::Result<Value> {
    let secured = |number, address, certificate: &Certificate| {
        let mut listener = listener(setup, (number, "HTTP", address));
        let [chain, key] = certificate.pem(backend.directory.path())?;
        listener["tls"] = json!({
            "certificates": [{ "chain": chain, "key": key }],
            "versions": ["TLSv1.2", "TLSv1.3"],
            "alpn": ["h2", "http/1.1"],
        });
        anyhow::Ok(listener)
    };
    let mut http = listener(setup, (3, "HTTP", listeners.http));
    http["l7_policies"] = policies(setup.policies);
    Ok(json!({
        "generation": generation,
        "amphora_id": id(1),
        "load_balancer_id": id(2),
        "vips": [listeners.http.ip()],
        "listeners": [
            http,
            listener(setup, (4, "TCP", listeners.tcp)),
            secured(5, listeners.ecdsa, &ECDSA)?,
            secured(6, listeners.rsa, &RSA)?,
        ],
        "pools": [
            pool(backend, (7, "HTTP"), (setup.members, generation)),
            pool(backend, (8, "TCP"), (2, generation)),
        ],
    }))
}

fn id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn listener(setup: &Setup, (number, protocol, address): (usize, &str, SocketAddr)) -> Value {
    let mut listener = json!({
        "id": id(number),
        "protocol": protocol,
        "port": address.port(),
        "default_pool": if protocol == "TCP" { id(8) } else { id(7) },
        "timeouts": {
            "client_data_ms": 50_000,
            "member_connect_ms": 5_000,
            "member_data_ms": 50_000,
            "tcp_inspect_ms": 0,
        },
        "insert_headers": { "x_forwarded_for": protocol == "HTTP" },
    });
    if setup.logs.is_some() {
        listener["log"] = json!({
            "project_id": "a1b2c3d4e5f60718293a4b5c6d7e8f90",
            "load_balancer_id": id(2),
            "format": FORMAT,
        });
    }
    listener
}

/// One member's weight changes with the generation.
fn pool(
    backend: &Backend,
    (number, protocol): (usize, &str),
    (count, generation): (usize, u32),
) -> Value {
    let members = backend.members.iter().cycle().take(count);
    let members = members.enumerate().map(|(index, member)| {
        json!({
            "id": id(1000 + index),
            "address": member.ip(),
            "port": member.port(),
            "weight": if index == 1 { generation } else { 1 },
        })
    });
    json!({
        "id": id(number),
        "protocol": protocol,
        "algorithm": "ROUND_ROBIN",
        "members": members.collect::<Vec<_>>(),
    })
}

/// A quarter each of what rules can ask, as HAProxy's have it.
fn policies(count: usize) -> Value {
    let policies = (0..count).map(|index| {
        json!({
            "id": id(100_000 + index),
            "action": { "type": "REDIRECT_TO_URL", "url": "http://x.test/", "code": 302 },
            "rules": [rule(index)],
        })
    });
    policies.collect()
}

fn rule(index: usize) -> Value {
    let (subject, compare, value) = match index % 4 {
        0 => ("PATH", "STARTS_WITH", format!("/policy/{index}")),
        1 => ("HOST_NAME", "EQUAL_TO", format!("host{index}.test")),
        2 => ("HEADER", "CONTAINS", format!("policy{index}-")),
        _ => ("PATH", "REGEX", format!("^/policy{index}/[0-9]+$")),
    };
    let mut rule = json!({ "subject": { "type": subject }, "compare": compare, "value": value });
    if subject == "HEADER" {
        rule["subject"]["name"] = json!("Host");
    }
    rule
}

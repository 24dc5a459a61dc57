//! Time from a change in the API until it is live, through the real binary.

mod members;
mod service;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Parser;
use serde_json::{Value, json};

use super::http::ask;
use super::process::now;
use super::report::{Report, say};
use super::statistics::{median, range};
use members::Members;
use service::Service;

/// How to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How many load balancers are made, one after the other.
    #[arg(long, default_value_t = 10)]
    load_balancers: u32,
    /// How often a member of each is changed.
    #[arg(long, default_value_t = 10)]
    changes: u32,
    /// How amphorae are kept apart: process, or namespace (root; best inside `unshare -n`).
    #[arg(long, default_value = "process")]
    isolation: String,
    /// The binary to measure; built for release if absent.
    #[arg(long)]
    binary: Option<PathBuf>,
}

/// What a tree should take to become ACTIVE, in milliseconds.
const TREE_TARGET: f64 = 500.0;
/// What a changed member should take to be live, in milliseconds.
const MEMBER_TARGET: f64 = 50.0;
/// How long anything may take before we give up.
const LIMIT: Duration = Duration::from_mins(1);
/// The port of the listener.
const PORT: u16 = 8080;

/// The times of all that was done, in milliseconds.
#[derive(Default)]
struct Times {
    active: Vec<f64>,
    first_byte: Vec<f64>,
    answered: Vec<f64>,
    out: Vec<f64>,
    back: Vec<f64>,
    gone: Vec<f64>,
}

/// Runs the measurement.
pub(crate) fn run(args: &Args) -> anyhow::Result<Report> {
    let service = Service::start(args.binary.as_deref(), &args.isolation)?;
    let measured = measure(args, service.api);
    let times = measured.map_err(|error| error.context(service.log()))?;
    let mut report = Report::new(
        "Milliseconds from a change until it is live",
        vec![
            "change",
            "median",
            "lowest",
            "highest",
            "target",
            "share of target",
        ],
    );
    let none = f64::NAN;
    for (name, times, target) in [
        ("tree created: ACTIVE", &times.active, TREE_TARGET),
        (
            "tree created: first answer through the VIP",
            &times.first_byte,
            none,
        ),
        ("member changed: answered", &times.answered, none),
        ("member taken out: live", &times.out, MEMBER_TARGET),
        ("member put back: live", &times.back, MEMBER_TARGET),
        ("tree deleted: gone", &times.gone, none),
    ] {
        let (lowest, highest) = range(times);
        let middle = median(times);
        report.add(
            name,
            &[middle, lowest, highest, target, middle / target],
            [],
        );
    }
    Ok(report)
}

fn measure(args: &Args, api: SocketAddr) -> anyhow::Result<Times> {
    let subnets = ask(api, "GET", "/v2.0/subnets", None)?.json()?;
    let subnet = &subnets["subnets"][0];
    let host: IpAddr = text(&subnet["gateway_ip"])?.parse()?;
    let members = Members::start(host)?;
    let mut times = Times::default();
    for number in 1..=args.load_balancers {
        let tree = tree(&subnet["id"], &members);
        one_life(api, &tree, args.changes, &mut times)?;
        say(&format!(
            "load balancer {number} of {}",
            args.load_balancers
        ));
    }
    Ok(times)
}

/// Makes a load balancer, changes a member of it, and deletes it.
fn one_life(api: SocketAddr, tree: &Value, changes: u32, times: &mut Times) -> anyhow::Result<()> {
    const PATH: &str = "/v2.0/lbaas/loadbalancers";
    let start = now()?;
    let made = ask(api, "POST", PATH, Some(tree))?.json()?;
    let made = &made["loadbalancer"];
    let own = format!("{PATH}/{}", text(&made["id"])?);
    until_active(api, &own)?;
    times.active.push(milliseconds_since(start)?);
    let vip = SocketAddr::new(text(&made["vip_address"])?.parse()?, PORT);
    until("an answer through the VIP", || {
        Ok(who_answers(vip).is_some())
    })?;
    times.first_byte.push(milliseconds_since(start)?);

    let pools = ask(api, "GET", "/v2.0/lbaas/pools", None)?.json()?;
    let pool = format!("/v2.0/lbaas/pools/{}", text(&pools["pools"][0]["id"])?);
    change_member(api, &pool, vip, changes, times)?;

    let start = now()?;
    let answer = ask(api, "DELETE", &format!("{own}?cascade=true"), None)?;
    if answer.status != 204 {
        bail!(
            "the deletion is answered with {}: {}",
            answer.status,
            answer.body
        );
    }
    until("the end of the load balancer", || {
        Ok(ask(api, "GET", &own, None)?.status == 404)
    })?;
    times.gone.push(milliseconds_since(start)?);
    Ok(())
}

/// Takes the first member out and puts it back, and looks at the traffic each time.
fn change_member(
    api: SocketAddr,
    pool: &str,
    vip: SocketAddr,
    changes: u32,
    times: &mut Times,
) -> anyhow::Result<()> {
    let listed = ask(api, "GET", &format!("{pool}/members?name=one"), None)?.json()?;
    let member = format!("{pool}/members/{}", text(&listed["members"][0]["id"])?);
    for _ in 0..changes {
        for (weight, times_live) in [(0, &mut times.out), (1, &mut times.back)] {
            let start = now()?;
            let body = json!({"member": {"weight": weight}});
            ask(api, "PUT", &member, Some(&body))?.json()?;
            times.answered.push(milliseconds_since(start)?);
            until("the change to be live", || Ok(serves(vip) == (weight == 1)))?;
            times_live.push(milliseconds_since(start)?);
            until_active(api, pool)?;
        }
    }
    Ok(())
}

/// Tells whether the first member takes part: two members in turn both answer within two requests.
fn serves(vip: SocketAddr) -> bool {
    let answers = [who_answers(vip), who_answers(vip)];
    answers.iter().flatten().any(|name| name == "one")
}

fn who_answers(vip: SocketAddr) -> Option<String> {
    let answer = ask(vip, "GET", "/", None).ok()?;
    (answer.status == 200).then_some(answer.body)
}

fn until_active(api: SocketAddr, path: &str) -> anyhow::Result<()> {
    until("ACTIVE", || {
        let shown = ask(api, "GET", path, None)?.json()?;
        let object = shown.as_object().and_then(|object| object.values().next());
        match object.and_then(|object| object["provisioning_status"].as_str()) {
            Some("ACTIVE") => Ok(true),
            Some("ERROR") | None => bail!("{path} does not become ACTIVE: {shown}"),
            Some(_) => Ok(false),
        }
    })
}

/// Asks again and again without a pause worth measuring.
fn until(what: &str, mut condition: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let start = now()?;
    while !condition()? {
        if now()?.saturating_sub(start) > LIMIT {
            bail!("waited {} s for {what}", LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn milliseconds_since(start: Duration) -> anyhow::Result<f64> {
    Ok(now()?.saturating_sub(start).as_secs_f64() * 1e3)
}

fn text(value: &Value) -> anyhow::Result<&str> {
    match value.as_str() {
        Some(text) => Ok(text),
        None => bail!("a text was expected instead of {value}"),
    }
}

fn tree(subnet: &Value, members: &Members) -> Value {
    let members: Vec<Value> = members
        .addresses
        .iter()
        .map(|(name, address)| {
            json!({"name": name, "address": address.ip(), "protocol_port": address.port()})
        })
        .collect();
    json!({"loadbalancer": {
        "name": "measured",
        "project_id": "measured",
        "vip_subnet_id": subnet,
        "listeners": [{
            "name": "web",
            "protocol": "HTTP",
            "protocol_port": PORT,
            "default_pool": {
                "name": "web",
                "protocol": "HTTP",
                "lb_algorithm": "ROUND_ROBIN",
                "members": members,
                "healthmonitor": {
                    "type": "HTTP",
                    "delay": 5,
                    "timeout": 5,
                    "max_retries": 1,
                    "url_path": "/",
                },
            },
        }],
    }})
}

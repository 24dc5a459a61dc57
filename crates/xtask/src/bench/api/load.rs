//! What is asked of the servers, and what it costs them.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::server::{PATH, Server, load_balancer, settle};
use crate::bench::process::{Core, now, on_core};
use crate::bench::proxy::answered;
use crate::mariadb::Mariadb;
use crate::shell::find;

/// Connections at once.
const CONNECTIONS: u32 = 4;

/// How often a page is asked for.
const PAGES: u32 = 10;

/// A request that is made again and again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Request {
    /// One load balancer, by id.
    One,
    /// A page of so many.
    Page(usize),
    /// Another load balancer.
    Create,
}

/// Returns the CPU time of a request, in milliseconds.
pub(super) fn cost(
    server: &Server,
    request: Request,
    one: &str,
    seconds: u32,
) -> anyhow::Result<f64> {
    match request {
        Request::One => under_load(server, &format!("{PATH}/{one}"), "", seconds),
        Request::Create => under_load(server, PATH, &posting(), seconds),
        Request::Page(limit) => pages(server, limit),
    }
}

/// Asks for a page one after the other: some peers take seconds for one.
fn pages(server: &Server, limit: usize) -> anyhow::Result<f64> {
    let path = format!("{PATH}?limit={limit}");
    let before = server.cpu_time()?;
    for _ in 0..PAGES {
        server.ask("GET", &path, None)?;
    }
    let spent = server.cpu_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e3 / f64::from(PAGES))
}

/// Asks on a few connections for some seconds.
fn under_load(server: &Server, path: &str, script: &str, seconds: u32) -> anyhow::Result<f64> {
    let wrk = find("wrk").context("wrk makes the load: apt install wrk")?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), script)?;
    let mut command = Command::new(wrk);
    command
        .arg("--threads=1")
        .arg(format!("--connections={CONNECTIONS}"))
        .arg(format!("--duration={seconds}s"))
        .arg("--timeout=60s")
        .arg("--script")
        .arg(file.path())
        .arg(format!("http://{}{path}", server.address));
    let before = server.cpu_time()?;
    let output = on_core(Core::Others, || command.output())?.context("start wrk")?;
    let requests = answered(&String::from_utf8_lossy(&output.stdout))?;
    let spent = server.cpu_time()?.saturating_sub(before);
    Ok(spent.as_secs_f64() * 1e3 / requests)
}

/// A script of wrk that posts load balancers.
fn posting() -> String {
    format!(
        "wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\n\
         wrk.body = '{}'\n",
        load_balancer()
    )
}

/// What a batch costs.
pub(super) struct Batch {
    /// CPU time, in milliseconds.
    pub(super) cost: f64,
    /// From the request to its answer, in seconds.
    pub(super) seconds: f64,
}

/// Puts so many members into an empty pool with one request.
pub(super) fn batch(
    server: &Server,
    (mariadb, database): (&Mariadb, &str),
    members: usize,
) -> anyhow::Result<Batch> {
    let pool = json!([{"name": "p", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}]);
    let made = server.create(Some(pool))?;
    let pool = made["pools"][0]["id"]
        .as_str()
        .context("a pool without an id")?;
    settle(mariadb, database)?;
    let members: Vec<Value> = (0..members)
        .map(|number| {
            let address = format!("198.18.{}.{}", number / 250, number % 250 + 1);
            json!({"address": address, "protocol_port": 80, "weight": number % 256})
        })
        .collect();
    let path = format!("/v2.0/lbaas/pools/{pool}/members");
    let (spent, begun) = (server.cpu_time()?, now()?);
    server.ask("PUT", &path, Some(&json!({ "members": members })))?;
    let seconds = now()?.saturating_sub(begun).as_secs_f64();
    let spent = server.cpu_time()?.saturating_sub(spent);
    Ok(Batch {
        cost: spent.as_secs_f64() * 1e3,
        seconds,
    })
}

/// Walks a list page by page, and returns how long each took, in milliseconds.
pub(super) fn walk(server: &Server, page: usize) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    let mut marker = String::new();
    loop {
        let begun = now()?;
        let path = format!("{PATH}?limit={page}{marker}");
        let answer = server.ask("GET", &path, None)?;
        times.push(now()?.saturating_sub(begun).as_secs_f64() * 1e3);
        let list = answer.json()?;
        let items = list["loadbalancers"].as_array().context("not a list")?;
        match items.last().and_then(|item| item["id"].as_str()) {
            Some(id) if items.len() == page => marker = format!("&marker={id}"),
            _ => return Ok(times),
        }
    }
}

/// Keeps a folder for one server.
pub(super) fn folder(directory: &Path, name: &str) -> anyhow::Result<std::path::PathBuf> {
    let folder = directory.join(name);
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

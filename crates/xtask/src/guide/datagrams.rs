//! The steps about datagrams and metrics: a second listener on UDP, and one for Prometheus.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use anyhow::Context as _;

use super::host::{ECHO_PORT, WebServer};
use super::openstack::OpenStack;
use crate::shell::{Step, until};

const LISTENER_PORT: &str = "5353";
const METRICS_PORT: &str = "8088";
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends datagrams through `lb1` to both servers, and reads what was counted.
pub(super) fn walk(
    openstack: &OpenStack,
    vip: Ipv4Addr,
    servers: &mut [WebServer],
) -> anyhow::Result<()> {
    for server in &mut *servers {
        server.start_echo()?;
    }
    create(openstack, servers)?;
    let mut names: Vec<String> = servers
        .iter()
        .map(|server| server.name().to_owned())
        .collect();
    until(PATIENCE, "both servers to answer datagrams", || {
        let answer = ask(vip).unwrap_or_default();
        names.retain(|name| *name != answer);
        Ok(names.is_empty())
    })?;
    let pool = openstack.json(&["loadbalancer", "pool", "show", "pool2"])?;
    let id = pool["id"].as_str().context("the pool has no id")?;
    let sample = format!("octavia_pool_sessions_total{{pool=\"{id}:");
    let metrics = format!("http://{vip}:{METRICS_PORT}/metrics");
    until(PATIENCE, "the datagrams to be counted", || {
        let curl = Step::new("curl").args(["-sS", "-m", "10", &metrics]);
        let page = curl.output().unwrap_or_default();
        let found = page.lines().find(|line| line.starts_with(&sample));
        Ok(found.is_some_and(|line| !line.ends_with(" 0")))
    })?;
    println!("datagrams passed through {vip}, and {metrics} counts them");
    Ok(())
}

fn create(openstack: &OpenStack, servers: &[WebServer]) -> anyhow::Result<()> {
    let listener = |name, protocol, port| {
        openstack.run(&[
            "loadbalancer",
            "listener",
            "create",
            "--name",
            name,
            "--protocol",
            protocol,
            "--protocol-port",
            port,
            "lb1",
        ])
    };
    listener("listener2", "UDP", LISTENER_PORT)?;
    listener("listener3", "PROMETHEUS", METRICS_PORT)?;
    openstack.run(&[
        "loadbalancer",
        "pool",
        "create",
        "--name",
        "pool2",
        "--lb-algorithm",
        "ROUND_ROBIN",
        "--listener",
        "listener2",
        "--protocol",
        "UDP",
    ])?;
    for server in servers {
        openstack.run(&[
            "loadbalancer",
            "member",
            "create",
            "--name",
            server.name(),
            "--subnet-id",
            "private-subnet",
            "--address",
            &server.address().to_string(),
            "--protocol-port",
            ECHO_PORT,
            "pool2",
        ])?;
    }
    openstack.run(&[
        "loadbalancer",
        "healthmonitor",
        "create",
        "--name",
        "monitor2",
        "--delay",
        "3",
        "--timeout",
        "1",
        "--max-retries",
        "1",
        "--type",
        "UDP-CONNECT",
        "pool2",
    ])?;
    Ok(())
}

/// Asks from a new port who is there.
fn ask(vip: Ipv4Addr) -> anyhow::Result<String> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    socket.connect(format!("{vip}:{LISTENER_PORT}"))?;
    socket.send(b"who is there?")?;
    let mut buffer = [0; 64];
    let length = socket.recv(&mut buffer).context("no answer came")?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

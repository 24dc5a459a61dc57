//! The steps of the guide, in a tenant's order.

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::host::{Subnet, WEB_PORT, WebServer};
use super::openstack::OpenStack;
use super::service::Service;
use super::{Mode, datagrams, tls};
use crate::shell::{Step, find, until};

/// The port of the listener: above 1023, as the walk without root may not bind lower ones.
const LISTENER_PORT: &str = "8000";
/// How long a status may take to follow the world.
const PATIENCE: Duration = Duration::from_secs(30);

/// Walks the guide from the first line to the last.
pub(crate) fn walk(mode: Mode, binary: &Path, clients: &Path) -> anyhow::Result<()> {
    if find("curl").is_none() {
        bail!("curl is needed: apt-get install curl");
    }
    let scratch = tempfile::tempdir().context("make a temporary directory")?;
    let state = scratch.path().join("state");
    std::fs::create_dir(&state)?;
    let service = Service::start(mode, binary, &state)?;
    let guide = Guide {
        mode,
        openstack: OpenStack::new(clients, service.endpoint()),
    };
    guide
        .walk(scratch.path(), &service)
        .with_context(|| format!("the service's log ends:\n{}", service.log()))?;
    service.stop()?;
    nothing_left(mode, &state)?;
    println!("The guide was walked from the first line to the last, {mode:?} mode.");
    Ok(())
}

/// The client, and where it works.
struct Guide {
    mode: Mode,
    openstack: OpenStack,
}

impl Guide {
    fn walk(&self, scratch: &Path, service: &Service) -> anyhow::Result<()> {
        let vip = self.create_load_balancer()?;
        let subnet = Subnet::of(vip);
        let mut servers = [
            WebServer::new(self.mode, 1, subnet, scratch)?,
            WebServer::new(self.mode, 2, subnet, scratch)?,
        ];
        for server in &mut servers {
            server.start()?;
        }
        self.create_listener_and_pool()?;
        self.create_members(&servers)?;
        requests_alternate(vip, &servers)?;
        self.create_health_monitor()?;
        self.a_server_leaves_and_returns(vip, &mut servers[0])?;
        tls::walk(&self.openstack, vip, service.state())?;
        self.look_at_it()?;
        datagrams::walk(&self.openstack, vip, &mut servers)?;
        self.delete_it()?;
        until(PATIENCE, "the amphora to end", || {
            Ok(service.amphorae()?.is_empty())
        })
    }

    fn create_load_balancer(&self) -> anyhow::Result<Ipv4Addr> {
        self.openstack.run(&[
            "loadbalancer",
            "create",
            "--name",
            "lb1",
            "--vip-subnet-id",
            "private-subnet",
        ])?;
        until(PATIENCE, "lb1 to become ACTIVE", || {
            let list = self.openstack.json(&["loadbalancer", "list"])?;
            let status = field(&list[0], "provisioning_status")?;
            ensure!(status != "ERROR", "lb1 is in ERROR");
            Ok(status == "ACTIVE")
        })?;
        self.openstack.run(&["loadbalancer", "list"])?;
        let shown = self.openstack.json(&["loadbalancer", "show", "lb1"])?;
        let vip = field(&shown, "vip_address")?;
        vip.parse().with_context(|| format!("read the VIP {vip}"))
    }

    fn create_listener_and_pool(&self) -> anyhow::Result<()> {
        self.openstack.run(&[
            "loadbalancer",
            "listener",
            "create",
            "--name",
            "listener1",
            "--protocol",
            "HTTP",
            "--protocol-port",
            LISTENER_PORT,
            "lb1",
        ])?;
        self.openstack.run(&[
            "loadbalancer",
            "pool",
            "create",
            "--name",
            "pool1",
            "--lb-algorithm",
            "ROUND_ROBIN",
            "--listener",
            "listener1",
            "--protocol",
            "HTTP",
        ])?;
        Ok(())
    }

    fn create_members(&self, servers: &[WebServer]) -> anyhow::Result<()> {
        let port = WEB_PORT.to_string();
        for server in servers {
            let address = server.address().to_string();
            self.openstack.run(&[
                "loadbalancer",
                "member",
                "create",
                "--name",
                server.name(),
                "--subnet-id",
                "private-subnet",
                "--address",
                &address,
                "--protocol-port",
                &port,
                "pool1",
            ])?;
        }
        self.openstack
            .run(&["loadbalancer", "member", "list", "pool1"])?;
        for server in servers {
            let status = self.member_status(server.name())?;
            ensure!(status == "NO_MONITOR", "{} is {status}", server.name());
        }
        Ok(())
    }

    fn create_health_monitor(&self) -> anyhow::Result<()> {
        self.openstack.run(&[
            "loadbalancer",
            "healthmonitor",
            "create",
            "--name",
            "monitor1",
            "--delay",
            "1",
            "--timeout",
            "1",
            "--max-retries",
            "2",
            "--type",
            "HTTP",
            "--url-path",
            "/healthcheck",
            "pool1",
        ])?;
        for name in ["web1", "web2"] {
            self.wait_for_member(name, "ONLINE")?;
        }
        Ok(())
    }

    fn a_server_leaves_and_returns(
        &self,
        vip: Ipv4Addr,
        server: &mut WebServer,
    ) -> anyhow::Result<()> {
        server.stop();
        self.wait_for_member(server.name(), "ERROR")?;
        self.openstack
            .run(&["loadbalancer", "member", "list", "pool1"])?;
        for _ in 0..50 {
            let page = get(vip).context("a request after the member left")?;
            ensure!(page != server.name(), "{page} answered although it is out");
        }
        server.start()?;
        self.wait_for_member(server.name(), "ONLINE")?;
        for _ in 0..50 {
            get(vip).context("a request after the member came back")?;
        }
        until(PATIENCE, "the member to serve again", || {
            Ok(get(vip)? == server.name())
        })
    }

    fn look_at_it(&self) -> anyhow::Result<()> {
        let tree = self
            .openstack
            .run(&["loadbalancer", "status", "show", "lb1"])?;
        for name in ["lb1", "listener1", "pool1", "web1", "web2", "monitor1"] {
            ensure!(tree.contains(name), "the status tree does not name {name}");
        }
        until(PATIENCE, "statistics to arrive", || {
            let stats = self
                .openstack
                .json(&["loadbalancer", "stats", "show", "lb1"])?;
            let connections = &stats["total_connections"];
            let connections = connections
                .as_i64()
                .or_else(|| connections.as_str()?.parse().ok())
                .context("total_connections is not a number")?;
            Ok(connections >= 110)
        })?;
        self.openstack
            .run(&["loadbalancer", "stats", "show", "lb1"])?;
        Ok(())
    }

    fn delete_it(&self) -> anyhow::Result<()> {
        self.openstack
            .run(&["loadbalancer", "delete", "--cascade", "lb1"])?;
        until(PATIENCE, "lb1 to be gone", || {
            let list = self.openstack.json(&["loadbalancer", "list"])?;
            Ok(list.as_array().is_some_and(Vec::is_empty))
        })
    }

    fn member_status(&self, name: &str) -> anyhow::Result<String> {
        let shown = self
            .openstack
            .json(&["loadbalancer", "member", "show", "pool1", name])?;
        field(&shown, "operating_status")
    }

    fn wait_for_member(&self, name: &str, status: &str) -> anyhow::Result<()> {
        until(PATIENCE, &format!("{name} to become {status}"), || {
            Ok(self.member_status(name)? == status)
        })
    }
}

fn requests_alternate(vip: Ipv4Addr, servers: &[WebServer]) -> anyhow::Result<()> {
    let names: Vec<&str> = servers.iter().map(WebServer::name).collect();
    // The web servers need a moment to listen; the guide's reader types slower than we do.
    until(PATIENCE, "both web servers to answer", || {
        let pages = [get(vip), get(vip)];
        Ok(names
            .iter()
            .all(|name| pages.iter().flatten().any(|page| page == name)))
    })?;
    let mut pages = Vec::new();
    for _ in 0..10 {
        pages.push(get(vip)?);
    }
    println!("ten requests through {vip}: {}", pages.join(" "));
    ensure!(
        pages.windows(2).all(|pair| pair[0] != pair[1]),
        "requests do not alternate: {pages:?}"
    );
    Ok(())
}

/// Requests the page through the VIP and returns it; an answer that is an error fails.
fn get(vip: Ipv4Addr) -> anyhow::Result<String> {
    let url = format!("http://{vip}:{LISTENER_PORT}/");
    let page = Step::new("curl")
        .args(["-sS", "--fail", "-m", "10", &url])
        .output()?;
    Ok(page.trim().to_owned())
}

fn field(value: &Value, name: &str) -> anyhow::Result<String> {
    value[name]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {name}: {value}"))
}

/// Fails, in Python, when rows outlive the load balancer.
const ROWS_LEFT: &str = r#"
import glob, sqlite3, sys
files = glob.glob(sys.argv[1] + '/**/*.db', recursive=True)
assert len(files) == 1, files
db = sqlite3.connect(files[0])
for table, where in [
    ('load_balancer', "provisioning_status != 'DELETED'"), ('amphora', "status != 'DELETED'"),
    ('listener', '1'), ('pool', '1'), ('member', '1'), ('health_monitor', '1'),
    ('amphora_health', '1'), ('tags', '1'),
]:
    count = db.execute(f'select count(*) from {table} where {where}').fetchone()[0]
    assert count == 0, f'{count} rows left in {table}'
"#;

/// Fails when something outlives the load balancer: rows, namespaces.
fn nothing_left(mode: Mode, state: &Path) -> anyhow::Result<()> {
    Step::new("python3")
        .args(["-c", ROWS_LEFT])
        .args([state.as_os_str()])
        .output()?;
    if mode == Mode::Namespace {
        let left = Step::new("ip").args(["netns", "list"]).output()?;
        let ours: Vec<&str> = left
            .lines()
            .filter(|line| line.starts_with("octavia"))
            .collect();
        ensure!(ours.is_empty(), "namespaces are left: {ours:?}");
    }
    Ok(())
}

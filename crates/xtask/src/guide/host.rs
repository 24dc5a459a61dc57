//! The hosts of the guide: loopback addresses, or network namespaces inside one of our own.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::Mode;
use crate::shell::Step;
use crate::venv::python;

/// Set in the process that runs inside the namespaces made by [`enter`].
const INSIDE: &str = "OCTAVIA_GUIDE_INSIDE";

/// Tells whether this process runs inside namespaces made by [`enter`].
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Starts this command again in a network and a mount namespace of its own, so that bridges,
/// addresses and `/run/netns` are seen by nobody else and vanish with it.
pub(crate) fn enter(binary: &Path, clients: &Path) -> anyhow::Result<()> {
    let this = std::env::current_exe().context("find this program")?;
    let script = "mount -t tmpfs tmpfs /run/netns 2>/dev/null \
                  || { mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns; } \
                  && ip link set lo up && exec \"$@\"";
    Step::new("unshare")
        .args(["--net", "--mount", "--", "sh", "-ec", script, "sh"])
        .args([this.as_os_str()])
        .args(["guide", "--mode", "namespace", "--binary"])
        .args([binary.as_os_str()])
        .args(["--clients"])
        .args([clients.as_os_str()])
        .env(INSIDE, "1")
        .run()
}

/// A web server of Python's, on a host of its own.
pub(crate) struct WebServer {
    name: String,
    address: Ipv4Addr,
    mode: Mode,
    directory: std::path::PathBuf,
    process: Option<Child>,
    /// Answers datagrams with its name.
    echo: Option<Child>,
}

/// The port of the servers of datagrams.
pub(crate) const ECHO_PORT: &str = "5300";

/// Answers every datagram with a name.
const ECHO: &str = r"
import socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], int(sys.argv[2])))
while True:
    _, client = server.recvfrom(2048)
    server.sendto(sys.argv[3].encode(), client)
";

/// The port of the web servers.
pub(crate) const WEB_PORT: u16 = 8080;

impl WebServer {
    /// Makes the host and its page, which says the server's name.
    pub(crate) fn new(
        mode: Mode,
        number: u8,
        subnet: Subnet,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let name = format!("web{number}");
        let directory = directory.join(&name);
        std::fs::create_dir_all(&directory)?;
        std::fs::write(directory.join("index.html"), format!("{name}\n"))?;
        std::fs::write(directory.join("healthcheck"), "well\n")?;
        let address = subnet.host(100 + number);
        if mode == Mode::Namespace {
            make_host(&name, address, subnet)?;
        }
        Ok(Self {
            name,
            address,
            mode,
            directory,
            process: None,
            echo: None,
        })
    }

    /// Returns its address.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Returns its name, which is also its page.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts it.
    pub(crate) fn start(&mut self) -> anyhow::Result<()> {
        let child = self
            .python()
            .args(["-m", "http.server", &WEB_PORT.to_string()])
            .args(["--bind", &self.address.to_string()])
            .arg("--directory")
            .arg(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("start web server {}", self.name))?;
        self.process = Some(child);
        Ok(())
    }

    /// Lets it answer datagrams with its name, until the end.
    pub(crate) fn start_echo(&mut self) -> anyhow::Result<()> {
        let child = self
            .python()
            .args(["-c", ECHO, &self.address.to_string(), ECHO_PORT, &self.name])
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("start the echo of {}", self.name))?;
        self.echo = Some(child);
        Ok(())
    }

    /// Prepares a Python program where the server is.
    fn python(&self) -> Command {
        match self.mode {
            Mode::Process => Command::new(python()),
            Mode::Namespace => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &self.name]).arg(python());
                command
            }
        }
    }

    /// Stops it. A stopped server refuses connections.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.process.take() {
            // Both fail only when the process has ended by itself, which is what is wanted.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.stop();
        self.process = self.echo.take();
        self.stop();
    }
}

/// The /24 that VIP and web servers share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subnet {
    network: Ipv4Addr,
}

impl Subnet {
    /// Returns the subnet that holds `vip`.
    pub(crate) fn of(vip: Ipv4Addr) -> Self {
        let [a, b, c, _] = vip.octets();
        Self {
            network: Ipv4Addr::new(a, b, c, 0),
        }
    }

    /// Returns the address with this last octet.
    fn host(self, last: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.network.octets();
        Ipv4Addr::new(a, b, c, last)
    }
}

/// Makes a network namespace with one interface on the bridge of the subnet.
fn make_host(name: &str, address: Ipv4Addr, subnet: Subnet) -> anyhow::Result<()> {
    let bridge = bridge_of(subnet)?;
    let (outside, inside) = (format!("{name}-o"), format!("{name}-i"));
    let address = format!("{address}/24");
    let gateway = subnet.host(1).to_string();
    for words in [
        vec!["netns", "add", name],
        vec![
            "link", "add", &outside, "type", "veth", "peer", "name", &inside, "netns", name,
        ],
        vec!["link", "set", &outside, "master", &bridge, "up"],
        vec!["-n", name, "addr", "add", &address, "dev", &inside],
        vec!["-n", name, "link", "set", "lo", "up"],
        vec!["-n", name, "link", "set", &inside, "up"],
        vec!["-n", name, "route", "add", "default", "via", &gateway],
    ] {
        Step::new("ip").args(words).run()?;
    }
    Ok(())
}

/// Finds the bridge that carries the subnet's gateway.
fn bridge_of(subnet: Subnet) -> anyhow::Result<String> {
    let gateway = subnet.host(1).to_string();
    let text = Step::new("ip")
        .args(["-json", "-4", "addr", "show"])
        .output()?;
    let links: serde_json::Value = serde_json::from_str(&text)?;
    links
        .as_array()
        .into_iter()
        .flatten()
        .find(|link| {
            link["addr_info"]
                .as_array()
                .is_some_and(|list| list.iter().any(|info| info["local"] == *gateway))
        })
        .and_then(|link| link["ifname"].as_str())
        .map(str::to_owned)
        .with_context(|| format!("no bridge has the gateway address {gateway}"))
}

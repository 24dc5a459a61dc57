//! A server that is measured, with all its processes on one core.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::bench::http::{Answer, ask, ask_within};
use crate::bench::process::{
    Core, Program, cpu_time, family, free_address, last_lines, now, resident,
};
use crate::mariadb::Mariadb;
use crate::shell::{Step, root};

/// How long a server may take until it answers.
const START_PATIENCE: Duration = Duration::from_mins(2);
/// How long an answer may take: large batches take some peers minutes.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_millis(2);
/// The load balancers.
pub(super) const PATH: &str = "/v2.0/lbaas/loadbalancers";

/// A running API.
pub(super) struct Server {
    program: Program,
    pub(super) address: SocketAddr,
    /// How long it took until the first answer.
    pub(super) started: Duration,
    log: PathBuf,
}

impl Server {
    /// Starts ours on an empty database.
    pub(super) fn ours(binary: &Path, directory: &Path, url: &str) -> anyhow::Result<Self> {
        let address = free_address()?;
        let configuration = configuration(directory, address, url)?;
        let octavia = || {
            let mut command = Command::new(binary);
            command.arg("--config-file").arg(&configuration);
            command
        };
        let upgraded = octavia().args(["db", "upgrade"]).output();
        let upgraded = upgraded.with_context(|| format!("start {}", binary.display()))?;
        if !upgraded.status.success() {
            let said = String::from_utf8_lossy(&upgraded.stderr);
            bail!("octavia db upgrade failed:\n{said}");
        }
        let mut command = octavia();
        command.arg("api");
        Self::start(command, address, directory)
    }

    /// Starts upstream's, in two workers of its usual application server, on a database with its
    /// own migrations.
    pub(super) fn upstream(venv: &Path, directory: &Path, url: &str) -> anyhow::Result<Self> {
        let address = free_address()?;
        let configuration = configuration(directory, address, url)?;
        Step::new(venv.join("bin/octavia-db-manage"))
            .args(["--config-file"])
            .args([&configuration])
            .args(["upgrade", "head"])
            .output()?;
        let mut command = Command::new(venv.join("bin/gunicorn"));
        command
            .args(["--bind", &address.to_string(), "--workers", "2"])
            .args(["--worker-class", "gthread", "--threads", "4"])
            .args(["--keep-alive", "75", "upstream:application"])
            .env("OCTAVIA_CONF", &configuration)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONPATH", root().join("crates/xtask/bench"));
        Self::start(command, address, directory)
    }

    fn start(mut command: Command, address: SocketAddr, directory: &Path) -> anyhow::Result<Self> {
        let log = directory.join("api.log");
        let output = std::fs::File::create(&log)?;
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let begun = now()?;
        let program = Program::start(command, Core::Measured)?;
        while !ask(address, "GET", "/", None).is_ok_and(|answer| answer.status == 200) {
            if now()?.saturating_sub(begun) > START_PATIENCE {
                bail!("the API does not answer:\n{}", last_lines(&log));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(Self {
            program,
            address,
            started: now()?.saturating_sub(begun),
            log,
        })
    }

    /// Returns the CPU time of all its processes so far, user and system.
    pub(super) fn cpu_time(&self) -> anyhow::Result<Duration> {
        family(self.program.id()).into_iter().map(cpu_time).sum()
    }

    /// Returns the resident memory of all its processes, in MiB.
    pub(super) fn memory(&self) -> anyhow::Result<f64> {
        family(self.program.id()).into_iter().map(resident).sum()
    }

    /// Asks, and returns the answer to what must succeed.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let answer = ask_within(PATIENCE, self.address, (method, path, body))
            .map_err(|error| error.context(last_lines(&self.log)))?;
        if !(200..300).contains(&answer.status) {
            bail!(
                "{method} {path}: the answer is {}: {}\n{}",
                answer.status,
                answer.body,
                last_lines(&self.log)
            );
        }
        Ok(answer)
    }

    /// Makes a load balancer, with or without pools, and returns what is answered.
    pub(super) fn create(&self, pools: Option<Value>) -> anyhow::Result<Value> {
        let mut body = load_balancer();
        if let Some(pools) = pools {
            body["loadbalancer"]["pools"] = pools;
        }
        let mut made = self.ask("POST", PATH, Some(&body))?.json()?;
        Ok(made["loadbalancer"].take())
    }
}

/// The body of a load balancer; the network driver knows every subnet.
pub(super) fn load_balancer() -> Value {
    json!({"loadbalancer": {
        "name": "measured",
        "project_id": "2f7e1d3c0b5a4e6f8d9c7b6a5e4d3c2b",
        "vip_subnet_id": "6e1a5f60-3f4b-4d5b-9a71-2a4d54a1c0de",
        "tags": ["bench"],
    }})
}

/// Lets the database say that everything is live: no worker does.
pub(super) fn settle(mariadb: &Mariadb, database: &str) -> anyhow::Result<()> {
    let tables = ["load_balancer", "listener", "pool"];
    let update = |table| format!("UPDATE {database}.{table} SET provisioning_status = 'ACTIVE'");
    let sql = tables.map(update).join("; ");
    mariadb.sql(&sql).map(|_| ())
}

/// Writes the configuration, the same for both: drivers that do nothing, and nobody asked who calls.
fn configuration(directory: &Path, address: SocketAddr, url: &str) -> anyhow::Result<PathBuf> {
    let file = directory.join("octavia.conf");
    let text = format!(
        "[DEFAULT]
transport_url = fake://
[api_settings]
auth_strategy = noauth
bind_host = {}
bind_port = {}
default_provider_driver = noop_driver
enabled_provider_drivers = noop_driver: does nothing
sync_wait = 0
[certificates]
cert_manager = noop_cert_manager
[controller_worker]
network_driver = network_noop_driver
[database]
connection = {url}
[oslo_middleware]
max_request_body_size = 10485760
[local_cloud]
state_dir = {}
",
        address.ip(),
        address.port(),
        directory.display(),
    );
    std::fs::write(&file, text)?;
    Ok(file)
}

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;
use tempfile::TempDir;

use super::curl::{Answer, call};
use crate::bench::process::free_address;
use crate::keystone::{Keystone, PASSWORD};
use crate::shell::{Step, until};

/// What audit records call things.
const AUDIT_MAP: &str = "[DEFAULT]
target_endpoint_type = load-balancer
[path_keywords]
loadbalancers = loadbalancer
[service_endpoints]
load-balancer = service/load-balancer
";

/// An API process that asks Keystone who calls.
pub(super) struct Api {
    child: Child,
    folder: TempDir,
    endpoint: String,
}

/// For how long an API remembers what Keystone said of a token.
#[derive(Debug, Clone, Copy)]
pub(super) enum Memory {
    /// It asks about every call.
    None,
    /// Longer than a walk takes; the default.
    Long,
}

impl Memory {
    const fn seconds(self) -> i32 {
        match self {
            Self::None => -1,
            Self::Long => 300,
        }
    }
}

impl Api {
    /// Starts it on a database of its own.
    pub(super) fn start(
        binary: &Path,
        keystone: &Keystone,
        memory: Memory,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a temporary directory")?;
        let (address, url) = (free_address()?, keystone.url());
        let (port, memory) = (address.port(), memory.seconds());
        let path = folder.path().display();
        let configuration = format!(
            "[database]\nconnection = sqlite:///{path}/octavia.db\n\
             [controller_worker]\nnetwork_driver = network_noop_driver\n\
             [local_cloud]\nstate_dir = {path}/state\n\
             [api_settings]\nbind_port = {port}\nsync_wait = 0\nauth_strategy = keystone\n\
             [keystone_authtoken]\nauth_url = {url}\nwww_authenticate_uri = {url}\n\
             username = admin\npassword = {PASSWORD}\nproject_name = admin\n\
             token_cache_time = {memory}\nhttp_request_max_retries = 1\nservice_type = load-balancer\n\
             [audit]\nenabled = True\naudit_map_file = {path}/audit_map.conf\n"
        );
        std::fs::write(folder.path().join("audit_map.conf"), AUDIT_MAP)?;
        let file = folder.path().join("octavia.conf");
        std::fs::write(&file, configuration)?;
        let octavia = Step::new(binary).args(["--config-file"]).args([&file]);
        octavia.args(["db", "upgrade"]).output()?;
        let log = std::fs::File::create(folder.path().join("api.log"))?;
        let child = Command::new(binary)
            .arg("--config-file")
            .arg(&file)
            .arg("api")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start the API")?;
        let mut api = Self {
            child,
            folder,
            endpoint: format!("http://127.0.0.1:{port}"),
        };
        api.wait()?;
        Ok(api)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let url = format!("{}/", self.endpoint);
        until(Duration::from_secs(30), "the API to answer", || {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.path().join("api.log"))?;
                bail!("the API ended with {status}:\n{log}");
            }
            let curl = Step::new("curl").args(["-sf", "-m", "2", "-o", "/dev/null", &url]);
            Ok(curl.succeeds())
        })
    }

    /// Asks, with a token or none.
    pub(super) fn get(&self, path: &str, token: Option<&str>) -> anyhow::Result<Answer> {
        let headers: Vec<_> = token
            .iter()
            .map(|token| format!("x-auth-token: {token}"))
            .collect();
        call("GET", &self.url(path), &headers, None)
    }

    /// Asks as a service that passes on what somebody asks.
    pub(super) fn get_for(&self, path: &str, user: &str, service: &str) -> anyhow::Result<Answer> {
        let headers = [
            format!("x-auth-token: {user}"),
            format!("x-service-token: {service}"),
        ];
        call("GET", &self.url(path), &headers, None)
    }

    /// Creates something.
    pub(super) fn post(&self, path: &str, token: &str, body: &Value) -> anyhow::Result<Answer> {
        let headers = [format!("x-auth-token: {token}")];
        call("POST", &self.url(path), &headers, Some(body))
    }

    /// Returns the targets of its audit records.
    pub(super) fn audited_targets(&self) -> anyhow::Result<Vec<Value>> {
        let log = std::fs::read_to_string(self.folder.path().join("api.log"))?;
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let records = lines.filter_map(|line: Value| {
            let record: Value = serde_json::from_str(line["payload"].as_str()?).ok()?;
            Some(record["target"].clone())
        });
        Ok(records.collect())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.endpoint)
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        // Fails only when it has ended, which is what is wanted.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

//! What these tests share: a local cloud in a directory of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use octavia_cloud::{
    Compute, LocalCloud, LocalCloudConfig, Mode, NetworkDriver, NewPort, NewServer, Placement,
    PortPurpose, Server, ServerFile, ServerStatus, Subnet,
};
use octavia_model::{Id, RandomIds, Secret};
use tempfile::TempDir;

/// A directory, and the configuration of a cloud in it.
pub(crate) struct Home {
    directory: TempDir,
    pub(crate) config: LocalCloudConfig,
}

impl Home {
    /// A cloud of the process mode with one subnet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = LocalCloudConfig::new(directory.path());
        config.mode = Mode::Process;
        config.program = Some(stand_in());
        Self { directory, config }
    }

    pub(crate) async fn open(&self) -> LocalCloud {
        LocalCloud::open(self.config.clone()).await.unwrap()
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join("cloud").join(below)
    }

    pub(crate) fn server_path(&self, server: &Server, below: &str) -> PathBuf {
        self.path("servers").join(server.id.to_string()).join(below)
    }

    /// Returns the names in a directory of the cloud.
    pub(crate) fn names(&self, below: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(below)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Returns the number of the process that runs a server.
    pub(crate) fn pid(&self, server: &Server) -> i32 {
        let record = std::fs::read(self.server_path(server, "process.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        record["pid"].as_i64().unwrap().try_into().unwrap()
    }
}

/// The program that stands in for an amphora.
pub(crate) fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/stand-in.sh")
}

pub(crate) async fn subnet(cloud: &LocalCloud) -> Subnet {
    cloud.subnets().await.unwrap().swap_remove(0)
}

pub(crate) async fn new_port(cloud: &LocalCloud, purpose: PortPurpose) -> NewPort {
    let subnet = subnet(cloud).await;
    NewPort {
        purpose,
        network_id: subnet.network_id,
        subnet_id: subnet.id,
        ip_address: None,
        project_id: None,
    }
}

pub(crate) fn vip() -> PortPurpose {
    PortPurpose::Vip(Id::new(&RandomIds))
}

pub(crate) fn new_server() -> NewServer {
    let file = |path: &str, content: &str| ServerFile {
        path: path.to_owned(),
        content: Secret::new(content.to_owned()),
    };
    NewServer {
        amphora_id: Id::new(&RandomIds),
        load_balancer_id: Id::new(&RandomIds),
        ports: Vec::new(),
        files: vec![
            file("agent.conf", "[amphora_agent]\n"),
            file("certs/server.pem", "a key"),
        ],
        availability_zone: None,
        placement: Placement::Anywhere,
    }
}

/// Returns the status of a server, which must be listed.
pub(crate) async fn status(cloud: &LocalCloud, server: &Server) -> ServerStatus {
    let servers = cloud.servers(server.load_balancer_id).await.unwrap();
    let mut servers = servers.iter().filter(|other| other.id == server.id);
    servers.next().expect("the server is listed").status
}

/// Waits until a condition holds, for at most ten seconds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "waited too long until {what}");
}

/// Tells whether a process exists, as a zombie too.
pub(crate) fn exists(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Sends SIGKILL.
pub(crate) fn kill(pid: i32) {
    use nix::sys::signal::{Signal, kill};
    kill(nix::unistd::Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}

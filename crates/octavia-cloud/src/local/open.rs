use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::addresses::Book;
use super::disk::{self, Lock};
use super::limits::Groups;
use super::ports::Ports;
use super::servers::Servers;
use super::wires::Wires;
use super::{Files, Isolation, LocalCloud, LocalCloudConfig, Mode};
use crate::catalogue::Catalogue;
use crate::{Error, Result, Subnet, SubnetDefinition};

/// The name of the subnet of the agents, in messages.
const MANAGEMENT: &str = "management";

impl LocalCloud {
    /// Opens the cloud, with whatever an earlier process left in its directory.
    pub async fn open(config: LocalCloudConfig) -> Result<Self> {
        let root = config.state_dir.join("cloud");
        let root = std::path::absolute(&root).map_err(disk::fault("find the directory", &root))?;
        for directory in ["ports", "addresses", "servers", "scratch", "locks"] {
            disk::make_directory(&root.join(directory))?;
        }
        let ports = Ports::new(root.join("ports"));
        let servers = Servers::new(root.join("servers"), root.join("scratch"));
        let kept = root.join("isolation");
        let in_use = !ports.all()?.is_empty() || !servers.all()?.is_empty();
        let before = if in_use {
            Isolation::read(&kept)?
        } else {
            None
        };
        let (isolation, wires) = isolate(config.mode, before, &root).await?;
        isolation.write(&kept)?;
        let (catalogue, management) = networks(&config, isolation)?;
        let cloud = Self {
            isolation,
            catalogue,
            management,
            program: program(config.program)?,
            extra_arguments: config.extra_arguments,
            locks: root.join("locks"),
            files: Arc::new(Files {
                book: Book::new(root.join("addresses"), isolation),
                ports,
                servers,
            }),
            groups: Groups::new(config.limits),
            wires,
        };
        cloud.prepare().await?;
        Ok(cloud)
    }

    /// Clears away what a crash left, and makes the bridges, so that the host has its addresses.
    async fn prepare(&self) -> Result<()> {
        self.with_addresses(|files| files.book.sweep()).await?;
        for id in self.blocking(|files| files.servers.scraps()).await? {
            // Whoever fills or empties it now holds its lock, and clears up by itself.
            if let Some(_lock) = Lock::try_take(&self.server_lock(id))? {
                self.blocking(move |files| files.servers.sweep(id)).await?;
            }
        }
        if let Some(wires) = &self.wires {
            for subnet in self.all_subnets() {
                wires.ensure_bridge(subnet).await?;
            }
        }
        Ok(())
    }
}

/// Decides how amphorae are kept apart. What exists was made one way, and cannot go on another.
async fn isolate(
    mode: Mode,
    before: Option<Isolation>,
    root: &Path,
) -> Result<(Isolation, Option<Wires>)> {
    let wires = match mode {
        Mode::Process => None,
        Mode::Namespace => Some(Wires::open(root).await?),
        Mode::Auto if before == Some(Isolation::Process) => None,
        Mode::Auto => match Wires::open(root).await {
            Ok(wires) => Some(wires),
            Err(error) => {
                let why = cause(&error);
                tracing::info!(
                    error = why,
                    "amphorae run as plain processes: {error}: {why}"
                );
                None
            }
        },
    };
    let isolation = match wires {
        Some(_) => Isolation::Namespace,
        None => Isolation::Process,
    };
    match before {
        Some(before) if before != isolation => Err(Error::Refused(format!(
            "{} holds amphorae of the {} mode, and this is the {} mode: start it as before and \
             delete them, or use another state directory",
            root.display(),
            before.word(),
            isolation.word()
        ))),
        Some(_) | None => Ok((isolation, wires)),
    }
}

impl Isolation {
    /// Returns how amphorae were kept apart so far.
    fn read(path: &Path) -> Result<Option<Self>> {
        match std::fs::read_to_string(path) {
            Ok(word) => Ok([Self::Namespace, Self::Process]
                .into_iter()
                .find(|isolation| isolation.word() == word)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk::fault("read", path)(error)),
        }
    }

    /// Keeps how amphorae are kept apart, for the next start.
    fn write(self, path: &Path) -> Result<()> {
        if Self::read(path)? == Some(self) {
            return Ok(());
        }
        disk::write_private(path, self.word().as_bytes())
    }
}

fn cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(String::new, ToString::to_string)
}

/// Reads the subnets, and checks that they suit the mode and each other.
fn networks(config: &LocalCloudConfig, isolation: Isolation) -> Result<(Catalogue, Subnet)> {
    let definitions = match config.subnets.as_slice() {
        [] => isolation.default_subnets(),
        configured => configured.to_vec(),
    };
    let management = config
        .management
        .unwrap_or_else(|| isolation.default_management());
    let management = SubnetDefinition::new(MANAGEMENT, MANAGEMENT, management);
    for definition in definitions.iter().chain([&management]) {
        isolation.check(&definition.name, definition.cidr)?;
    }
    let catalogue = Catalogue::new(&definitions)?;
    let management = catalogue.clone().with(&management)?;
    Ok((catalogue, management))
}

/// Finds the program of an amphora now: this program may be replaced while it runs.
fn program(configured: Option<PathBuf>) -> Result<PathBuf> {
    match configured {
        Some(program) => Ok(program),
        None => std::env::current_exe()
            .map_err(|error| Error::unavailable("find the program that amphorae run", error)),
    }
}

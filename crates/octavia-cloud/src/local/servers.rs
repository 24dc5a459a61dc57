use std::net::IpAddr;
use std::path::{Component, Path, PathBuf};

use octavia_model::{Id, Port as PortId, Server as ServerId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::disk::{self, Found};
use super::process::Process;
use crate::{Error, NewServer, Result, ServerFile};

/// What was asked of the server.
const RECORD: &str = "server.json";
/// Which process runs it.
const PROCESS: &str = "process.json";
/// What its process prints.
const LOG: &str = "amphora.log";
/// What the agent reads first.
const AGENT_CONFIG: &str = "agent.conf";

/// The servers: a directory each, which appears whole and disappears whole.
pub(super) struct Servers {
    directory: PathBuf,
    /// Where directories are filled, and emptied.
    scratch: PathBuf,
}

/// A server on disk: what was asked, and what it was given.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    amphora_id: Uuid,
    load_balancer_id: Uuid,
    ports: Vec<Uuid>,
    availability_zone: Option<String>,
    pub(super) management_address: IpAddr,
}

impl Record {
    pub(super) fn id(&self) -> Id<ServerId> {
        Id::from_uuid(self.amphora_id)
    }

    pub(super) fn ports(&self) -> Vec<Id<PortId>> {
        self.ports.iter().copied().map(Id::from_uuid).collect()
    }

    pub(super) fn has_port(&self, port: Id<PortId>) -> bool {
        self.ports.contains(&port.uuid())
    }

    pub(super) fn with_port(mut self, port: Id<PortId>) -> Self {
        self.ports.push(port.uuid());
        self
    }

    pub(super) fn without_port(mut self, port: Id<PortId>) -> Self {
        self.ports.retain(|attached| *attached != port.uuid());
        self
    }

    /// Describes the server to those who asked for it.
    pub(super) fn server(&self, status: crate::ServerStatus) -> crate::Server {
        crate::Server {
            id: self.id(),
            amphora_id: Id::from_uuid(self.amphora_id),
            load_balancer_id: Id::from_uuid(self.load_balancer_id),
            status,
            management_address: Some(self.management_address),
            ports: self.ports(),
            fault: None,
        }
    }
}

/// Returns the id of an amphora's server: a server an amphora, so it is the same UUID.
pub(super) fn id_of(new: &NewServer) -> Id<ServerId> {
    Id::from_uuid(new.amphora_id.uuid())
}

impl Servers {
    pub(super) fn new(directory: PathBuf, scratch: PathBuf) -> Self {
        Self { directory, scratch }
    }

    /// Puts a new server's directory in place, with its files.
    pub(super) fn create(&self, new: &NewServer, management_address: IpAddr) -> Result<Record> {
        let record = Record {
            amphora_id: new.amphora_id.uuid(),
            load_balancer_id: new.load_balancer_id.uuid(),
            ports: new.ports.iter().map(|port| port.uuid()).collect(),
            availability_zone: new.availability_zone.clone(),
            management_address,
        };
        let id = record.id();
        let filled = self.scratch.join(format!("{id}.new"));
        let made = fill(&filled, &record, &new.files).and_then(|()| {
            let path = self.path(id);
            std::fs::rename(&filled, &path).map_err(disk::fault("make the server", &path))
        });
        if made.is_err() {
            disk::remove_directory(&filled)?;
        }
        made.map(|()| record)
    }

    pub(super) fn save(&self, record: &Record) -> Result<()> {
        disk::write_record(&self.path(record.id()).join(RECORD), record)
    }

    /// Returns a server. One whose record cannot be read counts as gone: it is cleared away when
    /// it is made again or deleted.
    pub(super) fn read(&self, id: Id<ServerId>) -> Result<Option<Record>> {
        let path = self.path(id).join(RECORD);
        match disk::read_record::<Record>(&path)? {
            Found::Record(record) if record.id() == id => Ok(Some(record)),
            Found::Nothing => Ok(None),
            Found::Record(_) | Found::Garbage(_) => {
                let path = path.display();
                tracing::warn!(server.id = %id, path = %path, "ignored the damaged server {path}");
                Ok(None)
            }
        }
    }

    pub(super) fn all(&self) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for path in disk::list(&self.directory)? {
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(id) = name.and_then(|name| name.parse().ok()) {
                records.extend(self.read(id)?);
            }
        }
        Ok(records)
    }

    /// Removes a server's directory: at once out of the list, then from the disk.
    pub(super) fn remove(&self, id: Id<ServerId>) -> Result<()> {
        let path = self.path(id);
        let gone = self.scratch.join(format!("{id}.gone"));
        disk::remove_directory(&gone)?;
        match std::fs::rename(&path, &gone) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(disk::fault("remove the server", &path)(error)),
            Ok(()) => disk::remove_directory(&gone),
        }
    }

    /// Returns the servers that a crash left half made or half removed.
    pub(super) fn scraps(&self) -> Result<Vec<Id<ServerId>>> {
        let paths = disk::list(&self.scratch)?;
        let names = paths.iter().filter_map(|path| path.file_stem()?.to_str());
        Ok(names.filter_map(|name| name.parse().ok()).collect())
    }

    /// Removes what a crash left of a server.
    pub(super) fn sweep(&self, id: Id<ServerId>) -> Result<()> {
        for what in ["new", "gone"] {
            disk::remove_directory(&self.scratch.join(format!("{id}.{what}")))?;
        }
        Ok(())
    }

    /// Returns the process that was last started for a server.
    pub(super) fn process(&self, id: Id<ServerId>) -> Result<Option<Process>> {
        Ok(match disk::read_record(&self.path(id).join(PROCESS))? {
            Found::Record(process) => Some(process),
            Found::Nothing | Found::Garbage(_) => None,
        })
    }

    pub(super) fn save_process(&self, id: Id<ServerId>, process: &Process) -> Result<()> {
        disk::write_record(&self.path(id).join(PROCESS), process)
    }

    pub(super) fn path(&self, id: Id<ServerId>) -> PathBuf {
        self.directory.join(id.to_string())
    }

    pub(super) fn log(&self, id: Id<ServerId>) -> PathBuf {
        self.path(id).join(LOG)
    }

    pub(super) fn agent_config(&self, id: Id<ServerId>) -> PathBuf {
        self.path(id).join(AGENT_CONFIG)
    }
}

fn fill(directory: &Path, record: &Record, files: &[ServerFile]) -> Result<()> {
    disk::remove_directory(directory)?;
    disk::make_directory(directory)?;
    for file in files {
        let path = directory.join(relative(&file.path)?);
        if let Some(parent) = path.parent() {
            disk::make_directory(parent)?;
        }
        disk::write_private(&path, file.content.reveal().as_bytes())?;
    }
    disk::write_record(&directory.join(RECORD), record)
}

/// Refuses a path that leads out of the server's directory, or to one of our own files.
fn relative(path: &str) -> Result<&Path> {
    let inside = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if inside && !path.is_empty() && ![RECORD, PROCESS, LOG].contains(&path) {
        return Ok(Path::new(path));
    }
    Err(Error::Refused(format!(
        "a server's file cannot be put at '{path}'"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_leave_its_server_or_replace_our_own() {
        assert!(relative("certs/server.pem").is_ok());
        for path in ["", "/etc/passwd", "../x", "a/../../x", "server.json", "./x"] {
            assert!(relative(path).is_err(), "{path}");
        }
    }
}

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use octavia_model::{Id, Port as PortId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::addresses::Book;
use super::disk::{self, Found};
use crate::{NewPort, Port, PortPurpose, Result, Subnet};

/// The ports: a file each, named after an id that follows from what the port is for.
pub(super) struct Ports {
    directory: PathBuf,
}

impl Ports {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Makes a port, or returns the one of that purpose. The address comes first, so a crash
    /// leaves a claim without a holder, which is free.
    pub(super) fn create(&self, book: &Book, new: &NewPort, subnet: &Subnet) -> Result<Port> {
        let id = id_of(new.purpose);
        if let Some(port) = self.read(id)? {
            return Ok(port);
        }
        let path = self.path(id);
        let address = book.take(subnet, new.ip_address, &path)?;
        let written = disk::write_record(&path, &Record::new(new, address));
        if written.is_err() {
            book.release(address, &path)?;
        }
        written.map(|()| Port::unattached(id, new, address))
    }

    pub(super) fn delete(&self, book: &Book, id: Id<PortId>) -> Result<()> {
        let Some(port) = self.read(id)? else {
            return Ok(());
        };
        let path = self.path(id);
        disk::remove_file(&path)?;
        for ip in port.fixed_ips {
            book.release(ip.ip_address, &path)?;
        }
        Ok(())
    }

    /// Returns a port; one that cannot be read counts as gone, and is made again when asked for.
    pub(super) fn read(&self, id: Id<PortId>) -> Result<Option<Port>> {
        read(&self.path(id))
    }

    pub(super) fn all(&self) -> Result<Vec<Port>> {
        let mut ports = Vec::new();
        for path in disk::list(&self.directory)? {
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                ports.extend(read(&path)?);
            }
        }
        Ok(ports)
    }

    fn path(&self, id: Id<PortId>) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }
}

fn read(path: &Path) -> Result<Option<Port>> {
    match disk::read_record::<Record>(path)? {
        Found::Record(record) => Ok(Some(record.port())),
        Found::Nothing => Ok(None),
        Found::Garbage(error) => {
            let path = path.display();
            tracing::warn!(path = %path, error = %error, "ignored the damaged port {path}");
            Ok(None)
        }
    }
}

/// Returns the id of the port with that purpose, so that asking twice finds it.
fn id_of(purpose: PortPurpose) -> Id<PortId> {
    let text = match purpose {
        PortPurpose::Vip(load_balancer) => format!("vip/{load_balancer}"),
        PortPurpose::Vrrp { amphora, .. } => format!("vrrp/{amphora}"),
        PortPurpose::Member {
            amphora, subnet, ..
        } => format!("member/{amphora}/{subnet}"),
    };
    let text = format!("octavia-local-cloud/port/{text}");
    Id::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_URL, text.as_bytes()))
}

/// A port on disk.
#[derive(Serialize, Deserialize)]
struct Record {
    purpose: Purpose,
    network_id: Uuid,
    subnet_id: Uuid,
    ip_address: IpAddr,
    project_id: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Purpose {
    Vip {
        load_balancer: Uuid,
    },
    Vrrp {
        amphora: Uuid,
        load_balancer: Uuid,
    },
    Member {
        amphora: Uuid,
        load_balancer: Uuid,
        subnet: Uuid,
    },
}

impl Record {
    fn new(new: &NewPort, ip_address: IpAddr) -> Self {
        Self {
            purpose: new.purpose.into(),
            network_id: new.network_id.uuid(),
            subnet_id: new.subnet_id.uuid(),
            ip_address,
            project_id: new.project_id.clone(),
        }
    }

    fn port(self) -> Port {
        let new = NewPort {
            purpose: self.purpose.into(),
            network_id: Id::from_uuid(self.network_id),
            subnet_id: Id::from_uuid(self.subnet_id),
            ip_address: None,
            project_id: self.project_id,
        };
        Port::unattached(id_of(new.purpose), &new, self.ip_address)
    }
}

impl From<PortPurpose> for Purpose {
    fn from(purpose: PortPurpose) -> Self {
        match purpose {
            PortPurpose::Vip(load_balancer) => Self::Vip {
                load_balancer: load_balancer.uuid(),
            },
            PortPurpose::Vrrp {
                amphora,
                load_balancer,
            } => Self::Vrrp {
                amphora: amphora.uuid(),
                load_balancer: load_balancer.uuid(),
            },
            PortPurpose::Member {
                amphora,
                load_balancer,
                subnet,
            } => Self::Member {
                amphora: amphora.uuid(),
                load_balancer: load_balancer.uuid(),
                subnet: subnet.uuid(),
            },
        }
    }
}

impl From<Purpose> for PortPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Vip { load_balancer } => Self::Vip(Id::from_uuid(load_balancer)),
            Purpose::Vrrp {
                amphora,
                load_balancer,
            } => Self::Vrrp {
                amphora: Id::from_uuid(amphora),
                load_balancer: Id::from_uuid(load_balancer),
            },
            Purpose::Member {
                amphora,
                load_balancer,
                subnet,
            } => Self::Member {
                amphora: Id::from_uuid(amphora),
                load_balancer: Id::from_uuid(load_balancer),
                subnet: Id::from_uuid(subnet),
            },
        }
    }
}

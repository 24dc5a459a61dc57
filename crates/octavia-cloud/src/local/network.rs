use futures_util::future::BoxFuture;
use octavia_model::{Id, Network as NetworkId, Port as PortId, Subnet as SubnetId};

use super::{Files, LocalCloud};
use crate::{Error, Network, NetworkDriver, NewPort, Port, PortFilter, Result, Subnet};

impl NetworkDriver for LocalCloud {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        Box::pin(async { Ok(self.catalogue.networks().to_vec()) })
    }

    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        Box::pin(async { Ok(self.catalogue.subnets().to_vec()) })
    }

    fn subnet(&self, id: Id<SubnetId>) -> BoxFuture<'_, Result<Subnet>> {
        Box::pin(async move { self.catalogue.subnet(id).cloned() })
    }

    fn network(&self, id: Id<NetworkId>) -> BoxFuture<'_, Result<Network>> {
        Box::pin(async move { self.catalogue.network(id).cloned() })
    }

    fn port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<Port>> {
        Box::pin(self.blocking(move |files| {
            let port = files.ports.read(id)?;
            let port = port.ok_or_else(|| not_found(id))?;
            Ok(files.with_servers(vec![port])?.swap_remove(0))
        }))
    }

    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        Box::pin(self.blocking(move |files| {
            let mut ports = files.ports.all()?;
            ports.retain(|port| filter.matches(port));
            files.with_servers(ports)
        }))
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        Box::pin(async move {
            let subnet = self.catalogue.subnet_of(new.network_id, new.subnet_id)?;
            let (new, subnet) = (new.clone(), subnet.clone());
            self.with_addresses(move |files| {
                let port = files.ports.create(&files.book, &new, &subnet)?;
                Ok(files.with_servers(vec![port])?.swap_remove(0))
            })
            .await
        })
    }

    fn delete_port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let users = self.blocking(move |files| files.users(id)).await?;
            for server in users {
                self.unplug(server, id).await?;
            }
            self.with_addresses(move |files| files.ports.delete(&files.book, id))
                .await
        })
    }
}

impl Files {
    /// Fills in which server each port is attached to; the servers' records say so.
    fn with_servers(&self, mut ports: Vec<Port>) -> Result<Vec<Port>> {
        let servers = self.servers.all()?;
        for port in &mut ports {
            let mut servers = servers.iter();
            let user = servers.find(|server| server.has_port(port.id));
            port.server = user.map(super::servers::Record::id);
        }
        Ok(ports)
    }
}

pub(super) fn not_found(id: Id<PortId>) -> Error {
    Error::NotFound {
        kind: "port",
        id: id.to_string(),
    }
}

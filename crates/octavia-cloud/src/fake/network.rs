use futures_util::future::BoxFuture;
use octavia_model::{Id, Network as NetworkId, Port as PortId, Subnet as SubnetId};

use super::{Call, FakeCloud};
use crate::{Network, NetworkDriver, NewPort, Port, PortFilter, Result, Subnet};

impl NetworkDriver for FakeCloud {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        self.call(Call::ReadNetworks, |_| {
            Ok(self.catalogue.networks().to_vec())
        })
    }

    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        self.call(Call::ReadSubnets, |_| Ok(self.catalogue.subnets().to_vec()))
    }

    fn subnet(&self, id: Id<SubnetId>) -> BoxFuture<'_, Result<Subnet>> {
        self.call(Call::ReadSubnets, move |_| {
            self.catalogue.subnet(id).cloned()
        })
    }

    fn network(&self, id: Id<NetworkId>) -> BoxFuture<'_, Result<Network>> {
        self.call(Call::ReadNetworks, move |_| {
            self.catalogue.network(id).cloned()
        })
    }

    fn port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<Port>> {
        self.call(Call::ReadPorts, move |state| state.port(id).cloned())
    }

    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        self.call(Call::ReadPorts, move |state| {
            let mut ports = state.ports();
            ports.retain(|port| filter.matches(port));
            Ok(ports)
        })
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        self.call(Call::CreatePort, |state| {
            let subnet = self.catalogue.subnet_of(new.network_id, new.subnet_id)?;
            state.create_port(new, subnet, self.ids.as_ref())
        })
    }

    fn delete_port(&self, id: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::DeletePort, move |state| {
            state.delete_port(id);
            Ok(())
        })
    }
}

use futures_util::future::BoxFuture;
use octavia_model::{
    Id, Network as NetworkId, Port as PortId, QosPolicy, SecurityGroup, Subnet as SubnetId,
};

use super::{Call, FakeCloud};
use crate::{FreeAddresses, Network, NetworkDriver, NewPort, Port, PortFilter, Result, Subnet};

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

    fn has_qos(&self) -> BoxFuture<'_, Result<bool>> {
        self.call(Call::ReadNetworks, |state| Ok(state.extras().has_qos()))
    }

    fn qos_policy_exists(&self, id: Id<QosPolicy>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::ReadPorts, move |state| state.extras().qos_policy(id))
    }

    fn security_group_exists(&self, id: Id<SecurityGroup>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::ReadPorts, move |state| {
            state.extras().security_group(id)
        })
    }

    fn free_addresses(
        &self,
        network: Id<NetworkId>,
    ) -> BoxFuture<'_, Result<Option<FreeAddresses>>> {
        self.call(Call::ReadSubnets, move |state| {
            let subnets = &self.catalogue.network(network)?.subnets;
            let free = |id: &Id<SubnetId>| Ok((*id, state.free(self.catalogue.subnet(*id)?)));
            subnets.iter().map(free).collect::<Result<_>>().map(Some)
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

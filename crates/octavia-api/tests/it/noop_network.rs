//! A network where everything that is asked for exists, as upstream's no-op driver has it: the
//! recorded calls were made against that.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use octavia_cloud::{
    FixedIp, Network, NetworkDriver, NewPort, Port, PortFilter, PortPurpose, Result, Subnet,
};
use octavia_model::{Id, IdSource, Network as NetworkMark, Port as PortMark, RandomIds};
use octavia_model::{LoadBalancer, Subnet as SubnetMark};

#[derive(Default)]
pub(crate) struct NoopNetwork(Mutex<State>);

#[derive(Default)]
struct State {
    /// The network of a subnet is another one each time, until a network was asked for by id.
    networks: BTreeMap<Id<SubnetMark>, Id<NetworkMark>>,
    ports: BTreeMap<Id<PortMark>, Port>,
}

/// The subnet of most recorded calls, and the second one of additional VIPs.
const SUBNETS: [u128; 2] = [
    0x1111_1111_1111_1111_1111_1111_1111_1111,
    0x7777_7777_7777_7777_7777_7777_7777_7777,
];

impl NoopNetwork {
    /// How many ports there are.
    pub(crate) fn ports_held(&self) -> usize {
        self.lock().ports.len()
    }

    /// The ports of a load balancer.
    pub(crate) fn ports_of(&self, id: Id<LoadBalancer>) -> usize {
        let of = |port: &&Port| {
            port.purpose
                .is_some_and(|purpose| purpose.load_balancer() == id)
        };
        self.lock().ports.values().filter(of).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh<T>() -> Id<T> {
    Id::from_uuid(RandomIds.next())
}

fn now<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T>> {
    async move { Ok(value) }.boxed()
}

impl NetworkDriver for NoopNetwork {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        now(Vec::new())
    }

    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        now(Vec::new())
    }

    fn subnet(&self, id: Id<SubnetMark>) -> BoxFuture<'_, Result<Subnet>> {
        let known = self.lock().networks.get(&id).copied();
        now(Subnet {
            id,
            name: String::new(),
            network_id: known.unwrap_or_else(fresh),
            cidr: IpNet::from(std::net::IpAddr::from([0, 0, 0, 0])),
            gateway: None,
        })
    }

    fn network(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<Network>> {
        let mut state = self.lock();
        let known = SUBNETS.map(|uuid| Id::from_uuid(uuid::Uuid::from_u128(uuid)));
        for subnet in known {
            state.networks.insert(subnet, id);
        }
        now(Network {
            id,
            name: String::new(),
            subnets: vec![fresh(), known[0], known[1]],
            mtu: 1500,
        })
    }

    fn port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<Port>> {
        now(port(id, fresh(), Vec::new(), None))
    }

    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        let mut ports: Vec<_> = self.lock().ports.values().cloned().collect();
        if let PortFilter::LoadBalancer(id) = filter {
            ports.retain(|port| {
                port.purpose
                    .is_some_and(|purpose| purpose.load_balancer() == id)
            });
        }
        now(ports)
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        let ip = FixedIp {
            subnet_id: new.subnet_id,
            ip_address: new.ip_address.unwrap_or_else(|| [198, 51, 100, 1].into()),
        };
        let port = port(fresh(), new.network_id, vec![ip], Some(new.purpose));
        self.lock().ports.insert(port.id, port.clone());
        now(port)
    }

    fn delete_port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<()>> {
        self.lock().ports.remove(&id);
        now(())
    }
}

fn port(
    id: Id<PortMark>,
    network_id: Id<NetworkMark>,
    fixed_ips: Vec<FixedIp>,
    purpose: Option<PortPurpose>,
) -> Port {
    Port {
        id,
        name: String::new(),
        network_id,
        mac_address: "fa:16:3e:00:00:01".to_owned(),
        fixed_ips,
        purpose,
        device_id: String::new(),
        device_owner: String::new(),
        server: None,
    }
}

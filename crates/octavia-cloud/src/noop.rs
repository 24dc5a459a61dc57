//! Drivers that do nothing, for tests of the API: whatever is asked for exists.
//!
//! They answer as upstream's drivers of the same names do.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ipnet::IpNet;
use octavia_model::{Id, IdSource, Network as NetworkMark, Port as PortMark, RandomIds};
use octavia_model::{LoadBalancer, QosPolicy, Secret, SecurityGroup, Subnet as SubnetMark};

use crate::{CertificateBundle, SecretReader, Secrets};
use crate::{
    FixedIp, Network, NetworkDriver, NewPort, Port, PortFilter, PortPurpose, Result, Subnet,
};

/// A store of secrets that holds one certificate under every name: upstream's `noop_cert_manager`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopSecrets;

/// The certificate, its own authority, and its key, which is no secret.
const SAMPLE: &str = include_str!("../data/noop.pem");

impl Secrets for NoopSecrets {
    fn certificate<'a>(
        &'a self,
        _: &'a SecretReader,
        reference: &'a str,
    ) -> BoxFuture<'a, Result<CertificateBundle>> {
        let bundle = CertificateBundle::from_pem(reference, SAMPLE.as_bytes(), None);
        async move { bundle }.boxed()
    }

    fn secret<'a>(
        &'a self,
        _: &'a SecretReader,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Secret<Vec<u8>>>> {
        now(Secret::new(SAMPLE.as_bytes().to_vec()))
    }

    fn grant<'a>(&'a self, _: &'a SecretReader, _: &'a str) -> BoxFuture<'a, Result<()>> {
        now(())
    }

    fn withdraw<'a>(&'a self, _: &'a SecretReader, _: &'a str) -> BoxFuture<'a, Result<()>> {
        now(())
    }
}

/// A network where everything that is asked for exists: upstream's `network_noop_driver`.
#[derive(Default)]
pub struct NoopNetwork(Mutex<State>);

#[derive(Default)]
struct State {
    /// The network that was asked for last: all subnets are its own.
    asked: Option<Id<NetworkMark>>,
    /// The network of all subnets before, until a port is made.
    made_up: Option<Id<NetworkMark>>,
    ports: BTreeMap<Id<PortMark>, Port>,
}

/// The address of a port for which none was asked.
const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 1));

impl NoopNetwork {
    /// Returns how many ports there are.
    pub fn ports_held(&self) -> usize {
        self.lock().ports.len()
    }

    /// Returns how many ports a load balancer has.
    pub fn ports_of(&self, id: Id<LoadBalancer>) -> usize {
        let filter = PortFilter::LoadBalancer(id);
        let state = self.lock();
        state
            .ports
            .values()
            .filter(|port| filter.matches(port))
            .count()
    }

    fn current(&self) -> Id<NetworkMark> {
        let mut state = self.lock();
        let asked = state.asked;
        asked.unwrap_or_else(|| *state.made_up.get_or_insert_with(fresh))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
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
        now(Subnet {
            id,
            name: String::new(),
            network_id: self.current(),
            cidr: IpNet::from(IpAddr::from([0, 0, 0, 0])),
            gateway: None,
        })
    }

    fn network(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<Network>> {
        self.lock().asked = Some(id);
        now(Network {
            id,
            name: String::new(),
            subnets: vec![fresh()],
            mtu: 1500,
        })
    }

    fn port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<Port>> {
        now(port(id, self.current(), Vec::new(), None))
    }

    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        let mut ports: Vec<_> = self.lock().ports.values().cloned().collect();
        ports.retain(|port| filter.matches(port));
        now(ports)
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        let ip = FixedIp {
            subnet_id: new.subnet_id,
            ip_address: new.ip_address.unwrap_or(ADDRESS),
        };
        let port = port(fresh(), new.network_id, vec![ip], Some(new.purpose));
        let mut state = self.lock();
        state.made_up = None;
        state.ports.insert(port.id, port.clone());
        now(port)
    }

    fn has_qos(&self) -> BoxFuture<'_, Result<bool>> {
        now(true)
    }

    fn qos_policy_exists(&self, _: Id<QosPolicy>) -> BoxFuture<'_, Result<()>> {
        now(())
    }

    fn security_group_exists(&self, _: Id<SecurityGroup>) -> BoxFuture<'_, Result<()>> {
        now(())
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
        qos_policy_id: None,
    }
}

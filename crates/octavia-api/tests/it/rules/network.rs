use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ipnet::IpNet;
use octavia_cloud::{
    Error, FixedIp, FreeAddresses, Network, NetworkDriver, NewPort, Port, PortFilter, Result,
    Subnet,
};
use octavia_model::{
    Id, Network as NetworkMark, Port as PortMark, QosPolicy, SecurityGroup, Subnet as SubnetMark,
};

/// The network service's things, by the names that the cases use.
pub(super) const NAMES: [(&str, u128); 14] = [
    ("<nowhere>", 1),
    ("<net>", 10),
    ("<other net>", 11),
    ("<empty net>", 12),
    ("<full net>", 13),
    ("<vanishing net>", 14),
    ("<open net>", 15),
    ("<subnet>", 20),
    ("<other subnet>", 21),
    ("<port>", 30),
    ("<used port>", 31),
    ("<port of two>", 32),
    ("<qos>", 40),
    ("<group>", 41),
];

/// Subnets: number, network, addresses.
const SUBNETS: [(u128, u128, &str); 5] = [
    (20, 10, "10.1.0.0/24"),
    (22, 10, "10.2.0.0/24"),
    (21, 11, "10.3.0.0/24"),
    (23, 13, "10.4.0.0/29"),
    (25, 15, "10.5.0.0/24"),
];

/// What is the matter with the network service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cloud {
    Well,
    WithoutQos,
    /// Addresses are taken.
    Taken,
    /// No port can be made.
    Failing,
}

impl Cloud {
    pub(super) fn named(name: Option<&str>) -> Self {
        match name {
            None => Self::Well,
            Some("no-qos") => Self::WithoutQos,
            Some("taken") => Self::Taken,
            Some("failing") => Self::Failing,
            Some(other) => panic!("nobody knows what {other} means"),
        }
    }
}

pub(super) fn id<T>(number: u128) -> Id<T> {
    // A version, so that upstream's and our readers take it.
    Id::from_uuid(uuid(number).parse().unwrap())
}

pub(super) fn uuid(number: u128) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

fn answer<'a, T: Send + 'a>(
    found: Option<T>,
    kind: &'static str,
    id: &impl ToString,
) -> BoxFuture<'a, Result<T>> {
    let id = id.to_string();
    ready(found.ok_or(Error::NotFound { kind, id })).boxed()
}

fn subnets() -> impl Iterator<Item = Subnet> {
    SUBNETS.into_iter().map(|(number, network, cidr)| Subnet {
        id: id(number),
        name: String::new(),
        network_id: id(network),
        cidr: cidr.parse::<IpNet>().unwrap(),
        gateway: None,
    })
}

fn port(number: u128, device: &str, addresses: &[(u128, &str)]) -> Port {
    Port {
        id: id(number),
        name: String::new(),
        network_id: id(10),
        mac_address: "fa:16:3e:00:00:01".to_owned(),
        fixed_ips: addresses
            .iter()
            .map(|(subnet, address)| FixedIp {
                subnet_id: id(*subnet),
                ip_address: address.parse().unwrap(),
            })
            .collect(),
        purpose: None,
        device_id: device.to_owned(),
        device_owner: String::new(),
        server: None,
        qos_policy_id: None,
    }
}

impl NetworkDriver for Cloud {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        ready(Ok(subnets().collect())).boxed()
    }

    fn subnet(&self, id: Id<SubnetMark>) -> BoxFuture<'_, Result<Subnet>> {
        answer(subnets().find(|subnet| subnet.id == id), "subnet", &id)
    }

    fn network(&self, wanted: Id<NetworkMark>) -> BoxFuture<'_, Result<Network>> {
        let known = (10..=15).map(id).find(|known| *known == wanted);
        let mut inside: Vec<_> = subnets()
            .filter(|subnet| subnet.network_id == wanted)
            .map(|subnet| subnet.id)
            .collect();
        if wanted == id(14) {
            inside.push(id(24));
        }
        let network = known.map(|id| Network {
            id,
            name: String::new(),
            subnets: inside,
            mtu: 1500,
        });
        answer(network, "network", &wanted)
    }

    fn port(&self, wanted: Id<PortMark>) -> BoxFuture<'_, Result<Port>> {
        let known = [
            port(30, "", &[(20, "10.1.0.9")]),
            port(31, "a-server", &[(20, "10.1.0.8")]),
            port(32, "", &[(20, "10.1.0.7"), (22, "10.2.0.7")]),
        ];
        let found = known.into_iter().find(|port| port.id == wanted);
        answer(found, "port", &wanted)
    }

    fn ports(&self, _: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn has_qos(&self) -> BoxFuture<'_, Result<bool>> {
        ready(Ok(*self != Self::WithoutQos)).boxed()
    }

    fn qos_policy_exists(&self, wanted: Id<QosPolicy>) -> BoxFuture<'_, Result<()>> {
        answer((wanted == id(40)).then_some(()), "qos_policy", &wanted)
    }

    fn security_group_exists(&self, wanted: Id<SecurityGroup>) -> BoxFuture<'_, Result<()>> {
        answer((wanted == id(41)).then_some(()), "security group", &wanted)
    }

    fn free_addresses(&self, _: Id<NetworkMark>) -> BoxFuture<'_, Result<Option<FreeAddresses>>> {
        let free = subnets().map(|subnet| (subnet.id, if subnet.id == id(23) { 1 } else { 100 }));
        ready(Ok(Some(free.collect()))).boxed()
    }

    fn has_port_security(&self, network: Id<NetworkMark>) -> BoxFuture<'_, Result<bool>> {
        ready(Ok(network != id(15))).boxed()
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        let made = match self {
            Self::Failing => Err(Error::unavailable("make a port", "Neutron is away")),
            Self::Taken => Err(Error::AddressInUse(new.ip_address.unwrap())),
            Self::Well | Self::WithoutQos => Ok(port(33, "", &[(20, "10.1.0.6")])),
        };
        ready(made).boxed()
    }

    fn delete_port(&self, _: Id<PortMark>) -> BoxFuture<'_, Result<()>> {
        ready(Ok(())).boxed()
    }
}

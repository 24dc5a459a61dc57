use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use octavia_cloud::{
    Error, FixedIp, FreeAddresses, Network, NetworkDriver, NewPort, Port, PortFilter, PortPurpose,
    Result, Subnet,
};
use octavia_model::{
    Id, LoadBalancer, Network as NetworkMark, Port as PortMark, QosPolicy, SecurityGroup,
    Subnet as SubnetMark,
};
use serde_json::{Value, json};

use super::bridge::{Bridge, Fault};

/// A network that asks the bridge first.
pub(super) struct BridgedNetwork {
    bridge: Arc<Bridge>,
    inner: Arc<dyn NetworkDriver>,
    /// The subnets of networks that the bridge told of.
    known: Mutex<HashMap<Id<SubnetMark>, Id<NetworkMark>>>,
}

impl BridgedNetwork {
    pub(super) fn new(bridge: Arc<Bridge>, inner: Arc<dyn NetworkDriver>) -> Self {
        let known = Mutex::default();
        Self {
            bridge,
            inner,
            known,
        }
    }

    /// Offers a call about one thing. An answer without anything in it is none.
    async fn offer(
        &self,
        operation: &str,
        kind: &'static str,
        id: String,
    ) -> Result<Option<Value>> {
        let offered = self.bridge.offer(operation, json!({ "id": &id })).await;
        let answer = offered.map_err(|fault| failure(fault, kind, &id))?;
        Ok(answer.filter(|value| !value.is_null()))
    }
}

/// Says what an exception of upstream's network drivers means.
fn failure(fault: Fault, kind: &'static str, id: &str) -> Error {
    if fault.kind.ends_with("NotFound") {
        let id = id.to_owned();
        return Error::NotFound { kind, id };
    }
    fault.verbatim()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn parsed<T: FromStr>(value: &Value, name: &str) -> Option<T> {
    text(value, name)?.parse().ok()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

impl NetworkDriver for BridgedNetwork {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        self.inner.networks()
    }

    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        self.inner.subnets()
    }

    fn subnet(&self, id: Id<SubnetMark>) -> BoxFuture<'_, Result<Subnet>> {
        async move {
            let asked = self.offer("network.get_subnet", "subnet", id.to_string());
            let got = asked.await?;
            let mut like = self.inner.subnet(id).await?;
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(network) = known.get(&id) {
                like.network_id = *network;
            }
            let Some(got) = got else {
                return Ok(like);
            };
            Ok(Subnet {
                id: parsed(&got, "id").unwrap_or(id),
                network_id: parsed(&got, "network_id").unwrap_or(like.network_id),
                cidr: parsed(&got, "cidr").unwrap_or_else(|| any_of(&got)),
                ..like
            })
        }
        .boxed()
    }

    fn network(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<Network>> {
        async move {
            let asked = self.offer("network.get_network", "network", id.to_string());
            let Some(got) = asked.await? else {
                return self.inner.network(id).await;
            };
            let subnets = items(&got, "subnets").filter_map(|id| id.as_str()?.parse().ok());
            let network = Network {
                id: parsed(&got, "id").unwrap_or(id),
                name: String::new(),
                subnets: subnets.collect(),
                mtu: 1500,
            };
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(network.subnets.iter().map(|subnet| (*subnet, network.id)));
            Ok(network)
        }
        .boxed()
    }

    fn port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<Port>> {
        async move {
            let asked = self.offer("network.get_port", "port", id.to_string());
            let Some(got) = asked.await? else {
                return self.inner.port(id).await;
            };
            let like = self.inner.port(id).await?;
            Ok(Port {
                id: parsed(&got, "id").unwrap_or(id),
                network_id: parsed(&got, "network_id").unwrap_or(like.network_id),
                fixed_ips: items(&got, "fixed_ips").filter_map(fixed_ip).collect(),
                device_id: text(&got, "device_id").unwrap_or_default().to_owned(),
                qos_policy_id: parsed(&got, "qos_policy_id"),
                ..like
            })
        }
        .boxed()
    }

    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        self.inner.ports(filter)
    }

    fn has_qos(&self) -> BoxFuture<'_, Result<bool>> {
        async {
            let offered = self.bridge.offer("network.qos_enabled", json!({})).await;
            let answer = offered.map_err(Fault::verbatim)?;
            match answer.as_ref().and_then(Value::as_bool) {
                Some(enabled) => Ok(enabled),
                None => self.inner.has_qos().await,
            }
        }
        .boxed()
    }

    fn qos_policy_exists(&self, id: Id<QosPolicy>) -> BoxFuture<'_, Result<()>> {
        async move {
            let asked = self.offer("network.get_qos_policy", "qos_policy", id.to_string());
            // Upstream takes every failure here for a policy that is not there.
            match asked.await {
                Ok(Some(_)) => Ok(()),
                Ok(None) => self.inner.qos_policy_exists(id).await,
                Err(_) => Err(Error::NotFound {
                    kind: "qos_policy",
                    id: id.to_string(),
                }),
            }
        }
        .boxed()
    }

    fn security_group_exists(&self, id: Id<SecurityGroup>) -> BoxFuture<'_, Result<()>> {
        async move {
            let operation = "network.get_security_group_by_id";
            let asked = self.offer(operation, "security group", id.to_string());
            match asked.await? {
                Some(_) => Ok(()),
                None => self.inner.security_group_exists(id).await,
            }
        }
        .boxed()
    }

    fn free_addresses(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<Option<FreeAddresses>>> {
        async move {
            let operation = "network.get_network_ip_availability";
            let asked = self.offer(operation, "network", id.to_string());
            let Some(got) = asked.await? else {
                return self.inner.free_addresses(id).await;
            };
            let count = |subnet: &Value, name: &str| subnet.get(name)?.as_u64();
            let free = items(&got, "subnet_ip_availability").filter_map(|subnet| {
                let left = count(subnet, "total_ips")?.saturating_sub(count(subnet, "used_ips")?);
                Some((parsed(subnet, "subnet_id")?, left))
            });
            Ok(Some(free.collect()))
        }
        .boxed()
    }

    fn has_port_security(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<bool>> {
        async move {
            let asked = self.offer("network.get_network", "network", id.to_string());
            let got = asked.await?;
            let said = got
                .as_ref()
                .and_then(|got| got.get("port_security_enabled"));
            match said.and_then(Value::as_bool) {
                Some(enabled) => Ok(enabled),
                None => self.inner.has_port_security(id).await,
            }
        }
        .boxed()
    }

    fn adopt_port(
        &self,
        port: Id<PortMark>,
        load_balancer: Id<LoadBalancer>,
    ) -> BoxFuture<'_, Result<()>> {
        async move {
            let asked = self.offer("network.allocate_vip", "port", load_balancer.to_string());
            match asked.await? {
                Some(_) => Ok(()),
                None => self.inner.adopt_port(port, load_balancer).await,
            }
        }
        .boxed()
    }

    fn create_port<'a>(&'a self, new: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        async move {
            let PortPurpose::Vip(load_balancer) = new.purpose else {
                return self.inner.create_port(new).await;
            };
            let asked = self.offer("network.allocate_vip", "port", load_balancer.to_string());
            let got = asked.await?;
            let like = self.inner.create_port(new).await?;
            let Some(vip) = got.as_ref().and_then(|got| got.get("vip")) else {
                return Ok(like);
            };
            Ok(Port {
                id: parsed(vip, "port_id").unwrap_or(like.id),
                network_id: parsed(vip, "network_id").unwrap_or(like.network_id),
                fixed_ips: fixed_ip(vip).into_iter().collect(),
                ..like
            })
        }
        .boxed()
    }

    fn delete_port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<()>> {
        self.inner.delete_port(id)
    }
}

/// Doubles give the version of a subnet's addresses rather than the addresses.
fn any_of(subnet: &Value) -> ipnet::IpNet {
    let any: std::net::IpAddr = if subnet.get("ip_version").and_then(Value::as_u64) == Some(6) {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    };
    ipnet::IpNet::new_assert(any, 0)
}

fn fixed_ip(value: &Value) -> Option<FixedIp> {
    Some(FixedIp {
        subnet_id: parsed(value, "subnet_id")?,
        ip_address: parsed(value, "ip_address")?,
    })
}

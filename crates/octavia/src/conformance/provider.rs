use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use octavia_api::{
    AmphoraOrder, Error, MemberOrder, ObjectKind, Order, Provider, ReservedVip, Setting, VipWish,
};
use octavia_model::{Amphora, Id, LoadBalancer};
use octavia_store::Tx;
use serde_json::{Value, json};

use super::bridge::{Bridge, Fault};

/// A provider that asks the bridge first.
pub(super) struct BridgedProvider {
    bridge: Arc<Bridge>,
    name: String,
    inner: Arc<dyn Provider>,
}

type Result<T> = std::result::Result<T, Error>;

impl BridgedProvider {
    pub(super) fn new(bridge: Arc<Bridge>, name: &str, inner: Arc<dyn Provider>) -> Self {
        let name = name.to_owned();
        Self {
            bridge,
            name,
            inner,
        }
    }

    async fn offer(&self, method: &str, arguments: Value) -> Result<Option<Value>> {
        let asked = self.ask(method, arguments).await;
        asked.map_err(|fault| self.failure(fault))
    }

    async fn ask(
        &self,
        method: &str,
        arguments: Value,
    ) -> std::result::Result<Option<Value>, Fault> {
        let arguments = json!({
            "provider": self.name,
            "method": method,
            "args": arguments,
            "kwargs": {},
        });
        self.bridge.offer("provider.call", arguments).await
    }

    /// Says what a driver's exception means, as upstream does around every call of a driver.
    fn failure(&self, fault: Fault) -> Error {
        let provider = self.name.clone();
        match fault.kind.as_str() {
            "builtins.NotImplementedError" => Error::NotImplemented {
                provider,
                what: "This feature is not implemented by the provider.".to_owned(),
            },
            "NotImplementedError" => Error::NotImplemented {
                provider,
                what: fault.text().to_owned(),
            },
            "UnsupportedOptionError" => Error::Unsupported {
                provider,
                what: fault.text().to_owned(),
            },
            kind if kind.starts_with("Provider") => Error::Cloud(fault.verbatim()),
            _ => Error::Provider {
                provider,
                what: fault.text().to_owned(),
            },
        }
    }

    async fn settings(&self, method: &str) -> Result<Option<Vec<Setting>>> {
        let got = self.offer(method, json!([])).await?;
        let known = got.as_ref().and_then(Value::as_object);
        Ok(known.map(|known| {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            known
                .iter()
                .map(|(name, value)| Setting::new(name.clone(), text(value)))
                .collect()
        }))
    }
}

impl Provider for BridgedProvider {
    fn flavor_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        async {
            match self.settings("get_supported_flavor_metadata").await? {
                Some(known) => Ok(known),
                None => self.inner.flavor_settings().await,
            }
        }
        .boxed()
    }

    fn zone_settings(&self) -> BoxFuture<'_, Result<Vec<Setting>>> {
        async {
            let method = "get_supported_availability_zone_metadata";
            match self.settings(method).await? {
                Some(known) => Ok(known),
                None => self.inner.zone_settings().await,
            }
        }
        .boxed()
    }

    fn accepts_zone<'a>(&'a self, settings: &'a str) -> BoxFuture<'a, Result<()>> {
        async move {
            let known: Value = serde_json::from_str(settings).unwrap_or_default();
            let asked = self.offer("validate_availability_zone", json!([known]));
            match asked.await? {
                Some(_) => Ok(()),
                None => self.inner.accepts_zone(settings).await,
            }
        }
        .boxed()
    }

    fn reserve_vip<'a>(&'a self, wish: &'a VipWish) -> BoxFuture<'a, Result<Option<ReservedVip>>> {
        async move {
            let vip = json!({
                "vip_address": wish.ip_address.map(|address| address.to_string()),
                "vip_network_id": wish.network_id.to_string(),
                "vip_port_id": wish.port_id.map(|id| id.to_string()),
                "vip_subnet_id": wish.subnet_id.to_string(),
            });
            let arguments = json!([wish.load_balancer.to_string(), wish.project_id, vip, []]);
            match self.ask("create_vip_port", arguments).await {
                Err(fault) if fault.kind.ends_with("NotImplementedError") => Ok(None),
                Err(fault) => Err(self.failure(fault)),
                // What a double hands out is what it was given.
                Ok(_) => self.inner.reserve_vip(wish).await,
            }
        }
        .boxed()
    }

    fn take<'a>(
        &'a self,
        tx: &'a mut Tx,
        load_balancer: Id<LoadBalancer>,
        order: &'a Order<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let (method, arguments) = call(load_balancer, order);
            match self.offer(&method, arguments).await? {
                Some(_) => Ok(()),
                None => self.inner.take(tx, load_balancer, order).await,
            }
        }
        .boxed()
    }

    /// Upstream drives amphorae by messages, not by the provider's interface.
    fn take_amphora<'a>(
        &'a self,
        tx: &'a mut Tx,
        amphora: &'a Amphora,
        order: AmphoraOrder,
    ) -> BoxFuture<'a, Result<()>> {
        async move {
            let method = match order {
                AmphoraOrder::Failover => "failover_amphora",
                AmphoraOrder::Delete => "delete_amphora",
                AmphoraOrder::Configure => "update_amphora_agent_config",
            };
            let arguments = json!({ "amphora_id": amphora.id.to_string() });
            let message = json!({ "method": method, "kwargs": arguments });
            let sent = self.bridge.offer("rpc.cast", message).await;
            match sent.map_err(|fault| Error::Cloud(fault.verbatim()))? {
                Some(_) => Ok(()),
                None => self.inner.take_amphora(tx, amphora, order).await,
            }
        }
        .boxed()
    }
}

/// Returns the method of upstream's drivers for an order, and its arguments.
fn call(load_balancer: Id<LoadBalancer>, order: &Order<'_>) -> (String, Value) {
    let named = |action: &str, kind: ObjectKind, id: &str| {
        let (method, class, key) = words(kind);
        let object = json!({ "type": class, "data": { key: id } });
        // An update is told with what was before.
        let arguments = if action == "update" {
            json!([object.clone(), object])
        } else {
            json!([object])
        };
        (format!("{method}_{action}"), arguments)
    };
    let id = load_balancer.to_string();
    match order {
        Order::Create(kind, id) => named("create", *kind, id),
        Order::Update(kind, id) => named("update", *kind, id),
        Order::Delete(kind, id) => named("delete", *kind, id),
        Order::Declare => named("update", ObjectKind::LoadBalancer, &id),
        Order::CascadeDelete => named("delete", ObjectKind::LoadBalancer, &id),
        Order::Failover => ("loadbalancer_failover".to_owned(), json!([id])),
        Order::Members(pool, members) => {
            let members: Vec<_> = members.iter().map(member).collect();
            let arguments = json!([pool.to_string(), members]);
            ("member_batch_update".to_owned(), arguments)
        }
    }
}

const fn words(kind: ObjectKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ObjectKind::LoadBalancer => ("loadbalancer", "LoadBalancer", "loadbalancer_id"),
        ObjectKind::Listener => ("listener", "Listener", "listener_id"),
        ObjectKind::Pool => ("pool", "Pool", "pool_id"),
        ObjectKind::Member => ("member", "Member", "member_id"),
        ObjectKind::HealthMonitor => ("health_monitor", "HealthMonitor", "healthmonitor_id"),
        ObjectKind::L7Policy => ("l7policy", "L7Policy", "l7policy_id"),
        ObjectKind::L7Rule => ("l7rule", "L7Rule", "l7rule_id"),
    }
}

/// Writes a member as octavia-lib does.
fn member(order: &MemberOrder) -> Value {
    let member = &order.member;
    let mut data = json!({
        "member_id": member.id.to_string(),
        "name": member.name.as_deref().filter(|name| !name.is_empty()),
        "address": member.ip_address_text,
        "protocol_port": member.protocol_port,
        "weight": member.weight.map(octavia_model::Weight::get),
        "backup": member.backup,
        "admin_state_up": member.enabled,
        "subnet_id": member.subnet_id.map(|id| id.to_string()),
        "pool_id": member.pool_id.to_string(),
        "project_id": member.project_id,
        "monitor_address": member.monitor_address_text,
        "monitor_port": member.monitor_port,
        "vnic_type": member.vnic_type.as_str(),
    });
    if let Value::Object(fields) = &mut data {
        fields.retain(|name, _| !order.untouched.contains(&name.as_str()));
    }
    json!({ "type": "Member", "data": data })
}

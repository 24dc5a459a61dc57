//! The port of a VIP is made before the rows: nothing of it may stay when they are not written, and
//! what stays after a crash must be found.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use octavia_cloud::{
    Network, NetworkDriver, NewPort, Port, PortFilter, PortPurpose, Result, Subnet,
};
use octavia_model::{Id, Network as NetworkMark, Port as PortMark, Subnet as SubnetMark};
use serde_json::json;
use tokio::sync::Notify;

use crate::world::{World, impatient, request, send};
use octavia_cloud::noop::NoopNetwork;

#[tokio::test]
async fn a_refused_load_balancer_gives_its_port_back() {
    let world = World::new().await;
    let body = json!({ "loadbalancer": {
        "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
        "listeners": [
            { "protocol": "HTTP", "protocol_port": 80 },
            { "protocol": "TCP", "protocol_port": 80 },
        ],
    }});
    let answer = world.call("POST", "/v2/lbaas/loadbalancers", body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    assert_eq!(world.network.ports_held(), 0);
    assert_eq!(listed(&world).await, 0);
}

#[tokio::test]
async fn a_death_between_port_and_rows_leaves_a_port_that_is_found() {
    let world = World::new().await;
    let made = Arc::new(Notify::new());
    let network = Dying {
        inner: Arc::clone(&world.network),
        made: Arc::clone(&made),
        fate: Fate::Killed,
    };
    let router = world.router_over(impatient(), Arc::new(network));
    let body = json!({ "loadbalancer": {
        "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
    }});
    let call = request("POST", "/v2/lbaas/loadbalancers")
        .body(body.to_string().into())
        .unwrap();
    tokio::select! {
        answer = send(&router, call) => panic!("the process died, yet it answered {answer:?}"),
        () = made.notified() => {}
    }
    assert_eq!(listed(&world).await, 0, "no row was written");
    let ports = world.network.ports(PortFilter::All).await.unwrap();
    let purposes: Vec<_> = ports.iter().map(|port| port.purpose).collect();
    assert!(
        matches!(purposes.as_slice(), [Some(PortPurpose::Vip(_))]),
        "{purposes:?}"
    );
}

#[tokio::test]
async fn an_accepted_load_balancer_keeps_its_one_port() {
    let world = World::new().await;
    let body = json!({ "vip_subnet_id": "11111111-1111-1111-1111-111111111111" });
    let id = world.make("loadbalancer", body).await;
    assert_eq!(world.network.ports_held(), 1);
    assert_eq!(world.network.ports_of(id.parse().unwrap()), 1);
}

#[tokio::test]
async fn a_network_that_fails_is_said_to_fail() {
    let world = World::new().await;
    let cloud = octavia_cloud::fake::FakeCloud::new();
    let subnet = cloud.subnet_named("private-subnet").id;
    cloud.break_down(octavia_cloud::fake::Call::CreatePort);
    let router = world.router_over(impatient(), Arc::new(cloud));
    let body = json!({ "loadbalancer": { "vip_subnet_id": subnet.to_string() } });
    let call = request("POST", "/v2/lbaas/loadbalancers")
        .body(body.to_string().into())
        .unwrap();
    let answer = send(&router, call).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = answer.body["faultstring"].as_str().unwrap();
    assert!(
        text.starts_with("Provider 'amphora' reports error: "),
        "{text}"
    );
    assert_eq!(listed(&world).await, 0);
}

async fn listed(world: &World) -> usize {
    let list = world.get("/v2/lbaas/loadbalancers").await;
    list["loadbalancers"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_panic_is_answered_and_leaves_no_row() {
    let world = World::new().await;
    let network = Dying {
        inner: Arc::clone(&world.network),
        made: Arc::new(Notify::new()),
        fate: Fate::Panic,
    };
    let router = world.router_over(impatient(), Arc::new(network));
    let body = json!({ "loadbalancer": {
        "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
    }});
    let call = request("POST", "/v2/lbaas/loadbalancers");
    let answer = send(&router, call.body(body.to_string().into()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body["faultstring"], "Something unknown went wrong");
    assert!(answer.request_id.is_some());
    assert_eq!(listed(&world).await, 0);
}

/// Makes the port, and then answers no more: the process is killed in between, or panics.
pub(crate) struct Dying {
    pub(crate) inner: Arc<NoopNetwork>,
    pub(crate) made: Arc<Notify>,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    Killed,
    Panic,
}

impl NetworkDriver for Dying {
    fn networks(&self) -> BoxFuture<'_, Result<Vec<Network>>> {
        self.inner.networks()
    }
    fn subnets(&self) -> BoxFuture<'_, Result<Vec<Subnet>>> {
        self.inner.subnets()
    }
    fn subnet(&self, id: Id<SubnetMark>) -> BoxFuture<'_, Result<Subnet>> {
        self.inner.subnet(id)
    }
    fn network(&self, id: Id<NetworkMark>) -> BoxFuture<'_, Result<Network>> {
        self.inner.network(id)
    }
    fn port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<Port>> {
        self.inner.port(id)
    }
    fn ports(&self, filter: PortFilter) -> BoxFuture<'_, Result<Vec<Port>>> {
        self.inner.ports(filter)
    }
    fn create_port<'a>(&'a self, port: &'a NewPort) -> BoxFuture<'a, Result<Port>> {
        async move {
            let _made = self.inner.create_port(port).await?;
            self.made.notify_one();
            assert_ne!(self.fate, Fate::Panic, "the driver has a bug");
            std::future::pending().await
        }
        .boxed()
    }
    fn delete_port(&self, id: Id<PortMark>) -> BoxFuture<'_, Result<()>> {
        self.inner.delete_port(id)
    }
}

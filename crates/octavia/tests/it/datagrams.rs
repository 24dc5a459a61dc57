//! A UDP service behind a load balancer that was made by HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::UdpSocket;
use tokio::task::JoinSet;

use crate::octavia::{Home, Service, until};
use crate::traffic::subnet_id;

/// A server that answers every datagram with its name; it ends when it is dropped.
struct NameServer {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl NameServer {
    async fn start(address: SocketAddr, name: &'static str) -> Self {
        let socket = UdpSocket::bind(address).await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((_, client)) = socket.recv_from(&mut buffer).await {
                // A client that is gone by now needs no answer.
                socket.send_to(name.as_bytes(), client).await.ok();
            }
        });
        Self {
            address,
            _task: task,
        }
    }
}

/// Asks from a new port; `None` when no answer comes soon.
async fn ask(service: &str) -> Option<String> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(service).await.unwrap();
    socket.send(b"who?").await.ok()?;
    let mut buffer = [0; 512];
    let answer = tokio::time::timeout(Duration::from_millis(500), socket.recv(&mut buffer));
    let length = answer.await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
}

/// Makes the load balancer, and returns its id and where it serves.
async fn create(service: &Service, servers: &[&NameServer]) -> (String, String) {
    let members: Vec<Value> = servers
        .iter()
        .map(|server| json!({"address": server.address.ip(), "protocol_port": server.address.port()}))
        .collect();
    let monitor = json!({"type": "UDP-CONNECT", "delay": 3, "timeout": 1, "max_retries": 1,
        "max_retries_down": 1});
    let pool = json!({"name": "names", "protocol": "UDP", "lb_algorithm": "ROUND_ROBIN",
        "members": members, "healthmonitor": monitor});
    let subnet = subnet_id(service).await;
    let body = json!({"loadbalancer": {"vip_subnet_id": subnet, "listeners": [
        {"protocol": "UDP", "protocol_port": 5353, "default_pool": pool}]}});
    let made = service.post("loadbalancers", &body).await;
    let text = |key: &str| made["loadbalancer"][key].as_str().unwrap().to_owned();
    (text("id"), format!("{}:5353", text("vip_address")))
}

#[tokio::test]
async fn datagrams_are_balanced_monitored_and_counted() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let red = NameServer::start(home.site(11), "red").await;
    let blue = NameServer::start(home.site(12), "blue").await;
    let (id, address) = create(&service, &[&red, &blue]).await;
    for name in ["red", "blue"] {
        until("both servers to answer", async || {
            (ask(&address).await? == name).then_some(())
        })
        .await;
    }

    drop(blue);
    until("the member to be in ERROR", async || {
        let path = format!("loadbalancers/{id}/status");
        let statuses = service.get(&path).await["statuses"]["loadbalancer"].clone();
        let members = statuses["listeners"][0]["pools"][0]["members"].clone();
        let status = |index: usize| members[index]["operating_status"].clone();
        (status(0) == "ONLINE" && status(1) == "ERROR").then_some(())
    })
    .await;
    for _ in 0..4 {
        assert_eq!(ask(&address).await.as_deref(), Some("red"));
    }

    until("the flows to be counted", async || {
        let answer = service.get(&format!("loadbalancers/{id}/stats")).await;
        let count = |name: &str| answer["stats"][name].as_u64();
        let sent = count("total_connections")? * 4;
        (sent >= 24 && count("bytes_in")? == sent && count("bytes_out")? > 0).then_some(())
    })
    .await;
}

//! Two agents, each in a network namespace of its own, on one wire. Both end with the test.

use std::io::Write;
use std::net::IpAddr;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::SecretText;
use octavia_amphora_api::agent::VrrpState;
use octavia_amphora_api::config::{Interface, Vrrp, VrrpPeer};
use tokio::time::Instant;
use uuid::Uuid;

use crate::amphora::{Amphora, Running, document};

const LIMIT: Duration = Duration::from_secs(20);

/// One of the two: an agent on a thread in its namespace.
struct End {
    number: u8,
    orders: tokio::sync::mpsc::UnboundedSender<Order>,
    thread: std::thread::JoinHandle<()>,
}

enum Order {
    Push(Box<AmphoraConfig>),
    State(mpsc::Sender<Option<VrrpState>>),
    Run(String, mpsc::Sender<String>),
    Stop,
}

#[derive(Clone)]
struct Wish {
    version: u8,
    interval_ms: u32,
    vips: Vec<IpAddr>,
    network: &'static str,
}

impl Wish {
    fn v3(vips: &[&str], network: &'static str) -> Self {
        Self {
            version: 3,
            interval_ms: 80,
            vips: vips.iter().map(|vip| vip.parse().unwrap()).collect(),
            network,
        }
    }

    fn address(&self, number: u8) -> IpAddr {
        format!("{}{number}", self.network).parse().unwrap()
    }

    fn document(&self, number: u8, generation: u64) -> AmphoraConfig {
        let mac_address = mac(number);
        let address = self.address(number);
        let prefix = if address.is_ipv4() { 24 } else { 64 };
        AmphoraConfig {
            vips: self.vips.clone(),
            interfaces: vec![Interface {
                mac_address: mac_address.clone(),
                addresses: vec![ipnet::IpNet::new(address, prefix).unwrap()],
                gateway: None,
                mtu: 1450,
            }],
            vrrp: Some(Vrrp {
                router_id: 1,
                priority: if number == 1 { 100 } else { 90 },
                version: self.version,
                advert_interval_ms: self.interval_ms,
                secret: SecretText::new("7ba2ab1"),
                mac_address,
                address,
                peers: vec![VrrpPeer {
                    amphora_id: Uuid::from_u128(u128::from(3 - number)),
                    address: self.address(3 - number),
                }],
                garp_refresh_interval_s: 5,
                garp_refresh_count: 2,
                check_interval_s: 5,
                fail_count: 2,
                success_count: 2,
            }),
            ..document(generation)
        }
    }
}

fn mac(number: u8) -> String {
    format!("02:00:00:00:00:0{number}")
}

impl End {
    fn start(number: u8) -> (Self, String) {
        let (orders, inbox) = tokio::sync::mpsc::unbounded_channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            run("ip link set lo up");
            tell.send(nix::unistd::gettid().to_string()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(serve(inbox));
        });
        let end = Self {
            number,
            orders,
            thread,
        };
        (end, told.recv().unwrap())
    }

    fn push(&self, document: AmphoraConfig) {
        self.orders
            .send(Order::Push(Box::new(document)))
            .ok()
            .unwrap();
    }

    fn state(&self) -> Option<VrrpState> {
        let (tell, told) = mpsc::channel();
        self.orders.send(Order::State(tell)).ok().unwrap();
        told.recv_timeout(LIMIT).unwrap()
    }

    fn run(&self, command: &str) -> String {
        let (tell, told) = mpsc::channel();
        let order = Order::Run(command.to_owned(), tell);
        self.orders.send(order).ok().unwrap();
        told.recv_timeout(LIMIT).unwrap()
    }

    /// Tells whether it has the address.
    fn has(&self, address: &str) -> bool {
        let addresses = self.run("ip -br addr show eth1");
        addresses.split_whitespace().any(|word| word == address)
    }

    /// Stops the agent softly; its namespace stays, and so does the other end of the wire.
    fn stop(&self) {
        self.orders.send(Order::Stop).ok().unwrap();
    }

    /// Ends it, and its namespace.
    fn end(self) {
        drop(self.orders);
        self.thread.join().unwrap();
    }
}

async fn serve(mut inbox: tokio::sync::mpsc::UnboundedReceiver<Order>) {
    let mut amphora = Amphora::new();
    amphora.config.bind = "0.0.0.0:0".parse().unwrap();
    let mut running: Option<Running> = Some(amphora.start().await);
    while let Some(order) = inbox.recv().await {
        match (order, &running) {
            (Order::Push(document), Some(running)) => {
                let answer = running.controller.push(&document).await;
                assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
            }
            (Order::State(tell), Some(running)) => {
                let status = running.controller.status().await;
                tell.send(status.vrrp.map(|vrrp| vrrp.state)).unwrap();
            }
            (Order::Run(command, tell), _) => tell.send(run(&command)).unwrap(),
            (Order::Stop | Order::Push(_) | Order::State(_), _) => {
                if let Some(running) = running.take() {
                    running.stop().await;
                }
            }
        }
    }
    if let Some(running) = running {
        running.stop().await;
    }
}

fn run(command: &str) -> String {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Makes two ends on one wire that serve the wish, the first of them as master.
fn a_pair(name: &str, wish: &Wish) -> Option<(End, End)> {
    if !nix::unistd::geteuid().is_root() {
        let why = "making network namespaces needs root";
        writeln!(std::io::stderr(), "SKIPPED {name}: {why}").unwrap();
        return None;
    }
    let (first, _) = End::start(1);
    let (second, its_thread) = End::start(2);
    let (one, two) = (mac(1), mac(2));
    first.run(&format!(
        "ip link add eth1 address {one} type veth peer name eth1 address {two} netns {its_thread}"
    ));
    for end in [&second, &first] {
        end.run("ip link set eth1 up");
    }
    for (end, state) in [(&first, VrrpState::Master), (&second, VrrpState::Backup)] {
        end.push(wish.document(end.number, 1));
        until("it has begun", || end.state() == Some(state));
    }
    Some((first, second))
}

#[test]
fn the_addresses_go_to_the_twin_when_the_master_stops() {
    let wish = Wish::v3(&["10.98.0.100", "fd00::100"], "10.98.0.3");
    let name = "the_addresses_go_to_the_twin_when_the_master_stops";
    let Some((first, second)) = a_pair(name, &wish) else {
        return;
    };
    for vip in ["10.98.0.100/32", "fd00::100/128"] {
        assert!(first.has(vip) && !second.has(vip), "{vip}");
    }
    first.stop();
    until("the other is master", || second.has("10.98.0.100/32"));
    assert!(second.has("fd00::100/128"));
    until("it says so", || second.state() == Some(VrrpState::Master));
    first.end();
    second.end();
}

#[test]
fn a_pair_speaks_ipv6() {
    let wish = Wish::v3(&["fd00::100"], "fd00::3");
    let Some((first, second)) = a_pair("a_pair_speaks_ipv6", &wish) else {
        return;
    };
    assert!(first.has("fd00::100/128") && !second.has("fd00::100/128"));
    first.stop();
    until("the other is master", || second.has("fd00::100/128"));
    first.end();
    second.end();
}

#[test]
fn a_pair_speaks_as_upstreams() {
    let wish = Wish {
        version: 2,
        interval_ms: 1000,
        ..Wish::v3(&["10.98.0.100"], "10.98.0.3")
    };
    let Some((first, second)) = a_pair("a_pair_speaks_as_upstreams", &wish) else {
        return;
    };
    first.stop();
    until("the other is master", || second.has("10.98.0.100/32"));
    first.end();
    second.end();
}

#[test]
fn a_master_whose_interface_is_set_down_is_followed_and_comes_back_as_a_backup() {
    let wish = Wish::v3(&["10.98.0.100"], "10.98.0.3");
    let name = "a_master_whose_interface_is_set_down";
    let Some((first, second)) = a_pair(name, &wish) else {
        return;
    };
    first.run("ip link set eth1 down");
    until("it takes no part", || {
        first.state() == Some(VrrpState::Fault)
    });
    assert!(!first.has("10.98.0.100/32"));
    // A wire whose one end is down carries nothing for the other either, until the agent has
    // brought it up.
    until("one of them is master", || {
        let states = [first.state(), second.state()];
        let masters = states
            .iter()
            .filter(|state| **state == Some(VrrpState::Master));
        masters.count() == 1 && !states.contains(&Some(VrrpState::Fault))
    });
    first.end();
    second.end();
}

#[test]
fn vips_may_be_added_and_taken_away_while_it_runs() {
    let wish = Wish::v3(&["10.98.0.100"], "10.98.0.3");
    let Some((first, second)) = a_pair("vips_may_be_added_and_taken_away", &wish) else {
        return;
    };
    let more = Wish::v3(&["10.98.0.100", "10.98.0.101"], "10.98.0.3");
    for end in [&first, &second] {
        end.push(more.document(end.number, 2));
    }
    assert!(first.has("10.98.0.101/32") && !second.has("10.98.0.101/32"));
    for end in [&first, &second] {
        end.push(wish.document(end.number, 3));
    }
    assert!(first.has("10.98.0.100/32") && !first.has("10.98.0.101/32"));
    assert_eq!(first.state(), Some(VrrpState::Master));
    assert_eq!(second.state(), Some(VrrpState::Backup));
    first.end();
    second.end();
}

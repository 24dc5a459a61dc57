//! Interfaces, each test in a network namespace of its own, which ends with its thread. What the
//! agent did is read back with `ip`.

use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::sockopt::ReceiveTimeout;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, setsockopt, socket,
};
use nix::sys::time::{TimeVal, TimeValLike};
use octavia_agent::Rejected;
use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::agent::RefusalReason;
use octavia_amphora_api::config::Interface;
use serde_json::Value;

use crate::amphora::{Amphora, HealthManager, document, refusal};

const MAC: &str = "02:00:00:00:00:07";
const VIP: &str = "10.98.0.5/32";
const PORT: &str = "10.98.0.31/24";
const VIP6: &str = "fd00::5/128";

#[test]
fn a_stored_document_sets_up_its_interface() {
    in_a_namespace("a_stored_document_sets_up_its_interface", async || {
        let amphora = amphora_with(&with_addresses(1, &[PORT, VIP, VIP6]));
        let running = amphora.start().await;
        assert_eq!(running.controller.status().await.fault, None);

        let link = &ip("link show eth1")[0];
        assert_eq!(link["mtu"], 1450);
        assert!(flags(link).contains(&"UP".to_owned()));
        assert!(flags(&ip("link show lo")[0]).contains(&"UP".to_owned()));
        let addresses = addresses();
        for wanted in [PORT, VIP, VIP6] {
            assert!(addresses.contains(&wanted.to_owned()), "{addresses:?}");
        }
        let tentative = |address: &Value| address["tentative"] == true;
        assert!(!global_addresses().iter().any(tentative));
        let route = &ip("route show default")[0];
        assert_eq!(
            (&route["gateway"], &route["dev"]),
            (&"10.98.0.1".into(), &"eth1".into())
        );
        running.stop().await;
    });
}

#[test]
fn an_address_that_is_no_longer_named_is_taken_away_and_no_other() {
    in_a_namespace(
        "an_address_that_is_no_longer_named_is_taken_away_and_no_other",
        async || {
            let amphora = amphora_with(&with_addresses(1, &[PORT, VIP, VIP6]));
            let running = amphora.start().await;
            run("ip addr add 10.98.0.77/32 dev eth1");
            for (generation, wanted) in [(2, &[PORT, VIP][..]), (3, &[PORT][..])] {
                let document = with_addresses(generation, wanted);
                assert_eq!(running.controller.push(&document).await.status(), 200);
            }
            let addresses = addresses();
            for gone in [VIP, VIP6] {
                assert!(!addresses.contains(&gone.to_owned()), "{addresses:?}");
            }
            for stays in [PORT, "10.98.0.77/32"] {
                assert!(addresses.contains(&stays.to_owned()), "{addresses:?}");
            }
            assert_eq!(running.controller.forget().await, 204);
            assert!(!self::addresses().contains(&PORT.to_owned()));
            running.stop().await;
        },
    );
}

#[test]
fn a_refused_document_leaves_the_addresses_as_they_were() {
    in_a_namespace(
        "a_refused_document_leaves_the_addresses_as_they_were",
        async || {
            let amphora = amphora_with(&with_addresses(1, &[VIP]));
            let running = amphora.start().await;
            let before = addresses();

            running.data_plane.state().rejects = Some(Rejected::Host("in use".to_owned()));
            let rejected = with_addresses(2, &[VIP, PORT]);
            assert_eq!(running.controller.push(&rejected).await.status(), 500);
            assert_eq!(addresses(), before);

            running.data_plane.state().rejects = None;
            let mut unknown = with_addresses(2, &[VIP, PORT]);
            unknown.interfaces.push(interface("02:00:00:00:00:99", &[]));
            let (status, refused) = refusal(running.controller.push(&unknown).await).await;
            assert_eq!(
                (status.as_u16(), refused.reason),
                (500, RefusalReason::Host)
            );
            assert_eq!(
                refused.message,
                "no interface has the MAC address 02:00:00:00:00:99"
            );
            assert_eq!(addresses(), before);
            running.stop().await;
        },
    );
}

#[test]
fn a_controller_hears_once_there_is_a_way_to_it() {
    in_a_namespace("a_controller_hears_once_there_is_a_way_to_it", async || {
        let health_manager = HealthManager::at("0.0.0.0:0".parse().unwrap()).await;
        let mut document = with_addresses(1, &[VIP]);
        document.interfaces[0].gateway = None;
        let mut amphora = amphora_with(&document);
        let port = health_manager.address().port();
        amphora.config.controllers = vec![SocketAddr::from(([10, 99, 0, 1], port))];
        let running = amphora.start().await;
        // While this is answered, the first heartbeat finds no way.
        running.controller.status().await;
        run("ip addr add 10.99.0.1/32 dev lo");
        assert_eq!(health_manager.hear().await.generation, Some(1));
        running.stop().await;
    });
}

#[test]
fn neighbours_are_told_of_new_addresses() {
    in_a_namespace("neighbours_are_told_of_new_addresses", async || {
        let wire = listen_to_everything();
        let amphora = amphora_with(&with_addresses(1, &[VIP, VIP6]));
        let running = amphora.start().await;
        let arp = [10, 98, 0, 5, 0, 0, 0, 0, 0, 0, 10, 98, 0, 5];
        wait_for_frame(&wire, |frame| {
            frame[12..14] == [8, 6] && frame[28..42] == arp
        });
        let advertisement = 136;
        wait_for_frame(&wire, |frame| {
            frame[12..14] == [0x86, 0xdd] && frame[54] == advertisement
        });
        running.stop().await;
    });
}

/// Runs the test on a thread in a new network namespace with `eth1` and, at the other end of its
/// wire, `peer`; or says that it cannot.
fn in_a_namespace<F: AsyncFnOnce() + Send + 'static>(name: &str, test: F) {
    if !nix::unistd::geteuid().is_root() {
        // Not `eprintln`, which the test harness swallows.
        let why = "making a network namespace needs root";
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED {name}: {why}").unwrap();
        return;
    }
    let thread = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        run(&format!(
            "ip link add eth1 address {MAC} type veth peer name peer"
        ));
        run("ip link set peer up");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(test());
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn amphora_with(stored: &AmphoraConfig) -> Amphora {
    let mut amphora = Amphora::new();
    // The loopback interface is down until the agent has brought it up.
    amphora.config.bind = "0.0.0.0:0".parse().unwrap();
    amphora.store(&serde_json::to_vec(stored).unwrap());
    amphora
}

fn with_addresses(generation: u64, addresses: &[&str]) -> AmphoraConfig {
    AmphoraConfig {
        interfaces: vec![interface(MAC, addresses)],
        vrrp: None,
        ..document(generation)
    }
}

fn interface(mac_address: &str, addresses: &[&str]) -> Interface {
    Interface {
        mac_address: mac_address.to_owned(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        gateway: Some("10.98.0.1".parse().unwrap()),
        mtu: 1450,
    }
}

fn addresses() -> Vec<String> {
    let addresses = global_addresses();
    let net = |address: &Value| {
        format!(
            "{}/{}",
            address["local"].as_str().unwrap(),
            address["prefixlen"]
        )
    };
    addresses.iter().map(net).collect()
}

fn global_addresses() -> Vec<Value> {
    let mut addresses = ip("addr show eth1")[0]["addr_info"]
        .as_array()
        .unwrap()
        .clone();
    addresses.retain(|address| address["scope"] == "global");
    addresses
}

fn flags(link: &Value) -> Vec<String> {
    serde_json::from_value(link["flags"].clone()).unwrap()
}

fn ip(question: &str) -> Value {
    serde_json::from_slice(&run(&format!("ip -j {question}"))).unwrap()
}

fn run(command: &str) -> Vec<u8> {
    let mut words = command.split_whitespace();
    let output = Command::new(words.next().unwrap())
        .args(words)
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    output.stdout
}

fn listen_to_everything() -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC;
    let everything = Some(SockProtocol::EthAll);
    let wire = socket(AddressFamily::Packet, SockType::Raw, flags, everything).unwrap();
    setsockopt(&wire, ReceiveTimeout, &TimeVal::seconds(20)).unwrap();
    wire
}

fn wait_for_frame(wire: &OwnedFd, wanted: impl Fn(&[u8]) -> bool) {
    let mut frame = [0; 2048];
    loop {
        let length = recv(wire.as_raw_fd(), &mut frame, MsgFlags::empty()).unwrap();
        if length >= 42 && wanted(&frame[..length.max(60)]) {
            return;
        }
    }
}

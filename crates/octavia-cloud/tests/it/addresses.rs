use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use octavia_cloud::{
    Error, LocalCloud, NetworkDriver, NewPort, Port, PortFilter, PortPurpose, SubnetDefinition,
};
use octavia_model::{Id, RandomIds};
use proptest::prelude::*;

use crate::support::{Home, new_port, subnet, vip};

/// A cloud with five addresses to hand out.
fn tiny() -> Home {
    with_subnet("127.96.0.0/29")
}

fn with_subnet(cidr: &str) -> Home {
    let mut home = Home::new();
    let cidr = cidr.parse().unwrap();
    home.config.subnets = vec![SubnetDefinition::new("tiny", "tiny", cidr)];
    home
}

fn address(port: &Port) -> IpAddr {
    port.fixed_ips[0].ip_address
}

#[tokio::test]
async fn the_default_subnet_keeps_its_id_in_every_directory() {
    let (one, other) = (Home::new().open().await, Home::new().open().await);
    let default = subnet(&one).await;
    assert_eq!(default, subnet(&other).await);
    assert_eq!(default.name, "private-subnet");
    assert_eq!(default.cidr.to_string(), "127.98.0.0/24");
    let network = one.network(default.network_id).await.unwrap();
    assert_eq!(
        (network.name.as_str(), network.subnets),
        ("private", vec![default.id])
    );
}

#[tokio::test]
async fn a_port_survives_a_restart_and_is_made_once() {
    let home = Home::new();
    let cloud = home.open().await;
    let wanted = new_port(&cloud, vip()).await;
    let wanted_subnet = subnet(&cloud).await.cidr;
    let port = cloud.create_port(&wanted).await.unwrap();
    assert!(wanted_subnet.contains(&address(&port)));
    drop(cloud);

    let cloud = home.open().await;
    assert_eq!(cloud.port(port.id).await.unwrap(), port);
    assert_eq!(cloud.create_port(&wanted).await.unwrap(), port);
    let all = cloud.ports(PortFilter::All).await.unwrap();
    assert_eq!(all, std::slice::from_ref(&port));
    cloud.delete_port(port.id).await.unwrap();
    cloud.delete_port(port.id).await.unwrap();
    let gone = cloud.port(port.id).await.unwrap_err();
    assert!(
        matches!(gone, Error::NotFound { kind: "port", .. }),
        "{gone}"
    );
    assert_eq!(
        (home.names("ports"), home.names("addresses")),
        (vec![], vec![])
    );
}

#[tokio::test]
async fn ports_are_listed_by_load_balancer() {
    let home = Home::new();
    let cloud = home.open().await;
    let (amphora, load_balancer) = (Id::new(&RandomIds), Id::new(&RandomIds));
    let subnet = subnet(&cloud).await.id;
    let mut made = Vec::new();
    for purpose in [
        PortPurpose::Vip(load_balancer),
        PortPurpose::Vrrp {
            amphora,
            load_balancer,
        },
        PortPurpose::Member {
            amphora,
            load_balancer,
            subnet,
        },
    ] {
        let port = cloud.create_port(&new_port(&cloud, purpose).await).await;
        let port = port.unwrap();
        assert_eq!(port.purpose, Some(purpose));
        made.push(port.id);
    }
    cloud
        .create_port(&new_port(&cloud, vip()).await)
        .await
        .unwrap();

    let mine = cloud.ports(PortFilter::LoadBalancer(load_balancer)).await;
    let mine: BTreeSet<_> = mine.unwrap().iter().map(|port| port.id).collect();
    assert_eq!(mine, made.into_iter().collect());
    assert_eq!(cloud.ports(PortFilter::All).await.unwrap().len(), 4);
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_refused_and_nothing_is_kept() {
    let home = tiny();
    let cloud = home.open().await;
    let taken = NewPort {
        ip_address: Some("127.96.0.2".parse().unwrap()),
        ..new_port(&cloud, vip()).await
    };
    cloud.create_port(&taken).await.unwrap();
    let refusal = async |address: &str| {
        let wanted = NewPort {
            ip_address: Some(address.parse().unwrap()),
            ..new_port(&cloud, vip()).await
        };
        cloud.create_port(&wanted).await.unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal("127.96.0.2").await, @"address 127.96.0.2 is already in use");
    for outside in [
        "127.96.0.0",
        "127.96.0.1",
        "127.96.0.7",
        "127.97.0.3",
        "::1",
    ] {
        assert_eq!(
            refusal(outside).await,
            format!("address {outside} is not a usable address of subnet tiny")
        );
    }
    assert_eq!(home.names("addresses"), ["127.96.0.2"]);
}

#[tokio::test]
async fn an_address_that_another_program_listens_on_is_left_alone() {
    let home = with_subnet("127.95.0.0/29");
    let cloud = home.open().await;
    let first = std::net::TcpListener::bind(("127.95.0.2", 0)).unwrap();
    let wanted = new_port(&cloud, vip()).await;
    let port = cloud.create_port(&wanted).await.unwrap();
    assert_eq!(address(&port).to_string(), "127.95.0.3");
    drop(first);
    let wanted = new_port(&cloud, vip()).await;
    let port = cloud.create_port(&wanted).await.unwrap();
    assert_eq!(address(&port).to_string(), "127.95.0.2");
}

#[tokio::test]
async fn a_full_subnet_says_so_and_has_room_after_a_delete() {
    let home = tiny();
    let cloud = home.open().await;
    let mut ports = Vec::new();
    for _ in 0..5 {
        let wanted = new_port(&cloud, vip()).await;
        ports.push(cloud.create_port(&wanted).await.unwrap());
    }
    let sixth = new_port(&cloud, vip()).await;
    let full = cloud.create_port(&sixth).await.unwrap_err();
    assert!(matches!(full, Error::SubnetFull(_)), "{full}");
    cloud.delete_port(ports[3].id).await.unwrap();
    let port = cloud.create_port(&sixth).await.unwrap();
    assert_eq!(address(&port), address(&ports[3]));
}

#[tokio::test]
async fn a_claim_that_a_crash_left_is_free() {
    let home = tiny();
    let cloud = home.open().await;
    let wanted = new_port(&cloud, vip()).await;
    let port = cloud.create_port(&wanted).await.unwrap();
    // As if the process had died after the address was taken, before the port was written.
    std::fs::remove_file(home.path("ports").join(format!("{}.json", port.id))).unwrap();

    let other = NewPort {
        ip_address: Some(address(&port)),
        ..new_port(&cloud, vip()).await
    };
    assert_eq!(
        address(&cloud.create_port(&other).await.unwrap()),
        address(&port)
    );
    let again = cloud.create_port(&wanted).await.unwrap();
    assert_ne!(address(&again), address(&port));

    std::fs::remove_file(home.path("ports").join(format!("{}.json", again.id))).unwrap();
    drop(cloud);
    home.open().await;
    assert_eq!(home.names("addresses"), [address(&port).to_string()]);
}

#[tokio::test]
async fn a_damaged_port_is_made_again_at_its_address() {
    let home = tiny();
    let cloud = home.open().await;
    let wanted = NewPort {
        ip_address: Some("127.96.0.4".parse().unwrap()),
        ..new_port(&cloud, vip()).await
    };
    let port = cloud.create_port(&wanted).await.unwrap();
    std::fs::write(home.path("ports").join(format!("{}.json", port.id)), "{").unwrap();
    assert_eq!(cloud.ports(PortFilter::All).await.unwrap(), []);
    assert_eq!(cloud.create_port(&wanted).await.unwrap(), port);
}

#[tokio::test]
async fn a_disk_fault_is_retryable_and_leaves_no_address_taken() {
    let home = tiny();
    let cloud = home.open().await;
    std::fs::remove_dir(home.path("ports")).unwrap();
    std::fs::write(home.path("ports"), "not a directory").unwrap();
    let wanted = new_port(&cloud, vip()).await;
    let error = cloud.create_port(&wanted).await.unwrap_err();
    assert!(error.may_retry(), "{error}");
    assert_eq!(home.names("addresses"), Vec::<String>::new());

    std::fs::remove_file(home.path("ports")).unwrap();
    std::fs::create_dir(home.path("ports")).unwrap();
    assert!(cloud.create_port(&wanted).await.is_ok());
}

/// What one of two racing processes does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Create,
    DeleteOldest,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => Just(Step::Create), 1 => Just(Step::DeleteOldest)];
    proptest::collection::vec(step, 1..12)
}

/// Does the steps, and returns the ports that are left.
async fn walk(cloud: Arc<LocalCloud>, steps: Vec<Step>) -> Vec<Port> {
    let mut ports = Vec::new();
    for step in steps {
        match step {
            Step::Create => {
                let wanted = new_port(&cloud, vip()).await;
                match cloud.create_port(&wanted).await {
                    Ok(port) => ports.push(port),
                    Err(error) => assert!(matches!(error, Error::SubnetFull(_)), "{error}"),
                }
            }
            Step::DeleteOldest if ports.is_empty() => {}
            Step::DeleteOldest => cloud.delete_port(ports.remove(0).id).await.unwrap(),
        }
    }
    ports
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn an_address_is_never_handed_out_twice(one in steps(), other in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let home = tiny();
            let (first, second) = (Arc::new(home.open().await), Arc::new(home.open().await));
            let mut walks = tokio::task::JoinSet::new();
            walks.spawn(walk(first, one));
            walks.spawn(walk(second, other));
            let held: Vec<Port> = walks.join_all().await.concat();
            let distinct: BTreeSet<_> = held.iter().map(address).collect();
            assert_eq!(distinct.len(), held.len());
            let listed: BTreeSet<_> = home.names("addresses").into_iter().collect();
            let wanted: BTreeSet<_> = distinct.iter().map(ToString::to_string).collect();
            assert_eq!(listed, wanted);
        });
    }
}

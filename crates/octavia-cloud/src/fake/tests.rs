use octavia_model::{Amphora, LoadBalancer, RandomIds};

use super::*;
use crate::{Compute, NetworkDriver, NewPort, NewServer, Placement, PortFilter, PortPurpose};

fn load_balancer() -> Id<LoadBalancer> {
    Id::new(&RandomIds)
}

fn vip(cloud: &FakeCloud, subnet: &str) -> NewPort {
    let subnet = cloud.subnet_named(subnet);
    NewPort {
        purpose: PortPurpose::Vip(load_balancer()),
        network_id: subnet.network_id,
        subnet_id: subnet.id,
        ip_address: None,
        project_id: None,
    }
}

fn server(ports: Vec<Id<PortId>>) -> NewServer {
    NewServer {
        amphora_id: Id::<Amphora>::new(&RandomIds),
        load_balancer_id: load_balancer(),
        ports,
        files: Vec::new(),
        availability_zone: None,
        placement: Placement::Anywhere,
    }
}

fn flaky() -> Error {
    Error::unavailable("reach the cloud", "connection reset")
}

#[tokio::test]
async fn a_purpose_has_one_port_however_often_it_is_asked_for() {
    let cloud = FakeCloud::new();
    let wanted = vip(&cloud, "private-subnet");
    let first = cloud.create_port(&wanted).await.unwrap();
    assert_eq!(cloud.create_port(&wanted).await.unwrap(), first);
    assert_eq!(cloud.held_ports().len(), 1);
    assert_eq!(first.fixed_ips[0].ip_address.to_string(), "10.98.0.2");
    let mine = PortFilter::LoadBalancer(wanted.purpose.load_balancer());
    assert_eq!(cloud.ports(mine).await.unwrap(), [first]);
    let others = PortFilter::LoadBalancer(load_balancer());
    assert_eq!(cloud.ports(others).await.unwrap(), []);
}

#[tokio::test]
async fn a_subnet_is_full_after_its_last_address_and_has_room_after_a_delete() {
    let cloud = FakeCloud::new();
    let mut ports = Vec::new();
    for _ in 0..5 {
        let wanted = vip(&cloud, "tiny-subnet");
        ports.push(cloud.create_port(&wanted).await.unwrap());
    }
    let sixth = vip(&cloud, "tiny-subnet");
    let error = cloud.create_port(&sixth).await.unwrap_err();
    assert!(matches!(error, Error::SubnetFull(_)), "{error}");

    cloud.delete_port(ports[2].id).await.unwrap();
    let port = cloud.create_port(&sixth).await.unwrap();
    assert_eq!(port.fixed_ips, ports[2].fixed_ips);
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_refused_with_the_reason() {
    let cloud = FakeCloud::new();
    cloud.occupy("10.98.0.7".parse().unwrap());
    let refusal = async |address: &str| {
        let wanted = NewPort {
            ip_address: Some(address.parse().unwrap()),
            ..vip(&cloud, "private-subnet")
        };
        cloud.create_port(&wanted).await.unwrap_err()
    };
    assert!(matches!(refusal("10.98.0.7").await, Error::AddressInUse(_)));
    for outside in ["10.98.0.1", "10.98.0.0", "10.98.0.255", "10.97.0.9"] {
        let error = refusal(outside).await;
        assert!(matches!(error, Error::AddressOutside { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_amphora_has_one_server_which_holds_its_ports() {
    let cloud = FakeCloud::new();
    let port = cloud.create_port(&vip(&cloud, "private-subnet")).await;
    let port = port.unwrap().id;
    let wanted = server(vec![port]);
    let made = cloud.create_server(&wanted).await.unwrap();
    assert_eq!(cloud.create_server(&wanted).await.unwrap(), made);
    assert_eq!(cloud.port(port).await.unwrap().server, Some(made.id));
    let thief = cloud.create_server(&server(vec![port])).await.unwrap_err();
    assert!(matches!(thief, Error::Refused(_)), "{thief}");

    cloud.delete_server(made.id).await.unwrap();
    cloud.delete_server(made.id).await.unwrap();
    assert_eq!(cloud.port(port).await.unwrap().server, None);
    assert_eq!(cloud.all_servers().await.unwrap(), []);
}

#[tokio::test]
async fn a_port_comes_and_goes_while_its_server_runs() {
    let cloud = FakeCloud::new();
    let port = cloud.create_port(&vip(&cloud, "member-subnet")).await;
    let port = port.unwrap().id;
    let made = cloud.create_server(&server(Vec::new())).await.unwrap();
    for _ in 0..2 {
        cloud.attach_port(made.id, port).await.unwrap();
        assert_eq!(cloud.held_servers()[0].ports, [port]);
    }
    for _ in 0..2 {
        cloud.detach_port(made.id, port).await.unwrap();
        assert_eq!(cloud.held_servers()[0].ports, []);
    }
    let gone = Id::new(&RandomIds);
    let error = cloud.attach_port(made.id, gone).await.unwrap_err();
    assert!(
        matches!(error, Error::NotFound { kind: "port", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_restart_stops_servers_until_they_are_started() {
    let cloud = FakeCloud::new();
    let made = cloud.create_server(&server(Vec::new())).await.unwrap();
    cloud.restart_host();
    assert_eq!(cloud.held_servers()[0].status, ServerStatus::Stopped);
    cloud.start_server(made.id).await.unwrap();
    assert_eq!(cloud.held_servers()[0], made);

    cloud.set_status(made.id, ServerStatus::Error);
    assert!(cloud.held_servers()[0].fault.is_some());
    assert!(cloud.start_server(made.id).await.is_err());
}

#[tokio::test]
async fn a_named_call_fails_once_before_or_after_it_was_done() {
    let cloud = FakeCloud::new();
    let wanted = vip(&cloud, "private-subnet");
    cloud.fail_next(Call::CreatePort, When::Before, flaky());
    assert!(cloud.networks().await.is_ok());
    assert!(cloud.create_port(&wanted).await.unwrap_err().may_retry());
    assert_eq!(cloud.held_ports(), []);

    cloud.fail_next(Call::CreatePort, When::After, flaky());
    assert!(cloud.create_port(&wanted).await.is_err());
    assert_eq!(cloud.held_ports().len(), 1);
    assert!(cloud.create_port(&wanted).await.is_ok());
    assert_eq!(cloud.held_ports().len(), 1);
}

#[tokio::test]
async fn the_nth_call_fails_whatever_it_is() {
    let cloud = FakeCloud::new();
    cloud.fail_nth(2, When::Before, flaky());
    assert!(cloud.networks().await.is_ok());
    assert!(cloud.all_servers().await.is_err());
    assert!(cloud.all_servers().await.is_ok());
    assert_eq!(
        cloud.calls(),
        [Call::ReadNetworks, Call::ListServers, Call::ListServers]
    );
}

#[tokio::test]
async fn a_break_down_lasts_until_it_is_healed() {
    let cloud = FakeCloud::new();
    cloud.break_down(Call::CreateServer);
    for _ in 0..3 {
        let error = cloud.create_server(&server(Vec::new())).await.unwrap_err();
        assert!(error.may_retry());
    }
    cloud.heal();
    assert!(cloud.create_server(&server(Vec::new())).await.is_ok());
}

#[tokio::test]
async fn what_is_lost_behind_ones_back_is_gone() {
    let cloud = FakeCloud::new();
    let port = cloud.create_port(&vip(&cloud, "private-subnet")).await;
    let port = port.unwrap().id;
    let made = cloud.create_server(&server(vec![port])).await.unwrap();
    cloud.lose_port(port);
    assert_eq!(cloud.held_servers()[0].ports, []);
    cloud.lose_server(made.id);
    assert_eq!((cloud.held_servers(), cloud.held_ports()), (vec![], vec![]));
}

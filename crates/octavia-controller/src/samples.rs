//! Load balancers for the tests of decisions.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use octavia_model::{
    Amphora, AmphoraRole, AmphoraStatus, ClientAuthentication, HealthMonitor, HealthMonitorType,
    Id, LbAlgorithm, Listener, ListenerProtocol, LoadBalancer, LoadBalancerTree, Member,
    OperatingStatus, Pool, PoolProtocol, PoolTree, ProvisioningStatus, Topology, Vip, VnicType,
};
use octavia_store::Reconciliation;
use uuid::Uuid;

/// Returns an id that shows what it is of: `kind` in front, `n` at the end.
pub(crate) fn id<T>(kind: u32, n: u32) -> Id<T> {
    Id::from_uuid(Uuid::from_u128(
        (u128::from(kind) << 96) | 0x4000_8000_0000_0000_0000 | u128::from(n),
    ))
}

pub(crate) const LB: u32 = 0x1b;
pub(crate) const LISTENER: u32 = 0x15;
pub(crate) const POOL: u32 = 0x90;
pub(crate) const MEMBER: u32 = 0x3e;
pub(crate) const MONITOR: u32 = 0x43;
pub(crate) const AMPHORA: u32 = 0xa3;
pub(crate) const SUBNET: u32 = 0x5b;
pub(crate) const NETWORK: u32 = 0x4e;

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

/// A load balancer with nothing below it.
pub(crate) fn bare() -> LoadBalancerTree {
    LoadBalancerTree {
        load_balancer: LoadBalancer {
            id: id(LB, 1),
            project_id: Some("project".to_owned()),
            name: Some("lb".to_owned()),
            description: None,
            provisioning_status: ProvisioningStatus::PendingCreate,
            operating_status: OperatingStatus::Offline,
            enabled: true,
            topology: Some(Topology::Single),
            server_group_id: None,
            provider: Some("amphora".to_owned()),
            flavor_id: None,
            availability_zone: None,
            created_at: Some(start()),
            updated_at: None,
            tags: Vec::new(),
            vip: Vip {
                ip_address: Some("10.98.0.7".parse().unwrap()),
                ip_address_text: None,
                port_id: Some(id(0xb0, 1)),
                subnet_id: Some(id(SUBNET, 1)),
                network_id: Some(id(NETWORK, 1)),
                qos_policy_id: None,
                octavia_owned: true,
                vnic_type: VnicType::Normal,
                sg_ids: Vec::new(),
            },
            additional_vips: Vec::new(),
            listeners: Vec::new(),
            pools: Vec::new(),
        },
        listeners: Vec::new(),
        l7_policies: Vec::new(),
        pools: Vec::new(),
        amphorae: Vec::new(),
    }
}

/// A load balancer with a listener, its pool, two members and a monitor.
pub(crate) fn full() -> LoadBalancerTree {
    LoadBalancerTree {
        listeners: vec![listener(1, 80, Some(id(POOL, 1)))],
        pools: vec![PoolTree {
            pool: pool(1),
            members: vec![member(1, "10.98.0.21"), member(2, "10.98.0.22")],
            health_monitor: Some(monitor(1)),
        }],
        ..bare()
    }
}

pub(crate) fn listener(n: u32, port: u16, default_pool: Option<Id<Pool>>) -> Listener {
    Listener {
        id: id(LISTENER, n),
        project_id: Some("project".to_owned()),
        load_balancer_id: id(LB, 1),
        name: None,
        description: None,
        protocol: ListenerProtocol::Http,
        protocol_port: port,
        connection_limit: Some(-1),
        default_pool_id: default_pool,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Offline,
        enabled: true,
        peer_port: Some(1025),
        insert_headers: BTreeMap::new(),
        timeout_client_data: None,
        timeout_member_connect: None,
        timeout_member_data: None,
        timeout_tcp_inspect: None,
        tls_certificate_id: None,
        sni_container_refs: Vec::new(),
        client_ca_tls_certificate_id: None,
        client_authentication: ClientAuthentication::None,
        client_crl_container_id: None,
        tls_ciphers: None,
        tls_versions: Vec::new(),
        alpn_protocols: Vec::new(),
        hsts_max_age: None,
        hsts_include_subdomains: false,
        hsts_preload: false,
        allowed_cidrs: Vec::new(),
        tags: Vec::new(),
        created_at: Some(start()),
        updated_at: None,
        l7_policies: Vec::new(),
    }
}

pub(crate) fn pool(n: u32) -> Pool {
    Pool {
        id: id(POOL, n),
        project_id: Some("project".to_owned()),
        load_balancer_id: id(LB, 1),
        name: None,
        description: None,
        protocol: PoolProtocol::Http,
        lb_algorithm: LbAlgorithm::RoundRobin,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Offline,
        enabled: true,
        session_persistence: None,
        tls_enabled: false,
        tls_certificate_id: None,
        ca_tls_certificate_id: None,
        crl_container_id: None,
        tls_ciphers: None,
        tls_versions: Vec::new(),
        alpn_protocols: Vec::new(),
        tags: Vec::new(),
        created_at: Some(start()),
        updated_at: None,
        listeners: Vec::new(),
        members: Vec::new(),
        health_monitor_id: None,
    }
}

pub(crate) fn member(n: u32, address: &str) -> Member {
    Member {
        id: id(MEMBER, n),
        project_id: Some("project".to_owned()),
        pool_id: id(POOL, 1),
        name: None,
        subnet_id: None,
        ip_address: address.parse().unwrap(),
        ip_address_text: address.to_owned(),
        protocol_port: 8080,
        weight: None,
        backup: false,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Offline,
        enabled: true,
        monitor_address: None,
        monitor_address_text: None,
        monitor_port: None,
        vnic_type: VnicType::Normal,
        tags: Vec::new(),
        created_at: Some(start()),
        updated_at: None,
    }
}

pub(crate) fn monitor(n: u32) -> HealthMonitor {
    HealthMonitor {
        id: id(MONITOR, n),
        project_id: Some("project".to_owned()),
        pool_id: id(POOL, 1),
        name: None,
        kind: HealthMonitorType::Http,
        delay: 5,
        timeout: 2,
        fall_threshold: 3,
        rise_threshold: 2,
        http_method: None,
        url_path: None,
        expected_codes: None,
        http_version: None,
        domain_name: None,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        tags: Vec::new(),
        created_at: Some(start()),
        updated_at: None,
    }
}

pub(crate) fn amphora(n: u32, status: AmphoraStatus) -> Amphora {
    Amphora {
        id: id(AMPHORA, n),
        load_balancer_id: Some(id(LB, 1)),
        compute_id: None,
        status,
        lb_network_ip: None,
        vrrp_ip: None,
        ha_ip: Some("10.98.0.7".parse().unwrap()),
        vrrp_port_id: None,
        ha_port_id: Some(id(0xb0, 1)),
        role: Some(AmphoraRole::Standalone),
        cert_expiration: None,
        cert_busy: false,
        vrrp_interface: None,
        vrrp_id: None,
        vrrp_priority: None,
        cached_zone: None,
        image_id: None,
        compute_flavor: None,
        created_at: Some(start()),
        updated_at: None,
    }
}

pub(crate) fn reconciliation() -> Reconciliation {
    Reconciliation {
        load_balancer_id: id(LB, 1),
        wanted: 1,
        done: 0,
        pending_since: Some(start()),
        attempts: 0,
        next_look_at: None,
        cause: None,
        failover: false,
        unwanted_amphorae: Vec::new(),
        cascade: false,
        deleting: false,
    }
}

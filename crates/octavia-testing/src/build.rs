use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use octavia_model::{
    Amphora, AmphoraRole, AmphoraStatus, ClientAuthentication, HealthMonitor, HealthMonitorType,
    HttpMethod, Id, L7CompareType, L7Policy, L7PolicyAction, L7Rule, L7RuleType, LbAlgorithm,
    Listener, ListenerProtocol, LoadBalancer, Member, OperatingStatus, Pool, PoolProtocol,
    ProvisioningStatus, RandomIds, Topology, Vip, VnicType, Weight,
};

const PROJECT: &str = "5e5b7d1bbd0a4ac8a4a3a7a0a8d0f7a1";
const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));

/// Makes an active load balancer with a VIP, and nothing below it.
pub fn load_balancer() -> LoadBalancer {
    LoadBalancer {
        id: Id::new(&RandomIds),
        project_id: Some(PROJECT.to_owned()),
        name: Some("web".to_owned()),
        description: Some(String::new()),
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        topology: Some(Topology::Single),
        server_group_id: None,
        provider: Some("amphora".to_owned()),
        flavor_id: None,
        availability_zone: None,
        created_at: None,
        updated_at: None,
        tags: Vec::new(),
        vip: Vip {
            ip_address: Some(VIP),
            ip_address_text: Some(VIP.to_string()),
            port_id: Some(Id::new(&RandomIds)),
            subnet_id: Some(Id::new(&RandomIds)),
            network_id: Some(Id::new(&RandomIds)),
            qos_policy_id: None,
            octavia_owned: true,
            vnic_type: VnicType::Normal,
            sg_ids: Vec::new(),
        },
        additional_vips: Vec::new(),
        listeners: Vec::new(),
        pools: Vec::new(),
    }
}

/// Makes an active HTTP listener on port 80, without a pool.
pub fn listener(load_balancer: &LoadBalancer) -> Listener {
    Listener {
        id: Id::new(&RandomIds),
        project_id: load_balancer.project_id.clone(),
        load_balancer_id: load_balancer.id,
        name: Some("http".to_owned()),
        description: Some(String::new()),
        protocol: ListenerProtocol::Http,
        protocol_port: 80,
        connection_limit: Some(-1),
        default_pool_id: None,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        peer_port: None,
        insert_headers: BTreeMap::new(),
        timeout_client_data: Some(50_000),
        timeout_member_connect: Some(5_000),
        timeout_member_data: Some(50_000),
        timeout_tcp_inspect: Some(0),
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
        created_at: None,
        updated_at: None,
        l7_policies: Vec::new(),
    }
}

/// Makes an active HTTP pool with round robin, without members.
pub fn pool(load_balancer: &LoadBalancer) -> Pool {
    Pool {
        id: Id::new(&RandomIds),
        project_id: load_balancer.project_id.clone(),
        load_balancer_id: load_balancer.id,
        name: Some("servers".to_owned()),
        description: Some(String::new()),
        protocol: PoolProtocol::Http,
        lb_algorithm: LbAlgorithm::RoundRobin,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
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
        created_at: None,
        updated_at: None,
        listeners: Vec::new(),
        members: Vec::new(),
        health_monitor_id: None,
    }
}

/// Makes an active member at 192.0.2.10, port 80.
pub fn member(pool: &Pool) -> Member {
    member_at(pool, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10)), 80)
}

/// Makes an active member at an address and port.
pub fn member_at(pool: &Pool, address: IpAddr, port: u16) -> Member {
    Member {
        id: Id::new(&RandomIds),
        project_id: pool.project_id.clone(),
        pool_id: pool.id,
        name: Some("server".to_owned()),
        subnet_id: None,
        ip_address: address,
        ip_address_text: address.to_string(),
        protocol_port: port,
        weight: Some(Weight::DEFAULT),
        backup: false,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::NoMonitor,
        enabled: true,
        monitor_address: None,
        monitor_address_text: None,
        monitor_port: None,
        vnic_type: VnicType::Normal,
        tags: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

/// Makes an active HTTP health monitor.
pub fn health_monitor(pool: &Pool) -> HealthMonitor {
    HealthMonitor {
        id: Id::new(&RandomIds),
        project_id: pool.project_id.clone(),
        pool_id: pool.id,
        name: Some("health".to_owned()),
        kind: HealthMonitorType::Http,
        delay: 5,
        timeout: 3,
        fall_threshold: 3,
        rise_threshold: 2,
        http_method: Some(HttpMethod::Get),
        url_path: Some("/".to_owned()),
        expected_codes: Some("200".to_owned()),
        http_version: None,
        domain_name: None,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        tags: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

/// Makes an active policy that refuses, at the end of the listener's policies, without rules.
pub fn l7_policy(listener: &Listener) -> L7Policy {
    L7Policy {
        id: Id::new(&RandomIds),
        project_id: listener.project_id.clone(),
        listener_id: listener.id,
        name: Some("policy".to_owned()),
        description: Some(String::new()),
        action: L7PolicyAction::Reject,
        redirect_pool_id: None,
        redirect_url: None,
        redirect_prefix: None,
        redirect_http_code: None,
        position: i32::MAX,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        tags: Vec::new(),
        created_at: None,
        updated_at: None,
        rules: Vec::new(),
    }
}

/// Makes an active rule: the path begins with `/api`.
pub fn l7_rule(policy: &L7Policy) -> L7Rule {
    L7Rule {
        id: Id::new(&RandomIds),
        project_id: policy.project_id.clone(),
        l7_policy_id: policy.id,
        kind: L7RuleType::Path,
        compare_type: L7CompareType::StartsWith,
        key: None,
        value: "/api".to_owned(),
        invert: false,
        provisioning_status: ProvisioningStatus::Active,
        operating_status: OperatingStatus::Online,
        enabled: true,
        tags: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

/// Makes an amphora that serves.
pub fn amphora(load_balancer: &LoadBalancer) -> Amphora {
    Amphora {
        id: Id::new(&RandomIds),
        load_balancer_id: Some(load_balancer.id),
        compute_id: Some(Id::new(&RandomIds)),
        status: AmphoraStatus::Allocated,
        lb_network_ip: Some(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 10))),
        vrrp_ip: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 101))),
        ha_ip: load_balancer.vip.ip_address,
        vrrp_port_id: Some(Id::new(&RandomIds)),
        ha_port_id: load_balancer.vip.port_id,
        role: Some(AmphoraRole::Standalone),
        cert_expiration: None,
        cert_busy: false,
        vrrp_interface: None,
        vrrp_id: Some(1),
        vrrp_priority: None,
        cached_zone: None,
        image_id: None,
        compute_flavor: None,
        created_at: None,
        updated_at: None,
    }
}

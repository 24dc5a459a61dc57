//! Which fields a list may be filtered and sorted by: one table a resource.

use sea_orm::DynIden;
use sea_orm::sea_query::{Expr, IntoIden};

use crate::row::{
    amphora, availability_zone, availability_zone_profile, flavor, flavor_profile, health_monitor,
    l7policy, l7rule, listener, load_balancer, member, pool, quotas, vip,
};
use crate::{Error, Resource, Result};

/// What a column holds, and so how it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text without case or trailing blanks, as MySQL compares.
    Text,
    /// A text in one spelling: ids, names of statuses.
    Word,
    Bool,
    Number,
    /// A number with one digit behind the point.
    Version,
    Time,
}

/// A field, and where it is kept.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) table: DynIden,
    pub(super) column: DynIden,
    pub(super) kind: Kind,
}

impl Field {
    fn new(table: impl IntoIden, column: impl IntoIden, kind: Kind) -> Self {
        Self {
            table: table.into_iden(),
            column: column.into_iden(),
            kind,
        }
    }

    pub(super) fn expr(&self) -> Expr {
        Expr::col((self.table.clone(), self.column.clone()))
    }
}

/// Finds a field of a resource by its name in the API, or upstream's internal name.
pub(super) fn field(resource: Resource, name: &str) -> Result<Field> {
    let found = match resource {
        Resource::LoadBalancer => load_balancer_field(name),
        Resource::Listener => listener_field(name),
        Resource::Pool => pool_field(name),
        Resource::Member(_) => member_field(name),
        Resource::HealthMonitor => health_monitor_field(name),
        Resource::L7Policy => l7_policy_field(name),
        Resource::L7Rule(_) => l7_rule_field(name),
        Resource::Flavor => flavor_field(name),
        Resource::FlavorProfile => flavor_profile_field(name),
        Resource::AvailabilityZone => availability_zone_field(name),
        Resource::AvailabilityZoneProfile => availability_zone_profile_field(name),
        Resource::Amphora => amphora_field(name),
        Resource::Quota => quota_field(name),
    };
    found.ok_or_else(|| Error::UnknownField(name.to_owned()))
}

fn load_balancer_field(name: &str) -> Option<Field> {
    use load_balancer::Column as C;
    if let Some(name) = name.strip_prefix("vip_") {
        return vip_field(name);
    }
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "project_id" => (C::ProjectId, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "provider" => (C::Provider, Kind::Text),
        "flavor_id" => (C::FlavorId, Kind::Word),
        "availability_zone" => (C::AvailabilityZone, Kind::Text),
        "topology" => (C::Topology, Kind::Word),
        "server_group_id" => (C::ServerGroupId, Kind::Word),
        _ => return None,
    };
    Some(Field::new(load_balancer::Entity, column, kind))
}

/// Fields of the VIP, without their `vip_`.
fn vip_field(name: &str) -> Option<Field> {
    use vip::Column as C;
    let (column, kind) = match name {
        "address" => (C::IpAddress, Kind::Text),
        "port_id" => (C::PortId, Kind::Word),
        "subnet_id" => (C::SubnetId, Kind::Word),
        "network_id" => (C::NetworkId, Kind::Word),
        "qos_policy_id" => (C::QosPolicyId, Kind::Word),
        "vnic_type" => (C::VnicType, Kind::Text),
        _ => return None,
    };
    Some(Field::new(vip::Entity, column, kind))
}

fn listener_field(name: &str) -> Option<Field> {
    use listener::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "protocol" => (C::Protocol, Kind::Word),
        "protocol_port" => (C::ProtocolPort, Kind::Number),
        "connection_limit" => (C::ConnectionLimit, Kind::Number),
        "default_tls_container_ref" | "tls_certificate_id" => (C::TlsCertificateId, Kind::Text),
        "project_id" => (C::ProjectId, Kind::Word),
        "default_pool_id" => (C::DefaultPoolId, Kind::Word),
        "loadbalancer_id" | "load_balancer_id" => (C::LoadBalancerId, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "timeout_client_data" => (C::TimeoutClientData, Kind::Number),
        "timeout_member_connect" => (C::TimeoutMemberConnect, Kind::Number),
        "timeout_member_data" => (C::TimeoutMemberData, Kind::Number),
        "timeout_tcp_inspect" => (C::TimeoutTcpInspect, Kind::Number),
        "client_ca_tls_container_ref" => (C::ClientCaTlsCertificateId, Kind::Text),
        "client_authentication" => (C::ClientAuthentication, Kind::Word),
        "client_crl_container_ref" => (C::ClientCrlContainerId, Kind::Text),
        "tls_ciphers" => (C::TlsCiphers, Kind::Text),
        "hsts_max_age" => (C::HstsMaxAge, Kind::Number),
        "hsts_include_subdomains" => (C::HstsIncludeSubdomains, Kind::Bool),
        "hsts_preload" => (C::HstsPreload, Kind::Bool),
        "peer_port" => (C::PeerPort, Kind::Number),
        _ => return None,
    };
    Some(Field::new(listener::Entity, column, kind))
}

fn pool_field(name: &str) -> Option<Field> {
    use pool::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "protocol" => (C::Protocol, Kind::Word),
        "lb_algorithm" => (C::LbAlgorithm, Kind::Word),
        "project_id" => (C::ProjectId, Kind::Word),
        "loadbalancer_id" | "load_balancer_id" => (C::LoadBalancerId, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "tls_container_ref" | "tls_certificate_id" => (C::TlsCertificateId, Kind::Text),
        "ca_tls_container_ref" => (C::CaTlsCertificateId, Kind::Text),
        "crl_container_ref" => (C::CrlContainerId, Kind::Text),
        "tls_enabled" => (C::TlsEnabled, Kind::Bool),
        "tls_ciphers" => (C::TlsCiphers, Kind::Text),
        "healthmonitor_id" => {
            let id = health_monitor::Column::Id;
            return Some(Field::new(health_monitor::Entity, id, Kind::Word));
        }
        _ => return None,
    };
    Some(Field::new(pool::Entity, column, kind))
}

fn member_field(name: &str) -> Option<Field> {
    use member::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "address" | "ip_address" => (C::IpAddress, Kind::Text),
        "protocol_port" => (C::ProtocolPort, Kind::Number),
        "weight" => (C::Weight, Kind::Number),
        "backup" => (C::Backup, Kind::Bool),
        "subnet_id" => (C::SubnetId, Kind::Word),
        "pool_id" => (C::PoolId, Kind::Word),
        "project_id" => (C::ProjectId, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "monitor_address" => (C::MonitorAddress, Kind::Text),
        "monitor_port" => (C::MonitorPort, Kind::Number),
        "vnic_type" => (C::VnicType, Kind::Text),
        _ => return None,
    };
    Some(Field::new(member::Entity, column, kind))
}

fn health_monitor_field(name: &str) -> Option<Field> {
    use health_monitor::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "type" => (C::Kind, Kind::Word),
        "delay" => (C::Delay, Kind::Number),
        "timeout" => (C::Timeout, Kind::Number),
        "max_retries" | "rise_threshold" => (C::RiseThreshold, Kind::Number),
        "max_retries_down" | "fall_threshold" => (C::FallThreshold, Kind::Number),
        "http_method" => (C::HttpMethod, Kind::Word),
        "url_path" => (C::UrlPath, Kind::Text),
        "expected_codes" => (C::ExpectedCodes, Kind::Text),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "project_id" => (C::ProjectId, Kind::Word),
        "pool_id" => (C::PoolId, Kind::Word),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "http_version" => (C::HttpVersion, Kind::Version),
        "domain_name" => (C::DomainName, Kind::Text),
        _ => return None,
    };
    Some(Field::new(health_monitor::Entity, column, kind))
}

fn l7_policy_field(name: &str) -> Option<Field> {
    use l7policy::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "project_id" => (C::ProjectId, Kind::Word),
        "action" => (C::Action, Kind::Word),
        "listener_id" => (C::ListenerId, Kind::Word),
        "redirect_pool_id" => (C::RedirectPoolId, Kind::Word),
        "redirect_url" => (C::RedirectUrl, Kind::Text),
        "redirect_prefix" => (C::RedirectPrefix, Kind::Text),
        "redirect_http_code" => (C::RedirectHttpCode, Kind::Number),
        "position" => (C::Position, Kind::Number),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        _ => return None,
    };
    Some(Field::new(l7policy::Entity, column, kind))
}

fn l7_rule_field(name: &str) -> Option<Field> {
    use l7rule::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "type" => (C::Kind, Kind::Word),
        "compare_type" => (C::CompareType, Kind::Word),
        "key" => (C::Key, Kind::Text),
        "value" => (C::Value, Kind::Text),
        "invert" => (C::Invert, Kind::Bool),
        "provisioning_status" => (C::ProvisioningStatus, Kind::Word),
        "operating_status" => (C::OperatingStatus, Kind::Word),
        "admin_state_up" | "enabled" => (C::Enabled, Kind::Bool),
        "project_id" => (C::ProjectId, Kind::Word),
        "l7policy_id" => (C::L7policyId, Kind::Word),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        _ => return None,
    };
    Some(Field::new(l7rule::Entity, column, kind))
}

fn flavor_field(name: &str) -> Option<Field> {
    use flavor::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "enabled" => (C::Enabled, Kind::Bool),
        "flavor_profile_id" => (C::FlavorProfileId, Kind::Word),
        _ => return None,
    };
    Some(Field::new(flavor::Entity, column, kind))
}

fn flavor_profile_field(name: &str) -> Option<Field> {
    use flavor_profile::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "provider_name" => (C::ProviderName, Kind::Text),
        "flavor_data" => (C::FlavorData, Kind::Text),
        _ => return None,
    };
    Some(Field::new(flavor_profile::Entity, column, kind))
}

fn availability_zone_field(name: &str) -> Option<Field> {
    use availability_zone::Column as C;
    let (column, kind) = match name {
        "name" => (C::Name, Kind::Text),
        "description" => (C::Description, Kind::Text),
        "enabled" => (C::Enabled, Kind::Bool),
        "availability_zone_profile_id" => (C::AvailabilityZoneProfileId, Kind::Word),
        _ => return None,
    };
    Some(Field::new(availability_zone::Entity, column, kind))
}

fn availability_zone_profile_field(name: &str) -> Option<Field> {
    use availability_zone_profile::Column as C;
    let (column, kind) = match name {
        "id" => (C::Id, Kind::Word),
        "name" => (C::Name, Kind::Text),
        "provider_name" => (C::ProviderName, Kind::Text),
        "availability_zone_data" => (C::AvailabilityZoneData, Kind::Text),
        _ => return None,
    };
    Some(Field::new(availability_zone_profile::Entity, column, kind))
}

fn amphora_field(name: &str) -> Option<Field> {
    use amphora::Column as C;
    if name == "project_id" {
        return load_balancer_field(name);
    }
    let (column, kind) = match name {
        "loadbalancer_id" | "load_balancer_id" => (C::LoadBalancerId, Kind::Word),
        "id" => (C::Id, Kind::Word),
        "compute_id" => (C::ComputeId, Kind::Word),
        "lb_network_ip" => (C::LbNetworkIp, Kind::Text),
        "vrrp_ip" => (C::VrrpIp, Kind::Text),
        "ha_ip" => (C::HaIp, Kind::Text),
        "vrrp_port_id" => (C::VrrpPortId, Kind::Word),
        "ha_port_id" => (C::HaPortId, Kind::Word),
        "cert_expiration" => (C::CertExpiration, Kind::Time),
        "cert_busy" => (C::CertBusy, Kind::Bool),
        "role" => (C::Role, Kind::Word),
        "status" => (C::Status, Kind::Word),
        "vrrp_interface" => (C::VrrpInterface, Kind::Text),
        "vrrp_id" => (C::VrrpId, Kind::Number),
        "vrrp_priority" => (C::VrrpPriority, Kind::Number),
        "cached_zone" => (C::CachedZone, Kind::Text),
        "created_at" => (C::CreatedAt, Kind::Time),
        "updated_at" => (C::UpdatedAt, Kind::Time),
        "image_id" => (C::ImageId, Kind::Word),
        "compute_flavor" => (C::ComputeFlavor, Kind::Text),
        _ => return None,
    };
    Some(Field::new(amphora::Entity, column, kind))
}

fn quota_field(name: &str) -> Option<Field> {
    use quotas::Column as C;
    let (column, kind) = match name {
        "project_id" => (C::ProjectId, Kind::Word),
        "loadbalancer" | "load_balancer" => (C::LoadBalancer, Kind::Number),
        "listener" => (C::Listener, Kind::Number),
        "member" => (C::Member, Kind::Number),
        "pool" => (C::Pool, Kind::Number),
        "healthmonitor" | "health_monitor" => (C::HealthMonitor, Kind::Number),
        "l7policy" => (C::L7policy, Kind::Number),
        "l7rule" => (C::L7rule, Kind::Number),
        _ => return None,
    };
    Some(Field::new(quotas::Entity, column, kind))
}

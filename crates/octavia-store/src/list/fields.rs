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
    let known = fields(resource).iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| Error::UnknownField(name.to_owned()))?;
    Ok((known.field)())
}

/// Returns the names of the fields that lists of a resource can be filtered and sorted by.
pub(super) fn names(resource: Resource) -> impl Iterator<Item = &'static str> {
    fields(resource).iter().map(|known| known.name)
}

/// A field by one of its names.
struct Named {
    name: &'static str,
    field: fn() -> Field,
}

fn fields(resource: Resource) -> &'static [Named] {
    match resource {
        Resource::LoadBalancer => LOAD_BALANCER,
        Resource::Listener => LISTENER,
        Resource::Pool => POOL,
        Resource::Member(_) => MEMBER,
        Resource::HealthMonitor => HEALTH_MONITOR,
        Resource::L7Policy => L7_POLICY,
        Resource::L7Rule(_) => L7_RULE,
        Resource::Flavor => FLAVOR,
        Resource::FlavorProfile => FLAVOR_PROFILE,
        Resource::AvailabilityZone => AVAILABILITY_ZONE,
        Resource::AvailabilityZoneProfile => AVAILABILITY_ZONE_PROFILE,
        Resource::Amphora => AMPHORA,
        Resource::Quota => QUOTA,
    }
}

/// Defines the fields of a resource: `names => column as kind`. A column may lie in a table that the
/// query joins.
macro_rules! fields {
    ($constant:ident: $($($name:literal)|+ => $table:ident.$column:ident as $kind:ident,)*) => {
        const $constant: &[Named] = &[
            $($(Named {
                name: $name,
                field: || Field::new($table::Entity, $table::Column::$column, Kind::$kind),
            },)+)*
        ];
    };
}

fields! {
    LOAD_BALANCER:
    "id" => load_balancer.Id as Word,
    "name" => load_balancer.Name as Text,
    "description" => load_balancer.Description as Text,
    "provisioning_status" => load_balancer.ProvisioningStatus as Word,
    "operating_status" => load_balancer.OperatingStatus as Word,
    "admin_state_up" | "enabled" => load_balancer.Enabled as Bool,
    "project_id" => load_balancer.ProjectId as Word,
    "created_at" => load_balancer.CreatedAt as Time,
    "updated_at" => load_balancer.UpdatedAt as Time,
    "provider" => load_balancer.Provider as Text,
    "flavor_id" => load_balancer.FlavorId as Word,
    "availability_zone" => load_balancer.AvailabilityZone as Text,
    "topology" => load_balancer.Topology as Word,
    "server_group_id" => load_balancer.ServerGroupId as Word,
    "vip_address" => vip.IpAddress as Text,
    "vip_port_id" => vip.PortId as Word,
    "vip_subnet_id" => vip.SubnetId as Word,
    "vip_network_id" => vip.NetworkId as Word,
    "vip_qos_policy_id" => vip.QosPolicyId as Word,
    "vip_vnic_type" => vip.VnicType as Text,
}

fields! {
    LISTENER:
    "id" => listener.Id as Word,
    "name" => listener.Name as Text,
    "description" => listener.Description as Text,
    "provisioning_status" => listener.ProvisioningStatus as Word,
    "operating_status" => listener.OperatingStatus as Word,
    "admin_state_up" | "enabled" => listener.Enabled as Bool,
    "protocol" => listener.Protocol as Word,
    "protocol_port" => listener.ProtocolPort as Number,
    "connection_limit" => listener.ConnectionLimit as Number,
    "default_tls_container_ref" | "tls_certificate_id" => listener.TlsCertificateId as Text,
    "project_id" => listener.ProjectId as Word,
    "default_pool_id" => listener.DefaultPoolId as Word,
    "loadbalancer_id" | "load_balancer_id" => listener.LoadBalancerId as Word,
    "created_at" => listener.CreatedAt as Time,
    "updated_at" => listener.UpdatedAt as Time,
    "timeout_client_data" => listener.TimeoutClientData as Number,
    "timeout_member_connect" => listener.TimeoutMemberConnect as Number,
    "timeout_member_data" => listener.TimeoutMemberData as Number,
    "timeout_tcp_inspect" => listener.TimeoutTcpInspect as Number,
    "client_ca_tls_container_ref" => listener.ClientCaTlsCertificateId as Text,
    "client_authentication" => listener.ClientAuthentication as Word,
    "client_crl_container_ref" => listener.ClientCrlContainerId as Text,
    "tls_ciphers" => listener.TlsCiphers as Text,
    "hsts_max_age" => listener.HstsMaxAge as Number,
    "hsts_include_subdomains" => listener.HstsIncludeSubdomains as Bool,
    "hsts_preload" => listener.HstsPreload as Bool,
    "peer_port" => listener.PeerPort as Number,
}

fields! {
    POOL:
    "id" => pool.Id as Word,
    "name" => pool.Name as Text,
    "description" => pool.Description as Text,
    "provisioning_status" => pool.ProvisioningStatus as Word,
    "operating_status" => pool.OperatingStatus as Word,
    "admin_state_up" | "enabled" => pool.Enabled as Bool,
    "protocol" => pool.Protocol as Word,
    "lb_algorithm" => pool.LbAlgorithm as Word,
    "project_id" => pool.ProjectId as Word,
    "loadbalancer_id" | "load_balancer_id" => pool.LoadBalancerId as Word,
    "created_at" => pool.CreatedAt as Time,
    "updated_at" => pool.UpdatedAt as Time,
    "tls_container_ref" | "tls_certificate_id" => pool.TlsCertificateId as Text,
    "ca_tls_container_ref" => pool.CaTlsCertificateId as Text,
    "crl_container_ref" => pool.CrlContainerId as Text,
    "tls_enabled" => pool.TlsEnabled as Bool,
    "tls_ciphers" => pool.TlsCiphers as Text,
    "healthmonitor_id" => health_monitor.Id as Word,
}

fields! {
    MEMBER:
    "id" => member.Id as Word,
    "name" => member.Name as Text,
    "provisioning_status" => member.ProvisioningStatus as Word,
    "operating_status" => member.OperatingStatus as Word,
    "admin_state_up" | "enabled" => member.Enabled as Bool,
    "address" | "ip_address" => member.IpAddress as Text,
    "protocol_port" => member.ProtocolPort as Number,
    "weight" => member.Weight as Number,
    "backup" => member.Backup as Bool,
    "subnet_id" => member.SubnetId as Word,
    "pool_id" => member.PoolId as Word,
    "project_id" => member.ProjectId as Word,
    "created_at" => member.CreatedAt as Time,
    "updated_at" => member.UpdatedAt as Time,
    "monitor_address" => member.MonitorAddress as Text,
    "monitor_port" => member.MonitorPort as Number,
    "vnic_type" => member.VnicType as Text,
}

fields! {
    HEALTH_MONITOR:
    "id" => health_monitor.Id as Word,
    "name" => health_monitor.Name as Text,
    "type" => health_monitor.Kind as Word,
    "delay" => health_monitor.Delay as Number,
    "timeout" => health_monitor.Timeout as Number,
    "max_retries" | "rise_threshold" => health_monitor.RiseThreshold as Number,
    "max_retries_down" | "fall_threshold" => health_monitor.FallThreshold as Number,
    "http_method" => health_monitor.HttpMethod as Word,
    "url_path" => health_monitor.UrlPath as Text,
    "expected_codes" => health_monitor.ExpectedCodes as Text,
    "admin_state_up" | "enabled" => health_monitor.Enabled as Bool,
    "project_id" => health_monitor.ProjectId as Word,
    "pool_id" => health_monitor.PoolId as Word,
    "provisioning_status" => health_monitor.ProvisioningStatus as Word,
    "operating_status" => health_monitor.OperatingStatus as Word,
    "created_at" => health_monitor.CreatedAt as Time,
    "updated_at" => health_monitor.UpdatedAt as Time,
    "http_version" => health_monitor.HttpVersion as Version,
    "domain_name" => health_monitor.DomainName as Text,
}

fields! {
    L7_POLICY:
    "id" => l7policy.Id as Word,
    "name" => l7policy.Name as Text,
    "description" => l7policy.Description as Text,
    "provisioning_status" => l7policy.ProvisioningStatus as Word,
    "operating_status" => l7policy.OperatingStatus as Word,
    "admin_state_up" | "enabled" => l7policy.Enabled as Bool,
    "project_id" => l7policy.ProjectId as Word,
    "action" => l7policy.Action as Word,
    "listener_id" => l7policy.ListenerId as Word,
    "redirect_pool_id" => l7policy.RedirectPoolId as Word,
    "redirect_url" => l7policy.RedirectUrl as Text,
    "redirect_prefix" => l7policy.RedirectPrefix as Text,
    "redirect_http_code" => l7policy.RedirectHttpCode as Number,
    "position" => l7policy.Position as Number,
    "created_at" => l7policy.CreatedAt as Time,
    "updated_at" => l7policy.UpdatedAt as Time,
}

fields! {
    L7_RULE:
    "id" => l7rule.Id as Word,
    "type" => l7rule.Kind as Word,
    "compare_type" => l7rule.CompareType as Word,
    "key" => l7rule.Key as Text,
    "value" => l7rule.Value as Text,
    "invert" => l7rule.Invert as Bool,
    "provisioning_status" => l7rule.ProvisioningStatus as Word,
    "operating_status" => l7rule.OperatingStatus as Word,
    "admin_state_up" | "enabled" => l7rule.Enabled as Bool,
    "project_id" => l7rule.ProjectId as Word,
    "l7policy_id" => l7rule.L7policyId as Word,
    "created_at" => l7rule.CreatedAt as Time,
    "updated_at" => l7rule.UpdatedAt as Time,
}

fields! {
    FLAVOR:
    "id" => flavor.Id as Word,
    "name" => flavor.Name as Text,
    "description" => flavor.Description as Text,
    "enabled" => flavor.Enabled as Bool,
    "flavor_profile_id" => flavor.FlavorProfileId as Word,
}

fields! {
    FLAVOR_PROFILE:
    "id" => flavor_profile.Id as Word,
    "name" => flavor_profile.Name as Text,
    "provider_name" => flavor_profile.ProviderName as Text,
    "flavor_data" => flavor_profile.FlavorData as Text,
}

fields! {
    AVAILABILITY_ZONE:
    "name" => availability_zone.Name as Text,
    "description" => availability_zone.Description as Text,
    "enabled" => availability_zone.Enabled as Bool,
    "availability_zone_profile_id" => availability_zone.AvailabilityZoneProfileId as Word,
}

fields! {
    AVAILABILITY_ZONE_PROFILE:
    "id" => availability_zone_profile.Id as Word,
    "name" => availability_zone_profile.Name as Text,
    "provider_name" => availability_zone_profile.ProviderName as Text,
    "availability_zone_data" => availability_zone_profile.AvailabilityZoneData as Text,
}

fields! {
    AMPHORA:
    "loadbalancer_id" | "load_balancer_id" => amphora.LoadBalancerId as Word,
    "id" => amphora.Id as Word,
    "compute_id" => amphora.ComputeId as Word,
    "lb_network_ip" => amphora.LbNetworkIp as Text,
    "vrrp_ip" => amphora.VrrpIp as Text,
    "ha_ip" => amphora.HaIp as Text,
    "vrrp_port_id" => amphora.VrrpPortId as Word,
    "ha_port_id" => amphora.HaPortId as Word,
    "cert_expiration" => amphora.CertExpiration as Time,
    "cert_busy" => amphora.CertBusy as Bool,
    "role" => amphora.Role as Word,
    "status" => amphora.Status as Word,
    "vrrp_interface" => amphora.VrrpInterface as Text,
    "vrrp_id" => amphora.VrrpId as Number,
    "vrrp_priority" => amphora.VrrpPriority as Number,
    "cached_zone" => amphora.CachedZone as Text,
    "created_at" => amphora.CreatedAt as Time,
    "updated_at" => amphora.UpdatedAt as Time,
    "image_id" => amphora.ImageId as Word,
    "compute_flavor" => amphora.ComputeFlavor as Text,
    "project_id" => load_balancer.ProjectId as Word,
}

fields! {
    QUOTA:
    "project_id" => quotas.ProjectId as Word,
    "loadbalancer" | "load_balancer" => quotas.LoadBalancer as Number,
    "listener" => quotas.Listener as Number,
    "member" => quotas.Member as Number,
    "pool" => quotas.Pool as Number,
    "healthmonitor" | "health_monitor" => quotas.HealthMonitor as Number,
    "l7policy" => quotas.L7policy as Number,
    "l7rule" => quotas.L7rule as Number,
}

use std::net::IpAddr;

use octavia_model::{
    Id, LoadBalancer, Member, OperatingStatus, Pool, ProvisioningStatus, Subnet, VnicType, Weight,
};

use octavia_store::Tx;

use crate::Api;
use crate::error::{Error, Result};
use crate::wire::given::Given;
use crate::wire::member::{MemberFields, MemberPut};

/// Makes a member of what a create call, a batch or a tree asks for.
pub(crate) fn build(api: &Api, pool: &Pool, fields: MemberFields) -> Result<Member> {
    let (Some(address), Some(protocol_port)) =
        (fields.address.value(), fields.protocol_port.value())
    else {
        return Err(Error::invalid_option("None", "address or protocol_port"));
    };
    if api
        .config
        .networking
        .reserved_ips
        .contains(&address.address)
    {
        let shown = expanded(address.address);
        return Err(Error::invalid_option(shown, "member address"));
    }
    if fields.backup.is_null() {
        return Err(Error::invalid_option("None", "backup"));
    }
    let vnic_type = if fields.request_sriov.value() == Some(true) {
        VnicType::Direct
    } else {
        VnicType::Normal
    };
    let monitor_address = fields.monitor_address.value();
    let tags = fields.tags.value().unwrap_or_default();
    super::distinct(&tags)?;
    Ok(Member {
        id: api.id(),
        project_id: pool.project_id.clone(),
        pool_id: pool.id,
        name: fields.name.value(),
        subnet_id: fields.subnet_id.value(),
        ip_address: address.address,
        ip_address_text: address.text,
        protocol_port,
        weight: fields.weight.or_default(1).and_then(weight),
        backup: fields.backup.value().unwrap_or(false),
        provisioning_status: ProvisioningStatus::PendingCreate,
        operating_status: if pool.health_monitor_id.is_some() {
            OperatingStatus::Offline
        } else {
            OperatingStatus::NoMonitor
        },
        enabled: fields.admin_state_up.or_default(true).unwrap_or(false),
        monitor_address: monitor_address.as_ref().map(|monitor| monitor.address),
        monitor_address_text: monitor_address.map(|monitor| monitor.text),
        monitor_port: fields.monitor_port.value(),
        vnic_type,
        tags,
        created_at: Some(api.clock.now()),
        updated_at: None,
    })
}

/// Checks that a new member may have the virtual function of the NIC that it asks for.
pub(crate) async fn may_have_sriov(
    tx: &mut Tx,
    load_balancer: &LoadBalancer,
    fields: &MemberFields,
) -> Result<()> {
    if fields.request_sriov.as_ref() != Some(&true) {
        return Ok(());
    }
    super::choice::member_sriov_of(tx, load_balancer.flavor_id).await
}

fn weight(number: i32) -> Option<Weight> {
    Weight::try_from(i64::from(number)).ok()
}

/// Prints an address as upstream does in this one text: all digits, upper case.
fn expanded(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let groups: Vec<_> = address
                .segments()
                .iter()
                .map(|g| format!("{g:04X}"))
                .collect();
            groups.join(":")
        }
    }
}

/// Changes a member as an update asks.
pub(crate) fn update(mut member: Member, put: MemberPut) -> Result<Member> {
    let m = &mut member;
    m.name = put.name.change_or_clear(m.name.take());
    m.enabled = put.admin_state_up.change(m.enabled, false);
    m.weight = match put.weight {
        Given::Absent => m.weight,
        Given::Null => Some(Weight::DEFAULT),
        Given::Value(number) => weight(number),
    };
    m.backup = put.backup.change(m.backup, false);
    m.monitor_port = put.monitor_port.change_or_clear(m.monitor_port);
    match put.monitor_address {
        Given::Absent => {}
        Given::Null => set_monitor_address(m, None),
        Given::Value(address) => set_monitor_address(m, Some(address)),
    }
    if let Some(tags) = put.tags.value() {
        super::distinct(&tags)?;
        m.tags = tags;
    }
    Ok(member)
}

fn set_monitor_address(member: &mut Member, address: Option<crate::wire::decode::AddressText>) {
    member.monitor_address = address.as_ref().map(|monitor| monitor.address);
    member.monitor_address_text = address.map(|monitor| monitor.text);
}

/// Changes a member as a batch asks: what the batch leaves out returns to the defaults of a create
/// call, but for name, tags and subnet.
pub(crate) fn overwrite(present: Member, wanted: Member, fields: &MemberFields) -> Member {
    Member {
        id: present.id,
        created_at: present.created_at,
        updated_at: present.updated_at,
        vnic_type: present.vnic_type,
        operating_status: present.operating_status,
        name: if fields.name.is_absent() {
            present.name
        } else {
            wanted.name
        },
        tags: if fields.tags.as_ref().is_none() {
            present.tags
        } else {
            wanted.tags
        },
        subnet_id: if fields.subnet_id.is_absent() {
            present.subnet_id
        } else {
            wanted.subnet_id
        },
        ..wanted
    }
}

/// Says that a pool has such a member already.
pub(crate) fn taken(member: &Member) -> Error {
    Error::Conflict(format!(
        "Another member on this pool is already using ip {} on protocol_port {}",
        member.ip_address_text, member.protocol_port
    ))
}

/// Tells whether two members are the same to upstream: it compares the addresses' texts.
pub(crate) fn same_target(a: &Member, b: &Member) -> bool {
    a.ip_address_text == b.ip_address_text && a.protocol_port == b.protocol_port
}

/// Checks that the cloud has these subnets.
pub(crate) async fn subnets_exist(
    api: &Api,
    subnets: impl IntoIterator<Item = Id<Subnet>>,
) -> Result<()> {
    for subnet in subnets {
        api.network.subnet(subnet).await?;
    }
    Ok(())
}

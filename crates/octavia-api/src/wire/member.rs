use octavia_model::{Id, Member, Subnet};
use serde_json::{Value, json};

use super::decode::{AddressText, address, boolean, id, integer, list, object, port, tags, text};
use super::shape::shape;

shape! {
    /// A member inside a load balancer's tree, and the common part of a create call.
    struct MemberFields {
        "name" name: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "address" address: required AddressText = address,
        "protocol_port" protocol_port: required u16 = port,
        "weight" weight: optional i32 = integer(0, 256),
        "backup" backup: optional bool = boolean,
        "subnet_id" subnet_id: optional Id<Subnet> = id,
        "monitor_port" monitor_port: optional u16 = port,
        "monitor_address" monitor_address: optional AddressText = address,
        "tags" tags: optional Vec<String> = tags,
        "request_sriov" request_sriov: optional bool = boolean,
    }
}

shape! {
    /// The body of a create call. Its project is accepted and ignored: the load balancer's counts.
    struct MemberPost with member: MemberFields {
        ignored "project_id" = text(36),
        ignored "tenant_id" = text(36),
    }
}

shape! {
    /// The body of an update call.
    struct MemberPut {
        "name" name: optional String = text(255),
        "admin_state_up" admin_state_up: optional bool = boolean,
        "weight" weight: optional i32 = integer(0, 256),
        "backup" backup: optional bool = boolean,
        "monitor_port" monitor_port: optional u16 = port,
        "monitor_address" monitor_address: optional AddressText = address,
        "tags" tags: optional Vec<String> = tags,
    }
}

shape! {
    /// The whole body of a batch update.
    struct MembersPut {
        "members" members: required Vec<MemberPost> = list(object),
    }
}

/// Shows a member.
pub(crate) fn view(member: &Member) -> Value {
    json!({
        "id": member.id.to_string(),
        "name": member.name.as_deref().unwrap_or_default(),
        "operating_status": member.operating_status.as_str(),
        "provisioning_status": member.provisioning_status.as_str(),
        "admin_state_up": member.enabled,
        "address": member.ip_address_text,
        "protocol_port": member.protocol_port,
        "weight": member.weight.map(octavia_model::Weight::get),
        "backup": member.backup,
        "subnet_id": super::id(member.subnet_id),
        "project_id": member.project_id,
        "created_at": super::time(member.created_at),
        "updated_at": super::time(member.updated_at),
        "monitor_address": member.monitor_address_text,
        "monitor_port": member.monitor_port,
        "tags": member.tags,
        "vnic_type": member.vnic_type.as_str(),
        "tenant_id": member.project_id,
    })
}

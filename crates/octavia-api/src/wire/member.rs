use chrono::{DateTime, Utc};
use octavia_model::{Id, Member, OperatingStatus, ProvisioningStatus, Subnet, VnicType, Weight};

use super::decode::{AddressText, address, boolean, id, integer, list, object, port, tags, text};
use super::shape::shape;
use super::view::view;

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
        "tags" tags: optional Vec<String> = tags(),
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
        "tags" tags: optional Vec<String> = tags(),
    }
}

shape! {
    /// The whole body of a batch update.
    struct MembersPut {
        "members" members: required Vec<MemberPost> = list(object),
    }
}

view! {
    /// A member.
    Member as member {
        "id": Id<Self> = member.id,
        "name": &str = member.name.as_deref().unwrap_or_default(),
        "operating_status": OperatingStatus = member.operating_status,
        "provisioning_status": ProvisioningStatus = member.provisioning_status,
        "admin_state_up": bool = member.enabled,
        "address": String = member.ip_address_text,
        "protocol_port": u16 = member.protocol_port,
        "weight": Option<Weight> = member.weight,
        "backup": bool = member.backup,
        "subnet_id": Option<Id<Subnet>> = member.subnet_id,
        "project_id": Option<String> = member.project_id,
        "created_at": Option<DateTime<Utc>> = member.created_at,
        "updated_at": Option<DateTime<Utc>> = member.updated_at,
        "monitor_address": Option<String> = member.monitor_address_text,
        "monitor_port": Option<u16> = member.monitor_port,
        "tags": Vec<String> = member.tags,
        "vnic_type": VnicType = member.vnic_type,
        "tenant_id": Option<String> = member.project_id,
    }
}

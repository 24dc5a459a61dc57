use octavia_model::{
    AdditionalVip, Amphora, Id, LoadBalancer, LoadBalancerTree, ProvisioningStatus, Vip,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::IntoIden;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::children::{Children, Family, Kind, Part};
use crate::column::{Cell, text, utc};
use crate::list::table_of;
use crate::row::{additional_vip, amphora, listener, load_balancer, pool, vip, vip_security_group};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a load balancer.
    pub async fn load_balancer(&mut self, id: Id<LoadBalancer>) -> Result<Option<LoadBalancer>> {
        let id = id.to_string();
        let select = table_of(Resource::LoadBalancer)
            .and_where(load_balancer::Column::Id.eq(&id))
            .and_where(load_balancer::Column::ProvisioningStatus.ne(GONE))
            .take();
        self.object(select, &id, &family()).await
    }

    /// Returns a load balancer and locks its row (`FOR UPDATE`) until the end of the transaction.
    pub async fn lock_load_balancer(
        &mut self,
        id: Id<LoadBalancer>,
    ) -> Result<Option<LoadBalancer>> {
        self.lock_row_of(id).await?;
        self.load_balancer(id).await
    }

    /// Adds a load balancer with its VIP, additional VIPs and tags.
    pub async fn insert_load_balancer(&mut self, load_balancer: &LoadBalancer) -> Result<()> {
        let row = load_balancer::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(load_balancer)
        };
        self.insert(row).await.map_err(|error| {
            error.duplicate_is(|| format!("load balancer {}", load_balancer.id))
        })?;
        self.insert(vip_row(load_balancer)).await?;
        self.insert_beside_vip(load_balancer).await?;
        self.insert_tags(&load_balancer.id.to_string(), &load_balancer.tags)
            .await
    }

    /// Writes a load balancer with its VIP, additional VIPs and tags.
    pub async fn save_load_balancer(&mut self, load_balancer: &LoadBalancer) -> Result<()> {
        let id = load_balancer.id.to_string();
        let row = load_balancer::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(load_balancer)
        };
        let this = load_balancer::Column::Id.eq(&id);
        self.update(row, this, "the load balancer").await?;
        let this = vip::Column::LoadBalancerId.eq(&id);
        self.update(vip_row(load_balancer), this, "the VIP").await?;
        self.delete_beside_vip(&id).await?;
        self.insert_beside_vip(load_balancer).await?;
        self.replace_tags(&id, &load_balancer.tags).await
    }

    /// Returns load balancers.
    pub async fn load_balancers(&mut self, query: &ListQuery) -> Result<Vec<LoadBalancer>> {
        let select = self.select(Resource::LoadBalancer, query).await?;
        self.objects(&select, &family()).await
    }

    /// Returns a load balancer, and all below it, in a fixed number of queries.
    pub async fn tree(&mut self, id: Id<LoadBalancer>) -> Result<Option<LoadBalancerTree>> {
        let Some(load_balancer) = self.load_balancer(id).await? else {
            return Ok(None);
        };
        Ok(Some(LoadBalancerTree {
            load_balancer,
            listeners: self.listeners_of(id).await?,
            l7_policies: self.l7_policies_of(id).await?,
            pools: self.pool_trees_of(id).await?,
            amphorae: self.amphorae_of(id).await?,
        }))
    }

    /// Returns the load balancer of an amphora, with all below it.
    pub async fn tree_of_amphora(&mut self, id: Id<Amphora>) -> Result<Option<LoadBalancerTree>> {
        let select = amphora::Entity::find()
            .filter(amphora::Column::Id.eq(id.to_string()))
            .into_query();
        let row: Option<amphora::Model> = self.one(&select).await?;
        let Some(owner) = row.and_then(|row| row.load_balancer_id) else {
            return Ok(None);
        };
        let owner = Cell::new("amphora", &id.to_string()).parse(&owner)?;
        self.tree(owner).await
    }

    async fn insert_beside_vip(&mut self, load_balancer: &LoadBalancer) -> Result<()> {
        let id = load_balancer.id.to_string();
        let additional = load_balancer
            .additional_vips
            .iter()
            .map(|more| additional_vip::ActiveModel {
                load_balancer_id: Set(id.clone()),
                ip_address: Set(text(more.ip_address.as_ref())),
                port_id: Set(text(more.port_id.as_ref())),
                subnet_id: Set(more.subnet_id.to_string()),
                network_id: Set(text(more.network_id.as_ref())),
            })
            .collect();
        self.insert_all(additional).await?;
        let groups = load_balancer
            .vip
            .sg_ids
            .iter()
            .map(|group| vip_security_group::ActiveModel {
                load_balancer_id: Set(id.clone()),
                sg_id: Set(group.to_string()),
            })
            .collect();
        self.insert_all(groups).await
    }

    /// Removes what lies beside the VIP of a load balancer.
    pub(crate) async fn delete_beside_vip(&mut self, id: &str) -> Result<()> {
        let additional = additional_vip::Entity::delete_many()
            .filter(additional_vip::Column::LoadBalancerId.eq(id));
        self.execute(&additional.into_query()).await?;
        let groups = vip_security_group::Entity::delete_many()
            .filter(vip_security_group::Column::LoadBalancerId.eq(id));
        self.execute(&groups.into_query()).await.map(|_| ())
    }
}

type Row = (load_balancer::Model, Option<vip::Model>);

const GONE: &str = ProvisioningStatus::Deleted.as_str();

fn family() -> Family<Row, LoadBalancer> {
    Family {
        table: load_balancer::Entity.into_iden(),
        id: |(row, _)| &row.id,
        parts: beside().into(),
        object: load_balancer,
    }
}

/// What belongs to load balancers and lies in other tables.
fn beside() -> [Part; 5] {
    use additional_vip::Column as AdditionalVip;
    use vip_security_group::Column as Group;
    let vips = Part::new(
        Kind::AdditionalVip,
        additional_vip::Entity,
        AdditionalVip::LoadBalancerId,
        AdditionalVip::SubnetId,
    );
    let listeners = Part::new(
        Kind::Listener,
        listener::Entity,
        listener::Column::LoadBalancerId,
        listener::Column::Id,
    );
    let pools = Part::new(
        Kind::Pool,
        pool::Entity,
        pool::Column::LoadBalancerId,
        pool::Column::Id,
    );
    let groups = Part::new(
        Kind::SecurityGroup,
        vip_security_group::Entity,
        Group::LoadBalancerId,
        Group::SgId,
    );
    [
        vips.with([
            AdditionalVip::IpAddress,
            AdditionalVip::PortId,
            AdditionalVip::NetworkId,
        ]),
        listeners.ranked(listener::Column::CreatedAt),
        pools.ranked(pool::Column::CreatedAt),
        groups,
        Part::tags(),
    ]
}

fn row(load_balancer: &LoadBalancer) -> load_balancer::ActiveModel {
    load_balancer::ActiveModel {
        id: Set(load_balancer.id.to_string()),
        project_id: Set(load_balancer.project_id.clone()),
        name: Set(load_balancer.name.clone()),
        description: Set(load_balancer.description.clone()),
        provisioning_status: Set(load_balancer.provisioning_status.to_string()),
        operating_status: Set(load_balancer.operating_status.to_string()),
        enabled: Set(load_balancer.enabled),
        topology: Set(text(load_balancer.topology.as_ref())),
        server_group_id: Set(load_balancer.server_group_id.clone()),
        created_at: NotSet,
        updated_at: NotSet,
        provider: Set(load_balancer.provider.clone()),
        flavor_id: Set(text(load_balancer.flavor_id.as_ref())),
        availability_zone: Set(load_balancer.availability_zone.clone()),
    }
}

fn vip_row(load_balancer: &LoadBalancer) -> vip::ActiveModel {
    let vip = &load_balancer.vip;
    let address = vip
        .ip_address_text
        .clone()
        .or_else(|| text(vip.ip_address.as_ref()));
    vip::ActiveModel {
        load_balancer_id: Set(load_balancer.id.to_string()),
        ip_address: Set(address),
        port_id: Set(text(vip.port_id.as_ref())),
        subnet_id: Set(text(vip.subnet_id.as_ref())),
        network_id: Set(text(vip.network_id.as_ref())),
        qos_policy_id: Set(text(vip.qos_policy_id.as_ref())),
        octavia_owned: Set(Some(vip.octavia_owned)),
        vnic_type: Set(vip.vnic_type.to_string()),
    }
}

fn load_balancer((row, vip_row): Row, beside: &mut Children) -> Result<LoadBalancer> {
    let cell = Cell::new("load_balancer", &row.id);
    let id = cell.parse(&row.id)?;
    let vip_row = cell.needed(vip_row, "the row of its VIP")?;
    Ok(LoadBalancer {
        id,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        topology: cell.optional(row.topology.as_ref())?,
        flavor_id: cell.optional(row.flavor_id.as_ref())?,
        tags: beside.tags(id),
        vip: vip(vip_row, beside.parse(Kind::SecurityGroup, id, cell)?)?,
        additional_vips: beside
            .take_with_details(Kind::AdditionalVip, id)
            .map(|row| additional_vip(row, cell))
            .collect::<Result<_>>()?,
        listeners: beside.parse(Kind::Listener, id, cell)?,
        pools: beside.parse(Kind::Pool, id, cell)?,
        project_id: row.project_id,
        name: row.name,
        description: row.description,
        server_group_id: row.server_group_id,
        provider: row.provider,
        availability_zone: row.availability_zone,
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
    })
}

fn vip(row: vip::Model, sg_ids: Vec<Id<octavia_model::SecurityGroup>>) -> Result<Vip> {
    let cell = Cell::new("vip", &row.load_balancer_id);
    Ok(Vip {
        ip_address: cell.optional(row.ip_address.as_ref())?,
        port_id: cell.optional(row.port_id.as_ref())?,
        subnet_id: cell.optional(row.subnet_id.as_ref())?,
        network_id: cell.optional(row.network_id.as_ref())?,
        qos_policy_id: cell.optional(row.qos_policy_id.as_ref())?,
        octavia_owned: row.octavia_owned.unwrap_or_default(),
        vnic_type: cell.parse(&row.vnic_type)?,
        ip_address_text: row.ip_address,
        sg_ids,
    })
}

fn additional_vip(
    (subnet, [address, port, network]): (String, [Option<String>; 3]),
    cell: Cell<'_>,
) -> Result<AdditionalVip> {
    Ok(AdditionalVip {
        subnet_id: cell.parse(&subnet)?,
        ip_address: cell.optional(address.as_ref())?,
        port_id: cell.optional(port.as_ref())?,
        network_id: cell.optional(network.as_ref())?,
    })
}

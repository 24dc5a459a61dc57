use std::collections::HashMap;

use chrono::NaiveDateTime;
use octavia_model::{
    AdditionalVip, Amphora, Id, LoadBalancer, LoadBalancerTree, ProvisioningStatus, Vip,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Alias, Expr, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, Order, QueryFilter, QuerySelect, QueryTrait,
};

use crate::children::among;
use crate::column::{Cell, text, utc};
use crate::row::{additional_vip, amphora, listener, load_balancer, pool, vip, vip_security_group};
use crate::{ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a load balancer.
    pub async fn load_balancer(&mut self, id: Id<LoadBalancer>) -> Result<Option<LoadBalancer>> {
        let rows = self.rows(&present(id).into_query()).await?;
        Ok(self.load_balancers_of(rows).await?.pop())
    }

    /// Returns a load balancer and locks its row (`FOR UPDATE`) until the end of the transaction.
    pub async fn lock_load_balancer(
        &mut self,
        id: Id<LoadBalancer>,
    ) -> Result<Option<LoadBalancer>> {
        let rows = self
            .rows(&present(id).lock_exclusive().into_query())
            .await?;
        Ok(self.load_balancers_of(rows).await?.pop())
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
        let rows = self.rows(&select).await?;
        self.load_balancers_of(rows).await
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

    async fn load_balancers_of(
        &mut self,
        rows: Vec<load_balancer::Model>,
    ) -> Result<Vec<LoadBalancer>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut beside = self.beside(&ids).await?;
        rows.into_iter()
            .map(|row| load_balancer(row, &mut beside))
            .collect()
    }

    async fn beside(&mut self, ids: &[String]) -> Result<Beside> {
        let vips = vip::Entity::find().filter(among(vip::Column::LoadBalancerId, ids));
        let vips: Vec<vip::Model> = self.rows(&vips.into_query()).await?;
        let more = additional_vip::Entity::find()
            .filter(among(additional_vip::Column::LoadBalancerId, ids));
        let mut additional_vips: HashMap<String, Vec<additional_vip::Model>> = HashMap::new();
        for row in self
            .rows::<additional_vip::Model>(&more.into_query())
            .await?
        {
            additional_vips
                .entry(row.load_balancer_id.clone())
                .or_default()
                .push(row);
        }
        let mut ids_beside = self.ids_beside(ids).await?;
        let mut of = |kind: Kind| ids_beside.remove(&(kind as i32)).unwrap_or_default();
        Ok(Beside {
            vips: vips
                .into_iter()
                .map(|row| (row.load_balancer_id.clone(), row))
                .collect(),
            additional_vips,
            groups: of(Kind::Group),
            listeners: of(Kind::Listener),
            pools: of(Kind::Pool),
            tags: self.tags(ids).await?,
        })
    }

    /// Asks for the ids of all that belongs to load balancers at once: each question is a way to
    /// the database and back.
    async fn ids_beside(&mut self, ids: &[String]) -> Result<HashMap<i32, ByOwner>> {
        let none = || Expr::val(Option::<NaiveDateTime>::None);
        let groups = beside(
            Kind::Group,
            vip_security_group::Entity,
            (vip_security_group::Column::LoadBalancerId, ids),
            vip_security_group::Column::SgId,
            none(),
        );
        let listeners = beside(
            Kind::Listener,
            listener::Entity,
            (listener::Column::LoadBalancerId, ids),
            listener::Column::Id,
            Expr::col(listener::Column::CreatedAt),
        );
        let pools = beside(
            Kind::Pool,
            pool::Entity,
            (pool::Column::LoadBalancerId, ids),
            pool::Column::Id,
            Expr::col(pool::Column::CreatedAt),
        );
        let mut select = listeners;
        select
            .union(UnionType::All, pools)
            .union(UnionType::All, groups)
            .order_by(Alias::new("made_at"), Order::Asc)
            .order_by(Alias::new("value"), Order::Asc);
        let mut found: HashMap<i32, ByOwner> = HashMap::new();
        for row in self.rows::<IdBeside>(&select).await? {
            let by_owner = found.entry(row.kind).or_default();
            by_owner.entry(row.owner).or_default().push(row.value);
        }
        Ok(found)
    }
}

type ByOwner = HashMap<String, Vec<String>>;

/// What has its id asked for with a load balancer.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Listener,
    Pool,
    Group,
}

#[derive(FromQueryResult)]
struct IdBeside {
    kind: i32,
    owner: String,
    value: String,
}

/// A query for the ids of one kind, and whose they are.
fn beside<E, C>(
    kind: Kind,
    table: E,
    (owner, owners): (C, &[String]),
    value: C,
    made_at: Expr,
) -> SelectStatement
where
    E: EntityTrait<Column = C>,
    C: ColumnTrait,
{
    Query::select()
        .expr_as(Expr::val(kind as i32), Alias::new("kind"))
        .expr_as(Expr::col(owner), Alias::new("owner"))
        .expr_as(Expr::col(value), Alias::new("value"))
        .expr_as(made_at, Alias::new("made_at"))
        .from(table)
        .and_where(among(owner, owners))
        .and_where(owner.is_not_null())
        .take()
}

/// What belongs to load balancers and lies in other tables.
struct Beside {
    vips: HashMap<String, vip::Model>,
    additional_vips: HashMap<String, Vec<additional_vip::Model>>,
    groups: ByOwner,
    listeners: ByOwner,
    pools: ByOwner,
    tags: ByOwner,
}

fn present(id: Id<LoadBalancer>) -> sea_orm::Select<load_balancer::Entity> {
    load_balancer::Entity::find()
        .filter(load_balancer::Column::Id.eq(id.to_string()))
        .filter(load_balancer::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()))
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

fn load_balancer(row: load_balancer::Model, beside: &mut Beside) -> Result<LoadBalancer> {
    let id = row.id;
    let cell = Cell::new("load_balancer", &id);
    let vip_row = cell.needed(beside.vips.remove(&id), "the row of its VIP")?;
    Ok(LoadBalancer {
        id: cell.parse(&id)?,
        project_id: row.project_id,
        name: row.name,
        description: row.description,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        topology: cell.optional(row.topology.as_ref())?,
        server_group_id: row.server_group_id,
        provider: row.provider,
        flavor_id: cell.optional(row.flavor_id.as_ref())?,
        availability_zone: row.availability_zone,
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
        tags: beside.tags.remove(&id).unwrap_or_default(),
        vip: vip(vip_row, cell.all(beside.groups.remove(&id))?)?,
        additional_vips: beside
            .additional_vips
            .remove(&id)
            .unwrap_or_default()
            .iter()
            .map(additional_vip)
            .collect::<Result<_>>()?,
        listeners: cell.all(beside.listeners.remove(&id))?,
        pools: cell.all(beside.pools.remove(&id))?,
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

fn additional_vip(row: &additional_vip::Model) -> Result<AdditionalVip> {
    let cell = Cell::new("additional_vip", &row.load_balancer_id);
    Ok(AdditionalVip {
        subnet_id: cell.parse(&row.subnet_id)?,
        ip_address: cell.optional(row.ip_address.as_ref())?,
        port_id: cell.optional(row.port_id.as_ref())?,
        network_id: cell.optional(row.network_id.as_ref())?,
    })
}

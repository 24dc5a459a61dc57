use chrono::TimeDelta;
use octavia_model::{Id, LoadBalancer, Member, Pool, ProvisioningStatus, Weight};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, OnConflict, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, Iterable, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};

use crate::children::{Children, Family, Part};
use crate::column::{Cell, text, utc};
use crate::row::{member, pool};
use crate::{Error, ListQuery, Resource, Result, Tx, schema};

/// How many rows one statement adds: SQLite takes 32,766 values, and a row has some twenty.
const ROWS_A_STATEMENT: usize = 500;
/// How many ids one statement names.
const IDS_A_STATEMENT: usize = 5000;

impl Tx {
    /// Returns a member of a pool.
    pub async fn member(&mut self, pool: Id<Pool>, id: Id<Member>) -> Result<Option<Member>> {
        let id = id.to_string();
        let select = member::Entity::find()
            .filter(member::Column::Id.eq(&id))
            .filter(member::Column::PoolId.eq(pool.to_string()))
            .filter(member::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()));
        self.object(select.into_query(), &id, &family()).await
    }

    /// Adds a member.
    pub async fn insert_member(&mut self, member: &Member) -> Result<()> {
        let row = member::ActiveModel {
            created_at: Set(Some(self.stamp())),
            ..row(member)
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| named(member)))?;
        self.insert_tags(&member.id.to_string(), &member.tags).await
    }

    /// Adds many members in few statements.
    pub async fn insert_members(&mut self, members: &[Member]) -> Result<()> {
        // A microsecond apart: lists are in the order of creation.
        let now = self.now();
        let mut stamps = (0..).map(|at| self.kept(now + TimeDelta::microseconds(at)));
        let mut rows: Vec<_> = members
            .iter()
            .zip(&mut stamps)
            .map(|(member, stamp)| member::ActiveModel {
                created_at: Set(Some(stamp)),
                ..row(member)
            })
            .collect();
        while !rows.is_empty() {
            let some = rows.drain(..rows.len().min(ROWS_A_STATEMENT)).collect();
            self.insert_all(some)
                .await
                .map_err(|error| error.duplicate_is(|| "one of the members".to_owned()))?;
        }
        for member in members.iter().filter(|member| !member.tags.is_empty()) {
            self.insert_tags(&member.id.to_string(), &member.tags)
                .await?;
        }
        Ok(())
    }

    /// Writes many members in few statements.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] when one of them is not there.
    pub async fn save_members(&mut self, members: &[Member]) -> Result<()> {
        let stamp = self.stamp();
        for some in members.chunks(ROWS_A_STATEMENT) {
            self.must_be_there(some).await?;
            let rows: Vec<_> = some
                .iter()
                .map(|member| member::ActiveModel {
                    updated_at: Set(Some(stamp)),
                    ..row(member)
                })
                .collect();
            for row in &rows {
                schema::fits(row)?;
            }
            // Each row is there, so none is added: what conflicts is written over.
            let statement = member::Entity::insert_many(rows).on_conflict(
                OnConflict::column(member::Column::Id)
                    .update_columns(member::Column::iter().filter(|column| is_changed(*column)))
                    .to_owned(),
            );
            self.execute(&statement.into_query()).await?;
            let ids: Vec<_> = some.iter().map(|member| member.id.to_string()).collect();
            self.delete_tags_of(&ids).await?;
        }
        for member in members.iter().filter(|member| !member.tags.is_empty()) {
            self.insert_tags(&member.id.to_string(), &member.tags)
                .await?;
        }
        Ok(())
    }

    async fn must_be_there(&mut self, members: &[Member]) -> Result<()> {
        let there = member::Entity::find()
            .select_only()
            .column(member::Column::Id)
            .filter(member::Column::Id.is_in(members.iter().map(|member| member.id.to_string())));
        if self.raw_rows(&there.into_query()).await?.len() == members.len() {
            Ok(())
        } else {
            Err(Error::Conflict("one of the members"))
        }
    }

    /// Writes the provisioning status of many members.
    pub async fn mark_members(
        &mut self,
        ids: &[Id<Member>],
        status: ProvisioningStatus,
    ) -> Result<()> {
        for some in ids.chunks(IDS_A_STATEMENT) {
            let ids: Vec<_> = some.iter().map(ToString::to_string).collect();
            let update = member::Entity::update_many()
                .col_expr(
                    member::Column::ProvisioningStatus,
                    Expr::value(status.as_str()),
                )
                .col_expr(member::Column::UpdatedAt, Expr::value(self.stamp()))
                .filter(member::Column::Id.is_in(ids));
            self.execute(&update.into_query()).await?;
        }
        Ok(())
    }

    /// Writes a member.
    pub async fn save_member(&mut self, member: &Member) -> Result<()> {
        let id = member.id.to_string();
        let row = member::ActiveModel {
            updated_at: Set(Some(self.stamp())),
            ..row(member)
        };
        self.update(row, member::Column::Id.eq(&id), "the member")
            .await
            .map_err(|error| error.duplicate_is(|| named(member)))?;
        self.replace_tags(&id, &member.tags).await
    }

    /// Removes a member.
    pub async fn delete_member(&mut self, id: Id<Member>) -> Result<()> {
        self.delete_members(&[id.to_string()]).await
    }

    pub(crate) async fn delete_members(&mut self, ids: &[String]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        self.delete_tags_of(ids).await?;
        let delete = member::Entity::delete_many().filter(member::Column::Id.is_in(ids));
        self.execute(&delete.into_query()).await.map(|_| ())
    }

    /// Returns members of a pool.
    pub async fn members(&mut self, pool: Id<Pool>, query: &ListQuery) -> Result<Vec<Member>> {
        let select = self.select(Resource::Member(pool), query).await?;
        self.objects(&select, &family()).await
    }

    /// Returns all members of a pool, in order of creation.
    pub async fn members_of(&mut self, pool: Id<Pool>) -> Result<Vec<Member>> {
        let select = member::Entity::find().filter(member::Column::PoolId.eq(pool.to_string()));
        self.members_from(select).await
    }

    pub(crate) async fn members_of_load_balancer(
        &mut self,
        id: Id<LoadBalancer>,
    ) -> Result<Vec<Member>> {
        let pools = Query::select()
            .column(pool::Column::Id)
            .from(pool::Entity)
            .and_where(pool::Column::LoadBalancerId.eq(id.to_string()))
            .take();
        let select =
            member::Entity::find().filter(Expr::col(member::Column::PoolId).in_subquery(pools));
        self.members_from(select).await
    }

    async fn members_from(&mut self, select: Select<member::Entity>) -> Result<Vec<Member>> {
        let select = select
            .order_by_asc(member::Column::CreatedAt)
            .order_by_asc(member::Column::Id);
        self.objects(&select.into_query(), &family()).await
    }
}

/// Tells whether an update writes a column.
const fn is_changed(column: member::Column) -> bool {
    !matches!(column, member::Column::Id | member::Column::CreatedAt)
}

fn named(member: &Member) -> String {
    format!(
        "member {} port {} of pool {}",
        member.ip_address_text, member.protocol_port, member.pool_id
    )
}

fn family() -> Family<member::Model, Member> {
    Family {
        table: member::Entity.into_iden(),
        id: |row| &row.id,
        parts: vec![Part::tags()],
        object: member,
    }
}

fn row(member: &Member) -> member::ActiveModel {
    let monitor_address = member
        .monitor_address_text
        .clone()
        .or_else(|| text(member.monitor_address.as_ref()));
    member::ActiveModel {
        id: Set(member.id.to_string()),
        project_id: Set(member.project_id.clone()),
        pool_id: Set(member.pool_id.to_string()),
        subnet_id: Set(text(member.subnet_id.as_ref())),
        ip_address: Set(Some(member.ip_address_text.clone())),
        protocol_port: Set(member.protocol_port.into()),
        weight: Set(member.weight.map(|weight| weight.get().into())),
        operating_status: Set(member.operating_status.to_string()),
        enabled: Set(member.enabled),
        created_at: NotSet,
        updated_at: NotSet,
        provisioning_status: Set(member.provisioning_status.to_string()),
        name: Set(member.name.clone()),
        monitor_address: Set(monitor_address),
        monitor_port: Set(member.monitor_port.map(Into::into)),
        backup: Set(member.backup),
        vnic_type: Set(member.vnic_type.to_string()),
    }
}

fn member(row: member::Model, beside: &mut Children) -> Result<Member> {
    let cell = Cell::new("member", &row.id);
    let id = cell.parse(&row.id)?;
    let address = cell.needed(row.ip_address, "ip_address")?;
    let weight = row
        .weight
        .map(|weight| Weight::try_from(i64::from(weight)))
        .transpose()
        .map_err(|error| cell.corrupt(error.to_string()))?;
    Ok(Member {
        id,
        project_id: row.project_id,
        pool_id: cell.parse(&row.pool_id)?,
        name: row.name,
        subnet_id: cell.optional(row.subnet_id.as_ref())?,
        ip_address: cell.parse(&address)?,
        ip_address_text: address,
        protocol_port: cell.port(row.protocol_port)?,
        weight,
        backup: row.backup,
        provisioning_status: cell.parse(&row.provisioning_status)?,
        operating_status: cell.parse(&row.operating_status)?,
        enabled: row.enabled,
        monitor_address: cell.optional(row.monitor_address.as_ref())?,
        monitor_address_text: row.monitor_address,
        monitor_port: row.monitor_port.map(|port| cell.port(port)).transpose()?,
        vnic_type: cell.parse(&row.vnic_type)?,
        tags: beside.tags(id),
        created_at: utc(row.created_at),
        updated_at: utc(row.updated_at),
    })
}

use octavia_model::{AvailabilityZone, AvailabilityZoneProfile, Id, ProvisioningStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::Cell;
use crate::row::{availability_zone, load_balancer};
use crate::{Error, ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns an availability zone.
    pub async fn availability_zone(&mut self, name: &str) -> Result<Option<AvailabilityZone>> {
        let select =
            availability_zone::Entity::find().filter(availability_zone::Column::Name.eq(name));
        let row: Option<availability_zone::Model> = self.one(&select.into_query()).await?;
        row.filter(|row| row.name != placeholder())
            .map(availability_zone)
            .transpose()
    }

    /// Returns availability zones.
    pub async fn availability_zones(&mut self, query: &ListQuery) -> Result<Vec<AvailabilityZone>> {
        let select = self.select(Resource::AvailabilityZone, query).await?;
        let rows: Vec<availability_zone::Model> = self.rows(&select).await?;
        rows.into_iter().map(availability_zone).collect()
    }

    /// Adds an availability zone.
    pub async fn insert_availability_zone(&mut self, zone: &AvailabilityZone) -> Result<()> {
        self.insert(row(zone))
            .await
            .map_err(|error| error.duplicate_is(|| format!("availability zone {}", zone.name)))
    }

    /// Writes an availability zone; its name stays.
    pub async fn save_availability_zone(&mut self, zone: &AvailabilityZone) -> Result<()> {
        let this = availability_zone::Column::Name.eq(&zone.name);
        self.update(row(zone), this, "the availability zone").await
    }

    /// Removes an availability zone. Load balancers that are gone are left with the placeholder.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when a load balancer is there.
    pub async fn delete_availability_zone(&mut self, name: &str) -> Result<()> {
        let live = Query::select()
            .expr(Expr::val(1))
            .from(load_balancer::Entity)
            .and_where(load_balancer::Column::AvailabilityZone.eq(name))
            .and_where(
                load_balancer::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()),
            )
            .limit(1)
            .take();
        if !self.raw_rows(&live).await?.is_empty() {
            return Err(Error::InUse(format!("availability zone {name}")));
        }
        let gone = load_balancer::Entity::update_many()
            .col_expr(
                load_balancer::Column::AvailabilityZone,
                Expr::value(placeholder()),
            )
            .filter(load_balancer::Column::AvailabilityZone.eq(name));
        self.execute(&gone.into_query()).await?;
        let delete = availability_zone::Entity::delete_many()
            .filter(availability_zone::Column::Name.eq(name));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

/// The placeholder's name is its profile's id.
fn placeholder() -> String {
    Id::<AvailabilityZoneProfile>::PLACEHOLDER.to_string()
}

fn row(zone: &AvailabilityZone) -> availability_zone::ActiveModel {
    availability_zone::ActiveModel {
        name: Set(zone.name.clone()),
        description: Set(zone.description.clone()),
        enabled: Set(zone.enabled),
        availability_zone_profile_id: Set(zone.profile_id.to_string()),
    }
}

fn availability_zone(row: availability_zone::Model) -> Result<AvailabilityZone> {
    let profile_id =
        Cell::new("availability_zone", &row.name).parse(&row.availability_zone_profile_id)?;
    Ok(AvailabilityZone {
        name: row.name,
        description: row.description,
        enabled: row.enabled,
        profile_id,
    })
}

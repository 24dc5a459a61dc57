use octavia_model::{AvailabilityZoneProfile, Id};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::Cell;
use crate::row::{availability_zone, availability_zone_profile};
use crate::{Error, ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a profile.
    pub async fn availability_zone_profile(
        &mut self,
        id: Id<AvailabilityZoneProfile>,
    ) -> Result<Option<AvailabilityZoneProfile>> {
        let select = availability_zone_profile::Entity::find()
            .filter(availability_zone_profile::Column::Id.eq(id.to_string()));
        let row: Option<availability_zone_profile::Model> = self.one(&select.into_query()).await?;
        row.filter(|_| id != Id::PLACEHOLDER)
            .map(availability_zone_profile)
            .transpose()
    }

    /// Returns profiles.
    pub async fn availability_zone_profiles(
        &mut self,
        query: &ListQuery,
    ) -> Result<Vec<AvailabilityZoneProfile>> {
        let select = self
            .select(Resource::AvailabilityZoneProfile, query)
            .await?;
        let rows: Vec<availability_zone_profile::Model> = self.rows(&select).await?;
        rows.into_iter().map(availability_zone_profile).collect()
    }

    /// Adds a profile.
    pub async fn insert_availability_zone_profile(
        &mut self,
        profile: &AvailabilityZoneProfile,
    ) -> Result<()> {
        self.insert(row(profile)).await
    }

    /// Writes a profile.
    pub async fn save_availability_zone_profile(
        &mut self,
        profile: &AvailabilityZoneProfile,
    ) -> Result<()> {
        let this = availability_zone_profile::Column::Id.eq(profile.id.to_string());
        self.update(row(profile), this, "the availability zone profile")
            .await
    }

    /// Tells whether an availability zone has a profile.
    pub async fn is_availability_zone_profile_used(
        &mut self,
        id: Id<AvailabilityZoneProfile>,
    ) -> Result<bool> {
        let select = Query::select()
            .expr(Expr::val(1))
            .from(availability_zone::Entity)
            .and_where(availability_zone::Column::AvailabilityZoneProfileId.eq(id.to_string()))
            .limit(1)
            .take();
        Ok(!self.raw_rows(&select).await?.is_empty())
    }

    /// Removes a profile.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when an availability zone has it.
    pub async fn delete_availability_zone_profile(
        &mut self,
        id: Id<AvailabilityZoneProfile>,
    ) -> Result<()> {
        if self.is_availability_zone_profile_used(id).await? {
            return Err(Error::InUse(format!("availability zone profile {id}")));
        }
        let delete = availability_zone_profile::Entity::delete_many()
            .filter(availability_zone_profile::Column::Id.eq(id.to_string()));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

fn row(profile: &AvailabilityZoneProfile) -> availability_zone_profile::ActiveModel {
    availability_zone_profile::ActiveModel {
        id: Set(profile.id.to_string()),
        name: Set(profile.name.clone()),
        provider_name: Set(profile.provider_name.clone()),
        availability_zone_data: Set(profile.data.clone()),
    }
}

fn availability_zone_profile(
    row: availability_zone_profile::Model,
) -> Result<AvailabilityZoneProfile> {
    Ok(AvailabilityZoneProfile {
        id: Cell::new("availability_zone_profile", &row.id).parse(&row.id)?,
        name: row.name,
        provider_name: row.provider_name,
        data: row.availability_zone_data,
    })
}

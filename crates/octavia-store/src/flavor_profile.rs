use octavia_model::{FlavorProfile, Id};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::Cell;
use crate::row::{flavor, flavor_profile};
use crate::{Error, ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a profile.
    pub async fn flavor_profile(&mut self, id: Id<FlavorProfile>) -> Result<Option<FlavorProfile>> {
        let select =
            flavor_profile::Entity::find().filter(flavor_profile::Column::Id.eq(id.to_string()));
        let row: Option<flavor_profile::Model> = self.one(&select.into_query()).await?;
        row.filter(|_| id != Id::PLACEHOLDER)
            .map(flavor_profile)
            .transpose()
    }

    /// Returns profiles.
    pub async fn flavor_profiles(&mut self, query: &ListQuery) -> Result<Vec<FlavorProfile>> {
        let select = self.select(Resource::FlavorProfile, query).await?;
        let rows: Vec<flavor_profile::Model> = self.rows(&select).await?;
        rows.into_iter().map(flavor_profile).collect()
    }

    /// Adds a profile.
    pub async fn insert_flavor_profile(&mut self, profile: &FlavorProfile) -> Result<()> {
        self.insert(row(profile)).await
    }

    /// Writes a profile.
    pub async fn save_flavor_profile(&mut self, profile: &FlavorProfile) -> Result<()> {
        let this = flavor_profile::Column::Id.eq(profile.id.to_string());
        self.update(row(profile), this, "the flavor profile").await
    }

    /// Tells whether a flavor has a profile.
    pub async fn is_flavor_profile_used(&mut self, id: Id<FlavorProfile>) -> Result<bool> {
        let select = Query::select()
            .expr(Expr::val(1))
            .from(flavor::Entity)
            .and_where(flavor::Column::FlavorProfileId.eq(id.to_string()))
            .limit(1)
            .take();
        Ok(!self.raw_rows(&select).await?.is_empty())
    }

    /// Removes a profile.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when a flavor has it.
    pub async fn delete_flavor_profile(&mut self, id: Id<FlavorProfile>) -> Result<()> {
        if self.is_flavor_profile_used(id).await? {
            return Err(Error::InUse(format!("flavor profile {id}")));
        }
        let delete = flavor_profile::Entity::delete_many()
            .filter(flavor_profile::Column::Id.eq(id.to_string()));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

fn row(profile: &FlavorProfile) -> flavor_profile::ActiveModel {
    flavor_profile::ActiveModel {
        id: Set(profile.id.to_string()),
        name: Set(profile.name.clone()),
        provider_name: Set(profile.provider_name.clone()),
        flavor_data: Set(profile.data.clone()),
    }
}

fn flavor_profile(row: flavor_profile::Model) -> Result<FlavorProfile> {
    Ok(FlavorProfile {
        id: Cell::new("flavor_profile", &row.id).parse(&row.id)?,
        name: row.name,
        provider_name: row.provider_name,
        data: row.flavor_data,
    })
}

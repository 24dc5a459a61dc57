use octavia_model::{Flavor, Id, ProvisioningStatus};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::column::Cell;
use crate::row::{flavor, load_balancer};
use crate::{Error, ListQuery, Resource, Result, Tx};

impl Tx {
    /// Returns a flavor.
    pub async fn flavor(&mut self, id: Id<Flavor>) -> Result<Option<Flavor>> {
        let select = flavor::Entity::find().filter(flavor::Column::Id.eq(id.to_string()));
        let row: Option<flavor::Model> = self.one(&select.into_query()).await?;
        row.filter(|_| id != Id::PLACEHOLDER)
            .map(flavor)
            .transpose()
    }

    /// Returns flavors.
    pub async fn flavors(&mut self, query: &ListQuery) -> Result<Vec<Flavor>> {
        let select = self.select(Resource::Flavor, query).await?;
        let rows: Vec<flavor::Model> = self.rows(&select).await?;
        rows.into_iter().map(flavor).collect()
    }

    /// Adds a flavor.
    pub async fn insert_flavor(&mut self, flavor: &Flavor) -> Result<()> {
        self.insert(row(flavor))
            .await
            .map_err(|error| error.duplicate_is(|| format!("flavor {}", flavor.name)))
    }

    /// Writes a flavor.
    pub async fn save_flavor(&mut self, flavor: &Flavor) -> Result<()> {
        let this = flavor::Column::Id.eq(flavor.id.to_string());
        self.update(row(flavor), this, "the flavor")
            .await
            .map_err(|error| error.duplicate_is(|| format!("flavor {}", flavor.name)))
    }

    /// Removes a flavor. Load balancers that are gone are left with the placeholder.
    ///
    /// # Errors
    ///
    /// [`Error::InUse`] when a load balancer has it.
    pub async fn delete_flavor(&mut self, id: Id<Flavor>) -> Result<()> {
        let live = Query::select()
            .expr(Expr::val(1))
            .from(load_balancer::Entity)
            .and_where(load_balancer::Column::FlavorId.eq(id.to_string()))
            .and_where(
                load_balancer::Column::ProvisioningStatus.ne(ProvisioningStatus::Deleted.as_str()),
            )
            .limit(1)
            .take();
        if !self.raw_rows(&live).await?.is_empty() {
            return Err(Error::InUse(format!("flavor {id}")));
        }
        let placeholder = Id::<Flavor>::PLACEHOLDER.to_string();
        let gone = load_balancer::Entity::update_many()
            .col_expr(load_balancer::Column::FlavorId, Expr::value(placeholder))
            .filter(load_balancer::Column::FlavorId.eq(id.to_string()));
        self.execute(&gone.into_query()).await?;
        let delete = flavor::Entity::delete_many().filter(flavor::Column::Id.eq(id.to_string()));
        self.execute(&delete.into_query()).await.map(|_| ())
    }
}

fn row(flavor: &Flavor) -> flavor::ActiveModel {
    flavor::ActiveModel {
        id: Set(flavor.id.to_string()),
        name: Set(flavor.name.clone()),
        description: Set(flavor.description.clone()),
        enabled: Set(flavor.enabled),
        flavor_profile_id: Set(flavor.profile_id.to_string()),
    }
}

fn flavor(row: flavor::Model) -> Result<Flavor> {
    let cell = Cell::new("flavor", &row.id);
    Ok(Flavor {
        id: cell.parse(&row.id)?,
        profile_id: cell.parse(&row.flavor_profile_id)?,
        name: row.name,
        description: row.description,
        enabled: row.enabled,
    })
}

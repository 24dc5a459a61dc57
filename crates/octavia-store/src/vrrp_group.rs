use octavia_model::{Id, LoadBalancer, Secret, VrrpGroup};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};

use crate::row::vrrp_group as row;
use crate::{Result, Tx};

/// Upstream's default, for a row that names none.
const ADVERT_INTERVAL_S: i32 = 1;

impl Tx {
    /// Returns what the amphorae of a load balancer share, if it has a pair (or had one).
    pub async fn vrrp_group(&mut self, id: Id<LoadBalancer>) -> Result<Option<VrrpGroup>> {
        let select = row::Entity::find().filter(row::Column::LoadBalancerId.eq(id.to_string()));
        let found: Option<row::Model> = self.one(&select.into_query()).await?;
        Ok(found.map(|row| VrrpGroup {
            load_balancer_id: id,
            auth_pass: Secret::new(row.vrrp_auth_pass.unwrap_or_default()),
            advert_interval_s: row.advert_int.unwrap_or(ADVERT_INTERVAL_S),
        }))
    }

    /// Adds what the amphorae of a load balancer share, named and typed as upstream does.
    pub async fn insert_vrrp_group(&mut self, group: &VrrpGroup) -> Result<()> {
        let id = group.load_balancer_id;
        let row = row::ActiveModel {
            load_balancer_id: Set(id.to_string()),
            vrrp_group_name: Set(Some(id.uuid().simple().to_string())),
            vrrp_auth_type: Set(Some("PASS".to_owned())),
            vrrp_auth_pass: Set(Some(group.auth_pass.reveal().clone())),
            advert_int: Set(Some(group.advert_interval_s)),
        };
        self.insert(row)
            .await
            .map_err(|error| error.duplicate_is(|| format!("VRRP group of load balancer {id}")))
    }
}

use axum::Router;
use octavia_model::AvailabilityZone;
use octavia_store::{ListQuery, Resource, Tx};

use super::kind::{Kind, transactions};
use super::operator::{self, Offer, Operators};
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::wire::availability_zone::{AvailabilityZonePost, AvailabilityZonePut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of availability zones.
pub(super) fn routes() -> Router<Api> {
    operator::routes::<AvailabilityZone>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    operator::operations::<AvailabilityZone>(components)
}

impl Operators for AvailabilityZone {
    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/availabilityzones",
        name: "Availability Zone",
        noun: "availability zone",
        root: Root {
            argument: "availability_zone_",
            key: "availability_zone",
        },
        plural: "availability_zones",
        links: "availability_zones_links",
        argument: "availability_zone_name",
        post_type: "AvailabilityZoneRootPOST",
        resource: Resource::AvailabilityZone,
        rules: policy::AVAILABILITY_ZONE,
        transactions: transactions!("availability_zone"),
    };

    async fn page(tx: &mut Tx, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.availability_zones(query).await
    }

    async fn load(tx: &mut Tx, name: &str) -> Result<Self> {
        let found = tx.availability_zone(name).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &name))
    }
}

impl Offer for AvailabilityZone {
    type Post = AvailabilityZonePost;
    type Put = AvailabilityZonePut;

    fn make(_: &Api, post: AvailabilityZonePost) -> Result<Self> {
        Ok(Self {
            name: post.name.needed("name")?,
            description: post.description.value(),
            enabled: post.enabled.not_null("enabled")?.unwrap_or(true),
            profile_id: post.profile_id.needed("availability_zone_profile_id")?,
        })
    }

    async fn insert(&self, tx: &mut Tx) -> Result<()> {
        tx.availability_zone_profile(self.profile_id)
            .await?
            .ok_or_else(|| Error::no_subresource("Availability Zone Profile", &self.profile_id))?;
        let done = tx.insert_availability_zone(self).await;
        done.map_err(|error| operator::name_taken(error, "availability zone", &self.name))
    }

    async fn changed(mut self, _: &Api, _: &mut Tx, put: AvailabilityZonePut) -> Result<Self> {
        self.description = put.description.change_or_clear(self.description);
        self.enabled = put.enabled.not_null("enabled")?.unwrap_or(self.enabled);
        Ok(self)
    }

    async fn save(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.save_availability_zone(self).await?)
    }

    async fn remove(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.delete_availability_zone(&self.name).await
    }

    fn id(&self) -> String {
        self.name.clone()
    }
}

use axum::Router;
use octavia_model::{AvailabilityZoneProfile, Id};
use octavia_store::{ListQuery, Resource, Tx};

use super::kind::{Kind, transactions};
use super::operator::{self, Offer, Operators};
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::settings;
use crate::wire::availability_zone_profile::{
    AvailabilityZoneProfilePost, AvailabilityZoneProfilePut,
};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of profiles of availability zones.
pub(super) fn routes() -> Router<Api> {
    operator::routes::<AvailabilityZoneProfile>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    operator::operations::<AvailabilityZoneProfile>(components)
}

impl Operators for AvailabilityZoneProfile {
    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/availabilityzoneprofiles",
        name: "Availability Zone Profile",
        noun: "availability zone profile",
        root: Root {
            argument: "availability_zone_profile_",
            key: "availability_zone_profile",
        },
        plural: "availability_zone_profiles",
        links: "availability_zone_profile_links",
        argument: "availability_zone_profile_id",
        post_type: "AvailabilityZoneProfileRootPOST",
        resource: Resource::AvailabilityZoneProfile,
        rules: policy::AVAILABILITY_ZONE_PROFILE,
        transactions: transactions!("availability_zone_profile"),
    };

    async fn page(tx: &mut Tx, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.availability_zone_profiles(query).await
    }

    async fn load(tx: &mut Tx, id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        if id == Id::PLACEHOLDER {
            return Err(Error::not_found(Self::IN_USE, &id));
        }
        let found = tx.availability_zone_profile(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }
}

impl Offer for AvailabilityZoneProfile {
    type Post = AvailabilityZoneProfilePost;
    type Put = AvailabilityZoneProfilePut;

    const IN_USE: &'static str = "Availability Zone Profile";

    fn make(api: &Api, post: AvailabilityZoneProfilePost) -> Result<Self> {
        let profile = Self {
            id: api.id(),
            name: post.name.needed("name")?,
            provider_name: post.provider_name.needed("provider_name")?,
            data: post
                .availability_zone_data
                .needed("availability_zone_data")?,
        };
        check_settings(api, &profile, "availability_zone_data")?;
        Ok(profile)
    }

    async fn insert(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.insert_availability_zone_profile(self).await?)
    }

    fn check_put(put: &AvailabilityZoneProfilePut) -> Result<()> {
        put.name.check_not_null("name")?;
        put.provider_name.check_not_null("provider_name")?;
        put.availability_zone_data
            .check_not_null("availability_zone_data")
    }

    async fn changed(
        mut self,
        api: &Api,
        tx: &mut Tx,
        put: AvailabilityZoneProfilePut,
    ) -> Result<Self> {
        let other_settings = put.provider_name.is_value() || put.availability_zone_data.is_value();
        if other_settings && tx.is_availability_zone_profile_used(self.id).await? {
            return Err(Error::in_use(Self::IN_USE, &self.id));
        }
        self.name = put.name.value().unwrap_or(self.name);
        self.provider_name = put.provider_name.value().unwrap_or(self.provider_name);
        self.data = put.availability_zone_data.value().unwrap_or(self.data);
        if other_settings {
            // Upstream names the wrong field here.
            check_settings(api, &self, "flavor_data")?;
        }
        Ok(self)
    }

    async fn save(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.save_availability_zone_profile(self).await?)
    }

    async fn remove(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.delete_availability_zone_profile(self.id).await
    }

    fn id(&self) -> String {
        self.id.to_string()
    }
}

fn check_settings(api: &Api, profile: &AvailabilityZoneProfile, field: &str) -> Result<()> {
    api.providers.chosen(&api.config, &profile.provider_name)?;
    settings::read(
        &profile.provider_name,
        settings::of_zone(&profile.provider_name),
        &profile.data,
        field,
    )
    .map(drop)
}

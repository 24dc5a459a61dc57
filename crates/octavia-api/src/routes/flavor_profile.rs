use axum::Router;
use octavia_model::{FlavorProfile, Id};
use octavia_store::{ListQuery, Resource, Tx};

use super::kind::{Kind, transactions};
use super::operator::{self, Offer, Operators};
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::provider::settings;
use crate::wire::flavor_profile::{FlavorProfilePost, FlavorProfilePut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of profiles of flavors.
pub(super) fn routes() -> Router<Api> {
    operator::routes::<FlavorProfile>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    operator::operations::<FlavorProfile>(components)
}

impl Operators for FlavorProfile {
    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/flavorprofiles",
        name: "Flavor Profile",
        noun: "flavor profile",
        root: Root {
            argument: "flavor_profile_",
            key: "flavorprofile",
        },
        plural: "flavorprofiles",
        links: "flavorprofile_links",
        argument: "flavor_profile_id",
        post_type: "FlavorProfileRootPOST",
        resource: Resource::FlavorProfile,
        rules: policy::FLAVOR_PROFILE,
        transactions: transactions!("flavor_profile"),
    };

    async fn page(tx: &mut Tx, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.flavor_profiles(query).await
    }

    async fn load(tx: &mut Tx, id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        if id == Id::PLACEHOLDER {
            return Err(Error::not_found(Self::IN_USE, &id));
        }
        let found = tx.flavor_profile(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }
}

impl Offer for FlavorProfile {
    type Post = FlavorProfilePost;
    type Put = FlavorProfilePut;

    const IN_USE: &'static str = "Flavor profile";

    fn make(api: &Api, post: FlavorProfilePost) -> Result<Self> {
        let profile = Self {
            id: api.id(),
            name: post.name.needed("name")?,
            provider_name: post.provider_name.needed("provider_name")?,
            data: post.flavor_data.needed("flavor_data")?,
        };
        check_settings(api, &profile)?;
        Ok(profile)
    }

    async fn insert(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.insert_flavor_profile(self).await?)
    }

    fn check_put(put: &FlavorProfilePut) -> Result<()> {
        put.name.check_not_null("name")?;
        put.provider_name.check_not_null("provider_name")?;
        put.flavor_data.check_not_null("flavor_data")
    }

    async fn changed(mut self, api: &Api, tx: &mut Tx, put: FlavorProfilePut) -> Result<Self> {
        let other_settings = put.provider_name.is_value() || put.flavor_data.is_value();
        if other_settings && tx.is_flavor_profile_used(self.id).await? {
            return Err(Error::in_use(Self::IN_USE, &self.id));
        }
        self.name = put.name.value().unwrap_or(self.name);
        self.provider_name = put.provider_name.value().unwrap_or(self.provider_name);
        self.data = put.flavor_data.value().unwrap_or(self.data);
        if other_settings {
            check_settings(api, &self)?;
        }
        Ok(self)
    }

    async fn save(&self, tx: &mut Tx) -> Result<()> {
        Ok(tx.save_flavor_profile(self).await?)
    }

    async fn remove(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.delete_flavor_profile(self.id).await
    }

    fn id(&self) -> String {
        self.id.to_string()
    }
}

fn check_settings(api: &Api, profile: &FlavorProfile) -> Result<()> {
    api.providers.chosen(&api.config, &profile.provider_name)?;
    settings::read(
        &profile.provider_name,
        settings::of_flavor(&profile.provider_name),
        &profile.data,
        "flavor_data",
    )
    .map(drop)
}

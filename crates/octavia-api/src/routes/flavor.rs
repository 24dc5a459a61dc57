use axum::Router;
use octavia_model::Flavor;
use octavia_store::{ListQuery, Resource, Tx};

use super::kind::{Kind, transactions};
use super::operator::{self, Offer, Operators};
use crate::api::parse_id;
use crate::error::{Error, Result};
use crate::openapi::Operation;
use crate::payload::Root;
use crate::wire::flavor::{FlavorPost, FlavorPut};
use crate::wire::schema::Components;
use crate::{Api, policy};

/// Returns the paths of flavors.
pub(super) fn routes() -> Router<Api> {
    operator::routes::<Flavor>()
}

/// Describes these paths.
pub(super) fn operations(components: &mut Components) -> Vec<Operation> {
    operator::operations::<Flavor>(components)
}

impl Operators for Flavor {
    const KIND: Kind = Kind {
        path: "/v2.0/lbaas/flavors",
        name: "Flavor",
        noun: "flavor",
        root: Root {
            argument: "flavor_",
            key: "flavor",
        },
        plural: "flavors",
        links: "flavors_links",
        argument: "flavor_id",
        post_type: "FlavorRootPOST",
        resource: Resource::Flavor,
        rules: policy::FLAVOR,
        transactions: transactions!("flavor"),
    };

    async fn page(tx: &mut Tx, query: &ListQuery) -> octavia_store::Result<Vec<Self>> {
        tx.flavors(query).await
    }

    async fn load(tx: &mut Tx, id: &str) -> Result<Self> {
        let id = parse_id(id, Self::KIND.name)?;
        let found = tx.flavor(id).await?;
        found.ok_or_else(|| Error::not_found(Self::KIND.name, &id))
    }
}

impl Offer for Flavor {
    type Post = FlavorPost;
    type Put = FlavorPut;

    fn make(api: &Api, post: FlavorPost) -> Result<Self> {
        Ok(Self {
            id: api.id(),
            name: post.name.needed("name")?,
            description: post.description.value(),
            enabled: post.enabled.not_null("enabled")?.unwrap_or(true),
            profile_id: post.flavor_profile_id.needed("flavor_profile_id")?,
        })
    }

    async fn insert(&self, tx: &mut Tx) -> Result<()> {
        tx.flavor_profile(self.profile_id)
            .await?
            .ok_or_else(|| Error::no_subresource("Flavor Profile", &self.profile_id))?;
        let done = tx.insert_flavor(self).await;
        done.map_err(|error| operator::name_taken(error, "flavor", &self.name))
    }

    async fn changed(mut self, _: &Api, _: &mut Tx, put: FlavorPut) -> Result<Self> {
        self.name = put.name.not_null("name")?.unwrap_or(self.name);
        self.description = put.description.change_or_clear(self.description);
        self.enabled = put.enabled.not_null("enabled")?.unwrap_or(self.enabled);
        Ok(self)
    }

    async fn save(&self, tx: &mut Tx) -> Result<()> {
        let done = tx.save_flavor(self).await;
        done.map_err(|error| operator::name_taken(error, "flavor", &self.name))
    }

    async fn remove(&self, tx: &mut Tx) -> octavia_store::Result<()> {
        tx.delete_flavor(self.id).await
    }

    fn id(&self) -> String {
        self.id.to_string()
    }
}

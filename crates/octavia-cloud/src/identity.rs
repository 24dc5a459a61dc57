//! Who calls: tokens, and what they say.

mod cache;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use octavia_model::Secret;

use crate::Result;

pub use cache::{CacheSettings, CachedIdentity};

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The user.
    pub user_id: String,
    /// The user's name.
    pub user_name: Option<String>,
    /// The user's domain.
    pub user_domain_id: Option<String>,
    /// The project that the token is for.
    pub project_id: Option<String>,
    /// The project's domain.
    pub project_domain_id: Option<String>,
    /// The domain that the token is for, instead of a project.
    pub domain_id: Option<String>,
    /// The token is for the whole system.
    pub is_for_system: bool,
    /// The roles, by name.
    pub roles: Vec<String>,
    /// The project is the one that administers the cloud.
    pub is_admin_project: bool,
    /// The only calls that the token is good for, where an application credential says so.
    pub access_rules: Option<Vec<AccessRule>>,
    /// The services of the catalogue that have an address; `None` where it was not asked for, or the
    /// token is for nothing.
    pub catalogue: Option<Vec<CatalogueService>>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// A service of the catalogue, with its addresses in the first region that it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueService {
    /// Its type: `load-balancer`.
    pub kind: String,
    /// Its name.
    pub name: Option<String>,
    /// Where administrators reach it.
    pub admin: Option<String>,
    /// Where other services reach it.
    pub internal: Option<String>,
    /// Where everybody reaches it.
    pub public: Option<String>,
}

/// A call that an application credential allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// The type of the service: `load-balancer`.
    pub service: String,
    /// The method.
    pub method: String,
    /// The path; `*` and `{name}` stand for one part of it, `**` for any number.
    pub path: String,
}

/// Which tokens are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Validity {
    /// Only those that have not expired.
    Now,
    /// Expired ones, too: a service passes on what a user began in time.
    EvenExpired,
}

/// Whoever knows tokens.
pub trait Identity: Send + Sync {
    /// Returns what a token says; `None` for one that is unknown, expired or revoked.
    ///
    /// # Errors
    ///
    /// Nobody can say: the service does not answer, or not as it should.
    fn validate<'a>(
        &'a self,
        token: &'a Secret<String>,
        validity: Validity,
    ) -> BoxFuture<'a, Result<Option<Arc<Token>>>>;
}

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Domain, Named, Scope};
use crate::{AccessRule, CatalogueService, Error, Result, Token};

/// Writes a request for a token.
pub(super) fn authentication(account: &Account) -> Value {
    let mut user = named(&account.user);
    user["password"] = account.password.reveal().as_str().into();
    let scope = match &account.scope {
        Scope::Project(project) => json!({ "project": named(project) }),
        Scope::Domain(domain) => json!({ "domain": in_domain(domain) }),
        Scope::System => json!({ "system": { "all": true } }),
    };
    json!({ "auth": {
        "identity": { "methods": ["password"], "password": { "user": user } },
        "scope": scope,
    } })
}

fn named(named: &Named) -> Value {
    match named {
        Named::Id(id) => json!({ "id": id }),
        Named::Name { name, domain } => json!({ "name": name, "domain": in_domain(domain) }),
    }
}

fn in_domain(domain: &Domain) -> Value {
    match domain {
        Domain::Id(id) => json!({ "id": id }),
        Domain::Name(name) => json!({ "name": name }),
    }
}

/// Reads what Keystone says of a token.
pub(super) fn read_token(body: &[u8]) -> Result<Token> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|error| Error::unavailable("read Keystone's answer about a token", error))?;
    let said = answer.token;
    let (project_id, project_domain_id) = said.project.map(Object::into_parts).unzip();
    Ok(Token {
        user_name: said.user.name,
        user_id: said.user.id,
        user_domain_id: said.user.domain.map(|domain| domain.id),
        project_id,
        project_domain_id: project_domain_id.flatten(),
        domain_id: said.domain.map(|domain| domain.id),
        is_for_system: said.system.is_some_and(|system| system.all),
        roles: said.roles.into_iter().map(|role| role.name).collect(),
        is_admin_project: said.is_admin_project.unwrap_or(true),
        access_rules: said.application_credential.and_then(Limits::into_rules),
        catalogue: said.catalog.map(services),
        expires_at: said.expires_at,
    })
}

#[derive(Deserialize)]
struct Answer {
    token: Said,
}

#[derive(Deserialize)]
struct Said {
    user: Object,
    project: Option<Object>,
    domain: Option<Reference>,
    system: Option<System>,
    #[serde(default)]
    roles: Vec<Role>,
    is_admin_project: Option<bool>,
    application_credential: Option<Limits>,
    catalog: Option<Vec<Service>>,
    expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Service {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    region: Option<String>,
    interface: String,
    url: String,
}

/// Returns the services that have an address. As in keystonemiddleware the first region counts.
fn services(catalogue: Vec<Service>) -> Vec<CatalogueService> {
    let with_addresses = catalogue
        .into_iter()
        .filter(|one| !one.endpoints.is_empty());
    with_addresses.map(Service::into_service).collect()
}

impl Service {
    fn into_service(self) -> CatalogueService {
        let region = self
            .endpoints
            .first()
            .and_then(|first| first.region.clone());
        let mut service = CatalogueService {
            kind: self.kind,
            name: self.name,
            ..CatalogueService::default()
        };
        for endpoint in self.endpoints {
            let place = match endpoint.interface.to_lowercase().as_str() {
                "admin" => &mut service.admin,
                "internal" => &mut service.internal,
                "public" => &mut service.public,
                _ => continue,
            };
            if endpoint.region == region {
                *place = Some(endpoint.url);
            }
        }
        service
    }
}

#[derive(Deserialize)]
struct Object {
    id: String,
    name: Option<String>,
    domain: Option<Reference>,
}

impl Object {
    fn into_parts(self) -> (String, Option<String>) {
        (self.id, self.domain.map(|domain| domain.id))
    }
}

/// What an application credential limits its tokens to.
#[derive(Deserialize)]
struct Limits {
    access_rules: Option<Vec<Rule>>,
}

impl Limits {
    fn into_rules(self) -> Option<Vec<AccessRule>> {
        let rules = self.access_rules?.into_iter();
        Some(rules.map(Rule::into_rule).collect())
    }
}

#[derive(Deserialize)]
struct Rule {
    service: String,
    method: String,
    path: String,
}

impl Rule {
    fn into_rule(self) -> AccessRule {
        AccessRule {
            service: self.service,
            method: self.method,
            path: self.path,
        }
    }
}

#[derive(Deserialize)]
struct Reference {
    id: String,
}

#[derive(Deserialize)]
struct Role {
    name: String,
}

#[derive(Deserialize)]
struct System {
    #[serde(default)]
    all: bool,
}

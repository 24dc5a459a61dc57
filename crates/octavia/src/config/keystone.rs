//! `[keystone_authtoken]`: how callers' tokens are checked.

use std::time::Duration;

use chrono::TimeDelta;
use octavia_cloud::CacheSettings;
use octavia_cloud::keystone::{Account, Domain, KeystoneSettings, Named, Scope};
use octavia_model::Secret;

use super::problem::Problem;
use super::reader::Reader;
use super::settings::Name;

const SECTION: &str = "keystone_authtoken";

/// What stands for time-outs that nobody set.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

const NEEDED: &str =
    "it is needed to check tokens; [api_settings] auth_strategy = noauth checks none";

/// How callers' tokens are checked.
#[derive(Debug, Clone)]
pub(crate) struct KeystoneRole {
    /// Where Keystone is, and who the service is there.
    pub(crate) keystone: KeystoneSettings,
    /// How long answers are remembered.
    pub(crate) cache: CacheSettings,
    /// Where callers get tokens.
    pub(crate) www_authenticate_uri: String,
    /// The roles of which a service's token needs one.
    pub(crate) service_token_roles: Vec<String>,
    /// Whether it does need one.
    pub(crate) service_token_roles_required: bool,
    /// What the catalogue calls this service.
    pub(crate) service_type: Option<String>,
}

/// Reads the options, or says what keeps tokens from being checked.
pub(super) fn read(reader: &Reader<'_>) -> Result<KeystoneRole, Vec<Problem>> {
    let options = Options { reader };
    let mut problems = options.not_supported();
    let mut needed = |found: Option<String>, option| {
        if found.is_none() {
            problems.push(reader.problem((SECTION, option), NEEDED));
        }
        found.unwrap_or_default()
    };
    let auth_url = needed(options.text("auth_url"), "auth_url");
    let password = needed(options.text("password"), "password");
    let user = options.named("user_id", "username", "user_domain");
    let scope = options.scope();
    if user.is_none() {
        let missing = reader.problem((SECTION, "username"), NEEDED);
        problems.push(missing);
    }
    if scope.is_none() {
        let needed = "it, or project_id, is needed to check tokens";
        problems.push(reader.problem((SECTION, "project_name"), needed));
    }
    let authorities = options.file("cafile").unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    let certificate_and_key = options.certificate_and_key(&mut problems);
    match (user, scope) {
        (Some(user), Some(scope)) if problems.is_empty() => Ok(KeystoneRole {
            www_authenticate_uri: options
                .text("www_authenticate_uri")
                .unwrap_or_else(|| auth_url.clone()),
            keystone: KeystoneSettings {
                auth_url,
                account: Account {
                    user,
                    password: Secret::new(password),
                    scope,
                },
                connect_timeout: options.interval("http_connect_timeout", CONNECT_TIMEOUT),
                timeout: options.interval("timeout", TIMEOUT),
                retries: reader.number((SECTION, "http_request_max_retries")),
                authorities,
                certificate_and_key,
                insecure: reader.boolean((SECTION, "insecure")),
                // Nothing else asks what the catalogue says.
                include_catalogue: reader.boolean(("audit", "enabled"))
                    && reader.boolean((SECTION, "include_service_catalog")),
            },
            cache: CacheSettings {
                keep: options.cache_time(),
                ..CacheSettings::default()
            },
            service_token_roles: reader.list((SECTION, "service_token_roles")),
            service_token_roles_required: reader.boolean((SECTION, "service_token_roles_required")),
            service_type: options.text("service_type"),
        }),
        _ => Err(problems),
    }
}

struct Options<'a, 'b> {
    reader: &'a Reader<'b>,
}

impl Options<'_, '_> {
    fn text(&self, option: &'static str) -> Option<String> {
        self.reader.text((SECTION, option))
    }

    /// What upstream can do, and this service cannot: to go on without it would surprise.
    fn not_supported(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut refuse = |name: Name, wrong: bool, allowed: &str| {
            if wrong {
                problems.push(self.reader.problem(name, allowed));
            }
        };
        let plugin = self.text("auth_type");
        let known = plugin
            .as_deref()
            .is_none_or(|plugin| matches!(plugin, "password" | "v3password"));
        refuse((SECTION, "auth_type"), !known, "it is password");
        let section = self
            .text("auth_section")
            .is_some_and(|name| name != SECTION);
        let here = "the account is read from [keystone_authtoken] itself";
        refuse((SECTION, "auth_section"), section, here);
        let delay: Name = (SECTION, "delay_auth_decision");
        let always = "a token is always checked before anything else";
        refuse(delay, self.reader.boolean(delay), always);
        let trust = self.text("trust_id").is_some();
        refuse((SECTION, "trust_id"), trust, "trusts are not supported");
        problems
    }

    /// Something by its id, or by its name in a domain.
    fn named(&self, id: &'static str, name: &'static str, domain: &str) -> Option<Named> {
        let domain = match domain {
            "user_domain" => self.domain("user_domain_id", "user_domain_name"),
            _ => self.domain("project_domain_id", "project_domain_name"),
        };
        let by_name = |name| Named::Name {
            name,
            domain: domain
                .or_else(|| self.domain("default_domain_id", "default_domain_name"))
                .unwrap_or_else(|| Domain::Id("default".to_owned())),
        };
        let id = self.text(id).map(Named::Id);
        id.or_else(|| self.text(name).map(by_name))
    }

    fn domain(&self, id: &'static str, name: &'static str) -> Option<Domain> {
        let id = self.text(id).map(Domain::Id);
        id.or_else(|| self.text(name).map(Domain::Name))
    }

    fn scope(&self) -> Option<Scope> {
        let project = self
            .named("project_id", "project_name", "project_domain")
            .or_else(|| self.named("tenant_id", "tenant_name", "project_domain"));
        let domain = self.domain("domain_id", "domain_name");
        let system = self.text("system_scope").is_some();
        project
            .map(Scope::Project)
            .or_else(|| domain.map(Scope::Domain))
            .or_else(|| system.then_some(Scope::System))
    }

    fn file(&self, option: &'static str) -> Result<Option<String>, Problem> {
        let Some(path) = self.text(option) else {
            return Ok(None);
        };
        let text = std::fs::read_to_string(path);
        text.map(Some)
            .map_err(|error| self.reader.problem((SECTION, option), error.to_string()))
    }

    /// The service's certificate with its key; both may be in one file.
    fn certificate_and_key(&self, problems: &mut Vec<Problem>) -> Option<Secret<String>> {
        let mut pem = String::new();
        for option in ["certfile", "keyfile"] {
            match self.file(option) {
                Ok(text) => pem.extend(text),
                Err(problem) => problems.push(problem),
            }
        }
        (!pem.is_empty()).then(|| Secret::new(pem))
    }

    fn interval(&self, option: &'static str, usual: Duration) -> Duration {
        let name = (SECTION, option);
        if self.reader.is_set(name) {
            self.reader.interval(name)
        } else {
            usual
        }
    }

    /// -1, as any negative number, remembers nothing.
    fn cache_time(&self) -> Option<TimeDelta> {
        let seconds: i64 = self.reader.number((SECTION, "token_cache_time"));
        TimeDelta::try_seconds(seconds).filter(|keep| *keep > TimeDelta::zero())
    }
}

#[cfg(test)]
mod tests;

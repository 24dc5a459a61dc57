use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use octavia_model::Secret;

use crate::error::{Error, Result};
use crate::policy::{CONTEXT_IS_ADMIN, Credentials, Policy, Rule, RuleSet};
use crate::{Api, Auth, auth};

/// Who calls. Without Keystone the headers are taken as they come, and none is needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The project that the caller acts for.
    pub(crate) project_id: Option<String>,
    /// The caller's token; `None` where no tokens are asked for.
    pub(crate) token: Option<Secret<String>>,
    /// What the caller may do; `None` is everything.
    guard: Option<Guard>,
}

/// The rules as they are in force for one request.
#[derive(Debug, Clone)]
struct Guard {
    rules: Arc<RuleSet>,
    credentials: Credentials,
}

impl Caller {
    /// Makes a caller whom the rules bind.
    fn bound(policy: &Policy, mut credentials: Credentials) -> Self {
        let rules = policy.rules();
        let own = credentials.project_id.as_deref();
        credentials.is_admin = rules.allows(CONTEXT_IS_ADMIN, &credentials, own);
        Self {
            project_id: credentials.project_id.clone(),
            token: None,
            guard: Some(Guard { rules, credentials }),
        }
    }

    /// Checks that the caller may do what `rule` guards, to an object of `project`.
    pub(crate) fn may(&self, rule: Rule, project: Option<&str>) -> Result<()> {
        if self.is_allowed(rule.name(), project) {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// Checks that the caller may do what `rule` guards, to what belongs to no project.
    pub(crate) fn may_here(&self, rule: Rule) -> Result<()> {
        self.may(rule, self.project_id.as_deref())
    }

    /// Checks that the caller may list, and limits the list to the project that may be seen: all for
    /// those who have the global rule, else the one that is asked for or the caller's own.
    pub(crate) fn may_list(&self, rule: Rule, project: &mut Option<String>) -> Result<()> {
        if self.is_allowed(&rule.global(), project.as_deref()) {
            return Ok(());
        }
        let asked = project.take().filter(|project| !project.is_empty());
        let visible = asked.or_else(|| self.project_id.clone());
        *project = Some(visible.ok_or(Error::Forbidden)?);
        self.may(rule, project.as_deref())
    }

    fn is_allowed(&self, rule: &str, project: Option<&str>) -> bool {
        self.guard
            .as_ref()
            .is_none_or(|guard| guard.rules.allows(rule, &guard.credentials, project))
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self> {
        let named = auth::of_headers(&parts.headers);
        match &api.auth {
            Auth::Nobody => Ok(Self {
                project_id: named
                    .project_id
                    .or_else(|| api.config.default_project_id.clone()),
                token: None,
                guard: None,
            }),
            Auth::Headers(policy) => Ok(Self::bound(policy, named)),
            // What the headers say counts for nothing; whoever came past the door has credentials.
            Auth::Keystone(_, policy) => {
                let credentials = parts.extensions.get::<Credentials>().cloned();
                Ok(Self {
                    token: auth::token(&parts.headers),
                    ..Self::bound(policy, credentials.ok_or(Error::Forbidden)?)
                })
            }
        }
    }
}

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;

use crate::Api;
use crate::error::Result;
use crate::policy::Rule;

/// Who calls. Without Keystone the headers are taken as they come, and none is needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    /// The project that the caller acts for.
    pub(crate) project_id: Option<String>,
}

impl Caller {
    /// Checks that the caller may do what `rule` guards, to an object of `project`.
    ///
    /// Without Keystone nothing is enforced, as upstream has it; the rules' names are here so that
    /// every handler asks.
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "noauth allows everything"
    )]
    pub(crate) fn may(&self, rule: Rule, project: Option<&str>) -> Result<()> {
        tracing::trace!(rule = rule.name(), project, "allowed without a check");
        Ok(())
    }
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        api: &Api,
    ) -> std::result::Result<Self, Infallible> {
        let project_id = parts
            .headers
            .get("x-project-id")
            .or_else(|| parts.headers.get("x-tenant-id"))
            .and_then(|value| value.to_str().ok())
            .filter(|project| !project.is_empty())
            .map(ToOwned::to_owned)
            .or_else(|| api.config.default_project_id.clone());
        Ok(Self { project_id })
    }
}

//! Accounts, roles and tokens of a real Keystone.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::curl::{Answer, call};
use super::id_of;
use crate::keystone::PASSWORD;

/// What Keystone keeps, and where.
pub(super) struct Accounts {
    url: String,
}

impl Accounts {
    /// Speaks to the Keystone at an address.
    pub(super) fn at(url: &str) -> Self {
        let url = url.to_owned();
        Self { url }
    }

    /// Returns its address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Returns a token of a user, for a project or none.
    pub(super) fn token(&self, user: &str, project: Option<&str>) -> anyhow::Result<String> {
        let domain = json!({ "id": "default" });
        let user = json!({ "name": user, "domain": domain, "password": PASSWORD });
        let identity = json!({ "methods": ["password"], "password": { "user": user } });
        let scope = project.map_or_else(
            || json!("unscoped"),
            |project| json!({ "project": { "name": project, "domain": domain } }),
        );
        self.authenticate(&json!({ "auth": { "identity": identity, "scope": scope } }))
    }

    /// Returns a token of an application credential whose secret is `secret`.
    pub(super) fn token_of_credential(&self, id: &str) -> anyhow::Result<String> {
        let identity = json!({
            "methods": ["application_credential"],
            "application_credential": { "id": id, "secret": "secret" },
        });
        self.authenticate(&json!({ "auth": { "identity": identity } }))
    }

    fn authenticate(&self, body: &Value) -> anyhow::Result<String> {
        let url = format!("{}/auth/tokens", self.url());
        let answer = call("POST", &url, &[], Some(body))?;
        let token = answer.header("x-subject-token");
        token
            .cloned()
            .with_context(|| format!("Keystone gives no token: {answer:?}"))
    }

    /// Makes something as the administrator; returns its id.
    pub(super) fn make(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let token = self.token("admin", Some("admin"))?;
        self.make_as(&token, path, body)
    }

    /// Makes something; returns its id.
    pub(super) fn make_as(&self, token: &str, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer = self.ask(token, "POST", path, Some(body))?;
        id_of(&answer.body).with_context(|| format!("Keystone makes nothing: {answer:?}"))
    }

    /// Gives a user a role in a project.
    pub(super) fn grant(&self, user: &str, project: &str, role: &str) -> anyhow::Result<()> {
        let token = self.token("admin", Some("admin"))?;
        let found = self.ask(&token, "GET", &format!("roles?name={role}"), None)?;
        let role = found.body["roles"][0]["id"].as_str();
        let role = role.with_context(|| format!("there is no such role: {found:?}"))?;
        let path = format!("projects/{project}/users/{user}/roles/{role}");
        self.ask(&token, "PUT", &path, None).map(drop)
    }

    /// Makes a token worthless.
    pub(super) fn revoke(&self, token: &str) -> anyhow::Result<()> {
        let own = self.token("admin", Some("admin"))?;
        let headers = [
            format!("x-auth-token: {own}"),
            format!("x-subject-token: {token}"),
        ];
        let url = format!("{}/auth/tokens", self.url());
        succeeded(call("DELETE", &url, &headers, None)?).map(drop)
    }

    /// Disables a project.
    pub(super) fn disable(&self, project: &str) -> anyhow::Result<()> {
        let token = self.token("admin", Some("admin"))?;
        let body = json!({ "project": { "enabled": false } });
        let path = format!("projects/{project}");
        self.ask(&token, "PATCH", &path, Some(&body)).map(drop)
    }

    fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/{path}", self.url());
        succeeded(call(
            method,
            &url,
            &[format!("x-auth-token: {token}")],
            body,
        )?)
    }
}

fn succeeded(answer: Answer) -> anyhow::Result<Answer> {
    ensure!(
        (200..300).contains(&answer.status),
        "Keystone refuses: {answer:?}"
    );
    Ok(answer)
}

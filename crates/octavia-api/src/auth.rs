//! How callers are known: `[api_settings] auth_strategy`.

mod keystone;

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;

use crate::policy::{Credentials, Policy};

pub use keystone::KeystoneGate;
pub(crate) use keystone::token;

/// How callers are known, and what they may do.
#[derive(Clone)]
pub enum Auth {
    /// `noauth`: nobody is asked, everybody may do everything.
    Nobody,
    /// `testing`: the headers say who calls, and are believed; the rules are enforced.
    Headers(Arc<Policy>),
    /// `keystone`: a token says who calls; the rules are enforced.
    Keystone(Arc<KeystoneGate>, Arc<Policy>),
}

impl Auth {
    /// Lets a request in, with what is known of its caller, or answers it.
    pub(crate) async fn admit(&self, request: &mut Request) -> Result<(), Response> {
        match self {
            Self::Nobody | Self::Headers(_) => Ok(()),
            Self::Keystone(gate, _) => gate.admit(request).await,
        }
    }

    /// Returns who sent a request that was let in.
    pub(crate) fn caller(&self, request: &Request) -> Credentials {
        match self {
            Self::Nobody | Self::Headers(_) => of_headers(request.headers()),
            Self::Keystone(..) => request.extensions().get().cloned().unwrap_or_default(),
        }
    }
}

/// Reads who calls out of the headers that a trusted front sets.
pub(crate) fn of_headers(headers: &HeaderMap) -> Credentials {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(ToOwned::to_owned)
    };
    let roles = text("x-roles").unwrap_or_default();
    Credentials {
        user_id: text("x-user-id"),
        user_name: text("x-user-name"),
        project_id: text("x-project-id").or_else(|| text("x-tenant-id")),
        domain_id: text("x-domain-id"),
        user_domain_id: text("x-user-domain-id"),
        project_domain_id: text("x-project-domain-id"),
        system_scope: text("openstack-system-scope"),
        roles: roles
            .split(',')
            .map(str::trim)
            .filter(|role| !role.is_empty())
            .map(ToOwned::to_owned)
            .collect(),
        ..Credentials::default()
    }
}

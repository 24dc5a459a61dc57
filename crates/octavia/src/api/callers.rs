use std::sync::Arc;

use octavia_api::policy::Policy;
use octavia_api::{Auth, KeystoneGate};
use octavia_cloud::keystone::Keystone;
use octavia_cloud::{CachedIdentity, Identity};
use octavia_model::{Clock, SystemClock};

use crate::config::{ApiRole, AuthStrategy, KeystoneRole};
use crate::failure::Failure;

/// Returns how callers are known, and reads the rules of what they may do.
pub(super) fn known_by(role: &ApiRole) -> Result<Auth, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match &role.auth {
        AuthStrategy::Nobody => Ok(Auth::Nobody),
        AuthStrategy::Headers => {
            tracing::warn!(
                "[api_settings] auth_strategy = testing: whoever reaches the port says who they are"
            );
            Ok(Auth::Headers(policy(role, clock)?))
        }
        AuthStrategy::Keystone(keystone) => {
            let gate = gate(keystone, &clock)?;
            Ok(Auth::Keystone(Arc::new(gate), policy(role, clock)?))
        }
        AuthStrategy::Unusable => Err(Failure::text("nobody says how callers are known")),
    }
}

/// Opens the door under Keystone, which is asked when the first caller comes.
fn gate(role: &KeystoneRole, clock: &Arc<dyn Clock>) -> Result<KeystoneGate, Failure> {
    let keystone = Keystone::new(role.keystone.clone(), Arc::clone(clock))
        .map_err(|error| Failure::Configuration(error.into()))?;
    let keystone: Arc<dyn Identity> = Arc::new(keystone);
    Ok(KeystoneGate {
        identity: Arc::new(CachedIdentity::new(keystone, role.cache, Arc::clone(clock))),
        www_authenticate_uri: role.www_authenticate_uri.clone(),
        service_token_roles: role.service_token_roles.clone(),
        service_token_roles_required: role.service_token_roles_required,
        service_type: role.service_type.clone(),
    })
}

fn policy(role: &ApiRole, clock: Arc<dyn Clock>) -> Result<Arc<Policy>, Failure> {
    let policy = Policy::load(role.policy.clone(), clock)
        .map_err(|error| Failure::Configuration(error.into()))?;
    for (rule, missing) in policy.rules().undefined() {
        tracing::warn!(
            rule,
            missing,
            "rule {rule} asks for rule {missing}, which does not exist: it does not hold"
        );
    }
    Ok(Arc::new(policy))
}

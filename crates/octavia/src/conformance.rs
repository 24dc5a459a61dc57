//! The bridge of upstream's own tests, behind the cargo feature `conformance`: never in a release.
//!
//! Those tests replace upstream's no-op drivers by doubles of their own, in their process. With
//! `[harness] bridge_url` every call of our no-op drivers is first offered to them: they answer it, say
//! how it fails, or leave it to us.

mod bridge;
mod network;
mod provider;
mod secrets;

use std::sync::Arc;

use octavia_api::Api;

use crate::api::Surroundings;
use crate::failure::Failure;
use bridge::Bridge;
use network::BridgedNetwork;
use provider::BridgedProvider;
use secrets::BridgedSecrets;

/// Makes an API whose drivers ask the bridge first.
pub(crate) fn api(around: Surroundings, url: Option<&str>) -> Result<Api, Failure> {
    let Some(url) = url else {
        return Ok(around.api());
    };
    let bridge = Arc::new(Bridge::open(url)?);
    let network = BridgedNetwork::new(Arc::clone(&bridge), around.network);
    let secrets = BridgedSecrets::new(Arc::clone(&bridge), around.secrets);
    let around = Surroundings {
        network: Arc::new(network),
        secrets: Arc::new(secrets),
        ..around
    };
    Ok(around.api().around_providers(|name, provider| {
        let bridge = Arc::clone(&bridge);
        Arc::new(BridgedProvider::new(bridge, name, provider))
    }))
}

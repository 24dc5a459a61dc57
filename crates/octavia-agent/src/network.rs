//! Interfaces, addresses and routes.

use octavia_amphora_api::config::Interface;

pub(crate) struct Network;

#[derive(Debug, thiserror::Error)]
#[error("x")]
pub(crate) struct NetworkError;

impl Network {
    pub(crate) async fn add(&self, _interfaces: &[Interface]) -> Result<(), NetworkError> {
        Ok(())
    }
    pub(crate) async fn remove(&self, _interfaces: &[Interface], _but: &[Interface]) {}
}

//! `octavia.conf`: read once, refused whole, passed down in typed parts.
//!
//! The format and the options are upstream's, and what is ours lies in the section it belongs to.
//! Every role reads the whole configuration, not only its part: one file serves all roles, so a value
//! that one of them could not use is found by whichever starts first.

mod api;
mod audit;
mod catalogue;
mod controller;
mod database;
mod edge;
mod health;
mod ini;
mod keystone;
mod local_cloud;
mod policy;
mod problem;
mod process;
mod reader;
mod settings;
mod sources;
mod substitution;
mod value;

pub(crate) use api::{ApiRole, AuthStrategy};
pub(crate) use controller::ControllerConfig;
pub(crate) use keystone::KeystoneRole;
pub(crate) use local_cloud::{CloudRole, Networks};
pub(crate) use problem::{Problems, Remark};
pub(crate) use process::ProcessConfig;
pub(crate) use settings::Settings;
pub(crate) use sources::Sources;

use octavia_store::DatabaseUrl;
use reader::Reader;

/// Everything that the roles are told.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// How the process behaves: logs, stop.
    pub(crate) process: ProcessConfig,
    /// The database; `None` when none is named.
    pub(crate) database: Option<DatabaseUrl>,
    /// The cloud.
    pub(crate) cloud: CloudRole,
    /// The API.
    pub(crate) api: ApiRole,
    /// Worker, health manager and housekeeping.
    pub(crate) controller: ControllerConfig,
    /// What is worth knowing, but stops nothing.
    pub(crate) remarks: Vec<Remark>,
}

impl Configuration {
    /// Reads the sources into typed parts.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once.
    pub(crate) fn load(sources: &Sources) -> Result<Self, Problems> {
        let settings = Settings::load(sources);
        let reader = Reader::new(&settings);
        let process = process::read(&reader);
        let database = database::read(&reader);
        let cloud = local_cloud::read(&reader);
        let api = api::read(&reader, sources);
        let controller = controller::read(&reader);
        let remarks = reader.finish()?;
        Ok(Self {
            process,
            database,
            cloud,
            api,
            controller,
            remarks,
        })
    }

    /// Logs the remarks, once.
    pub(crate) fn log_remarks(&self) {
        let mut without_use = Vec::new();
        for remark in &self.remarks {
            match remark {
                Remark::WithoutUse { name, .. } => without_use.push(name.as_str()),
                Remark::Unknown { .. } | Remark::OldName { .. } => tracing::warn!("{remark}"),
            }
        }
        without_use.sort_unstable();
        without_use.dedup();
        if !without_use.is_empty() {
            tracing::info!(
                "options that have no effect here: {}",
                without_use.join(", ")
            );
        }
    }
}

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use crate::api::DatabaseHealth;
use crate::edge::Origin;
use crate::error::causes;
use crate::{Api, HealthBackend};

/// What a check found; the texts are upstream's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CheckResult {
    pub(super) available: bool,
    pub(super) reason: &'static str,
    pub(super) details: String,
}

impl CheckResult {
    const fn ok(details: String) -> Self {
        Self {
            available: true,
            reason: "OK",
            details,
        }
    }

    const fn failed(reason: &'static str, details: String) -> Self {
        Self {
            available: false,
            reason,
            details,
        }
    }
}

/// Checks everything that is configured.
pub(super) async fn run(api: &Api, origin: &Origin) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for backend in &api.config.health.backends {
        results.push(match backend {
            HealthBackend::Database => database(api).await,
            HealthBackend::DisableByFile(None) => CheckResult::ok(
                "No 'disable_by_file_path' configuration value specified".to_owned(),
            ),
            HealthBackend::DisableByFile(Some(path)) => absent(path).await,
            HealthBackend::DisableByFilesPorts(files) => {
                match files.iter().find(|(port, _)| Some(*port) == origin.port()) {
                    Some((_, path)) => absent(path).await,
                    None => CheckResult::ok(String::new()),
                }
            }
            HealthBackend::EnableByFiles(files) => present(files).await,
        });
    }
    results
}

async fn absent(path: &Path) -> CheckResult {
    let shown = path.display();
    if exists(path).await {
        CheckResult::failed("DISABLED BY FILE", format!("Path '{shown}' was found"))
    } else {
        CheckResult::ok(format!("Path '{shown}' was not found"))
    }
}

async fn present(files: &[PathBuf]) -> CheckResult {
    for path in files {
        if !exists(path).await {
            let details = format!("File path {} is missing", path.display());
            return CheckResult::failed("FILE PATH MISSING", details);
        }
    }
    CheckResult::ok("Specified file paths are available".to_owned())
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// A result is reused for a while, so that probes cost nothing.
async fn database(api: &Api) -> CheckResult {
    let health = match api.recent_database_health() {
        Some(health) => health,
        None => ask(api).await,
    };
    health.fault.map_or_else(
        || CheckResult::ok(String::new()),
        // Details name hosts: an operator has to ask for them.
        |fault| CheckResult::failed("The Octavia database is unavailable.", fault),
    )
}

async fn ask(api: &Api) -> DatabaseHealth {
    let outcome = api.store.ping().await;
    let fault = outcome.err().map(|error| {
        let (error, place) = (causes(&error), api.store.place());
        tracing::warn!(
            error,
            "the health check found the database not answering: {error}"
        );
        format!("Database health check failed due to: {error} (at {place})")
    });
    let result = DatabaseHealth {
        at: api.clock.now(),
        fault,
    };
    *api.health.lock().unwrap_or_else(PoisonError::into_inner) = Some(result.clone());
    result
}

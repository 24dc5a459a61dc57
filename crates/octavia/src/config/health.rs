//! `[healthcheck]`, and what `[api_settings]` says of it.

use std::path::PathBuf;

use octavia_api::{HealthBackend, HealthConfig};

use super::reader::Reader;
use super::settings::Name;

const SECTION: &str = "healthcheck";
const BACKENDS: Name = (SECTION, "backends");
const PORTS: Name = (SECTION, "disable_by_file_paths");

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>) -> HealthConfig {
    let names = reader.list(BACKENDS);
    let has = |name: &str| names.iter().any(|other| other == name);
    if has("disable_by_file") && has("enable_by_files") {
        reader.refuse(
            BACKENDS,
            "disable_by_file and enable_by_files exclude each other",
        );
    }
    HealthConfig {
        enabled: reader.boolean(("api_settings", "healthcheck_enabled")),
        refresh_interval: reader.seconds(("api_settings", "healthcheck_refresh_interval")),
        detailed: reader.boolean((SECTION, "detailed")),
        backends: names
            .iter()
            .filter_map(|name| backend(reader, name))
            .collect(),
        allowed_source_ranges: reader.parsed_list(
            (SECTION, "allowed_source_ranges"),
            "it is a range of addresses",
        ),
        ignore_proxied_requests: reader.boolean((SECTION, "ignore_proxied_requests")),
    }
}

fn backend(reader: &Reader<'_>, name: &str) -> Option<HealthBackend> {
    let paths = |name| reader.list((SECTION, name)).into_iter().map(PathBuf::from);
    match name {
        "octavia_db_check" => Some(HealthBackend::Database),
        "disable_by_file" => {
            let path = reader.path((SECTION, "disable_by_file_path"));
            Some(HealthBackend::DisableByFile(path))
        }
        "disable_by_files_ports" => Some(HealthBackend::DisableByFilesPorts(by_port(reader))),
        "enable_by_files" => {
            let files = paths("enable_by_file_paths").collect();
            Some(HealthBackend::EnableByFiles(files))
        }
        other => {
            let known =
                "octavia_db_check, disable_by_file, disable_by_files_ports, enable_by_files";
            reader.refuse(BACKENDS, format!("'{other}': it is one of {known}"));
            None
        }
    }
}

/// Reads pairs of a port and a file: `9876:/etc/octavia/maintenance`.
fn by_port(reader: &Reader<'_>) -> Vec<(u16, PathBuf)> {
    let pair = |text: &str| {
        let (port, path) = text.split_once(':')?;
        Some((port.trim().parse().ok()?, PathBuf::from(path)))
    };
    let mut files = Vec::new();
    for text in reader.list(PORTS) {
        match pair(&text) {
            Some(file) => files.push(file),
            None => reader.refuse(
                PORTS,
                format!("'{text}': it is a port, a colon, and a path"),
            ),
        }
    }
    files
}

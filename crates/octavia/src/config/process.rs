//! How a process behaves, whatever its role: `[DEFAULT]`.

use std::time::Duration;

use super::reader::Reader;

/// How a process behaves.
#[derive(Debug, Clone)]
pub(crate) struct ProcessConfig {
    /// Whether to log more.
    pub(crate) debug: bool,
    /// Whether to log JSON, even on a terminal.
    pub(crate) json_log: bool,
    /// How long a soft stop may take.
    pub(crate) stop_limit: Duration,
}

/// Reads the options.
pub(super) fn read(reader: &Reader<'_>) -> ProcessConfig {
    ProcessConfig {
        debug: reader.boolean(("DEFAULT", "debug")),
        json_log: reader.boolean(("DEFAULT", "use_json")),
        stop_limit: reader.interval(("DEFAULT", "graceful_shutdown_timeout")),
    }
}

//! The log of an amphora at syslog servers (`[amphora_agent] admin_log_targets`).

use std::io::{self, Write};
use std::sync::OnceLock;

use octavia_proxy::{LogForwarder, LogOptions};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;

/// Where it goes, once the configuration was read. The process has one log.
static FORWARDER: OnceLock<LogForwarder> = OnceLock::new();

/// Sends all that is logged from now on to syslog servers, too.
pub(crate) fn to(options: LogOptions) -> io::Result<()> {
    let forwarder = LogForwarder::start(options)?;
    FORWARDER
        .set(forwarder)
        .map_err(|_| io::Error::other("the log is sent already"))
}

/// Writes JSON, as on standard error, for whoever collects it.
pub(super) fn layer<S>() -> impl Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(|| Line)
        .with_filter(filter_fn(|_| FORWARDER.get().is_some()))
}

/// Takes an event whole, as the layer writes it.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if let Some(forwarder) = FORWARDER.get() {
            forwarder.put(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

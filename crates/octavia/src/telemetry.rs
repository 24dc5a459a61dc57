//! Logs: for people on a terminal, JSON otherwise.

#[cfg(feature = "amphora")]
pub(crate) mod forward;
mod people;

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Common;
use crate::failure::Failure;

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How to log.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    pub(crate) format: LogFormat,
    /// Whether `debug` is asked for, by the command line or the configuration.
    pub(crate) debug: bool,
    /// A filter by module, which wins over `debug`.
    pub(crate) filter: Option<String>,
}

impl Telemetry {
    /// Takes what the command line says, then what the configuration says.
    pub(crate) fn of(common: &Common, debug: bool, json: bool) -> Self {
        Self {
            format: if json && common.log_format == LogFormat::Auto {
                LogFormat::Json
            } else {
                common.log_format
            },
            debug: debug || common.debug,
            filter: common.log_filter.clone(),
        }
    }

    /// Begins to log to standard error.
    pub(crate) fn start(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(self.directives()).map_err(|error| {
            Failure::text(format!(
                "--log-filter {}: {error}; an example: info,octavia_controller=debug",
                self.directives()
            ))
        })?;
        let registry = tracing_subscriber::registry().with(filter);
        #[cfg(feature = "amphora")]
        let registry = registry.with(forward::layer());
        let terminal = std::io::stderr().is_terminal();
        let text = match self.format {
            LogFormat::Auto => terminal,
            LogFormat::Text => true,
            LogFormat::Json => false,
        };
        let started = if text {
            let colour = terminal && std::env::var_os("NO_COLOR").is_none();
            registry.with(people::layer(colour)).try_init()
        } else {
            registry.with(json()).try_init()
        };
        std::panic::set_hook(Box::new(log_panic));
        started.map_err(|error| Failure::Other(error.into()))
    }

    fn directives(&self) -> String {
        match &self.filter {
            Some(filter) => filter.clone(),
            // Libraries stay quiet: their debug lines say nothing of load balancers, and may hold headers.
            None if self.debug => {
                "info,octavia=debug,octavia_api=debug,octavia_controller=debug,octavia_store=debug,\
                 octavia_cloud=debug,octavia_agent=debug,octavia_proxy=debug"
                    .to_owned()
            }
            None => "info,sqlx=warn,sea_orm=warn".to_owned(),
        }
    }
}

/// Writes a panic into the log, where all else is.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string);
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(place, "a thread panicked: {message}");
}

fn json<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
}

//! The log for people: short time, coloured level, message, then the fields, dimmed.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use octavia_model::{Clock, SystemClock};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Returns the layer that writes to standard error.
pub(super) fn layer<S>(colour: bool) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_subscriber::fmt::layer()
        .event_format(People { colour })
        .with_ansi(colour)
        .with_writer(std::io::stderr)
}

struct People {
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for People
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line::default();
        event.record(&mut line);
        let (dim, level) = self.styles(*event.metadata().level());
        let time = SystemClock.now().with_timezone(&chrono::Local);
        write!(
            writer,
            "{dim}{}{dim:#} {level}{:>5}{level:#} {}",
            time.format("%H:%M:%S%.3f"),
            event.metadata().level(),
            line.message,
        )?;
        let mut fields = line.fields;
        if let Some(scope) = context.event_scope() {
            for span in scope.from_root() {
                if let Some(of_span) = span.extensions().get::<FormattedFields<N>>() {
                    write!(fields, " {of_span}")?;
                }
            }
        }
        let fields = fields.trim();
        if !fields.is_empty() {
            write!(writer, " {dim}{fields}{dim:#}")?;
        }
        writeln!(writer)
    }
}

impl People {
    fn styles(&self, level: Level) -> (Style, Style) {
        if !self.colour {
            return (Style::new(), Style::new());
        }
        let colour = match level {
            Level::ERROR => AnsiColor::Red,
            Level::WARN => AnsiColor::Yellow,
            Level::INFO => AnsiColor::Green,
            Level::DEBUG => AnsiColor::Blue,
            Level::TRACE => AnsiColor::Magenta,
        };
        (
            Style::new().dimmed(),
            Style::new().fg_color(Some(colour.into())),
        )
    }
}

/// An event, taken apart.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let written = if field.name() == "message" {
            write!(self.message, "{value}")
        } else {
            write!(self.fields, " {}={value}", field.name())
        };
        written.expect("writing to a string cannot fail");
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests;

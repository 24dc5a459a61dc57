//! What the demonstration prints: one line a step, with its time.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use tokio::time::Instant;

/// A teller of steps.
pub(super) struct Story {
    colour: bool,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Done,
    Broken,
}

impl Story {
    /// Begins, in colour on a terminal.
    pub(super) fn new() -> Self {
        Self {
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        }
    }

    /// Tells of something that took its time.
    pub(super) fn step(&self, name: &str, what: &str, begun: Instant) {
        self.line(Mark::Done, name, what, &duration(begun.elapsed()));
    }

    /// Tells of something that was broken on purpose.
    pub(super) fn broken(&self, name: &str, what: &str) {
        self.line(Mark::Broken, name, what, "");
    }

    fn line(&self, mark: Mark, name: &str, what: &str, time: &str) {
        let (sign, colour) = match mark {
            Mark::Done => ("✓", AnsiColor::Green),
            Mark::Broken => ("✗", AnsiColor::Red),
        };
        let (sign_style, bold, dim) = if self.colour {
            (
                Style::new().fg_color(Some(colour.into())),
                Style::new().bold(),
                Style::new().dimmed(),
            )
        } else {
            (Style::new(), Style::new(), Style::new())
        };
        let line = format!(
            "  {sign_style}{sign}{sign_style:#} {bold}{name:<14}{bold:#} {what:<58} {dim}{time:>8}{dim:#}"
        );
        say(line.trim_end());
    }
}

/// Says something in between.
///
/// When standard output is closed, nobody is left to read it.
pub(super) fn say(text: &str) {
    writeln!(std::io::stdout().lock(), "{text}").ok();
}

/// Writes a time as people say it.
pub(super) fn duration(time: Duration) -> String {
    if time < Duration::from_millis(10) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_say_them() {
        let times = [1_234, 12_345, 999_900, 1_234_567].map(Duration::from_micros);
        assert_eq!(times.map(duration), ["1.2 ms", "12 ms", "999 ms", "1.23 s"]);
    }
}

//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write};

use crate::tally::{BUCKETS, Latencies};

/// What a family of metrics is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    /// It is as it is.
    Gauge,
    /// It is spread over buckets.
    Histogram,
}

/// A label and its value, which needs no escaping: an id or a word of ours.
pub(super) type Label<'a> = (&'static str, &'a str);

/// The text so far.
#[derive(Default)]
pub(super) struct Page {
    text: String,
    name: String,
}

impl Page {
    /// Begins a family; samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        name.clone_into(&mut self.name);
        self.write(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    /// Adds a sample to the family.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: impl Display) {
        self.line("", labels, &[], value);
    }

    /// Adds the samples of a histogram to the family, in seconds.
    pub(super) fn histogram(&mut self, labels: &[Label<'_>], latencies: &Latencies) {
        let mut count = 0;
        for (index, found) in latencies.buckets.iter().enumerate() {
            count += found;
            let end = BUCKETS.get(index).map(|micros| seconds(*micros));
            let end = end.unwrap_or_else(|| "+Inf".to_owned());
            self.line("_bucket", labels, &[("le", &end)], count);
        }
        self.line("_sum", labels, &[], seconds(latencies.sum));
        self.line("_count", labels, &[], count);
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: &[Label<'_>],
        more: &[Label<'_>],
        value: impl Display,
    ) {
        self.text.push_str(&self.name);
        self.text.push_str(suffix);
        for (index, (name, text)) in labels.iter().chain(more).enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            self.write(format_args!("{before}{name}=\"{text}\""));
        }
        let end = if labels.len() + more.len() == 0 {
            ""
        } else {
            "}"
        };
        self.write(format_args!("{end} {value}\n"));
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text
            .write_fmt(text)
            .expect("a string takes every text");
    }

    /// Returns the text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Writes microseconds as seconds.
pub(super) fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Kind, Page, seconds};
    use crate::tally::Latencies;

    #[test]
    fn seconds_are_exact() {
        let texts = [0, 500, 1_000_000, 2_500_000, 10_000_000].map(seconds);
        assert_eq!(texts, ["0", "0.0005", "1", "2.5", "10"]);
    }

    #[test]
    fn a_histogram_adds_up() {
        let mut page = Page::default();
        page.family("took", Kind::Histogram, "How long.");
        let mut latencies = Latencies::default();
        (latencies.buckets[0], latencies.buckets[14], latencies.sum) = (2, 1, 20_000_600);
        page.histogram(&[("listener", "a")], &latencies);
        let text = page.finish();
        let of = |start: &str| {
            text.lines()
                .find(|line| line.starts_with(start))
                .expect("it")
        };
        assert_eq!(
            of("took_bucket"),
            "took_bucket{listener=\"a\",le=\"0.0005\"} 2"
        );
        assert!(text.contains("took_bucket{listener=\"a\",le=\"10\"} 2\n"));
        assert!(text.contains("took_bucket{listener=\"a\",le=\"+Inf\"} 3\n"));
        assert_eq!(of("took_sum"), "took_sum{listener=\"a\"} 20.0006");
        assert_eq!(of("took_count"), "took_count{listener=\"a\"} 3");
    }
}

use std::sync::{Arc, Mutex};

use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn logged(colour: bool, log: impl FnOnce()) -> String {
    let buffer = Buffer::default();
    let written = buffer.clone();
    let layer = tracing_subscriber::fmt::layer()
        .event_format(People { colour })
        .with_ansi(colour)
        .with_writer(move || buffer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    let bytes = written.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    // The time is the one thing that differs from run to run.
    text.replacen(|c: char| c.is_ascii_digit(), "0", 9)
}

#[test]
fn a_line_has_time_level_message_and_fields() {
    let line = logged(false, || {
        let span = tracing::info_span!("pass", lb.id = "web");
        let _entered = span.enter();
        tracing::warn!(error = "no route", "could not reach the agent");
    });
    insta::assert_snapshot!(line, @r#"00:00:00.000  WARN could not reach the agent error=no route lb.id="web""#);
}

#[test]
fn colour_is_only_for_terminals() {
    assert!(!logged(false, || tracing::info!("plain")).contains('\u{1b}'));
    assert!(logged(true, || tracing::info!("coloured")).contains('\u{1b}'));
}

#[test]
fn a_secret_does_not_reach_the_log() {
    let key = octavia_model::Secret::new("insecure");
    let line = logged(false, || tracing::info!(?key, "the key is {key}"));
    assert!(!line.contains("insecure"), "{line}");
    assert!(line.contains("***"), "{line}");
}

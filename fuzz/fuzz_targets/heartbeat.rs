//! Heartbeats: datagrams of strangers, and what a sender with the key says.
#![no_main]


use octavia_amphora_api::Heartbeat;
use octavia_amphora_api::heartbeat::Key;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| Heartbeat::hold_to_laws(bytes, &Key::new(b"secret")));

//! Chunked bodies.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octavia_proxy::fuzzing::chunked(bytes));

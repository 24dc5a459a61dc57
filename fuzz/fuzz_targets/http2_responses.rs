//! Frames of HTTP/2: responses.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octavia_proxy::fuzzing::http2_responses(bytes));

//! Headers of the PROXY protocol.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| octavia_proxy::fuzzing::proxy_header(bytes));

//! Bodies of the API between controller and agent.
#![no_main]


use octavia_amphora_api::agent::{AgentStatus, Applied, Refusal};
use serde_json::{from_slice, to_vec};

macro_rules! round {
    ($bytes:ident, $($kind:ty)*) => {$(
        if let Ok(body) = from_slice::<$kind>($bytes) {
            let written = to_vec(&body).expect("a body can be written");
            assert_eq!(from_slice::<$kind>(&written).expect("and read again"), body);
        }
    )*};
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    round!(bytes, AgentStatus Applied Refusal);
});

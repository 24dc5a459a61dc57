//! Documents that configure an amphora.
#![no_main]


use octavia_amphora_api::AmphoraConfig;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(config) = serde_json::from_slice::<AmphoraConfig>(bytes) else {
        return;
    };
    let written = serde_json::to_vec(&config).expect("a document can be written");
    let again: AmphoraConfig = serde_json::from_slice(&written).expect("and read again");
    assert_eq!(again, config);
    octavia_proxy::fuzzing::configuration(config);
});

use octavia_controller::config::{AmphoraSettings, HealthConfig, HousekeepingConfig, WorkerConfig};

use super::*;

fn load(text: &str) -> Result<Configuration, Problems> {
    Configuration::load(&Sources {
        built_in: Some(text.to_owned()),
        ..Sources::default()
    })
}

#[test]
fn nothing_said_is_a_configuration_without_a_database() {
    let configuration = load("").unwrap();
    assert!(configuration.database.is_none());
    assert_eq!(configuration.remarks, []);
}

/// The doors of upstream's tests are built in for them alone.
#[cfg(not(feature = "conformance"))]
#[test]
fn the_bridge_of_the_tests_is_unknown_to_a_release() {
    let configuration = load("[harness]\nbridge_url = http://127.0.0.1:9/\n").unwrap();
    let [remark] = configuration.remarks.as_slice() else {
        panic!("one remark: {:?}", configuration.remarks);
    };
    assert!(matches!(remark, Remark::Unknown { .. }), "{remark}");
}

#[test]
fn every_sample_can_be_used_and_every_option_in_it_has_an_effect() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let samples: Vec<_> = std::fs::read_dir(docs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "conf")
        })
        .collect();
    assert!(!samples.is_empty(), "there is a sample at least");
    for sample in samples {
        let sources = Sources {
            files: vec![sample.clone()],
            ..Sources::default()
        };
        let configuration = Configuration::load(&sources).unwrap();
        assert_eq!(configuration.remarks, [], "{}", sample.display());
    }
}

#[test]
fn defaults_of_the_roles_are_the_defaults_of_the_catalogue() {
    let read = load("").unwrap().controller;
    assert_eq!(
        format!("{:?}", read.worker),
        format!("{:?}", WorkerConfig::default())
    );
    assert_eq!(
        format!("{:?}", read.amphora),
        format!("{:?}", AmphoraSettings::default())
    );
    assert_eq!(
        format!("{:?}", read.health),
        format!("{:?}", HealthConfig::default())
    );
    assert_eq!(
        format!("{:?}", read.housekeeping),
        format!("{:?}", HousekeepingConfig::default())
    );
    assert!(read.certificates.is_none());
}

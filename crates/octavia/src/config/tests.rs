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

//! The command line explains itself.

use crate::octavia::octavia;

#[test]
fn every_role_explains_itself() {
    for role in [
        "",
        "api",
        "worker",
        "health-manager",
        "housekeeping",
        "amphora",
        "all-in-one",
        "db",
        "demo",
        "policy",
    ] {
        let words: Vec<&str> = [role, "--help"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect();
        let shown = octavia(&words);
        assert!(shown.status.success(), "{role}");
        let text = String::from_utf8(shown.stdout).unwrap();
        let name = if role.is_empty() { "octavia" } else { role };
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn the_built_in_configuration_can_be_printed() {
    let printed = octavia(&[
        "all-in-one",
        "--state-dir",
        "/srv/octavia",
        "--print-config",
    ]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(
        text.contains("compute_driver = compute_local_driver"),
        "{text}"
    );
    assert!(text.contains("state_dir = /srv/octavia"), "{text}");
}

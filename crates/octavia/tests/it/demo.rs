//! The demonstration, from the first line to the last.

use crate::octavia::octavia_in;

#[test]
fn the_demonstration_works_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let told = octavia_in(folder.path(), &["demo", "--exit"]);
    let story = String::from_utf8(told.stdout).unwrap();
    let log = String::from_utf8(told.stderr).unwrap();
    assert!(told.status.success(), "{story}\n{log}");
    for step in [
        "all-in-one",
        "ACTIVE",
        "first byte",
        "noticed",
        "returned",
        "requests, none failed",
    ] {
        assert!(story.contains(step), "{step} is missing:\n{story}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

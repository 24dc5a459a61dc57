//! Rules of the workspace that no compiler enforces.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Dependency, DependencyKind, Metadata, MetadataCommand, Package};

/// Which of our crates each crate may name. A new arrow is a decision: write it down before drawing it.
const ARROWS: [(&str, &[&str]); 11] = [
    (
        "octavia",
        &[
            "octavia-agent",
            "octavia-amphora-api",
            "octavia-api",
            "octavia-cloud",
            "octavia-controller",
            "octavia-model",
            "octavia-proxy",
            "octavia-store",
        ],
    ),
    (
        "octavia-api",
        &["octavia-cloud", "octavia-model", "octavia-store"],
    ),
    (
        "octavia-controller",
        &[
            "octavia-amphora-api",
            "octavia-cloud",
            "octavia-model",
            "octavia-store",
        ],
    ),
    ("octavia-store", &["octavia-model"]),
    ("octavia-cloud", &["octavia-model"]),
    ("octavia-agent", &["octavia-amphora-api"]),
    ("octavia-proxy", &["octavia-amphora-api"]),
    ("octavia-model", &[]),
    ("octavia-amphora-api", &[]),
    (
        "octavia-testing",
        &[
            "octavia-amphora-api",
            "octavia-cloud",
            "octavia-model",
            "octavia-store",
        ],
    ),
    ("xtask", &[]),
];

/// Above this, a file says at its head why it is one.
const MOST_LINES: usize = 500;

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = packages(&metadata).map(|p| p.name.as_str()).collect();
    assert_eq!(found, known, "every crate has its arrows in this test");
    let mut wrong = Vec::new();
    for package in packages(&metadata) {
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == package.name.as_str())
            .unwrap();
        for dependency in ours(package, &known) {
            let testing = dependency.name == "octavia-testing"
                && dependency.kind == DependencyKind::Development;
            if !testing && !allowed.contains(&dependency.name.as_str()) {
                wrong.push(format!("{} -> {}", package.name, dependency.name));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "arrows that nobody drew");
}

#[test]
fn the_amphoras_build_leaves_the_control_plane_out() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--prefix", "none", "--edges", "normal"])
        .args(["--package", "octavia", "--no-default-features"])
        .args(["--features", "amphora"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{tree:?}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(names.contains("octavia-proxy") && names.contains("octavia-agent"));
    for out in [
        "octavia-store",
        "octavia-api",
        "octavia-controller",
        "sea-orm",
    ] {
        assert!(!names.contains(out), "{out} is in the amphora's build");
    }
}

#[test]
fn a_crate_lies_in_the_folder_of_its_name() {
    for package in packages(&metadata()) {
        let folder = package.manifest_path.parent().unwrap();
        assert_eq!(folder.file_name(), Some(package.name.as_str()));
    }
}

#[test]
fn every_crate_obeys_the_lints_of_the_workspace() {
    for package in packages(&metadata()) {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} has no [lints] workspace = true",
            package.name
        );
    }
    let root = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(root.contains("unsafe_code = \"forbid\""));
}

#[test]
fn a_long_file_says_why_it_is_one() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let reason = text.lines().take(12).any(|line| line.contains("One file"));
            (lines > MOST_LINES && !reason).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert_eq!(
        long,
        Vec::<String>::new(),
        "split them, or say at their head: `One file, because ...`"
    );
}

#[test]
fn nothing_is_left_to_do_and_no_module_is_called_mod() {
    // Put together, so that this file does not find itself.
    let forbidden = [
        ["to", "do!("],
        ["unimple", "mented!("],
        ["TO", "DO"],
        ["FIX", "ME"],
    ];
    let mut found = Vec::new();
    for (path, text) in sources() {
        if path.ends_with("mod.rs") {
            found.push(format!("{} is called mod.rs", path.display()));
        }
        for word in forbidden.map(|parts| parts.concat()) {
            if let Some(line) = text.lines().position(|line| line.contains(&word)) {
                found.push(format!("{}:{}: {word}", path.display(), line + 1));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

fn packages(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.workspace_packages().into_iter()
}

fn ours<'a>(
    package: &'a Package,
    known: &'a BTreeSet<&str>,
) -> impl Iterator<Item = &'a Dependency> {
    package
        .dependencies
        .iter()
        .filter(|dependency| known.contains(dependency.name.as_str()))
}

fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    crates.parent().unwrap().to_owned()
}

/// Every Rust file of ours, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![root().join("crates")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.push((path, text));
            }
        }
    }
    sources
}

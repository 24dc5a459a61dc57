//! `octavia policy`: rules shown and tried before they are in force.

use std::path::PathBuf;
use std::process::Output;

use tempfile::TempDir;

use crate::octavia::octavia;

const GET: &str = "os_load-balancer_api:loadbalancer:get_one";

/// A folder with a configuration and rules.
struct Folder(TempDir);

impl Folder {
    fn new(rules: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.path("octavia.conf"), "[DEFAULT]\n").unwrap();
        std::fs::write(folder.path("policy.yaml"), rules).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn policy(&self, arguments: &[&str]) -> Output {
        let configuration = self.path("octavia.conf");
        let mut all = vec!["--config-file", configuration.to_str().unwrap(), "policy"];
        all.extend(arguments);
        octavia(&all)
    }

    /// Returns what was said, without the name of the folder.
    fn said(&self, bytes: &[u8]) -> String {
        let folder = format!("{}/", self.0.path().display());
        String::from_utf8_lossy(bytes).replace(&folder, "")
    }
}

#[test]
fn rules_in_force_are_listed_with_where_they_come_from() {
    let folder = Folder::new("\"load-balancer:read\": role:visitor\nmine: '@'\n");
    let text = folder.said(&folder.policy(&["list"]).stdout);
    let blocks: Vec<_> = text.split("\n\n").collect();
    assert_eq!(blocks.len(), 98, "97 rules, and one of the file");
    insta::assert_snapshot!(blocks[0], @r#"
    load-balancer:read
        Read the objects of a project
        default    rule:load-balancer:observer_and_owner or rule:load-balancer:global_observer or rule:load-balancer:member_and_owner or rule:load-balancer:admin
        effective  role:visitor  (policy.yaml:1)
    "#);
    let of_get = blocks.iter().find(|block| block.starts_with(GET)).unwrap();
    insta::assert_snapshot!(of_get, @r#"
    os_load-balancer_api:loadbalancer:get_one
        Show a load balancer
        GET /v2/lbaas/loadbalancers/{loadbalancer_id}
        default    rule:load-balancer:read
        effective  rule:load-balancer:read
    "#);
    let json = folder.policy(&["list", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 98);
}

#[test]
fn a_question_is_answered_with_the_rule_that_decides() {
    let folder = Folder::new("mine: rule:nobody\n");
    let ask = |arguments: &[&str]| {
        let arguments = [&["check"], arguments].concat();
        let answer = folder.policy(&arguments);
        let said = folder.said(&[answer.stdout, answer.stderr].concat());
        format!("{}: {}", answer.status.code().unwrap(), said.trim_end())
    };
    let answers = [
        ask(&[]),
        ask(&["--role", "reader", "--project", "p1", GET]),
        ask(&[
            "--role",
            "reader",
            "--project",
            "p1",
            "--target-project",
            "p2",
            GET,
        ]),
        ask(&["no:such:rule"]),
    ];
    insta::assert_debug_snapshot!(answers, @r#"
    [
        "0: the rules can be used: 98, of which files set 1\nrule mine asks for rule nobody, which does not exist: it does not hold",
        "0: allowed: rule:os_load-balancer_api:loadbalancer:get_one -> rule:load-balancer:read -> rule:load-balancer:observer_and_owner -> rule:project-reader -> (role:reader and project_id:%(project_id)s)",
        "1: error: refused: rule:load-balancer:read does not hold",
        "1: error: there is no rule no:such:rule",
    ]
    "#);
}

#[test]
fn rules_with_errors_stop_the_start_and_are_named_with_their_line() {
    let folder = Folder::new("one: '@'\ntwo: role:x and\n");
    let checked = folder.policy(&["check"]);
    assert_eq!(checked.status.code(), Some(78));
    insta::assert_snapshot!(folder.said(&checked.stderr), @r#"
    error: policy.yaml:2: rule "two": it ends where a check is expected
    "#);
    std::fs::write(folder.path("good.yaml"), "one: '@'").unwrap();
    let good = folder.path("good.yaml");
    let checked = folder.policy(&["check", "--file", good.to_str().unwrap()]);
    assert!(checked.status.success());
}

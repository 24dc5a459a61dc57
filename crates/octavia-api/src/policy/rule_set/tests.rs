use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::policy::{CONTEXT_IS_ADMIN, file};

type Matrix = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/policy");

fn fixture(name: &str) -> Vec<Override> {
    let path = Path::new(FIXTURES).join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    file::read(&path, &text).unwrap()
}

fn rules(text: &str) -> RuleSet {
    try_rules(text).unwrap()
}

fn try_rules(text: &str) -> Result<RuleSet, PolicyError> {
    let overrides = file::read(Path::new("policy.yaml"), text)?;
    RuleSet::new(overrides, true, "default")
}

fn caller(roles: &[&str]) -> Credentials {
    Credentials {
        user_id: Some("me".to_owned()),
        project_id: Some("mine".to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..Credentials::default()
    }
}

fn admitted(rules: &RuleSet, mut caller: Credentials) -> Credentials {
    caller.is_admin = rules.allows(CONTEXT_IS_ADMIN, &caller, Some("mine"));
    caller
}

/// Says to which projects' objects a rule lets the caller.
fn reach(rules: &RuleSet, rule: &str, caller: &Credentials) -> &'static str {
    let allows = |project| rules.allows(rule, caller, Some(project));
    match (allows("mine"), allows("another")) {
        (true, true) => "any",
        (true, false) => "own",
        (false, false) => "-",
        (false, true) => "only others",
    }
}

#[test]
fn every_role_reaches_in_every_set_up_what_it_reaches_upstream() {
    let matrix: Matrix = serde_json::from_str(
        &std::fs::read_to_string(Path::new(FIXTURES).join("rbac_matrix.json")).unwrap(),
    )
    .unwrap();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (set_up, roles) in matrix {
        let legacy = set_up.starts_with("legacy");
        let overrides = if set_up.contains("-policy.") {
            fixture(&set_up)
        } else {
            Vec::new()
        };
        let rules = RuleSet::new(overrides, !legacy, "default").unwrap();
        for (role, expected) in roles {
            let role_list = [role.as_str()];
            let none = role.starts_with('(');
            let me = admitted(&rules, caller(if none { &[] } else { &role_list }));
            for (rule, expected) in expected {
                let asked = match rule.as_str() {
                    "member:get_all" => "os_load-balancer_api:member:get_all",
                    other => other,
                };
                let found = reach(&rules, asked, &me);
                compared += 1;
                if found != expected {
                    wrong.push(format!(
                        "{set_up}, {role}, {rule}: {found}, upstream {expected}"
                    ));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(compared, 450, "five set-ups, ten roles, nine rules");
}

#[test]
fn the_defaults_are_97_and_all_can_be_read() {
    let set = rules("");
    assert_eq!(set.names().len(), 97);
    assert_eq!(set.undefined(), []);
    let with_legacy = RuleSet::new(Vec::new(), false, "default").unwrap();
    let changed = defaults()
        .iter()
        .filter(|rule| {
            with_legacy.get(&rule.name).unwrap().check != set.get(&rule.name).unwrap().check
        })
        .count();
    assert_eq!(changed, 6, "rules with roles of earlier releases");
}

#[test]
fn a_token_for_the_system_or_a_domain_makes_nobody_is_admin() {
    let set = rules("");
    let project = caller(&["admin"]);
    let system = Credentials {
        project_id: None,
        system_scope: Some("all".to_owned()),
        ..project.clone()
    };
    let domain = Credentials {
        project_id: None,
        domain_id: Some("default".to_owned()),
        ..project.clone()
    };
    assert!(admitted(&set, project).is_admin);
    for other in [system, domain] {
        let other = admitted(&set, other);
        assert!(!other.is_admin);
        assert_eq!(
            reach(&set, "os_load-balancer_api:loadbalancer:put", &other),
            "any"
        );
    }
}

#[test]
fn scoped_roles_of_the_sample_file_want_a_token_for_the_system() {
    let set = RuleSet::new(
        fixture("keystone_default_roles_scoped-policy.yaml"),
        true,
        "default",
    )
    .unwrap();
    let system = Credentials {
        project_id: None,
        system_scope: Some("all".to_owned()),
        ..caller(&["reader"])
    };
    let list = "os_load-balancer_api:pool:get_all-global";
    assert_eq!(reach(&set, list, &system), "any");
    assert_eq!(reach(&set, list, &caller(&["reader"])), "-");
    let change = "os_load-balancer_api:pool:put";
    assert_eq!(reach(&set, change, &system), "-");
    assert_eq!(reach(&set, change, &caller(&["member"])), "own");
}

#[test]
fn checks_compare_what_they_say() {
    let set = rules(
        r#"{
        "mine": "user_id:%(user_id)s",
        "named": "user_id:me",
        "literal": "'mine':%(project_id)s",
        "both": "project_id:mi%%ne or project_id:%(project_id)s",
        "role": "role:ADMIN",
        "filled role": "role:%(project_id)s",
        "listed": "roles:Admin",
        "missing": "domain_id:None",
        "not there": "domain_id:%(project_id)s",
        "kind": "ROLE:Admin",
        "empty": "",
        "legacy": [["role:nobody", "role:Admin"], ["@", "role:Admin"]],
        "legacy none": [[]],
        "legacy empty": []
    }"#,
    );
    let me = caller(&["Admin", "mine"]);
    let shown: Vec<_> = set
        .names()
        .into_iter()
        .filter(|name| set.get(name).unwrap().origin.is_some())
        .map(|name| format!("{name}: {}", reach(&set, name, &me)))
        .collect();
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "both: own",
        "empty: any",
        "filled role: own",
        "kind: -",
        "legacy: any",
        "legacy empty: any",
        "legacy none: -",
        "listed: any",
        "literal: own",
        "mine: -",
        "missing: any",
        "named: any",
        "not there: -",
        "role: any",
    ]
    "#);
}

#[test]
fn the_rule_called_default_stands_in_for_rules_that_do_not_exist() {
    let me = caller(&["member"]);
    let without = rules("asks: rule:nobody");
    assert!(!without.allows("asks", &me, Some("mine")));
    assert_eq!(without.undefined(), [("asks", "nobody")]);
    let with = rules("asks: rule:nobody\ndefault: role:member");
    assert!(with.allows("asks", &me, Some("mine")));
    assert_eq!(with.undefined(), []);
}

#[test]
fn an_object_without_a_project_belongs_to_nobody() {
    let nobody = Credentials {
        project_id: None,
        ..caller(&["member"])
    };
    assert!(!rules("").allows("load-balancer:write", &nobody, None));
}

#[test]
fn rules_that_ask_one_another_in_a_circle_are_refused() {
    let errors = [
        "a: rule:b\nb: not rule:c\nc: role:x or rule:a\n",
        "a: rule:a\n",
        "default: rule:nobody\n",
        "\"load-balancer:owner\": rule:load-balancer:read\n\"project-member\": rule:load-balancer:owner",
    ]
    .map(|text| try_rules(text).unwrap_err().to_string());
    insta::assert_debug_snapshot!(errors, @r#"
    [
        "policy.yaml:1: rule \"a\": rules ask one another in a circle, or more than 64 in a row: a -> b -> c -> a",
        "policy.yaml:1: rule \"a\": rules ask one another in a circle, or more than 64 in a row: a -> a",
        "policy.yaml:1: rule \"default\": rules ask one another in a circle, or more than 64 in a row: default -> default",
        "policy.yaml:1: rule \"load-balancer:owner\": rules ask one another in a circle, or more than 64 in a row: load-balancer:member_and_owner -> project-member -> load-balancer:owner -> load-balancer:read -> load-balancer:member_and_owner",
    ]
    "#);
    let long: Vec<_> = (0..70).map(|n| format!("r{n}: rule:r{}", n + 1)).collect();
    assert!(
        try_rules(&long.join("\n"))
            .unwrap_err()
            .cause
            .contains("more than 64")
    );
}

#[test]
fn a_reason_names_the_way_to_the_check_that_holds() {
    let set = rules("");
    let get = "os_load-balancer_api:loadbalancer:get_all";
    let reason = set.reason(get, &caller(&["reader"]), Some("mine")).unwrap();
    insta::assert_snapshot!(reason.join("\n"), @r#"
    rule:os_load-balancer_api:loadbalancer:get_all
    rule:load-balancer:read
    rule:load-balancer:observer_and_owner
    rule:project-reader
    (role:reader and project_id:%(project_id)s)
    "#);
    assert_eq!(set.reason(get, &caller(&["reader"]), Some("another")), None);
}

use super::*;
use crate::config::{AuthStrategy, Configuration, Sources};

fn load(text: &str) -> Configuration {
    Configuration::load(&Sources {
        built_in: Some(text.to_owned()),
        ..Sources::default()
    })
    .unwrap()
}

fn obstacles(text: &str) -> String {
    let role = load(text).api;
    assert!(
        matches!(role.auth, AuthStrategy::Unusable),
        "{:?}",
        role.auth
    );
    let lines: Vec<_> = role.obstacles.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn keystone(text: &str) -> KeystoneRole {
    let role = load(text).api;
    assert_eq!(role.obstacles, []);
    let AuthStrategy::Keystone(keystone) = role.auth else {
        panic!("{:?}", role.auth);
    };
    *keystone
}

const ACCOUNT: &str = "[keystone_authtoken]\nauth_url = http://k:5000\npassword = insecure\n";

#[test]
fn what_is_missing_is_named() {
    insta::assert_snapshot!(obstacles(""), @r#"
    default: [keystone_authtoken] auth_url = : it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
    default: [keystone_authtoken] password = ***: it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
    default: [keystone_authtoken] username = : it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
    default: [keystone_authtoken] project_name = : it, or project_id, is needed to check tokens
    "#);
}

#[test]
fn what_is_not_supported_is_not_ignored() {
    let more = "username = octavia\nproject_id = p1\nauth_type = v3kerberos\nauth_section = other\n\
                delay_auth_decision = true\ntrust_id = t1\ncafile = /nonexistent/ca.pem\n";
    insta::assert_snapshot!(obstacles(&format!("{ACCOUNT}{more}")), @r#"
    built-in configuration:6: [keystone_authtoken] auth_type = v3kerberos: it is password
    built-in configuration:7: [keystone_authtoken] auth_section = other: the account is read from [keystone_authtoken] itself
    built-in configuration:8: [keystone_authtoken] delay_auth_decision = true: a token is always checked before anything else
    built-in configuration:9: [keystone_authtoken] trust_id = t1: trusts are not supported
    built-in configuration:10: [keystone_authtoken] cafile = /nonexistent/ca.pem: No such file or directory (os error 2)
    "#);
}

#[test]
fn an_account_is_known_by_names_or_ids() {
    let names = "username = octavia\nuser_domain_name = Default\nproject_name = service\n";
    let role = keystone(&format!("{ACCOUNT}{names}"));
    let expected = Named::Name {
        name: "octavia".to_owned(),
        domain: Domain::Name("Default".to_owned()),
    };
    assert_eq!(role.keystone.account.user, expected);
    let expected = Named::Name {
        name: "service".to_owned(),
        domain: Domain::Id("default".to_owned()),
    };
    assert_eq!(role.keystone.account.scope, Scope::Project(expected));
    assert_eq!(role.www_authenticate_uri, "http://k:5000");
    assert_eq!(role.cache.keep, Some(TimeDelta::seconds(300)));
    assert_eq!(role.service_token_roles, ["service"]);
    assert!(role.service_token_roles_required);

    let ids = "user_id = u1\nsystem_scope = all\ntoken_cache_time = -1\ntimeout = 0.5\n";
    let role = keystone(&format!("{ACCOUNT}{ids}"));
    assert_eq!(role.keystone.account.user, Named::Id("u1".to_owned()));
    assert_eq!(role.keystone.account.scope, Scope::System);
    assert_eq!(role.cache.keep, None);
    assert_eq!(role.keystone.timeout, Duration::from_millis(500));
}

#[test]
fn headers_are_believed_only_when_asked_for() {
    for (strategy, is_expected) in [
        (
            "noauth",
            (|auth| matches!(auth, AuthStrategy::Nobody)) as fn(AuthStrategy) -> bool,
        ),
        ("testing", |auth| matches!(auth, AuthStrategy::Headers)),
        ("keystone", |auth| matches!(auth, AuthStrategy::Unusable)),
    ] {
        let role = load(&format!("[api_settings]\nauth_strategy = {strategy}\n")).api;
        assert!(is_expected(role.auth), "{strategy}");
    }
}

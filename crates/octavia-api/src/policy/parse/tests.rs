use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> String {
    match Check::parse(text) {
        Ok(check) => check.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    let shown = [
        "role:a and role:b or role:c and not role:d",
        "role:a or role:b and role:c",
        "not role:a AND role:b",
        "not (role:a Or role:b)",
        "((role:a or @) and !)",
        "not not @",
        "",
    ]
    .map(shown);
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "((role:a and role:b) or (role:c and not role:d))",
        "(role:a or (role:b and role:c))",
        "(not role:a and role:b)",
        "not (role:a or role:b)",
        "((role:a or @) and !)",
        "not not @",
        "@",
    ]
    "#);
}

#[test]
fn what_is_no_rule_is_refused_with_the_reason() {
    let shown = [
        "role",
        "\"abc\"",
        "project_id: %(project_id)s",
        "role:a role:b",
        "role:a and",
        "(role:a",
        "role:a)",
        "()",
        "or role:a",
        "role:100%",
        "user_id:%(user_id)d",
        "http://policy.example/check",
        ":x",
    ]
    .map(shown);
    insta::assert_debug_snapshot!(shown, @r#"
    [
        "error: 'role' is not a check; a check is kind:match, @ or !",
        "error: '\"abc\"' is not a check; a check is kind:match, @ or !",
        "error: '%(project_id)s' is not a check; a check is kind:match, @ or !",
        "error: 'role:b' is not expected there",
        "error: it ends where a check is expected",
        "error: a parenthesis is not closed",
        "error: ')' is not expected there",
        "error: ')' is not expected there",
        "error: 'or' is not expected there",
        "error: '100%': behind a percent sign stands (name)s, or another percent sign",
        "error: '%(user_id)d': behind a percent sign stands (name)s, or another percent sign",
        "error: 'http://policy.example/check': checks that ask a server are not supported",
        "error: ':x' is not a check; a check is kind:match, @ or !",
    ]
    "#);
    let deep = format!("{}@{}", "(".repeat(65), ")".repeat(65));
    assert_eq!(Check::parse(&deep), Err(ParseError::TooDeep));
}

#[test]
fn literals_are_told_from_attributes() {
    for (kind, value) in [("'x'", "x"), ("\"x\"", "x"), ("-1", "-1"), ("True", "True")] {
        let written = kind.to_owned();
        let value = value.to_owned();
        assert_eq!(subject(kind), Subject::Literal { written, value });
    }
    for kind in ["project_id", "true", "01", "'", "user.id"] {
        assert_eq!(subject(kind), Subject::Attribute(kind.to_owned()));
    }
}

fn check() -> impl Strategy<Value = Check> {
    let leaf = prop_oneof![
        Just("@".to_owned()),
        Just("!".to_owned()),
        "(rule|role|project_id|'[a-z]+'|-?[1-9][0-9]{0,3}|None):([a-z:_-]|%%|%\\([a-z_]+\\)s){0,8}",
    ]
    .prop_map(|text| Check::parse(&text).unwrap());
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|check| Check::Not(Box::new(check))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Check::All),
            prop::collection::vec(inner, 2..4).prop_map(Check::Any),
        ]
    })
}

proptest! {
    #[test]
    fn a_rule_that_is_printed_and_read_is_the_same(check in check()) {
        prop_assert_eq!(Check::parse(&check.to_string()), Ok(check));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(and|or|not|[()@!:'\"%a-z ]|%\\(|\\)s|role:x|\\PC){0,40}") {
        if let Ok(check) = Check::parse(&text) {
            prop_assert_eq!(Check::parse(&check.to_string()), Ok(check));
        }
    }
}

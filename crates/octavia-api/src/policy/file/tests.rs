use super::*;

fn errors(texts: &[&str]) -> Vec<String> {
    texts
        .iter()
        .map(|text| {
            read(Path::new("policy.yaml"), text)
                .unwrap_err()
                .to_string()
        })
        .collect()
}

#[test]
fn yaml_and_json_are_read() {
    for text in [
        "# comment\n\"a\": \"role:x\"\nb: [[\"role:x\", \"role:y\"], \"@\"]\n",
        "{\"a\": \"role:x\",\n\"b\": [[\"role:x\", \"role:y\"], \"@\"]}",
    ] {
        let rules = read(Path::new("p"), text).unwrap();
        let shown: Vec<_> = rules
            .iter()
            .map(|rule| format!("{}: {}: {}", rule.line, rule.name, rule.check))
            .collect();
        assert_eq!(shown.len(), 2, "{shown:?}");
        assert!(shown[0].ends_with(": a: role:x"), "{shown:?}");
        assert!(
            shown[1].ends_with(": b: ((role:x and role:y) or @)"),
            "{shown:?}"
        );
    }
}

#[test]
fn a_file_without_rules_overrides_nothing() {
    for text in ["", "# nothing\n", "---\n", "{}", "null", "--- {}\n...\n"] {
        assert_eq!(read(Path::new("p"), text), Ok(Vec::new()), "{text:?}");
    }
}

#[test]
fn errors_say_line_and_rule() {
    let errors = errors(&[
        "a: role:x\nb: role:x and\n",
        "a:\n",
        "a: !\n",
        "a: ~",
        "a: {b: c}",
        "a: @\na: '@'",
        "a: '@'\na: '!'",
        "- a\n",
        "role:x\n",
        "a: [[[x]]]",
        "a: ['']",
        "a: '@'\n---\nb: '@'",
        "a: 'role:x\n",
        "a: &x '@'\nb: *x\n",
        "? [a]\n: b",
    ]);
    insta::assert_debug_snapshot!(errors, @r#"
    [
        "policy.yaml:2: rule \"b\": it ends where a check is expected",
        "policy.yaml:1: rule \"a\": it says nothing; write \"@\" to allow everybody, \"!\" to refuse everybody",
        "policy.yaml:1: rule \"a\": it says nothing; write \"@\" to allow everybody, \"!\" to refuse everybody",
        "policy.yaml:1: rule \"a\": it says nothing; write \"@\" to allow everybody, \"!\" to refuse everybody",
        "policy.yaml:1: rule \"a\": it is text, or a list of lists of checks",
        "policy.yaml:1: rule \"a\": it is not YAML: unexpected character: `@'",
        "policy.yaml:2: rule \"a\": it stands there twice",
        "policy.yaml:1: the file holds names of rules, a colon, and rules",
        "policy.yaml:1: the file holds names of rules, a colon, and rules",
        "policy.yaml:1: rule \"a\": a list of checks in a list holds text",
        "policy.yaml:1: rule \"a\": '' is not a check; a check is kind:match, @ or !",
        "policy.yaml:2: the file holds a second document",
        "policy.yaml:1: rule \"a\": it is not YAML: while scanning a quoted scalar, found unexpected end of stream",
        "policy.yaml:2: rule \"b\": it is text, or a list of lists of checks",
        "policy.yaml:1: the name of a rule is text",
    ]
    "#);
}

proptest::proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(text in "([a-z:\"'@!%&*~{}\\[\\],\n -]|\\PC){0,60}") {
        drop(read(Path::new("p"), &text));
    }
}

mod linear;

use octavia_amphora_api::config::{L7Action, L7Compare, L7Policy, L7Rule, L7Subject};
use proptest::prelude::*;
use uuid::Uuid;

use super::matcher::{Action, Matcher};
use super::request::Request;
use crate::limits;

const HEAD: &str = "GET /static/Photo.JPG?q=/old HTTP/1.1\r\nHost: Www.Example.org:8080\r\n\
    X-Key: one, \"two, three\" ,four\r\nx-key: five\r\nCookie: sid=12.x; other=\"a b\"\r\n\
    Cookie: sid=second\r\nX-Empty:\r\n\r\n";

fn rule(subject: L7Subject, compare: L7Compare, value: &str) -> L7Rule {
    L7Rule {
        subject,
        compare,
        value: value.to_owned(),
        invert: false,
    }
}

/// Reads `head` and asks about it.
fn ask<T>(head: &str, question: impl FnOnce(&Request<'_>) -> T) -> T {
    let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
    question(&Request::read(head.as_bytes(), &mut storage).expect("a head"))
}

/// Tells whether a rule holds, compiled as well as by definition.
fn holds(head: &str, rule: &L7Rule) -> bool {
    let policies = [policy(1, L7Action::Reject, vec![rule.clone()])];
    let matcher = Matcher::compile(&policies).expect("a rule");
    ask(head, |request| {
        let compiled = matcher.decide(request, |_| true) == Some(&Action::Reject);
        assert_eq!(compiled, linear::holds(rule, request), "{rule:?}");
        compiled
    })
}

fn header(name: &str) -> L7Subject {
    L7Subject::Header {
        name: name.to_owned(),
    }
}

fn cookie(name: &str) -> L7Subject {
    L7Subject::Cookie {
        name: name.to_owned(),
    }
}

#[test]
fn every_subject_with_every_comparison() {
    use L7Compare::{Contains, EndsWith, EqualTo, Regex, StartsWith};
    use L7Subject::{FileType, HostName, Path};
    let hold = [
        (HostName, EqualTo, "www.EXAMPLE.org:8080"),
        (HostName, StartsWith, "WWW."),
        (HostName, EndsWith, ".org:8080"),
        (HostName, Contains, "example"),
        (HostName, Regex, r"^WWW\.example\.[a-z]+:\d+$"),
        (Path, EqualTo, "/static/Photo.JPG"),
        (Path, StartsWith, "/static"),
        (Path, EndsWith, "JPG"),
        (Path, Contains, "/Ph"),
        (Path, Regex, "^/[a-z]+/P"),
        (FileType, EqualTo, "JPG"),
        (FileType, Regex, "JP(E)?G$"),
        (header("X-KEY"), EqualTo, "one"),
        (header("X-Key"), EqualTo, "\"two, three\""),
        (header("X-Key"), EqualTo, "four"),
        (header("X-Key"), EqualTo, "five"),
        (header("X-Key"), Regex, "^f...$"),
        (header("X-Empty"), Regex, "^$"),
        (cookie("sid"), Regex, r"^[0-9]+\.x$"),
        (cookie("sid"), EqualTo, "second"),
        (cookie("other"), StartsWith, "\"a "),
    ];
    for (subject, compare, value) in hold {
        let mut rule = rule(subject, compare, value);
        assert!(holds(HEAD, &rule), "{rule:?}");
        rule.invert = true;
        assert!(!holds(HEAD, &rule), "{rule:?}");
    }
    let fail = [
        (HostName, EqualTo, "www.example.org"),
        (Path, EqualTo, "/static/photo.jpg"),
        (Path, Contains, "old"),
        (FileType, EqualTo, "jpg"),
        (header("X-Key"), EqualTo, "One"),
        (header("X-Other"), Contains, "o"),
        (header("X-Other"), Regex, "^$"),
        (cookie("SID"), EqualTo, "second"),
        (cookie("id"), EqualTo, "second"),
        (cookie("none"), Regex, ""),
    ];
    for (subject, compare, value) in fail {
        let mut rule = rule(subject, compare, value);
        assert!(!holds(HEAD, &rule), "{rule:?}");
        rule.invert = true;
        assert!(holds(HEAD, &rule), "{rule:?}");
    }
}

#[test]
fn the_path_of_a_whole_url_is_its_path() {
    let path = |target: &str, expected: &str| {
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        let rule = rule(L7Subject::Path, L7Compare::EqualTo, expected);
        assert!(holds(&head, &rule), "{target}");
    };
    path("http://x/a/b?c", "/a/b");
    path("/a?http://x/y", "/a");
    path("http://x", "/");
    path("*", "/");
}

fn policy(number: u128, action: L7Action, rules: Vec<L7Rule>) -> L7Policy {
    L7Policy {
        id: Uuid::from_u128(number),
        action,
        rules,
    }
}

#[test]
fn what_cannot_be_served_is_refused_with_the_policy() {
    let path = |compare, value| vec![rule(L7Subject::Path, compare, value)];
    let anything = || path(L7Compare::StartsWith, "/");
    let url = |url: &str, code| L7Action::RedirectToUrl {
        url: url.to_owned(),
        code,
    };
    let fixed = |status, body: &str| L7Action::FixedResponse {
        status,
        content_type: "text/plain".to_owned(),
        body: body.to_owned(),
    };
    let bad = [
        policy(1, L7Action::Reject, Vec::new()),
        policy(2, L7Action::Reject, path(L7Compare::Regex, "(?=a)")),
        policy(
            3,
            L7Action::Reject,
            path(L7Compare::Regex, r"((\w{100}){100}){100}"),
        ),
        policy(4, url("http://x", 200), anything()),
        policy(5, url("http://x\r\nSet-Cookie: a=b", 302), anything()),
        policy(6, fixed(199, ""), anything()),
        policy(7, fixed(204, "body"), anything()),
        policy(
            8,
            fixed(200, &"x".repeat(limits::RESPONSE_BYTES + 1)),
            anything(),
        ),
    ];
    for policy in bad {
        let refused = Matcher::compile(std::slice::from_ref(&policy));
        let text = refused.err().expect("a refusal").to_string();
        assert!(
            text.starts_with(&format!("L7 policy {}", policy.id)),
            "{text}"
        );
    }
}

fn some_text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "/", "a", "/a", "B", "/b", "ab", "a.B", "/a/b"])
        .prop_map(str::to_owned)
}

fn some_rule() -> impl Strategy<Value = L7Rule> {
    let subject = prop::sample::select(vec![
        L7Subject::Path,
        L7Subject::FileType,
        L7Subject::HostName,
        header("X-One"),
        header("x-TWO"),
        cookie("c"),
        cookie("d"),
        L7Subject::SslVerifyResult,
        L7Subject::SslConnHasCert,
        L7Subject::SslDnField { name: "cn".into() },
    ]);
    let compare = prop::sample::select(vec![
        L7Compare::Contains,
        L7Compare::EndsWith,
        L7Compare::EqualTo,
        L7Compare::StartsWith,
        L7Compare::Regex,
    ]);
    let expression = prop::sample::select(vec!["", "^/?a", "b$", "[A-Z]", "a.b", "^$", "0"]);
    let parts = (subject, compare, some_text(), expression, any::<bool>());
    parts.prop_map(|(subject, compare, text, expression, invert)| {
        let value = if compare == L7Compare::Regex {
            expression
        } else {
            &text
        };
        L7Rule {
            invert,
            ..rule(subject, compare, value)
        }
    })
}

/// Makes policies that can be told apart by what they do.
fn some_policies() -> impl Strategy<Value = Vec<L7Policy>> {
    let one = (0..5_usize, prop::collection::vec(some_rule(), 1..4));
    prop::collection::vec(one, 0..12).prop_map(|all| {
        let numbered = (0..).zip(all);
        let policy = |(number, (action, rules)): (u128, _)| {
            let action = match action {
                0 => L7Action::Reject,
                1 => L7Action::RedirectToUrl {
                    url: format!("http://x/{number}"),
                    code: 301,
                },
                2 => L7Action::RedirectPrefix {
                    prefix: format!("http://{number}"),
                    code: 302,
                },
                3 => L7Action::FixedResponse {
                    status: 200,
                    content_type: "text/plain".to_owned(),
                    body: number.to_string(),
                },
                _ => L7Action::RedirectToPool {
                    pool: Uuid::from_u128(number),
                },
            };
            policy(number, action, rules)
        };
        numbered.map(policy).collect()
    })
}

prop_compose! {
    fn some_head()(
        path in some_text(), hosts in prop::collection::vec(some_text(), 0..3),
        lines in prop::collection::vec((0..3_usize, some_text(), some_text()), 0..5),
    ) -> String {
        let mut head = format!("GET /{path} HTTP/1.1\r\n");
        let hosts = hosts.iter().map(|host| format!("host: {host}\r\n"));
        let lines = lines.iter().map(|(kind, one, other)| match kind {
            0 => format!("x-one: {one},{other}\r\n"),
            1 => format!("X-Two: {one}\r\nX-Two: \"{one},{other}\"\r\n"),
            _ => format!("Cookie: c={one}; d={other}, c={other}\r\n"),
        });
        head.extend(hosts.chain(lines));
        head + "\r\n"
    }
}

proptest! {
    #[test]
    fn the_matcher_decides_as_the_definition_does(
        policies in some_policies(), heads in prop::collection::vec(some_head(), 1..6),
    ) {
        // Every third pool is not to be had.
        let had = |pool: Uuid| !pool.as_u128().is_multiple_of(3);
        let is_had = |policy: &L7Policy| match policy.action {
            L7Action::RedirectToPool { pool } => had(pool),
            L7Action::Reject | L7Action::RedirectToUrl { .. } | L7Action::RedirectPrefix { .. } | L7Action::FixedResponse { .. } => true,
        };
        let matcher = Matcher::compile(&policies).expect("policies");
        for head in heads {
            let (compiled, expected) = ask(&head, |request| {
                let expected = linear::decide(&policies, request, is_had);
                let expected = expected.map(|place| Action::of(&policies[place].action));
                (matcher.decide(request, had).cloned(), expected)
            });
            prop_assert_eq!(compiled, expected, "{}", head);
        }
    }

    #[test]
    fn no_head_makes_a_rule_panic(head in "[ -~\r\n]{0,80}", name in "[a-z]{1,3}") {
        let head = format!("GET / HTTP/1.1\r\n{head}\r\n\r\n");
        let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
        if Request::read(head.as_bytes(), &mut storage).is_some() {
            for subject in [header(&name), cookie(&name)] {
                let _either = holds(&head, &rule(subject, L7Compare::Regex, "a.*b"));
            }
        }
    }
}

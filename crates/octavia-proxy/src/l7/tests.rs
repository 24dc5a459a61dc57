use octavia_amphora_api::config::{L7Action, L7Compare, L7Policy, L7Rule, L7Subject};
use proptest::prelude::*;
use uuid::Uuid;

use super::matcher::Matcher;
use super::request::Request;
use super::rule;
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

fn holds(head: &str, rule: &L7Rule) -> bool {
    let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
    let request = Request::read(head.as_bytes(), &mut storage).expect("a head");
    rule::compile(rule).expect("a rule").holds(&request)
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

/// What a policy does, as the definition has it: without stages, by weight and position.
fn by_definition(policies: &[L7Policy], head: &str) -> Option<usize> {
    let stage = |policy: &L7Policy| match policy.action {
        L7Action::Reject => 0,
        L7Action::RedirectToUrl { .. } | L7Action::RedirectPrefix { .. } => 1,
        L7Action::RedirectToPool { .. } => 2,
    };
    let taking = policies.iter().enumerate().filter(|(_, policy)| {
        let mut rules = policy.rules.iter();
        rules.all(|rule| holds(head, rule))
    });
    taking
        .min_by_key(|(position, policy)| (stage(policy), *position))
        .map(|(position, _)| position)
}

fn by_matcher(policies: &[L7Policy], head: &str) -> Option<usize> {
    let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
    let request = Request::read(head.as_bytes(), &mut storage).expect("a head");
    let matcher = Matcher::compile(policies).expect("policies");
    let of_code = |wanted: u16, wanted_path: bool| {
        policies.iter().position(|policy| match &policy.action {
            L7Action::RedirectToUrl { code, .. } => *code == wanted && !wanted_path,
            L7Action::RedirectPrefix { code, .. } => *code == wanted && wanted_path,
            L7Action::Reject | L7Action::RedirectToPool { .. } => false,
        })
    };
    if matcher.rejects(&request) {
        let mut taking = policies.iter().enumerate();
        return taking
            .find(|(_, policy)| {
                policy.action == L7Action::Reject && policy.rules.iter().all(|r| holds(head, r))
            })
            .map(|(position, _)| position);
    }
    if let Some(redirect) = matcher.redirect(&request) {
        let keeps_path = redirect.location(&request).ends_with(b"/a");
        return of_code(redirect.code, keeps_path);
    }
    let pool = matcher.pools(&request).next()?;
    policies
        .iter()
        .position(|policy| policy.action == L7Action::RedirectToPool { pool })
}

fn some_rule() -> impl Strategy<Value = L7Rule> {
    let letters = prop::sample::select(vec!["/", "a", "/a", "b", "/b"]);
    let compare = prop::sample::select(vec![
        L7Compare::Contains,
        L7Compare::EndsWith,
        L7Compare::EqualTo,
        L7Compare::StartsWith,
    ]);
    (letters, compare, any::<bool>()).prop_map(|(value, compare, invert)| L7Rule {
        invert,
        ..rule(L7Subject::Path, compare, value)
    })
}

fn some_policies() -> impl Strategy<Value = Vec<L7Policy>> {
    let action = 0..4_usize;
    let one = (action, prop::collection::vec(some_rule(), 1..3));
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let codes = [301, 302, 303, 307, 308];
        all.into_iter()
            .enumerate()
            .map(|(position, (action, rules))| {
                let code = codes.get(position).copied().unwrap_or(308);
                let action = match action {
                    0 => L7Action::Reject,
                    1 => L7Action::RedirectToUrl {
                        url: "http://x/u".to_owned(),
                        code,
                    },
                    2 => L7Action::RedirectPrefix {
                        prefix: "http://x".to_owned(),
                        code,
                    },
                    _ => L7Action::RedirectToPool {
                        pool: Uuid::from_u128(position as u128),
                    },
                };
                policy(position as u128, action, rules)
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn the_matcher_decides_as_the_definition_does(policies in some_policies()) {
        let head = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        prop_assert_eq!(by_matcher(&policies, head), by_definition(&policies, head));
    }

    #[test]
    fn no_head_makes_a_rule_panic(head in "[ -~\r\n]{0,80}", name in "[a-z]{1,3}") {
        let head = format!("GET / HTTP/1.1\r\n{head}\r\n\r\n");
        let mut storage = [httparse::EMPTY_HEADER; limits::HEADERS];
        if let Some(request) = Request::read(head.as_bytes(), &mut storage) {
            for subject in [header(&name), cookie(&name)] {
                let rule = rule(subject, L7Compare::Regex, "a.*b");
                let _either = rule::compile(&rule).expect("a rule").holds(&request);
            }
        }
    }
}

use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::Format;
use crate::flow_log::entry::{Entry, Names};

/// Upstream's default.
const DEFAULT: &str = "{{ project_id }} {{ lb_id }} %f %ci %cp %t %{+Q}r %ST %B %U \
     %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %b %s %Tt %tsc";

fn names() -> Names {
    Names {
        project: "a1b2".into(),
        load_balancer: Uuid::from_u128(1),
        listener: Uuid::from_u128(2),
    }
}

fn entry(names: &Names) -> Entry<'_> {
    Entry {
        names,
        began: 1_795_189_479_237_000,
        client: "127.0.0.1:37018".parse().expect("an address"),
        local: "127.0.0.2:80".parse().expect("an address"),
        line: Some(b"GET /q\"uote?b=1 HTTP/1.1"),
        status: 200,
        bytes_in: 43,
        bytes_out: 116,
        pool: Some(Uuid::from_u128(3)),
        member: Some((
            Uuid::from_u128(4),
            "[::1]:8080".parse().expect("an address"),
        )),
        connect: Some(Duration::from_millis(1)),
        response: Some(Duration::from_millis(2)),
        total: Duration::from_millis(3),
        state: "--",
        cause: None,
        trace: Some(0xabc),
    }
}

fn line(format: &str, entry: &Entry<'_>) -> String {
    let mut out = Vec::new();
    Format::parse(format).write(entry, &mut out);
    let text = String::from_utf8(out).expect("text");
    text.replace("00000000-0000-0000-0000-00000000000", "")
}

#[test]
fn upstreams_default_is_written_as_haproxy_does() {
    let names = names();
    let entry = entry(&names);
    let refused = Entry {
        line: Some(b""),
        status: 400,
        pool: None,
        member: None,
        state: "PR",
        ..entry
    };
    let connection = Entry {
        line: None,
        ..entry
    };
    let lines = [entry, refused, connection].map(|entry| line(DEFAULT, &entry));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    a1b2 1 2 127.0.0.1 37018 20/Nov/2026:15:44:39.237 "GET /q#22uote?b=1 HTTP/1.1" 200 116 43 - "" 3:2 4 3 ----
    a1b2 1 2 127.0.0.1 37018 20/Nov/2026:15:44:39.237 "<BADREQ>" 400 116 43 - "" 2 <NOSRV> 3 PR--
    a1b2 1 2 127.0.0.1 37018 20/Nov/2026:15:44:39.237 - - 116 43 - "" 3:2 4 3 ----
    "#);
}

#[test]
fn other_variables_are_known() {
    let names = names();
    let all = "100%% %HM %HU %HP %HQ %HV %fi:%fp %si:%sp %Tc/%Tr/%Ta %Ts.%ms %ID %xyz %{+Q}xyz";
    insta::assert_snapshot!(line(all, &entry(&names)), @r#"100% GET /q#22uote?b=1 /q#22uote ?b=1 HTTP/1.1 127.0.0.2:80 ::1:8080 1/2/3 1795189479.237 00000000000000000000000000000abc - """#);
}

#[test]
fn json_is_one_object_a_line() {
    let names = names();
    let text = line("json", &entry(&names));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["request"], "GET /q\"uote?b=1 HTTP/1.1");
    insta::assert_snapshot!(text.replace(",\"", "\n\""), @r#"
    {"time":"2026-11-20T15:44:39.237000Z"
    "project_id":"a1b2"
    "loadbalancer_id":"1"
    "listener_id":"2"
    "client":"127.0.0.1:37018"
    "local":"127.0.0.2:80"
    "request":"GET /q\"uote?b=1 HTTP/1.1"
    "status":200
    "bytes_in":43
    "bytes_out":116
    "pool_id":"3"
    "member_id":"4"
    "member":"[::1]:8080"
    "connect_us":1000
    "first_byte_us":2000
    "total_us":3000
    "termination":"--"
    "trace_id":"00000000000000000000000000000abc"}
    "#);
}

proptest! {
    #[test]
    fn nobody_forges_a_line(request in prop::collection::vec(any::<u8>(), 1..60)) {
        let names = names();
        let entry = Entry { line: Some(&request), ..entry(&names) };
        let text = line("%{+Q}r", &entry);
        prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        prop_assert_eq!(text.matches('"').count(), 2);
        let json = line("json", &entry);
        prop_assert!(!json.contains('\n'));
        prop_assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    }

    #[test]
    fn any_format_is_read(format in ".{0,40}") {
        line(&format, &entry(&names()));
    }
}

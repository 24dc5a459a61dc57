use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::wire::given::Given;
use crate::wire::shape::{Shape, shape};

shape! {
    /// One field of each type.
    struct Everything {
        "text" text: optional String = text(3),
        "number" number: optional i32 = integer(-1, 256),
        "flag" flag: optional bool = boolean,
        "id" id: optional Id<()> = id,
        "address" address: optional AddressText = address,
        "cidr" cidr: optional IpNet = cidr,
        "alpn" alpn: optional Vec<String> = list(alpn()),
        "tags" tags: optional Vec<String> = tags(),
        "map" map: optional BTreeMap<String, String> = map(3),
        "inner" inner: optional Inner = object,
        ignored "ignored" = text(3),
    }
}

shape! {
    /// An object in an object.
    struct Inner {
        "port" port: required u16 = port,
    }
}

fn read(body: &Value) -> String {
    match Everything::decode(body) {
        Ok(everything) => format!("{everything:?}"),
        Err(fault) => fault.into_error("thing_", body).to_string(),
    }
}

#[test]
fn what_does_not_fit_is_said_as_upstream_says_it() {
    let mut report = String::new();
    for body in [
        json!({ "text": "long" }),
        json!({ "text": 5 }),
        json!({ "text": ["a"] }),
        json!({ "number": 257 }),
        json!({ "number": "-2" }),
        json!({ "number": "ten" }),
        json!({ "number": [1] }),
        json!({ "number": 1e300 }),
        json!({ "flag": "True" }),
        json!({ "flag": {} }),
        json!({ "id": "x" }),
        json!({ "address": "10.0.0.256" }),
        json!({ "cidr": "10.0.0.0/33" }),
        json!({ "alpn": ["h2", "h3"] }),
        json!({ "tags": "a" }),
        json!({ "tags": ["a", null] }),
        json!({ "map": { "a": true } }),
        json!({ "map": [] }),
        json!({ "inner": { "port": 0 } }),
        json!({ "inner": {} }),
        json!({ "inner": { "port": 1, "x": 1 } }),
        json!({ "inner": null, "x": 1, "y": 2 }),
        json!({ "ignored": "long" }),
    ] {
        writeln!(report, "{}", read(&body)).unwrap();
    }
    insta::assert_snapshot!(report, @r"
    Invalid input for field/attribute text. Value: 'long'. Value should have a maximum character requirement of 3
    Invalid input for field/attribute text. Value: '5'. Value should be string
    Invalid input for field/attribute text. Value: '['a']'. Value should be string
    Invalid input for field/attribute number. Value: '257'. Value should be lower or equal to 256
    Invalid input for field/attribute number. Value: '-2'. Value should be greater or equal to -1
    Invalid input for field/attribute thing_. Value: '{'number': 'ten'}'. invalid literal for int() with base 10: 'ten'
    Invalid input for field/attribute thing_. Value: '{'number': [1]}'. int() argument must be a string or a number, not [1]
    Invalid input for field/attribute number. Value: '9223372036854775807'. Value should be lower or equal to 256
    Invalid input for field/attribute thing_. Value: '{'flag': 'True'}'. Value not an unambiguous boolean: True
    Invalid input for field/attribute thing_. Value: '{'flag': {}}'. Value not an unambiguous boolean: {}
    Invalid input for field/attribute id. Value: 'x'. Value should be UUID format
    Invalid input for field/attribute address. Value: '10.0.0.256'. Value should be IPv4 or IPv6 format
    Invalid input for field/attribute cidr. Value: '10.0.0.0/33'. Value should be IPv4 or IPv6 CIDR format
    Invalid input for field/attribute alpn. Value: '['h2', 'h3']'. Value should be a valid ALPN protocol ID
    Invalid input for field/attribute thing_. Value: '{'tags': 'a'}'. Value not a valid list: a
    Invalid input for field/attribute tags. Value: '['a', None]'. Value should be string
    Invalid input for field/attribute map. Value: '{'a': True}'. Value should be string
    Invalid input for field/attribute thing_. Value: '{'map': []}'. Value not a valid dict: []
    Invalid input for field/attribute port. Value: '0'. Value should be greater or equal to 1
    Invalid input for field/attribute port. Value: 'None'. Mandatory field missing.
    Unknown attribute for argument thing_.inner: x
    Unknown attributes for argument thing_: x, y
    Invalid input for field/attribute ignored. Value: 'long'. Value should have a maximum character requirement of 3
    ");
}

#[test]
fn upstreams_leniency_is_kept() {
    let body = json!({
        "number": " 12 ", "flag": "yes", "id": "A3A300000000400080000000000000AB",
        "address": "2001:0db8::1", "cidr": "10.1.2.3/8", "tags": [], "map": {},
        "inner": { "port": true },
    });
    let read = Everything::decode(&body).unwrap();
    assert_eq!(read.number, Given::Value(12));
    assert_eq!(read.flag, Given::Value(true));
    let id = read.id.value().unwrap().to_string();
    assert_eq!(id, "a3a30000-0000-4000-8000-0000000000ab");
    assert_eq!(read.address.value().unwrap().text, "2001:0db8::1");
    assert_eq!(read.cidr.value().unwrap().to_string(), "10.0.0.0/8");
    assert_eq!(read.inner.value().unwrap().port, Given::Value(1));
    assert_eq!((read.text.is_absent(), read.alpn.is_absent()), (true, true));
    assert_eq!((read.tags.is_value(), read.map.is_value()), (true, true));
}

#[test]
fn absent_null_and_a_value_are_three_things() {
    let read = |body: Value| Everything::decode(&body).unwrap().text;
    assert_eq!(read(json!({})), Given::Absent);
    assert_eq!(read(json!({ "text": null })), Given::Null);
    assert_eq!(read(json!({ "text": "" })), Given::Value(String::new()));
}

proptest! {
    #[test]
    fn a_number_is_read_from_every_form(number in -1_i32..=256) {
        let forms = [json!(number), json!(number.to_string()), json!(f64::from(number))];
        for form in forms {
            prop_assert_eq!(integer(-1, 256).decode(&form), Ok(number));
        }
    }

    #[test]
    fn a_text_is_read_when_it_is_short_enough(read in ".{0,6}") {
        let fits = read.chars().count() <= 3;
        prop_assert_eq!(text(3).decode(&json!(read)).is_ok(), fits);
    }
}

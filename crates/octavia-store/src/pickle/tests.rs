use proptest::prelude::*;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

const ONE: &str =
    "8005951D000000000000007D948C0F582D466F727761726465642D466F72948C047472756594732E";

#[test]
fn upstreams_own_rows_are_read() {
    assert_eq!(read(&hex("80057D942E")), Ok(headers(&[])));
    assert_eq!(read(&hex(ONE)), Ok(headers(&[("X-Forwarded-For", "true")])));
}

#[test]
fn a_row_is_written_as_upstream_writes_it() {
    assert_eq!(write(&headers(&[])), hex("80057D942E"));
    assert_eq!(write(&headers(&[("X-Forwarded-For", "true")])), hex(ONE));
}

#[test]
fn a_repeated_value_is_a_reference_to_the_first() {
    // Python: pickle.dumps({"a": t, "b": t}, 5) for one object t = "true".
    let python = b"\x80\x05\x95\x16\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94\x8c\x04true\x94\x8c\x01b\x94h\x02u.";
    let both = headers(&[("a", "true"), ("b", "true")]);
    assert_eq!(write(&both), python);
    assert_eq!(read(python), Ok(both));
}

#[test]
fn protocols_2_and_3_are_read() {
    // Python: pickle.dumps({"a": "true", "b": "x"}, 2).
    let two = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01X\x04\x00\x00\x00trueq\x02X\x01\x00\x00\x00bq\x03X\x01\x00\x00\x00xq\x04u.";
    let three = [b"\x80\x03", &two[2..]].concat();
    let both = headers(&[("a", "true"), ("b", "x")]);
    assert_eq!(read(two), Ok(both.clone()));
    assert_eq!(read(&three), Ok(both));
}

#[test]
fn texts_and_booleans_of_old_rows_are_read() {
    let old = b"\x80\x02}q\x00(U\x01aq\x01\x88Vb\nq\x02Xx\x00\x00\x00";
    assert_eq!(read(old), Err(Unreadable::Short));
    let old = b"\x80\x02}q\x00(U\x01aq\x01\x88Vb\nq\x02\x89u.";
    assert_eq!(read(old), Ok(headers(&[("a", "True"), ("b", "False")])));
}

#[test]
fn a_pickle_that_calls_something_is_refused() {
    // os.system("id"), as GLOBAL and REDUCE.
    let attack = b"\x80\x02cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01\x85q\x02Rq\x03.";
    assert_eq!(read(attack), Err(Unreadable::Opcode(b'c')));
}

#[test]
fn protocol_1_and_6_are_refused() {
    assert_eq!(read(b"\x80\x06}."), Err(Unreadable::Protocol(6)));
    assert_eq!(read(b"\x80\x01}."), Err(Unreadable::Protocol(1)));
    assert_eq!(read(b"}q\x00."), Err(Unreadable::Shape));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(dictionary: BTreeMap<String, String>) {
        prop_assert_eq!(read(&write(&dictionary)), Ok(dictionary));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(mut bytes: Vec<u8>) {
        drop(read(&bytes));
        bytes.splice(0..0, [PROTO, 4]);
        drop(read(&bytes));
    }

    #[test]
    fn no_change_of_one_byte_makes_the_reader_panic(at in 0usize..40, byte: u8) {
        let mut bytes = hex(ONE);
        bytes[at] = byte;
        drop(read(&bytes));
    }
}

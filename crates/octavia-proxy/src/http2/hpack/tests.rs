use proptest::prelude::*;

use super::{BadBlock, Decoder, encoder, huffman, integer, table};

fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<(String, String)>, BadBlock> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    decoder.decode(block, |name, value| fields.push((text(name), text(value))))?;
    Ok(fields)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|byte| *byte != b' ').collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit");
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| u8::try_from(digit(pair[0]) << 4 | digit(pair[1])).expect("a byte"))
        .collect()
}

fn shown(fields: &[(String, String)]) -> String {
    let lines = fields
        .iter()
        .map(|(name, value)| format!("{name}: {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// RFC 7541, appendix C.4.
#[test]
fn the_requests_of_the_rfc_are_read() {
    let mut decoder = Decoder::new();
    let blocks = [
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ];
    let read: Vec<_> = blocks
        .iter()
        .map(|block| shown(&decode(&mut decoder, &bytes(block)).expect("a block")))
        .collect();
    insta::assert_snapshot!(read.join("\n\n"), @r"
    :method: GET
    :scheme: http
    :path: /
    :authority: www.example.com

    :method: GET
    :scheme: http
    :path: /
    :authority: www.example.com
    cache-control: no-cache

    :method: GET
    :scheme: https
    :path: /index.html
    :authority: www.example.com
    custom-key: custom-value
    ");
}

#[test]
fn what_was_evicted_is_not_referred_to() {
    let mut decoder = Decoder::new();
    let field = bytes("400161 0162");
    assert!(decode(&mut decoder, &field).is_ok());
    assert_eq!(
        decode(&mut decoder, &[0xbe]).expect("the entry"),
        [("a".into(), "b".into())]
    );
    // The table is made empty, and large again.
    let emptied = bytes("20 3fe11f be");
    assert_eq!(decode(&mut decoder, &emptied), Err(BadBlock));
}

#[test]
fn blocks_that_cannot_be_are_refused() {
    let bad = [
        "80",                   // the index 0
        "ff 80 80 80 80 80 01", // an index without end
        "bf",                   // an entry that was never added
        "40",                   // nothing after the index
        "00 05 61",             // a name that is cut off
        "3f e2 1f",             // a larger table than was declared
        "82 20",                // a new size behind a field
        "00 81 00 00",          // a code that is padded with zeros
        "00 84 ff ff ff ff 00", // the end of a string, said
    ];
    for block in bad {
        let decoded = decode(&mut Decoder::new(), &bytes(block));
        assert_eq!(decoded, Err(BadBlock), "{block}");
    }
}

#[test]
fn the_static_table_is_found_by_name() {
    for (index, (name, _)) in table::STATIC.iter().enumerate() {
        let found = table::index_of(name.as_bytes());
        let is_pseudo = name.starts_with(':');
        let is_hop = *name == "transfer-encoding" || *name == "host";
        assert!(
            found == index + 1 || (found == 0 && (is_pseudo || is_hop)),
            "{name}"
        );
    }
}

proptest! {
    #[test]
    fn texts_survive_the_code(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (mut coded, mut decoded) = (Vec::new(), Vec::new());
        huffman::encode(&text, &mut coded);
        prop_assert_eq!(huffman::decode(&coded, &mut decoded), Ok(()));
        prop_assert_eq!(decoded, text);
    }

    #[test]
    fn integers_survive(value in 0_usize..1 << 27, prefix in 4_u32..8) {
        let mut out = Vec::new();
        integer::put(0, prefix, value, &mut out);
        let mut rest = &out[..];
        prop_assert_eq!(integer::take(&mut rest, prefix), Ok(value));
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn fields_survive(fields in proptest::collection::vec(("[a-z-]{1,40}", ".{0,40}"), 0..20)) {
        let mut block = Vec::new();
        for (name, value) in &fields {
            encoder::field(name.to_ascii_uppercase().as_bytes(), value.as_bytes(), &mut block);
        }
        prop_assert_eq!(decode(&mut Decoder::new(), &block), Ok(fields));
    }

    #[test]
    fn no_bytes_make_it_panic(blocks in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..100), 0..4,
    )) {
        let mut decoder = Decoder::new();
        for block in blocks {
            decode(&mut decoder, &block).ok();
        }
    }
}

//! Which texts keys and values of rules may be.

/// Compiled, an expression may take so much memory: the data plane has the same limit.
const LARGEST: usize = 1 << 20;

/// Tells whether a text can name a header or a cookie.
pub(super) fn is_key(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_graphic() && !b"\"()/:;<=>?@[\\]{}".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

/// Tells whether a text can be the value of a cookie.
pub(super) fn is_cookie_value(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_graphic() && !b"\";\\".contains(&b);
    text.bytes().all(allowed)
}

/// Tells whether a text can be compared with: without blanks, or quoted as a whole.
pub(super) fn is_value(text: &str) -> bool {
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let blank = |b: u8| b == b' ' || b == b'\t';
    text.bytes().all(|b| b.is_ascii_graphic())
        || quoted.is_some_and(|inside| {
            inside
                .bytes()
                .all(|b| b != b'"' && (b.is_ascii_graphic() || blank(b)))
        })
}

/// Tells whether a text can name a field of a distinguished name.
pub(super) fn is_name_field(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Refuses an expression that the data plane cannot match in linear time.
pub(super) fn regex(text: &str) -> Result<(), String> {
    let compiled = regex::bytes::RegexBuilder::new(text)
        .size_limit(LARGEST)
        .build();
    compiled.map(|_| ()).map_err(|error| {
        // The last line says what is wrong, those before it show where.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        format!("Unable to parse regular expression: {reason}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_one_word_or_quoted() {
        for good in ["a", "/a?b=c\\", "\"a b\"", "\"", "a\"b"] {
            assert!(is_value(good), "{good}");
        }
        for bad in ["a b", "\"a b", "a\tb", "\u{e9}", "\"a\" \"b\""] {
            assert!(!is_value(bad), "{bad}");
        }
        assert!(is_cookie_value("a=b") && !is_cookie_value("a;b") && !is_cookie_value("a b"));
        assert!(is_key("X-Key") && !is_key("a b") && !is_key("a:b") && !is_key(""));
        assert!(is_name_field("CN") && is_name_field("a-1") && !is_name_field("1-a"));
    }

    #[test]
    fn an_expression_that_takes_too_much_memory_is_refused() {
        assert!(regex("^[0-9]+\\.x$").is_ok());
        let refused = [regex("("), regex("(?=a)"), regex("((\\w{100}){100}){100}")];
        insta::assert_debug_snapshot!(refused, @r#"
        [
            Err(
                "Unable to parse regular expression: unclosed group",
            ),
            Err(
                "Unable to parse regular expression: look-around, including look-ahead and look-behind, is not supported",
            ),
            Err(
                "Unable to parse regular expression: Compiled regex exceeds size limit of 1048576 bytes.",
            ),
        ]
        "#);
    }
}

//! Values as upstream prints them in its error texts: the way Python does.

use serde_json::Value;

/// Prints a value as Python's `str` does: a text as it is, anything else as [`repr`].
pub(crate) fn str(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| repr(value), ToOwned::to_owned)
}

/// Prints a value as Python's `repr` does.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), repr(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

/// Prints texts as a Python list.
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<_> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}

/// Quotes a text: with double quotes only when it holds a single quote and no double one.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => quoted.extend(["\\x", &format!("{:02x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_look_like_pythons() {
        let value = json!({"a": [1, 2.5, true, null], "b": "it's", "c": "say \"it's\"\n"});
        assert_eq!(
            repr(&value),
            r#"{'a': [1, 2.5, True, None], 'b': "it's", 'c': 'say "it\'s"\n'}"#
        );
        assert_eq!(str(&json!("plain")), "plain");
    }
}

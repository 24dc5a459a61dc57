//! `$option` and `$section.option` inside a value.

/// Replaces references in a value. `$$` and `\$` are a dollar sign; braces may stand around a name.
///
/// `lookup` answers with the value of a name, or `None` when there is no such option.
pub(super) fn substitute(
    text: &str,
    lookup: &mut dyn FnMut(&str) -> Result<Option<String>, String>,
) -> Result<String, String> {
    let text = text.replace("\\$", "$$");
    let mut result = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        let (name, after) = reference(rest);
        if name.is_empty() {
            result.push('$');
            continue;
        }
        let value = lookup(name)?.ok_or_else(|| {
            format!("there is no option '{name}' to put in; write $$ for a dollar sign")
        })?;
        result.push_str(&value);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

/// Splits a text behind a dollar sign into the name and what follows it.
fn reference(text: &str) -> (&str, &str) {
    if let Some((name, after)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        return (name, after);
    }
    let starts = text.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic());
    let end = text
        .find(|c: char| c != '_' && c != '.' && !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    if starts {
        text.split_at(end)
    } else {
        ("", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_home(text: &str) -> Result<String, String> {
        substitute(text, &mut |name| {
            Ok((name == "state.path" || name == "home").then(|| "/srv".to_owned()))
        })
    }

    #[test]
    fn names_are_replaced_with_and_without_braces() {
        assert_eq!(with_home("$home/x"), Ok("/srv/x".to_owned()));
        assert_eq!(with_home("a${home}b"), Ok("a/srvb".to_owned()));
        assert_eq!(with_home("${state.path}"), Ok("/srv".to_owned()));
    }

    #[test]
    fn a_dollar_sign_is_written_twice_or_behind_a_backslash() {
        assert_eq!(with_home("a$$b\\$c$1$"), Ok("a$b$c$1$".to_owned()));
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_how_to_write_a_dollar_sign() {
        insta::assert_snapshot!(with_home("pa$word").unwrap_err(), @"there is no option 'word' to put in; write $$ for a dollar sign");
    }
}

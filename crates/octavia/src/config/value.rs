//! What an option may be, and reading it from text as oslo.config does.

use std::net::IpAddr;

use serde::Deserialize;

use super::catalogue::OptionSpec;

/// The type of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Boolean,
    Integer,
    Float,
    String,
    Hostname,
    Uri,
    Address,
    Port,
    List,
    Dict,
    Multi,
}

/// The value of an option.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Unset,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<String>),
    Dict(Vec<(String, String)>),
}

impl Value {
    /// Reads the text of a file, or says what is allowed instead.
    pub(super) fn read(spec: &OptionSpec, text: &str) -> Result<Self, String> {
        let value = match spec.kind {
            Kind::Boolean => Self::Boolean(boolean(text)?),
            Kind::Integer => number(text, "a whole number")?.map_or(Self::Unset, Self::Integer),
            Kind::Port => port(text)?,
            Kind::Float => number(text, "a number")?.map_or(Self::Unset, Self::Float),
            Kind::Address => Self::Text(address(text)?.to_string()),
            Kind::String | Kind::Hostname | Kind::Uri => Self::Text(text.to_owned()),
            Kind::List => Self::List(list(text)),
            Kind::Multi => Self::List(vec![text.to_owned()]),
            Kind::Dict => Self::Dict(dict(text)?),
        };
        value.within(spec)?;
        Ok(value)
    }

    /// Takes a default out of the catalogue.
    pub(super) fn from_json(kind: Kind, json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Unset,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(value) if kind == Kind::Float => {
                value.as_f64().map_or(Self::Unset, Self::Float)
            }
            Json::Number(value) => value.as_i64().map_or(Self::Unset, Self::Integer),
            Json::String(value) => Self::Text(value.clone()),
            Json::Array(items) => Self::List(items.iter().map(plain).collect()),
            Json::Object(pairs) => Self::Dict(
                pairs
                    .iter()
                    .map(|(key, value)| (key.clone(), plain(value)))
                    .collect(),
            ),
        }
    }

    fn within(&self, spec: &OptionSpec) -> Result<(), String> {
        let as_text = match self {
            Self::Text(text) => text.clone(),
            Self::Integer(number) => number.to_string(),
            Self::Unset | Self::Boolean(_) | Self::Float(_) | Self::List(_) | Self::Dict(_) => {
                String::new()
            }
        };
        if !spec.choices.is_empty() && !spec.choices.contains(&as_text) {
            return Err(format!("it is one of: {}", spec.choices.join(", ")));
        }
        let Some(number) = self.as_float() else {
            return Ok(());
        };
        match (spec.min, spec.max) {
            (Some(min), Some(max)) if number < min || number > max => {
                Err(format!("it is from {min} to {max}"))
            }
            (Some(min), None) if number < min => Err(format!("it is {min} or more")),
            (None, Some(max)) if number > max => Err(format!("it is {max} or less")),
            _ => Ok(()),
        }
    }

    /// Returns a number of either kind.
    #[expect(
        clippy::cast_precision_loss,
        reason = "limits are small, and seconds of centuries fit"
    )]
    pub(super) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Unset | Self::Boolean(_) | Self::Text(_) | Self::List(_) | Self::Dict(_) => None,
        }
    }
}

/// Writes a value of the catalogue as a file would.
pub(super) fn plain(json: &serde_json::Value) -> String {
    json.as_str()
        .map_or_else(|| json.to_string(), str::to_owned)
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err("it is true, 1, on, yes, or false, 0, off, no".to_owned()),
    }
}

/// Reads a number; an empty text is no value at all.
fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<Option<T>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("it is {what}"))
}

fn port(text: &str) -> Result<Value, String> {
    let allowed = "it is a port, a whole number from 0 to 65535";
    let number: Option<u16> = number(text, "a port").map_err(|_| allowed.to_owned())?;
    Ok(number.map_or(Value::Unset, |number| Value::Integer(number.into())))
}

fn address(text: &str) -> Result<IpAddr, String> {
    text.trim()
        .parse()
        .map_err(|_| "it is an IPv4 or IPv6 address, without a port".to_owned())
}

/// Splits at commas; blanks around an item do not count.
pub(super) fn list(text: &str) -> Vec<String> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

fn dict(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in text.split(',').filter(|_| !text.trim().is_empty()) {
        let (key, value) = pair
            .split_once(':')
            .ok_or("it is a list of name:value pairs with commas between them")?;
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        if key.is_empty() {
            return Err("a name:value pair without a name".to_owned());
        }
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err(format!("the name '{key}' stands there twice"));
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::catalogue::Catalogue;

    fn read(section: &str, name: &str, text: &str) -> Result<Value, String> {
        Value::read(Catalogue::get().find(section, name).unwrap(), text)
    }

    #[test]
    fn booleans_have_eight_words_in_any_case() {
        for word in ["true", "1", "on", "Yes"] {
            assert_eq!(read("DEFAULT", "debug", word), Ok(Value::Boolean(true)));
        }
        for word in ["FALSE", "0", "off", "no"] {
            assert_eq!(read("DEFAULT", "debug", word), Ok(Value::Boolean(false)));
        }
        insta::assert_snapshot!(read("DEFAULT", "debug", "maybe").unwrap_err(), @"it is true, 1, on, yes, or false, 0, off, no");
    }

    #[test]
    fn numbers_keep_their_limits() {
        insta::assert_snapshot!(read("api_settings", "bind_port", "65536").unwrap_err(), @"it is a port, a whole number from 0 to 65535");
        insta::assert_snapshot!(read("api_settings", "bind_port", "http").unwrap_err(), @"it is a port, a whole number from 0 to 65535");
        insta::assert_snapshot!(read("health_manager", "heartbeat_timeout", "6O").unwrap_err(), @"it is a whole number");
        insta::assert_snapshot!(read("controller_worker", "workers", "0").unwrap_err(), @"it is 1 or more");
        insta::assert_snapshot!(read("database", "connection_debug", "101").unwrap_err(), @"it is from 0 to 100");
        insta::assert_snapshot!(read("haproxy_amphora", "bind_host", "localhost").unwrap_err(), @"it is an IPv4 or IPv6 address, without a port");
        assert_eq!(
            read("database", "pool_timeout", ""),
            Ok(Value::Unset),
            "an empty number is no value"
        );
    }

    #[test]
    fn choices_are_listed() {
        insta::assert_snapshot!(read("api_settings", "auth_strategy", "none").unwrap_err(), @"it is one of: noauth, keystone, testing");
    }

    #[test]
    fn lists_and_pairs_are_split_at_commas() {
        assert_eq!(list("a, b ,c"), ["a", "b", "c"]);
        assert_eq!(list(" "), Vec::<String>::new());
        assert_eq!(
            dict("amphora: The driver.,other:Another: one"),
            Ok(vec![
                ("amphora".to_owned(), "The driver.".to_owned()),
                ("other".to_owned(), "Another: one".to_owned()),
            ])
        );
        assert!(dict("a:1,a:2").is_err());
        assert!(dict("nonsense").is_err());
    }
}

//! The types of fields: what each accepts, what it makes of it, and why it refuses the rest.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use octavia_model::Id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::python;
use super::schema::{Components, Described, also_as_integer, one_of_texts, with_also};
use super::shape::{Fault, Shape};

type Decoded<T> = Result<T, Fault>;

/// The type of a field: how it is read, and how it is described. A plain function is one; the type of
/// what it returns describes it.
pub(crate) trait Codec<T> {
    /// Reads a value.
    fn decode(&self, value: &Value) -> Decoded<T>;

    /// Returns the schema of what should be sent. Some of upstream's types take more: numbers in
    /// texts, words for booleans.
    fn schema(&self, components: &mut Components) -> Value;
}

impl<T: Described, D: Fn(&Value) -> Decoded<T>> Codec<T> for D {
    fn decode(&self, value: &Value) -> Decoded<T> {
        self(value)
    }

    fn schema(&self, components: &mut Components) -> Value {
        with_also(T::schema(components), T::also())
    }
}

/// A codec with a description of its own.
#[derive(Clone)]
pub(crate) struct As<D, S> {
    pub(crate) decode: D,
    pub(crate) schema: S,
}

impl<T, D, S> Codec<T> for As<D, S>
where
    D: Fn(&Value) -> Decoded<T>,
    S: Fn(&mut Components) -> Value,
{
    fn decode(&self, value: &Value) -> Decoded<T> {
        (self.decode)(value)
    }

    fn schema(&self, components: &mut Components) -> Value {
        (self.schema)(components)
    }
}

/// A text of at most `max` characters.
pub(crate) fn text(max: usize) -> impl Codec<String> + Clone {
    As {
        decode: move |value: &Value| text_within(value, 0, max),
        schema: move |_: &mut Components| json!({ "type": "string", "maxLength": max }),
    }
}

/// A text of at most `max` characters that a test accepts; `pattern` is how upstream writes the test.
pub(crate) fn pattern(
    max: usize,
    pattern: &'static str,
    accepts: fn(&str) -> bool,
) -> impl Codec<String> + Clone {
    As {
        decode: move |value: &Value| {
            let text = text_within(value, 0, max)?;
            if accepts(&text) {
                Ok(text)
            } else {
                Err(Fault::rejected(format!(
                    "Value should match the pattern {pattern}"
                )))
            }
        },
        schema: move |_: &mut Components| json!({ "type": "string", "pattern": pattern }),
    }
}

/// Checks the length of a text, in characters.
pub(crate) fn text_within(value: &Value, min: usize, max: usize) -> Decoded<String> {
    let Value::String(text) = value else {
        return Err(Fault::rejected("Value should be string"));
    };
    let length = text.chars().count();
    if length < min {
        Err(Fault::rejected(format!(
            "Value should have a minimum character requirement of {min}"
        )))
    } else if length > max {
        Err(Fault::rejected(format!(
            "Value should have a maximum character requirement of {max}"
        )))
    } else {
        Ok(text.clone())
    }
}

/// A whole number; numeric texts, booleans and fractions are taken, as upstream does.
pub(crate) fn integer(min: i32, max: i32) -> impl Codec<i32> {
    As {
        decode: move |value: &Value| within(whole(value)?, min, max),
        schema: move |_: &mut Components| {
            let schema = json!({ "type": "integer", "minimum": min, "maximum": max });
            with_also(schema, Some(also_as_integer()))
        },
    }
}

fn within(number: i64, min: i32, max: i32) -> Decoded<i32> {
    let shown = Some(number.to_string());
    if number < i64::from(min) {
        let reason = format!("Value should be greater or equal to {min}");
        return Err(Fault::Rejected { shown, reason });
    }
    i32::try_from(number)
        .ok()
        .filter(|number| *number <= max)
        .ok_or_else(|| Fault::Rejected {
            shown,
            reason: format!("Value should be lower or equal to {max}"),
        })
}

/// A port, 1 to 65535.
pub(crate) fn port(value: &Value) -> Decoded<u16> {
    let number = integer(1, 65535).decode(value)?;
    u16::try_from(number).map_err(|_| Fault::rejected("Value should be lower or equal to 65535"))
}

fn whole(value: &Value) -> Decoded<i64> {
    match value {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::Number(number) => Ok(number.as_i64().unwrap_or_else(|| saturated(number))),
        Value::String(text) => text.trim().parse::<i64>().map_err(|_| {
            Fault::body(format!(
                "invalid literal for int() with base 10: {}",
                python::quoted(text)
            ))
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Fault::body(format!(
            "int() argument must be a string or a number, not {}",
            python::repr(value)
        ))),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float becomes the nearest i64, and every limit lies far inside its range"
)]
fn saturated(number: &serde_json::Number) -> i64 {
    number.as_f64().map_or(i64::MAX, |float| float as i64)
}

/// A boolean; numbers and upstream's words are taken.
pub(crate) fn boolean(value: &Value) -> Decoded<bool> {
    match value {
        Value::Bool(flag) => return Ok(*flag),
        Value::Number(number) => return Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim() {
            "true" | "t" | "yes" | "y" | "on" | "1" => return Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => return Ok(false),
            _ => {}
        },
        Value::Null | Value::Array(_) | Value::Object(_) => {}
    }
    Err(Fault::body(format!(
        "Value not an unambiguous boolean: {}",
        python::str(value)
    )))
}

/// An id, with or without dashes, in any case.
pub(crate) fn id<T>(value: &Value) -> Decoded<Id<T>> {
    value
        .as_str()
        .and_then(|text| Uuid::try_parse(text).ok())
        .map(Id::from_uuid)
        .ok_or_else(|| Fault::rejected("Value should be UUID format"))
}

/// An IP address with the text in which it came: upstream shows and compares that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressText {
    /// The address.
    pub(crate) address: IpAddr,
    /// As it was written.
    pub(crate) text: String,
}

/// An IP address.
pub(crate) fn address(value: &Value) -> Decoded<AddressText> {
    value
        .as_str()
        .and_then(|text| {
            Some(AddressText {
                address: text.parse().ok()?,
                text: text.to_owned(),
            })
        })
        .ok_or_else(|| Fault::rejected("Value should be IPv4 or IPv6 format"))
}

/// A range of addresses; host bits are masked, a single address is a range of one.
pub(crate) fn cidr(value: &Value) -> Decoded<IpNet> {
    value
        .as_str()
        .and_then(|text| {
            text.parse::<IpNet>()
                .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
                .ok()
        })
        .map(|net| net.trunc())
        .ok_or_else(|| Fault::rejected("Value should be IPv4 or IPv6 CIDR format"))
}

/// One of the names of an enum.
pub(crate) fn one_of<T: Copy>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl Codec<T> + Clone {
    let names = move || all.iter().copied().map(name);
    As {
        decode: move |value: &Value| {
            let found = |item: &T| value.as_str() == Some(name(*item));
            all.iter().copied().find(found).ok_or_else(|| {
                let names: Vec<_> = names().collect();
                Fault::rejected(format!("Value should be one of: {}", names.join(", ")))
            })
        },
        schema: move |_: &mut Components| one_of_texts(names()),
    }
}

/// An ALPN protocol id.
pub(crate) fn alpn() -> impl Codec<String> + Clone {
    const NAMES: [&str; 3] = ["h2", "http/1.1", "http/1.0"];
    As {
        decode: |value: &Value| match value.as_str() {
            Some(name) if NAMES.contains(&name) => Ok(name.to_owned()),
            _ => Err(Fault::rejected("Value should be a valid ALPN protocol ID")),
        },
        schema: |_: &mut Components| one_of_texts(NAMES.into_iter()),
    }
}

/// A list; what is wrong with an item is said of the whole list.
pub(crate) fn list<T>(item: impl Codec<T> + Clone) -> impl Codec<Vec<T>> {
    let of_item = item.clone();
    As {
        decode: move |value: &Value| {
            let Value::Array(items) = value else {
                return Err(Fault::body(format!(
                    "Value not a valid list: {}",
                    python::str(value)
                )));
            };
            (0..)
                .zip(items)
                .map(|(index, value)| {
                    let decoded = item.decode(value);
                    decoded.map_err(|fault| of_whole(fault).in_item(index))
                })
                .collect()
        },
        schema: move |components: &mut Components| json!({ "type": "array", "items": of_item.schema(components) }),
    }
}

/// Texts by text.
pub(crate) fn map(max: usize) -> impl Codec<BTreeMap<String, String>> {
    As {
        decode: move |value: &Value| {
            let Value::Object(fields) = value else {
                return Err(Fault::body(format!(
                    "Value not a valid dict: {}",
                    python::str(value)
                )));
            };
            let item = text(max);
            fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), item.decode(value).map_err(of_whole)?)))
                .collect()
        },
        schema: move |components: &mut Components| json!({ "type": "object", "additionalProperties": text(max).schema(components) }),
    }
}

fn of_whole(fault: Fault) -> Fault {
    match fault {
        Fault::Rejected { reason, .. } => Fault::rejected(reason),
        other @ (Fault::Field { .. } | Fault::Body { .. } | Fault::Unknown { .. }) => other,
    }
}

/// An object.
pub(crate) fn object<T: Shape>(value: &Value) -> Decoded<T> {
    T::decode(value)
}

/// The tags of a resource.
pub(crate) fn tags() -> impl Codec<Vec<String>> {
    list(text(255))
}

#[cfg(test)]
mod tests;

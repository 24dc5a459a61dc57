//! What the types of fields are in JSON Schema: the OpenAPI document is made of this.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use octavia_model::Id;
use serde_json::{Map, Value, json};

use super::decode::AddressText;

/// The named schemas that others refer to.
#[derive(Debug, Default)]
pub(crate) struct Components(BTreeMap<String, Value>);

impl Components {
    /// Refers to a schema by its name; `make` makes it when it is not there yet.
    pub(crate) fn refer(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            let schema = make(self);
            self.0.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// Returns all of them under names that begin with `prefix`, and refer to each other so.
    pub(crate) fn renamed(self, prefix: &str) -> impl Iterator<Item = (String, Value)> {
        const AT: &str = "#/components/schemas/";
        fn rename(value: &mut Value, prefix: &str) {
            match value {
                Value::Object(object) => object.values_mut().for_each(|v| rename(v, prefix)),
                Value::Array(items) => items.iter_mut().for_each(|v| rename(v, prefix)),
                Value::String(text) => {
                    if let Some(name) = text.strip_prefix(AT) {
                        *text = format!("{AT}{prefix}{name}");
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        self.0.into_iter().map(move |(name, mut schema)| {
            rename(&mut schema, prefix);
            (format!("{prefix}{name}"), schema)
        })
    }

    /// Returns all of them.
    pub(crate) fn into_value(self) -> Value {
        self.0.into_iter().collect::<Map<_, _>>().into()
    }
}

/// A type that JSON Schema can describe.
pub(crate) trait Described {
    /// Returns its schema.
    fn schema(components: &mut Components) -> Value;

    /// Returns the schema of what is read as well, though nobody should send it.
    fn also() -> Option<Value> {
        None
    }
}

/// Where a schema says what is read as well: upstream takes numbers from texts, and so on. It is no
/// keyword of JSON Schema: what clients are made from the document sends what it describes.
const ALSO: &str = "x-also-read";

/// What a whole number is read from as well.
pub(crate) fn also_as_integer() -> Value {
    json!({ "anyOf": [
        { "type": ["number", "boolean"] },
        { "type": "string", "pattern": r"^\s*[+-]?\d+\s*$" },
    ] })
}

/// Adds what is read as well.
pub(crate) fn with_also(mut schema: Value, also: Option<Value>) -> Value {
    if let Some(also) = also {
        schema[ALSO] = also;
    }
    schema
}

/// The properties of an object, as they are described one after the other.
#[derive(Debug, Default)]
pub(crate) struct Properties {
    all: Map<String, Value>,
    required: Vec<Value>,
}

impl Properties {
    /// Adds a property that is always there.
    pub(crate) fn required(&mut self, key: &str, schema: Value) {
        self.required.retain(|known| known != key);
        self.required.push(key.into());
        self.optional(key, schema);
    }

    /// Adds a property that may be absent.
    pub(crate) fn optional(&mut self, key: &str, schema: Value) {
        self.all.insert(key.to_owned(), schema);
    }

    /// Takes a property away.
    pub(crate) fn remove(&mut self, key: &str) {
        self.all.shift_remove(key);
        self.required.retain(|required| required != key);
    }

    /// Makes the schema of the object: it has no other properties.
    pub(crate) fn into_schema(mut self, description: &str) -> Value {
        let required = std::mem::take(&mut self.required);
        let mut schema = self.into_part_schema(description);
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        schema
    }

    /// Makes the schema of the object with any of its properties.
    pub(crate) fn into_part_schema(self, description: &str) -> Value {
        json!({
            "type": "object",
            "description": description.trim(),
            "properties": self.all,
            "additionalProperties": false,
        })
    }
}

/// Lets a schema take null, too.
pub(crate) fn nullable(mut schema: Value) -> Value {
    let Value::Object(object) = &mut schema else {
        return schema;
    };
    if let Some(Value::Array(names)) = object.get_mut("enum") {
        names.push(Value::Null);
    }
    match object.get("type").cloned() {
        Some(Value::String(name)) => {
            object.insert("type".to_owned(), json!([name, "null"]));
            schema
        }
        Some(_) => schema,
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

/// The schema of one of these texts.
pub(crate) fn one_of_texts<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": names.collect::<Vec<_>>() })
}

/// The schema of an IP address.
pub(crate) fn address() -> Value {
    json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
}

macro_rules! described {
    ($($type:ty = $schema:expr $(, also $also:expr)?;)*) => {
        $(impl Described for $type {
            fn schema(_: &mut Components) -> Value {
                $schema
            }

            $(fn also() -> Option<Value> {
                Some($also)
            })?
        })*
    };
}

described! {
    bool = json!({ "type": "boolean" }), also json!({ "anyOf": [
        { "type": "number" },
        { "type": "string", "pattern": r"^\s*(true|t|yes|y|on|1|false|f|no|n|off|0)\s*$" },
    ] });
    i32 = json!({ "type": "integer", "format": "int32" });
    i64 = json!({ "type": "integer", "format": "int64" });
    u64 = json!({ "type": "integer", "format": "int64", "minimum": 0 });
    f64 = json!({ "type": "number" });
    String = json!({ "type": "string" });
    &str = json!({ "type": "string" });
    AddressText = address();
    IpAddr = address();
    IpNet = json!({ "type": "string", "description": "A range of addresses: 192.0.2.0/24." });
    DateTime<Utc> = json!({
        "type": "string",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$",
        "description": "A moment in UTC, to the second, without an offset.",
    });
    // A port.
    u16 = json!({ "type": "integer", "minimum": 1, "maximum": 65535 }), also also_as_integer();
}

impl<T> Described for Id<T> {
    fn schema(_: &mut Components) -> Value {
        json!({ "type": "string", "format": "uuid" })
    }

    fn also() -> Option<Value> {
        Some(json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{32}$" }))
    }
}

impl<T: Described> Described for Option<T> {
    fn schema(components: &mut Components) -> Value {
        nullable(T::schema(components))
    }
}

impl<T: Described> Described for Vec<T> {
    fn schema(components: &mut Components) -> Value {
        json!({ "type": "array", "items": T::schema(components) })
    }
}

impl<T: Described> Described for BTreeMap<String, T> {
    fn schema(components: &mut Components) -> Value {
        json!({ "type": "object", "additionalProperties": T::schema(components) })
    }
}

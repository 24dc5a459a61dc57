//! How a JSON object becomes a typed request, and what is said when it does not.

use serde_json::{Map, Value};

use super::decode::Codec;
use super::given::Given;
use super::place::Place;
use super::python;
use super::schema::{Components, Properties};
use crate::Error;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The value fails its type; the field is named by the object that holds it.
    Rejected {
        /// The value as it is to be shown, if not as it came.
        shown: Option<String>,
        /// Upstream's reason.
        reason: String,
    },
    /// The value of a field fails its type.
    Field {
        /// Where the field is.
        place: Place,
        /// The value, printed.
        value: String,
        /// Upstream's reason.
        reason: String,
    },
    /// A value cannot be converted; upstream reports that on the whole body.
    Body {
        /// Where the value is.
        place: Place,
        /// Upstream's reason.
        reason: String,
    },
    /// An object has keys that its type has not.
    Unknown {
        /// Where the object is.
        place: Place,
        /// The keys.
        names: Vec<String>,
    },
}

impl Fault {
    /// Says that a value fails its type.
    pub(crate) fn rejected(reason: impl Into<String>) -> Self {
        Self::Rejected {
            shown: None,
            reason: reason.into(),
        }
    }

    /// Says that a value cannot be converted.
    pub(crate) fn body(reason: impl Into<String>) -> Self {
        Self::Body {
            place: Place::default(),
            reason: reason.into(),
        }
    }

    /// Says that a required key is absent.
    pub(crate) fn missing(field: &'static str) -> Self {
        Self::Field {
            place: Place::of(field),
            value: "None".to_owned(),
            reason: "Mandatory field missing.".to_owned(),
        }
    }

    fn in_field(self, field: &'static str, value: &Value) -> Self {
        if let Self::Rejected { shown, reason } = self {
            return Self::Field {
                place: Place::of(field),
                value: shown.unwrap_or_else(|| python::str(value)),
                reason,
            };
        }
        self.moved(|place| place.under(field))
    }

    /// Says that it is about an item of a list.
    pub(super) fn in_item(self, index: usize) -> Self {
        self.moved(|place| place.under_item(index))
    }

    fn moved(mut self, step: impl FnOnce(&mut Place)) -> Self {
        match &mut self {
            Self::Rejected { .. } => {}
            Self::Field { place, .. } | Self::Body { place, .. } | Self::Unknown { place, .. } => {
                step(place);
            }
        }
        self
    }

    /// Says it with the path to what it is about before it.
    pub(crate) fn into_located_error(self, argument: &'static str, body: &Value) -> Error {
        let place = match &self {
            Self::Rejected { .. } => Place::default(),
            Self::Field { place, .. } | Self::Body { place, .. } | Self::Unknown { place, .. } => {
                place.clone()
            }
        };
        // The whole body would be printed.
        let error = if let Self::Body { reason, .. } = self {
            Error::BadRequest(reason)
        } else {
            self.into_error(argument, body)
        };
        error.at(&place.to_string())
    }

    /// Says it as upstream does, for the body argument `argument`.
    pub(crate) fn into_error(self, argument: &'static str, body: &Value) -> Error {
        match self {
            Self::Rejected { reason, .. } | Self::Body { reason, .. } => {
                Error::invalid_input(argument, &python::str(body), &reason)
            }
            Self::Field {
                place,
                value,
                reason,
            } => Error::invalid_input(place.field(), &value, &reason),
            Self::Unknown { place, names } => {
                let path: Vec<_> = std::iter::once(argument).chain(place.fields()).collect();
                let attributes = if names.len() == 1 {
                    "attribute"
                } else {
                    "attributes"
                };
                Error::BadRequest(format!(
                    "Unknown {attributes} for argument {}: {}",
                    path.join("."),
                    names.join(", ")
                ))
            }
        }
    }
}

/// A request object: its keys, and how they are read.
pub(crate) trait Shape: Sized {
    /// Its name.
    const NAME: &'static str;

    /// The keys of its own.
    const KEYS: &'static [&'static str];

    /// What it is.
    const DESCRIPTION: &'static str;

    /// Describes its keys.
    fn describe(properties: &mut Properties, components: &mut Components);

    /// Reads the fields of its own.
    fn take(keys: &Keys<'_>) -> Result<Self, Fault>;

    /// Reads a whole object.
    fn decode(value: &Value) -> Result<Self, Fault> {
        Self::take(&Keys::of(value, &[Self::KEYS])?)
    }
}

/// The keys of a JSON object, all of them known.
pub(crate) struct Keys<'a>(&'a Map<String, Value>);

impl<'a> Keys<'a> {
    /// Opens an object that may have the keys of `known`.
    pub(crate) fn of(value: &'a Value, known: &[&[&'static str]]) -> Result<Self, Fault> {
        let Value::Object(object) = value else {
            return Err(Fault::body(format!(
                "Value not a valid dict: {}",
                python::str(value)
            )));
        };
        let names: Vec<_> = object
            .keys()
            .filter(|key| !known.iter().any(|keys| keys.contains(&key.as_str())))
            .cloned()
            .collect();
        if names.is_empty() {
            Ok(Self(object))
        } else {
            Err(Fault::Unknown {
                place: Place::default(),
                names,
            })
        }
    }

    /// Reads a key that may be absent.
    pub(crate) fn optional<T>(
        &self,
        key: &'static str,
        codec: &impl Codec<T>,
    ) -> Result<Given<T>, Fault> {
        match self.0.get(key) {
            None => Ok(Given::Absent),
            Some(Value::Null) => Ok(Given::Null),
            Some(value) => codec
                .decode(value)
                .map(Given::Value)
                .map_err(|fault| fault.in_field(key, value)),
        }
    }

    /// Reads a key that must be there; null passes, as it does upstream.
    pub(crate) fn required<T>(
        &self,
        key: &'static str,
        codec: &impl Codec<T>,
    ) -> Result<Given<T>, Fault> {
        match self.optional(key, codec)? {
            Given::Absent => Err(Fault::missing(key)),
            given @ (Given::Null | Given::Value(_)) => Ok(given),
        }
    }
}

/// Defines a request object: one line a key, in the order in which upstream checks them.
///
/// `required` and `optional` are the methods of [`Keys`]. With `with x: Other` the object also has
/// the keys of `Other`. What is `ignored` is checked and then dropped, as upstream does.
macro_rules! shape {
    (
        $(#[doc = $doc:literal])*
        struct $name:ident $(with $base:ident: $base_type:ident)? {
            $($key:literal $field:ident: $need:ident $type:ty = $codec:expr,)*
            $(ignored $ignored:literal = $ignored_codec:expr,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        pub(crate) struct $name {
            $(pub(crate) $base: $base_type,)?
            $(pub(crate) $field: $crate::wire::given::Given<$type>,)*
        }

        impl $crate::wire::shape::Shape for $name {
            const NAME: &'static str = stringify!($name);
            const KEYS: &'static [&'static str] = &[$($key,)* $($ignored,)*];
            const DESCRIPTION: &'static str = concat!($($doc,)*);

            fn describe(
                properties: &mut $crate::wire::schema::Properties,
                components: &mut $crate::wire::schema::Components,
            ) {
                $($base_type::describe(properties, components);)?
                $($crate::wire::shape::describe_field!(properties, components, $key, $need, $type, $codec);)*
                $(properties.optional($ignored, $crate::wire::schema::nullable($crate::wire::decode::Codec::schema(&$ignored_codec, components)));)*
            }

            fn take(
                keys: &$crate::wire::shape::Keys<'_>,
            ) -> Result<Self, $crate::wire::shape::Fault> {
                let taken = Self {
                    $($base: $base_type::take(keys)?,)?
                    $($field: keys.$need($key, &$codec)?,)*
                };
                $(keys.optional($ignored, &$ignored_codec)?;)*
                Ok(taken)
            }

            $(
                fn decode(
                    value: &serde_json::Value,
                ) -> Result<Self, $crate::wire::shape::Fault> {
                    Self::take(&$crate::wire::shape::Keys::of(
                        value,
                        &[$base_type::KEYS, Self::KEYS],
                    )?)
                }
            )?
        }
    };
}
pub(crate) use shape;

/// Describes one line of [`shape`]. Null is as good as nothing where a key may be absent.
macro_rules! describe_field {
    ($properties:ident, $components:ident, $key:literal, required, $type:ty, $codec:expr) => {
        $properties.required(
            $key,
            $crate::wire::decode::Codec::<$type>::schema(&$codec, $components),
        )
    };
    ($properties:ident, $components:ident, $key:literal, optional, $type:ty, $codec:expr) => {
        $properties.optional(
            $key,
            $crate::wire::schema::nullable($crate::wire::decode::Codec::<$type>::schema(
                &$codec,
                $components,
            )),
        )
    };
}
pub(crate) use describe_field;

/// Refers to the description of a request object.
impl<T: Shape> super::schema::Described for T {
    fn schema(components: &mut Components) -> Value {
        components.refer(T::NAME, |components| {
            let mut properties = Properties::default();
            T::describe(&mut properties, components);
            properties.into_schema(T::DESCRIPTION)
        })
    }
}

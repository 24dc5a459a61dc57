//! What answers show of an object, and the schema of it: one table for both.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, SubsecRound, Utc};
use ipnet::IpNet;
use octavia_model::{
    AmphoraRole, AmphoraStatus, ClientAuthentication, HealthMonitorType, HttpMethod, Id,
    L7CompareType, L7PolicyAction, L7RuleType, LbAlgorithm, ListenerProtocol, OperatingStatus,
    PoolProtocol, ProvisioningStatus, SessionPersistenceType, VnicType, Weight,
};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schema::{Components, Described, Properties, nullable, one_of_texts};

/// An object that answers show.
pub(crate) trait View {
    /// The name of its schema.
    const NAME: &'static str;
    /// What it is.
    const DESCRIPTION: &'static str;

    /// Writes those of its fields that are wanted.
    fn show_fields<M: SerializeMap>(
        &self,
        wanted: Fields<'_>,
        fields: &mut M,
    ) -> Result<(), M::Error>;

    /// Shows it as a value that can still be changed.
    fn view(&self) -> Value
    where
        Self: Sized,
    {
        serde_json::to_value(Item(self, Fields::All)).expect("texts name the fields of a view")
    }

    /// Describes its fields.
    fn describe(properties: &mut Properties, components: &mut Components);

    /// Refers to the schema of those of its fields that were asked for.
    fn part(components: &mut Components) -> Value {
        components.refer(&format!("{}Part", Self::NAME), |components| {
            let mut properties = Properties::default();
            Self::describe(&mut properties, components);
            properties.into_part_schema("The fields that were asked for with `fields`.")
        })
    }
}

/// Which fields of an object are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fields<'a> {
    /// All it has.
    All,
    /// Those that were asked for. `tenant_id` can never be.
    Only(&'a [String]),
}

impl Fields<'_> {
    /// Tells whether a field is shown.
    pub(crate) fn has(self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(wanted) => field != "tenant_id" && wanted.iter().any(|one| one == field),
        }
    }
}

/// An object in an answer, with the fields that are wanted of it.
pub(crate) struct Item<'a, T>(pub(crate) &'a T, pub(crate) Fields<'a>);

impl<T: View> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_map(None)?;
        self.0.show_fields(self.1, &mut fields)?;
        fields.end()
    }
}

/// Objects in an answer, with the fields that are wanted of each.
pub(crate) struct Items<'a, T>(pub(crate) &'a [T], pub(crate) Fields<'a>);

impl<T: View> Serialize for Items<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|item| Item(item, self.1)))
    }
}

/// Defines what answers show of a type: one line a field. One that is `#[optional]` is left out when
/// it has no value.
macro_rules! view {
    (
        $(#[doc = $doc:literal])*
        $type:ident as $item:ident {
            $($(#[$need:ident])? $key:literal: $field:ty = $value:expr,)*
        }
    ) => {
        $(#[doc = $doc])*
        impl $crate::wire::view::View for $type {
            const NAME: &'static str = stringify!($type);
            const DESCRIPTION: &'static str = concat!($($doc,)*);

            fn show_fields<M: serde::ser::SerializeMap>(
                &self,
                wanted: $crate::wire::view::Fields<'_>,
                fields: &mut M,
            ) -> Result<(), M::Error> {
                let $item = self;
                $(
                    if wanted.has($key) {
                        let value: &$field = &$value;
                        $crate::wire::view::field!(fields $key value $($need)?);
                    }
                )*
                Ok(())
            }

            fn describe(
                properties: &mut $crate::wire::schema::Properties,
                components: &mut $crate::wire::schema::Components,
            ) {
                use $crate::wire::schema::Described;
                $(
                    let schema = <$field>::schema(components);
                    $crate::wire::view::property!(properties $key schema $($need)?);
                )*
            }
        }

        impl $crate::wire::schema::Described for $type {
            fn schema(components: &mut $crate::wire::schema::Components) -> serde_json::Value {
                use $crate::wire::view::View;
                components.refer(Self::NAME, |components| {
                    let mut properties = $crate::wire::schema::Properties::default();
                    Self::describe(&mut properties, components);
                    properties.into_schema(Self::DESCRIPTION)
                })
            }
        }

        impl $crate::wire::view::Shown for $type {
            fn show<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                use $crate::wire::view::{Fields, Item};
                serde::Serialize::serialize(&Item(self, Fields::All), to)
            }
        }
    };
}
pub(crate) use view;

/// Shows one line of [`view`].
macro_rules! field {
    ($fields:ident $key:literal $value:ident) => {
        $fields.serialize_entry($key, &$crate::wire::view::Plain($value))?
    };
    ($fields:ident $key:literal $value:ident optional) => {
        if $value.is_some() {
            $fields.serialize_entry($key, &$crate::wire::view::Plain($value))?;
        }
    };
}
pub(crate) use field;

/// Describes one line of [`view`].
macro_rules! property {
    ($properties:ident $key:literal $schema:ident) => {
        $properties.required($key, $schema)
    };
    ($properties:ident $key:literal $schema:ident optional) => {
        $properties.optional($key, $schema)
    };
}
pub(crate) use property;

/// Refers to the schema of what [`View`] shows of a type, changed, by another name.
pub(crate) fn changed<T: View>(
    name: &str,
    components: &mut Components,
    change: impl FnOnce(&mut Properties, &mut Components),
) -> Value {
    components.refer(name, |components| {
        let mut properties = Properties::default();
        T::describe(&mut properties, components);
        change(&mut properties, components);
        properties.into_schema(T::DESCRIPTION)
    })
}

/// Returns the schema of a list.
pub(crate) fn list_of(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// A type of fields.
pub(crate) trait Shown: Described {
    /// Writes a value.
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
}

/// A value of a field, for serde: the types of the model promise nothing of how they are written.
pub(crate) struct Plain<'a, T>(pub(crate) &'a T);

impl<T: Shown> Serialize for Plain<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.show(to)
    }
}

fn show_all<T: Shown, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().map(Plain))
}

/// Objects that are shown with nothing but their id.
pub(crate) struct OnlyIds<'a, T>(pub(crate) &'a [Id<T>]);

impl<T> Described for OnlyIds<'_, T> {
    fn schema(components: &mut Components) -> Value {
        let id = components.refer("OnlyId", |components| {
            let mut properties = Properties::default();
            properties.required("id", Id::<T>::schema(components));
            properties.into_schema("An object, by its id.")
        });
        json!({ "type": "array", "items": id })
    }
}

impl<T> Shown for OnlyIds<'_, T> {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(OnlyId))
    }
}

struct OnlyId<'a, T>(&'a Id<T>);

impl<T> Serialize for OnlyId<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map([("id", Plain(self.0))])
    }
}

/// A list that is null when it is empty, as upstream shows it where the column is null.
pub(crate) struct OrNull<'a, T>(pub(crate) &'a [T]);

impl<T: Described> Described for OrNull<'_, T> {
    fn schema(components: &mut Components) -> Value {
        nullable(Vec::<T>::schema(components))
    }
}

impl<T: Shown> Shown for OrNull<'_, T> {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return to.serialize_none();
        }
        show_all(self.0, to)
    }
}

macro_rules! names {
    ($($type:ident,)*) => {
        $(
            impl Described for $type {
                fn schema(components: &mut Components) -> Value {
                    components.refer(stringify!($type), |_| {
                        one_of_texts(Self::ALL.iter().map(|name| name.as_str()))
                    })
                }
            }

            impl Shown for $type {
                fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    to.serialize_str(self.as_str())
                }
            }
        )*
    };
}

names! {
    AmphoraRole,
    AmphoraStatus,
    ClientAuthentication,
    HealthMonitorType,
    HttpMethod,
    L7CompareType,
    L7PolicyAction,
    L7RuleType,
    LbAlgorithm,
    ListenerProtocol,
    OperatingStatus,
    PoolProtocol,
    ProvisioningStatus,
    SessionPersistenceType,
    VnicType,
}

/// A time whose fraction of a second is shown where it has one: upstream's form for amphorae.
pub(crate) struct Exact(pub(crate) DateTime<Utc>);

impl Exact {
    fn text(&self) -> String {
        let fraction = if self.0.timestamp_subsec_micros() == 0 {
            ""
        } else {
            "%.6f"
        };
        let form = format!("%Y-%m-%dT%H:%M:%S{fraction}");
        self.0.format(&form).to_string()
    }
}

impl Described for Exact {
    fn schema(_: &mut Components) -> Value {
        json!({
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$",
            "description": "A moment in UTC, without an offset.",
        })
    }
}

macro_rules! shown {
    ($($type:ty as $value:ident, $to:ident = $shown:expr,)*) => {
        $(impl Shown for $type {
            fn show<S: Serializer>(&self, $to: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                $shown
            }
        })*
    };
}

shown! {
    bool as flag, to = to.serialize_bool(*flag),
    i32 as number, to = to.serialize_i32(*number),
    i64 as number, to = to.serialize_i64(*number),
    u16 as number, to = to.serialize_u16(*number),
    f64 as number, to = to.serialize_f64(*number),
    String as text, to = to.serialize_str(text),
    &str as text, to = to.serialize_str(text),
    IpAddr as address, to = to.collect_str(address),
    IpNet as net, to = to.collect_str(net),
    // Upstream's form: UTC, whole seconds, no offset. `Debug` is the form of ISO 8601.
    DateTime<Utc> as at, to = to.collect_str(&format_args!("{:?}", at.naive_utc().trunc_subsecs(0))),
    Exact as at, to = to.serialize_str(&at.text()),
    BTreeMap<String, String> as texts, to = texts.serialize(to),
}

impl Described for Weight {
    fn schema(_: &mut Components) -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": 256 })
    }
}

impl Shown for Weight {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u16(self.get())
    }
}

impl<T> Shown for Id<T> {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = Uuid::encode_buffer();
        to.serialize_str(self.uuid().hyphenated().encode_lower(&mut text))
    }
}

impl<T: Shown> Shown for Option<T> {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.show(to),
            None => to.serialize_none(),
        }
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn show<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        show_all(self, to)
    }
}

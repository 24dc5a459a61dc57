//! What answers show of an object, and the schema of it: one table for both.

use std::collections::BTreeMap;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use octavia_model::{
    AmphoraRole, AmphoraStatus, ClientAuthentication, HealthMonitorType, HttpMethod, Id,
    L7CompareType, L7PolicyAction, L7RuleType, LbAlgorithm, ListenerProtocol, OperatingStatus,
    PoolProtocol, ProvisioningStatus, SessionPersistenceType, VnicType, Weight,
};
use serde_json::{Value, json};

use super::schema::{Components, Described, Properties, nullable, one_of_texts};

/// An object that answers show.
pub(crate) trait View {
    /// The name of its schema.
    const NAME: &'static str;
    /// What it is.
    const DESCRIPTION: &'static str;

    /// Shows it.
    fn view(&self) -> Value;

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

            fn view(&self) -> serde_json::Value {
                use $crate::wire::view::Shown;
                let $item = self;
                let mut fields = serde_json::Map::new();
                $(
                    let value: &$field = &$value;
                    $crate::wire::view::field!(fields $key value $($need)?);
                )*
                fields.into()
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
            fn shown(&self) -> serde_json::Value {
                $crate::wire::view::View::view(self)
            }
        }
    };
}
pub(crate) use view;

/// Shows one line of [`view`].
macro_rules! field {
    ($fields:ident $key:literal $value:ident) => {
        $fields.insert($key.to_owned(), $value.shown())
    };
    ($fields:ident $key:literal $value:ident optional) => {
        if $value.is_some() {
            $fields.insert($key.to_owned(), $value.shown());
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
    /// Shows a value.
    fn shown(&self) -> Value;
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
    fn shown(&self) -> Value {
        let ids = self.0.iter();
        ids.map(|id| json!({ "id": id.to_string() })).collect()
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
    fn shown(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        self.0.iter().map(Shown::shown).collect()
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
                fn shown(&self) -> Value {
                    self.as_str().into()
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
    ($($type:ty as $value:ident = $shown:expr,)*) => {
        $(impl Shown for $type {
            fn shown(&self) -> Value {
                let $value = self;
                $shown
            }
        })*
    };
}

shown! {
    bool as flag = (*flag).into(),
    i32 as number = (*number).into(),
    i64 as number = (*number).into(),
    u16 as number = (*number).into(),
    f64 as number = (*number).into(),
    String as text = text.as_str().into(),
    &str as text = (*text).into(),
    IpAddr as address = address.to_string().into(),
    IpNet as net = net.to_string().into(),
    // Upstream's form: UTC, whole seconds, no offset.
    DateTime<Utc> as at = at.format("%Y-%m-%dT%H:%M:%S").to_string().into(),
    Exact as at = at.text().into(),
    BTreeMap<String, String> as texts = json!(texts),
}

impl Described for Weight {
    fn schema(_: &mut Components) -> Value {
        json!({ "type": "integer", "minimum": 0, "maximum": 256 })
    }
}

impl Shown for Weight {
    fn shown(&self) -> Value {
        self.get().into()
    }
}

impl<T> Shown for Id<T> {
    fn shown(&self) -> Value {
        self.to_string().into()
    }
}

impl<T: Shown> Shown for Option<T> {
    fn shown(&self) -> Value {
        self.as_ref().map_or(Value::Null, Shown::shown)
    }
}

impl<T: Shown> Shown for Vec<T> {
    fn shown(&self) -> Value {
        self.iter().map(Shown::shown).collect()
    }
}

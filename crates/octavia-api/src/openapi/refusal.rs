//! With what calls are refused: each answer stands once in the document, and calls refer to it.

use serde_json::{Map, Value, json};

use super::{Operation, header};
use crate::wire::schema::{Components, Described, Properties};

/// An answer that refuses, and which calls are refused so.
struct Refusal {
    status: &'static str,
    name: &'static str,
    description: &'static str,
    bodies: &'static [Body],
    header: Option<Header>,
    of: fn(&Operation) -> bool,
}

/// The forms of bodies: upstream has four.
#[derive(Debug, Clone, Copy)]
enum Body {
    Fault,
    Routing,
    TooLarge,
    Door,
}

/// A header, and whether the answer always has it.
struct Header(&'static str, bool, &'static str);

const AFTER: &str = "After so many seconds it is worth to ask again.";

static ALL: [Refusal; 13] = [
    refusal("400", "BadRequest", &[Body::Fault, Body::Routing])
        .says("It cannot be read, or contradicts itself or the rules."),
    refusal("401", "NoToken", &[Body::Door])
        .says("There is no token, or it is worthless.")
        .with(Header("WWW-Authenticate", true, "Where tokens are had."))
        .of(|call| !call.is_open()),
    refusal("403", "Forbidden", &[Body::Fault])
        .says("The rules of access or the quota do not allow it.")
        .of(|call| !call.is_open()),
    refusal("404", "NotFound", &[Body::Fault, Body::Routing])
        .says("What the path or the body names is not there.")
        .of(Operation::names_others),
    refusal("406", "NotAcceptable", &[Body::Routing]).says("The caller takes no JSON."),
    refusal("409", "Conflict", &[Body::Fault])
        .says("It contradicts what is there, or a change is under way: of the same object, or one with the same Idempotency-Key.")
        .with(Header("Retry-After", false, AFTER))
        .of(|call| call.method() != "get"),
    refusal("413", "TooLarge", &[Body::TooLarge]).says("The body is too large."),
    refusal("415", "NoJson", &[Body::Fault])
        .says("The body is of another media type than JSON.")
        .of(Operation::has_body),
    refusal("422", "KeyReused", &[Body::Fault])
        .says("The Idempotency-Key came with another body or other arguments before, within a day.")
        .of(|call| call.method() == "post"),
    refusal("429", "TooManyRequests", &[Body::Fault])
        .says("The project asks too often, where the operator limits that.")
        .with(Header("Retry-After", true, AFTER)),
    refusal("500", "Failed", &[Body::Fault]).says("The provider failed, or the service did."),
    refusal("501", "NotSupported", &[Body::Fault])
        .says("The provider does not carry that.")
        .of(Operation::names_others),
    refusal("503", "Unavailable", &[Body::Fault, Body::Door])
        .says("The database, the identity service or the store of secrets does not answer.")
        .with(Header("Retry-After", true, AFTER)),
];

/// Returns the answers that refuse a call, by status.
pub(super) fn of(call: &Operation) -> Vec<(String, Value)> {
    ALL.iter()
        .filter(|refusal| (refusal.of)(call))
        .map(|refusal| {
            let at = format!("#/components/responses/{}", refusal.name);
            (refusal.status.to_owned(), json!({ "$ref": at }))
        })
        .collect()
}

/// Describes all of them, by name.
pub(super) fn all(components: &mut Components) -> Map<String, Value> {
    ALL.iter()
        .map(|refusal| (refusal.name.to_owned(), refusal.describe(components)))
        .collect()
}

/// Begins a line of the table: all calls can be refused so.
const fn refusal(status: &'static str, name: &'static str, bodies: &'static [Body]) -> Refusal {
    Refusal {
        status,
        name,
        description: "",
        bodies,
        header: None,
        of: |_| true,
    }
}

impl Refusal {
    const fn says(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    const fn with(mut self, header: Header) -> Self {
        self.header = Some(header);
        self
    }

    const fn of(mut self, calls: fn(&Operation) -> bool) -> Self {
        self.of = calls;
        self
    }

    fn describe(&self, components: &mut Components) -> Value {
        let mut bodies: Vec<_> = self
            .bodies
            .iter()
            .map(|body| body.schema(components))
            .collect();
        let schema = if bodies.len() == 1 {
            bodies.remove(0)
        } else {
            json!({ "anyOf": bodies })
        };
        let mut headers = header::of_every_answer();
        if let Some(Header(name, always, description)) = self.header {
            headers.insert(name.to_owned(), header::text(always, description));
        }
        json!({
            "description": self.description,
            "headers": headers,
            "content": { "application/json": { "schema": schema } },
        })
    }
}

impl Body {
    fn schema(self, components: &mut Components) -> Value {
        let (name, make): (_, fn(&mut Components) -> Value) = match self {
            Self::Fault => ("Fault", fault),
            Self::Routing => ("RoutingFault", routing),
            Self::TooLarge => ("TooLarge", too_large),
            Self::Door => ("TokenFault", door),
        };
        components.refer(name, make)
    }
}

fn fault(components: &mut Components) -> Value {
    let mut properties = Properties::default();
    let code = json!({ "type": "string", "enum": ["Client", "Server"] });
    properties.required("faultcode", code);
    properties.required("faultstring", String::schema(components));
    properties.required("debuginfo", json!({ "type": "null" }));
    properties.into_schema("Why a call was refused.")
}

fn routing(components: &mut Components) -> Value {
    let mut properties = Properties::default();
    properties.required("code", i32::schema(components));
    properties.required("title", String::schema(components));
    properties.required("description", Option::<String>::schema(components));
    properties.into_schema("Why a call was refused before it reached its handler.")
}

fn too_large(components: &mut Components) -> Value {
    let mut properties = Properties::default();
    for key in ["message", "code", "title"] {
        properties.required(key, String::schema(components));
    }
    properties.into_schema("The body is too large.")
}

fn door(components: &mut Components) -> Value {
    let mut properties = Properties::default();
    properties.required("code", i32::schema(components));
    properties.required("title", String::schema(components));
    properties.required("message", String::schema(components));
    let inner = properties.into_schema("What is wrong.");
    let mut properties = Properties::default();
    properties.required("error", inner);
    properties.into_schema("The token is missing or worthless, or nobody can say whether it is.")
}

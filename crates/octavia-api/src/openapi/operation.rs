use serde_json::{Map, Value, json};

use super::parameter;
use crate::wire::schema::{Components, Described, Properties};

/// A method of a path.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    method: &'static str,
    path: String,
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

impl Operation {
    /// Begins the description of a method, in lower case, of a path.
    pub(crate) fn new(method: &'static str, path: impl Into<String>, id: &str, tag: &str) -> Self {
        let path = path.into();
        let mut fields = Map::new();
        fields.insert("operationId".to_owned(), id.into());
        fields.insert("tags".to_owned(), json!([tag]));
        let mut parameters = parameter::of_path(&path);
        parameters.extend((method == "post").then(parameter::idempotency_key));
        Self {
            method,
            parameters,
            path,
            fields,
            responses: Map::new(),
        }
    }

    /// Says what it does.
    pub(crate) fn says(mut self, summary: &str) -> Self {
        self.fields.insert("summary".to_owned(), summary.into());
        self
    }

    /// Says that it needs no token.
    pub(crate) fn open(mut self) -> Self {
        self.fields.insert("security".to_owned(), json!([]));
        self
    }

    /// Adds arguments.
    pub(crate) fn with(mut self, parameters: impl IntoIterator<Item = Value>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Describes the body.
    pub(crate) fn takes(mut self, schema: &Value) -> Self {
        let body = json!({
            "required": true,
            "content": { "application/json": { "schema": schema } },
        });
        self.fields.insert("requestBody".to_owned(), body);
        self
    }

    /// Describes an answer with a body.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "schemas are made where they are given"
    )]
    pub(crate) fn answer(self, status: u16, description: &str, schema: Value) -> Self {
        let content = json!({ "application/json": { "schema": schema } });
        self.answers(
            status,
            json!({ "description": description, "content": content }),
        )
    }

    /// Describes an answer without a body.
    pub(crate) fn empty(self, status: u16, description: &str) -> Self {
        self.answers(status, json!({ "description": description }))
    }

    /// Describes an answer in full.
    pub(crate) fn answers(mut self, status: u16, mut response: Value) -> Self {
        response["headers"] = json!({
            "x-openstack-request-id": {
                "description": "Under which the log speaks of this request.",
                "schema": { "type": "string" },
            },
        });
        self.responses.insert(status.to_string(), response);
        self
    }

    /// Returns the path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the method, in lower case.
    pub(crate) const fn method(&self) -> &'static str {
        self.method
    }

    /// Completes it: every call can be refused.
    pub(crate) fn into_value(mut self, components: &mut Components) -> Value {
        let refused = json!({
            "description": "Refused; nothing was changed.",
            "content": { "application/json": { "schema": error(components) } },
        });
        for status in ["4XX", "501", "503"] {
            let known = self.responses.entry(status);
            known.or_insert_with(|| refused.clone());
        }
        let mut fields = self.fields;
        if !self.parameters.is_empty() {
            fields.insert("parameters".to_owned(), self.parameters.into());
        }
        fields.insert("responses".to_owned(), self.responses.into());
        fields.into()
    }
}

/// Refers to the bodies of refusals.
fn error(components: &mut Components) -> Value {
    components.refer("Error", |components| {
        let all = [
            fault(components),
            routing(components),
            too_large(components),
            door(components),
        ];
        json!({ "anyOf": all })
    })
}

fn fault(components: &mut Components) -> Value {
    components.refer("Fault", |components| {
        let mut properties = Properties::default();
        let code = json!({ "type": "string", "enum": ["Client", "Server"] });
        properties.required("faultcode", code);
        properties.required("faultstring", String::schema(components));
        properties.required("debuginfo", json!({ "type": "null" }));
        properties.into_schema("Why a call was refused.")
    })
}

fn routing(components: &mut Components) -> Value {
    components.refer("RoutingFault", |components| {
        let mut properties = Properties::default();
        properties.required("code", i32::schema(components));
        properties.required("title", String::schema(components));
        properties.required("description", Option::<String>::schema(components));
        properties.into_schema("Why a call was refused before it reached its handler.")
    })
}

fn too_large(components: &mut Components) -> Value {
    components.refer("TooLarge", |components| {
        let mut properties = Properties::default();
        for key in ["message", "code", "title"] {
            properties.required(key, String::schema(components));
        }
        properties.into_schema("The body is too large.")
    })
}

fn door(components: &mut Components) -> Value {
    components.refer("TokenFault", |components| {
        let mut properties = Properties::default();
        properties.required("code", i32::schema(components));
        properties.required("title", String::schema(components));
        properties.required("message", String::schema(components));
        let inner = properties.into_schema("What is wrong.");
        let mut properties = Properties::default();
        properties.required("error", inner);
        properties
            .into_schema("The token is missing or worthless, or nobody can say whether it is.")
    })
}

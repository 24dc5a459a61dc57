use serde_json::{Map, Value, json};

use super::{header, parameter, refusal};

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
        let mut headers = header::of_every_answer();
        if self.method == "post" {
            let name = "Idempotency-Replayed".to_owned();
            headers.insert(name, header::replayed());
        }
        response["headers"] = headers.into();
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

    /// Tells whether it needs no token.
    pub(super) fn is_open(&self) -> bool {
        self.fields.contains_key("security")
    }

    /// Tells whether a body is sent with it.
    pub(super) fn has_body(&self) -> bool {
        self.fields.contains_key("requestBody")
    }

    /// Tells whether it names objects: in its path or in its body.
    pub(super) fn names_others(&self) -> bool {
        self.path.contains('{') || self.has_body()
    }

    /// Completes it: every call can be refused.
    pub(crate) fn into_value(mut self) -> Value {
        for (status, refused) in refusal::of(&self) {
            self.responses.entry(status).or_insert(refused);
        }
        let mut fields = self.fields;
        if !self.parameters.is_empty() {
            fields.insert("parameters".to_owned(), self.parameters.into());
        }
        fields.insert("responses".to_owned(), self.responses.into());
        fields.into()
    }
}

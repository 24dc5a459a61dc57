//! The OpenAPI document says what the service does: it is well-formed, it has all paths and methods
//! and no others, and every recorded call keeps to it (the replay asks [`Document::check`]).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use axum::body::Body;
use jsonschema::Validator;
use octavia_api::ApiConfig;
use octavia_testing::TestDatabase;
use serde_json::{Map, Value, json};

use crate::policy::routes;
use crate::world::{Answer, World, impatient, request, send};

const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];

/// Paths in the code that are no calls.
const NO_CALLS: [&str; 2] = [
    "/v2.0/lbaas/loadbalancers/{}/{}",
    "/v2.0/lbaas/providers/{}",
];

/// Has a handler, which says that there is no such path.
const NO_METHOD: (&str, &str) = ("get", "/v2.0/lbaas/loadbalancers/{id}/failover");

/// The document, as the service answers it.
pub(crate) struct Document(Value);

impl Document {
    /// Asks a service for its document.
    pub(crate) async fn of(world: &World) -> Self {
        let answer = world.call("GET", "/v2.0/openapi.json", Value::Null).await;
        assert_eq!(answer.status, 200);
        Self(answer.body)
    }

    /// All calls: method, in lower case, and path.
    pub(crate) fn calls(&self) -> Vec<(&str, &str)> {
        self.paths()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |method| (method.as_str(), path))
            })
            .collect()
    }

    /// Returns the named schemas.
    pub(crate) fn schemas(&self) -> &Map<String, Value> {
        self.0["components"]["schemas"].as_object().unwrap()
    }

    /// Follows a reference.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let at = value.get("$ref").and_then(Value::as_str);
        let at = at.and_then(|at| at.strip_prefix('#'));
        at.map_or(value, |at| self.0.pointer(at).unwrap())
    }

    /// Returns the document with schemas that take all that is read, also what nobody should send.
    pub(crate) fn widened(mut self) -> Self {
        widen(&mut self.0);
        self
    }

    fn paths(&self) -> impl Iterator<Item = (&str, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        paths.iter().map(|(path, item)| (path.as_str(), item))
    }

    /// Returns what a call is described as.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let matching = self.paths().filter(|(known, _)| fits(known, path));
        // A path without variable parts is nearer.
        let (_, item) = matching.min_by_key(|(known, _)| known.matches('{').count())?;
        item.get(method.to_ascii_lowercase())
    }

    /// Says how a call and its answer differ from what is described, if the call is known.
    pub(crate) fn check(
        &self,
        (method, path): (&str, &str),
        body: Option<&str>,
        answer: &Answer,
    ) -> Result<(), String> {
        let Some(operation) = self.operation(method, path) else {
            let refused = answer.status.is_client_error();
            return if refused {
                Ok(())
            } else {
                Err("is not described".to_owned())
            };
        };
        let described = operation.get("requestBody");
        if let (true, Some(body), Some(described)) = (answer.status.is_success(), body, described) {
            let schema = &described["content"]["application/json"]["schema"];
            let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
            self.validate(schema, &body)
                .map_err(|error| format!("the body: {error}"))?;
        }
        let status = answer.status.as_str();
        let response = operation["responses"].get(status);
        let response = response.ok_or_else(|| format!("{status} is not described"))?;
        let response = self.resolved(response);
        match response.get("content") {
            Some(content) => {
                let schema = &content["application/json"]["schema"];
                let said = self.validate(schema, &answer.body);
                said.map_err(|error| format!("the answer: {error}"))
            }
            None if answer.body.is_null() => Ok(()),
            None => Err("answers with a body".to_owned()),
        }
    }

    fn validate(&self, schema: &Value, instance: &Value) -> Result<(), String> {
        let validator = self.validator(schema);
        let errors: Vec<_> = validator
            .iter_errors(instance)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors.join("; "))
        }
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut whole = json!({ "components": self.0["components"] });
        let fields = schema.as_object().unwrap().clone();
        whole.as_object_mut().unwrap().extend(fields);
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&whole).unwrap()
    }
}

fn widen(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(widen),
        Value::Array(items) => items.iter_mut().for_each(widen),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    let also = value.as_object_mut();
    if let Some(also) = also.and_then(|fields| fields.remove("x-also-read")) {
        *value = json!({ "anyOf": [value.take(), also] });
    }
}

fn fits(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('/').collect(), path.split('/').collect());
    known.len() == path.len()
        && known
            .iter()
            .zip(&path)
            .all(|(known, part)| known.starts_with('{') || known == part)
}

/// Brings a path of a call to the form in which the document has it.
pub(crate) fn canonical(path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let path = path.strip_prefix("/load-balancer").unwrap_or(path);
    let path = path.strip_suffix(".json").unwrap_or(path);
    let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut path = format!("/{}", parts.join("/"));
    if let Some(rest) = path.strip_prefix("/v2/") {
        path = format!("/v2.0/{rest}");
    }
    if path == "/v2" {
        path.push_str(".0");
    }
    match path.strip_prefix("/v2.0/") {
        Some(rest)
            if ![
                "lbaas", "octavia", "networks", "subnets", "ports", "openapi",
            ]
            .iter()
            .any(|part| rest.starts_with(part)) =>
        {
            format!("/v2.0/lbaas/{rest}")
        }
        _ => path,
    }
}

static META: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("openapi/openapi-3.1.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
});

#[tokio::test]
async fn the_document_is_openapi_3_1() {
    let document = Document::of(&World::new().await).await;
    let errors: Vec<_> = META
        .iter_errors(&document.0)
        .map(|e| e.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let schemas = document.schemas();
    assert!(schemas.len() > 60, "{}", schemas.len());
    for (name, schema) in schemas {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|e| panic!("{name}: {e}"));
        document.validator(schema);
    }
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own() {
    let document = Document::of(&World::new().await).await;
    let calls = document.calls();
    let ids: BTreeSet<_> = calls
        .iter()
        .map(|(method, path)| document.0["paths"][*path][*method]["operationId"].as_str())
        .collect();
    assert_eq!(ids.len(), calls.len());
}

#[tokio::test]
async fn every_path_of_the_code_is_in_the_document() {
    let document = Document::of(&World::new().await).await;
    let described: BTreeSet<_> = document.paths().map(|(path, _)| plain(path)).collect();
    let missed: Vec<_> = routes::paths()
        .into_iter()
        .filter(|path| !described.contains(path) && !NO_CALLS.contains(&path.as_str()))
        .collect();
    assert_eq!(missed, Vec::<String>::new());
}

#[tokio::test]
async fn the_service_has_the_methods_of_the_document_and_no_others() {
    let config = ApiConfig {
        health: octavia_api::HealthConfig {
            enabled: true,
            ..octavia_api::HealthConfig::default()
        },
        ..impatient()
    };
    let world = World::on(TestDatabase::sqlite().await, config).await;
    let document = Document::of(&world).await;
    let mut wrong = Vec::new();
    for (path, item) in document.paths() {
        for method in METHODS {
            let call = request(&method.to_uppercase(), &with_ids(path));
            let answer = send(&world.router, call.body(Body::from("{}")).unwrap()).await;
            let described = item.get(method).is_some();
            if (method, path) == NO_METHOD {
                continue;
            }
            if described == is_no_such_call(&answer) {
                wrong.push(format!(
                    "{method} {path}: {} {}",
                    answer.status, answer.body
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Tells whether the service has no such method or path. Upstream says it in three ways.
fn is_no_such_call(answer: &Answer) -> bool {
    let fault = answer.body["faultstring"].as_str().unwrap_or_default();
    let argument = fault.starts_with("Missing argument: ") && !fault.ends_with("_\"");
    let as_body = fault.contains("positional argument");
    let title = answer.body["title"].as_str().unwrap_or_default();
    answer.status == 405 || argument || as_body || title == "Not Found"
}

fn with_ids(path: &str) -> String {
    let id = "99999999-9999-9999-9999-999999999999";
    let parts: Vec<_> = path
        .split('/')
        .map(|part| match part {
            "{name}" => "amphora",
            part if part.starts_with('{') => id,
            part => part,
        })
        .collect();
    parts.join("/")
}

fn plain(path: &str) -> String {
    let parts: Vec<_> = path
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part })
        .collect();
    parts.join("/")
}

#[tokio::test]
async fn a_post_says_what_becomes_of_its_idempotency_key() {
    let document = Document::of(&World::new().await).await;
    let posts = document.calls().into_iter();
    let posts: Vec<_> = posts.filter(|(method, _)| *method == "post").collect();
    assert!(posts.len() > 10, "{posts:?}");
    for (method, path) in posts {
        let operation = document.operation(method, path).unwrap();
        let parameters = operation["parameters"].as_array().unwrap();
        let takes_key = parameters
            .iter()
            .any(|parameter| parameter["name"] == "Idempotency-Key");
        assert!(takes_key, "{path}");
        let responses = &operation["responses"];
        assert!(
            responses["201"]["headers"]["Idempotency-Replayed"].is_object(),
            "{path}"
        );
        for (status, header) in [("409", "Retry-After"), ("429", "Retry-After")] {
            let refused = document.resolved(&responses[status]);
            assert!(refused["headers"][header].is_object(), "{path}: {status}");
        }
        assert!(responses["422"].is_object(), "{path}");
    }
}

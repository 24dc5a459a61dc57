//! One file a resource; this one puts them together.

mod amphora;
mod availability_zone;
mod availability_zone_profile;
mod child;
mod config;
mod flavor;
mod flavor_profile;
mod health_monitor;
mod healthcheck;
pub(crate) mod kind;
mod l7policy;
mod l7rule;
mod listener;
mod load_balancer;
mod member;
mod operator;
mod pool;
mod provider;
mod quota;
pub(crate) mod tenant;
mod version;

use axum::Router;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::MethodRouter;
use http::{Method, StatusCode};

use crate::error::Error;
use crate::openapi::{self, Operation};
use crate::payload::Payload;
use crate::wire::schema::Components;
use crate::wire::shape::Shape;
use crate::{Api, edge, network_api};
use kind::Kind;

/// Returns all paths.
pub(crate) fn router(api: Api) -> Router {
    Router::new()
        .merge(version::routes())
        .merge(healthcheck::routes())
        .merge(load_balancer::routes())
        .merge(config::routes())
        .merge(listener::routes())
        .merge(pool::routes())
        .merge(member::routes())
        .merge(health_monitor::routes())
        .merge(amphora::routes())
        .merge(l7policy::routes())
        .merge(l7rule::routes())
        .merge(quota::routes())
        .merge(provider::routes())
        .merge(flavor_profile::routes())
        .merge(flavor::routes())
        .merge(availability_zone_profile::routes())
        .merge(availability_zone::routes())
        .merge(network_api::routes())
        .merge(openapi::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(async || Error::wrong_method())
        .with_state(api)
}

/// Describes the paths of upstream's API.
pub(crate) fn operations(components: &mut Components) -> Vec<Operation> {
    [
        version::operations(),
        healthcheck::operations(),
        load_balancer::operations(components),
        config::operations(components),
        listener::operations(components),
        pool::operations(components),
        member::operations(components),
        health_monitor::operations(components),
        amphora::operations(components),
        l7policy::operations(components),
        l7rule::operations(components),
        quota::operations(components),
        provider::operations(components),
        flavor_profile::operations(components),
        flavor::operations(components),
        availability_zone_profile::operations(components),
        availability_zone::operations(components),
    ]
    .concat()
}

/// Completes a collection: PUT and DELETE miss the argument that names an item.
fn collection(methods: MethodRouter<Api>, argument: &'static str) -> MethodRouter<Api> {
    let missing = async move || missing_argument(argument);
    methods.put(missing).delete(missing)
}

/// As [`collection`]; what is wrong with the body of a PUT is said before that the id is missing.
fn collection_of<P: Shape + 'static>(
    methods: MethodRouter<Api>,
    kind: &'static Kind,
) -> MethodRouter<Api> {
    let missing = async move || missing_argument(kind.argument);
    let put = async move |payload: Payload| {
        let body = payload.decode_optional::<P>(kind.root);
        body.map_or_else(|error| error, |_| missing_argument(kind.argument))
    };
    methods.put(put).delete(missing)
}

fn missing_argument(argument: &str) -> Error {
    Error::BadRequest(format!("Missing argument: \"{argument}\""))
}

/// Completes an item: POST takes the id for the body, as upstream does.
fn item(methods: MethodRouter<Api>, kind: &'static Kind) -> MethodRouter<Api> {
    methods.post(async move |Path(ids): Path<Vec<String>>| {
        let id = ids.last().cloned().unwrap_or_default();
        let reason = format!(
            "unable to convert to {}. Error: Base.__init__() takes 1 positional argument \
             but 2 were given",
            kind.post_type
        );
        Error::invalid_input(kind.root.argument, &id, &reason)
    })
}

async fn no_such_path(request: Request) -> Error {
    let path = request.uri().path();
    // As upstream: it looks for the method of an amphora before it looks at the rest of the path.
    if path.starts_with("/v2.0/octavia/amphorae/") && request.method() == Method::PUT {
        return Error::wrong_method();
    }
    let below_v2 = path.starts_with("/v2.0/");
    Error::Routing {
        status: StatusCode::NOT_FOUND,
        title: "Not Found",
        description: below_v2.then(String::new),
    }
}

/// The answer of a call that has nothing to say.
fn empty(status: StatusCode) -> Response {
    use axum::response::IntoResponse;
    status.into_response()
}

/// Where a request was sent to.
fn origin(request: &Request) -> edge::Origin {
    request.extensions().get().cloned().unwrap_or_default()
}

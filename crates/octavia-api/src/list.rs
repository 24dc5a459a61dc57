//! Lists: filters, order, pages, and the links between them.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use octavia_store::{Direction, ListQuery, Sort, TagFilter};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use crate::ApiConfig;
use crate::error::{Error, Result};
use crate::query::{self, Query};
use crate::wire::view::{Fields, Item, Items, View};

/// Fields that are booleans: their filters are words.
const BOOLEANS: [&str; 8] = [
    "invert",
    "admin_state_up",
    "enabled",
    "backup",
    "cert_busy",
    "tls_enabled",
    "hsts_include_subdomains",
    "hsts_preload",
];

/// Arguments of a list that are no filters.
const RESERVED: [&str; 12] = [
    "limit",
    "marker",
    "page_reverse",
    "sort",
    "sort_key",
    "sort_dir",
    "fields",
    "project_id",
    "tags",
    "tags-any",
    "not-tags",
    "not-tags-any",
];

/// A request for a list, or for one item: which fields, and the paging that every GET parses.
#[derive(Debug, Clone)]
pub(crate) struct ListRequest {
    /// What to ask the store for.
    pub(crate) query: ListQuery,
    fields: Option<Vec<String>>,
    paging: Option<Paging>,
}

#[derive(Debug, Clone)]
struct Paging {
    /// The URL of the list.
    url: String,
    limit: Option<u64>,
    sort: Option<String>,
    sort_key: Option<String>,
    marker_given: bool,
}

impl ListRequest {
    /// Reads paging and fields only: what a GET of one item does with its arguments.
    pub(crate) fn of_item(query: &Query, config: &ApiConfig) -> Result<Self> {
        let limit = limit(query, config)?;
        let sort = sort(query)?;
        let fields: Vec<_> = query.all("fields").map(ToOwned::to_owned).collect();
        Ok(Self {
            query: ListQuery {
                project_id: None,
                filters: Vec::new(),
                tags: TagFilter::default(),
                sort: if config.allow_sorting {
                    sort
                } else {
                    Vec::new()
                },
                marker: query.last("marker").map(ToOwned::to_owned),
                page_reverse: query.last("page_reverse") == Some("True"),
                limit,
            },
            fields: (config.allow_field_selection && !fields.is_empty()).then_some(fields),
            paging: None,
        })
    }

    /// Reads everything.
    pub(crate) fn of_list(query: &Query, config: &ApiConfig) -> Result<Self> {
        let mut request = Self::of_item(query, config)?;
        if config.allow_filtering {
            request.query.project_id = query.last("project_id").map(ToOwned::to_owned);
            request.query.filters = filters(query)?;
            request.query.tags = TagFilter {
                all: words(query, "tags"),
                any: words(query, "tags-any"),
                not_all: words(query, "not-tags"),
                not_any: words(query, "not-tags-any"),
            };
        }
        if config.allow_pagination {
            request.paging = Some(paging(query, config, request.query.limit));
        } else {
            request.query.limit = None;
            request.query.marker = None;
            request.query.page_reverse = false;
        }
        Ok(request)
    }

    fn fields(&self) -> Fields<'_> {
        self.fields.as_deref().map_or(Fields::All, Fields::Only)
    }

    /// Answers with the items under `plural`, and the links to other pages under `links`.
    pub(crate) fn answer<T: View>(&self, plural: &str, links: &str, items: &[T]) -> Response {
        let page = Page {
            items: (plural, Items(items, self.fields())),
            links: (links, self.links(items)),
        };
        written(&page)
    }

    /// Answers with all items there are under `key`, without links.
    pub(crate) fn answer_all<T: View>(&self, key: &str, items: &[T]) -> Response {
        written(&BTreeMap::from([(key, Items(items, self.fields()))]))
    }

    /// Answers with one item under `key`.
    pub(crate) fn answer_one<T: View>(&self, key: &str, item: &T) -> Response {
        written(&BTreeMap::from([(key, Item(item, self.fields()))]))
    }

    fn links<T: View>(&self, items: &[T]) -> Value {
        // Upstream's links lead nowhere where items have no id.
        let id = |item: &T| item.view()["id"].as_str().unwrap_or("None").to_owned();
        self.paging.as_ref().map_or(Value::Null, |paging| {
            let ends = items.first().map(id).zip(items.last().map(id));
            paging.links(ends, items.len())
        })
    }

    /// Says of an unknown field whether it was a key of the order or a filter.
    pub(crate) fn explain(&self, error: octavia_store::Error) -> Error {
        if let octavia_store::Error::UnknownField(field) = &error
            && self.query.sort.iter().any(|sort| sort.field == *field)
        {
            return Error::BadRequest(format!("Supplied sort key '{field}' is not valid."));
        }
        error.into()
    }
}

/// Writes an answer. A large one grows faster in a `Vec` than in what [`axum::Json`] writes to.
fn written(answer: &impl Serialize) -> Response {
    let json = serde_json::to_vec(answer).expect("texts name the fields of a view");
    ([(CONTENT_TYPE, "application/json")], json).into_response()
}

/// The answer to a list.
struct Page<'a, T> {
    items: (&'a str, Items<'a, T>),
    links: (&'a str, Value),
}

impl<T: View> Serialize for Page<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut page = to.serialize_map(Some(2))?;
        page.serialize_entry(self.items.0, &self.items.1)?;
        page.serialize_entry(self.links.0, &self.links.1)?;
        page.end()
    }
}

impl Paging {
    /// Links the pages beside one that shows so many items, and has these at its ends.
    fn links(&self, ends: Option<(String, String)>, shown: usize) -> Value {
        let Some((first, last)) = ends else {
            return Vec::<Value>::new().into();
        };
        let mut links = Vec::new();
        if self.marker_given {
            let href = format!("{}&page_reverse=True", self.href(&first));
            links.push(json!({ "href": href, "rel": "previous" }));
        }
        if self.limit.is_none_or(|limit| shown as u64 >= limit) {
            links.push(json!({ "href": self.href(&last), "rel": "next" }));
        }
        links.into()
    }

    fn href(&self, marker: &str) -> String {
        let limit = self
            .limit
            .map_or_else(|| "None".to_owned(), |limit| limit.to_string());
        let mut href = format!("{}?limit={limit}", self.url);
        for (key, value) in [("sort", &self.sort), ("sort_key", &self.sort_key)] {
            if let Some(value) = value {
                href.extend(["&", key, "=", &query::escape(value)]);
            }
        }
        href.extend(["&marker=", &query::escape(marker)]);
        href
    }
}

fn paging(query: &Query, config: &ApiConfig, limit: Option<u64>) -> Paging {
    let origin = &query.origin;
    let url = config.api_base_uri.as_ref().map_or_else(
        || format!("{}{}{}", origin.base, origin.mount, origin.path),
        |base| format!("{}{}", base.trim_end_matches('/'), origin.path),
    );
    Paging {
        url,
        limit,
        sort: query.last("sort").map(ToOwned::to_owned),
        sort_key: query.last("sort_key").map(ToOwned::to_owned),
        marker_given: query.last("marker").is_some(),
    }
}

/// Reads `limit`: zero, negative and `infinite` are no limit, even above the cap.
fn limit(query: &Query, config: &ApiConfig) -> Result<Option<u64>> {
    let cap = config.pagination_max_limit;
    match query.last("limit") {
        None => Ok(cap),
        Some("infinite") => Ok(None),
        Some(text) => {
            let limit: i64 = text.trim().parse().map_err(|_| {
                Error::bad_paging(format!("Supplied pagination limit '{text}' is not valid."))
            })?;
            let limit = u64::try_from(limit).ok().filter(|limit| *limit > 0);
            Ok(limit.map(|limit| cap.map_or(limit, |cap| limit.min(cap))))
        }
    }
}

fn sort(query: &Query) -> Result<Vec<Sort>> {
    if let Some(sort) = query.last("sort") {
        return sort.split(',').map(key_and_direction).collect();
    }
    let keys = query.last("sort_key").unwrap_or_default();
    let mut directions = query.last("sort_dir").unwrap_or_default().split(',');
    keys.split(',')
        .filter(|key| !key.is_empty())
        .map(|key| {
            Ok(Sort {
                field: key.trim().to_owned(),
                direction: direction(directions.next().unwrap_or_default())?,
            })
        })
        .collect()
}

fn key_and_direction(text: &str) -> Result<Sort> {
    let parts: Vec<_> = text.split(':').map(str::trim).collect();
    let (field, way) = match parts.as_slice() {
        [field] => (*field, ""),
        [field, way] => (*field, *way),
        more => {
            let shown = crate::wire::python::list(more.iter().copied());
            let text = format!("Supplied sort key '{shown}' is not valid.");
            return Err(Error::bad_paging(text));
        }
    };
    Ok(Sort {
        field: field.to_owned(),
        direction: direction(way)?,
    })
}

fn direction(text: &str) -> Result<Direction> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        other => Err(Error::bad_paging(format!(
            "Supplied sort direction '{other}' is not valid."
        ))),
    }
}

fn filters(query: &Query) -> Result<Vec<(String, String)>> {
    let mut filters: Vec<(String, String)> = Vec::new();
    for (key, value) in query.pairs().filter(|(key, _)| !RESERVED.contains(key)) {
        if filters.iter().any(|(known, _)| known == key) || key == "tenant_id" {
            return Err(octavia_store::Error::UnknownField(key.to_owned()).into());
        }
        let value = if BOOLEANS.contains(&key) {
            query::is_true(value).to_string()
        } else {
            value.to_owned()
        };
        filters.push((key.to_owned(), value));
    }
    Ok(filters)
}

fn words(query: &Query, key: &str) -> Vec<String> {
    query
        .all(key)
        .flat_map(|words| words.split(','))
        .map(ToOwned::to_owned)
        .collect()
}

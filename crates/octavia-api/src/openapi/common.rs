//! The calls that most kinds of objects have.

use serde_json::{Value, json};

use super::{Operation, parameter};
use crate::routes::kind::Kind;
use crate::wire::schema::{Components, Described, Properties};
use crate::wire::shape::Shape;
use crate::wire::view::View;

/// The five operations of a kind that is listed, made, shown, changed and deleted.
pub(crate) fn all<V, Post, Put>(kind: &Kind, components: &mut Components) -> Vec<Operation>
where
    V: View + Described,
    Post: Shape,
    Put: Shape,
{
    let view = V::schema(components);
    vec![
        list::<V>(kind, components),
        create::<Post>(kind, components, view.clone()),
        show::<V>(kind, components),
        update::<Put>(kind, components, view),
        delete(kind),
    ]
}

/// Describes the list of a kind.
pub(crate) fn list<V: View + Described>(kind: &Kind, components: &mut Components) -> Operation {
    let keys = (kind.plural, kind.links);
    list_of::<V>(kind.path, keys, kind.name, components).with(parameter::of_list(kind.resource))
}

/// Describes a list: its path, and the keys of its items and links.
pub(crate) fn list_of<V: View + Described>(
    path: &str,
    (plural, links): (&str, &str),
    tag: &str,
    components: &mut Components,
) -> Operation {
    let item = some_fields::<V>(components);
    let mut answer = Properties::default();
    answer.required(plural, json!({ "type": "array", "items": item }));
    answer.required(links, schema_of_links(components));
    Operation::new("get", path, &format!("list_{plural}"), tag)
        .says(&format!("Lists {plural}."))
        .answer(
            200,
            "A page of the list.",
            answer.into_schema("A page of a list."),
        )
}

/// Describes the call that shows one.
pub(crate) fn show<V: View + Described>(kind: &Kind, components: &mut Components) -> Operation {
    let item = some_fields::<V>(components);
    of_item("get", "show", kind)
        .says(&format!("Shows the {}.", kind.noun))
        .with([parameter::fields()])
        .answer(200, "The object.", under(kind.root.key, item))
}

/// Describes the call that makes one.
pub(crate) fn create<P: Shape>(
    kind: &Kind,
    components: &mut Components,
    answer: Value,
) -> Operation {
    let id = format!("create_{}", kind.root.key);
    Operation::new("post", kind.path, &id, kind.name)
        .says(&format!("Makes a {}.", kind.noun))
        .takes(&under(kind.root.key, P::schema(components)))
        .answer(201, "What was made.", under(kind.root.key, answer))
}

/// Describes the call that changes one.
pub(crate) fn update<P: Shape>(
    kind: &Kind,
    components: &mut Components,
    answer: Value,
) -> Operation {
    of_item("put", "update", kind)
        .says(&format!("Changes the {}.", kind.noun))
        .takes(&under(kind.root.key, P::schema(components)))
        .answer(200, "What it is now.", under(kind.root.key, answer))
}

/// Describes the call that deletes one.
pub(crate) fn delete(kind: &Kind) -> Operation {
    of_item("delete", "delete", kind)
        .says(&format!("Deletes the {}.", kind.noun))
        .empty(204, "It is gone, or will be soon.")
}

/// Describes a call to one.
fn of_item(method: &'static str, verb: &str, kind: &Kind) -> Operation {
    let id = format!("{verb}_{}", kind.root.key);
    Operation::new(method, kind.item_path(), &id, kind.name)
}

/// An object with one key.
pub(crate) fn under(key: &str, schema: Value) -> Value {
    let mut body = Properties::default();
    body.required(key, schema);
    body.into_schema("An object by its kind.")
}

/// All fields, or those that were asked for.
fn some_fields<V: View + Described>(components: &mut Components) -> Value {
    json!({ "anyOf": [V::schema(components), V::part(components)] })
}

fn schema_of_links(components: &mut Components) -> Value {
    let link = components.refer("Link", |_| {
        let mut link = Properties::default();
        link.required("href", json!({ "type": "string" }));
        link.required(
            "rel",
            json!({ "type": "string", "enum": ["next", "previous"] }),
        );
        link.into_schema("Where another page is.")
    });
    json!({
        "type": ["array", "null"],
        "items": link,
        "description": "The pages before and behind this one; null where paging is off.",
    })
}

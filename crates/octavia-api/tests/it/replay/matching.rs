use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What the placeholders of a recording stand for here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    ids: BTreeMap<String, String>,
}

impl Bindings {
    /// Says what a name stands for; two names of the recording never stand for the same.
    pub(crate) fn bind(&mut self, name: &str, id: &str) -> Result<(), String> {
        let mut others = self
            .ids
            .iter()
            .filter(|(known, _)| is_name(known) && *known != name);
        if let (true, Some((other, _))) = (is_name(name), others.find(|(_, bound)| *bound == id)) {
            return Err(format!("{name} is {id}, which is {other} already"));
        }
        match self.ids.insert(name.to_owned(), id.to_owned()) {
            Some(bound) if bound != id => Err(format!("{name} is {id} and not {bound}")),
            Some(_) | None => Ok(()),
        }
    }

    /// Replaces placeholders by what they stand for.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, id) in &self.ids {
            filled = filled.replace(name, id);
        }
        filled
    }
}

/// Whether the order of a list says something: items of the same second come by chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Order {
    Same,
    Any,
}

/// Compares a recorded value with ours: also the order of keys.
pub(crate) fn matches(
    theirs: &Value,
    ours: &Value,
    names: &mut Bindings,
    order: Order,
) -> Result<(), String> {
    match (theirs, ours) {
        (Value::String(theirs), Value::String(ours)) => text(theirs, ours, names),
        (Value::Array(theirs), Value::Array(ours)) if order == Order::Any => {
            items_in_any_order(theirs, ours, names)
        }
        (Value::Array(theirs), Value::Array(ours)) => items(theirs, ours, names),
        (Value::Object(theirs), Value::Object(ours)) => {
            let keys = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<Vec<_>>()
            };
            if keys(theirs) != keys(ours) {
                return Err(format!(
                    "keys {:?} instead of {:?}",
                    keys(ours),
                    keys(theirs)
                ));
            }
            for (key, value) in theirs {
                matches(value, &ours[key], names, order)
                    .map_err(|error| format!("{key}: {error}"))?;
            }
            Ok(())
        }
        _ if theirs == ours => Ok(()),
        _ => Err(format!("{ours} instead of {theirs}")),
    }
}

fn items(theirs: &[Value], ours: &[Value], names: &mut Bindings) -> Result<(), String> {
    let cut = theirs
        .last()
        .and_then(Value::as_str)
        .is_some_and(|item| item.contains("items left out"));
    let count = if cut { theirs.len() - 1 } else { theirs.len() };
    if cut && ours.len() <= count || !cut && ours.len() != count {
        return Err(format!("{} items instead of {}", ours.len(), theirs.len()));
    }
    for (index, (theirs, ours)) in theirs.iter().zip(ours).take(count).enumerate() {
        matches(theirs, ours, names, Order::Same).map_err(|error| format!("[{index}] {error}"))?;
    }
    Ok(())
}

fn items_in_any_order(
    theirs: &[Value],
    ours: &[Value],
    names: &mut Bindings,
) -> Result<(), String> {
    let mut left: Vec<&Value> = ours.iter().collect();
    for theirs in theirs {
        let found = left.iter().position(|ours| {
            let mut bound = names.clone();
            let same = matches(theirs, ours, &mut bound, Order::Any).is_ok();
            if same {
                *names = bound;
            }
            same
        });
        let found = found.ok_or_else(|| format!("{theirs} is not there"))?;
        left.remove(found);
    }
    left.is_empty()
        .then_some(())
        .ok_or(format!("{} items too many", left.len()))
}

fn text(theirs: &str, ours: &str, names: &mut Bindings) -> Result<(), String> {
    if theirs == "<time>" {
        let shape: String = ours
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        return (shape == "0000-00-00T00:00:00")
            .then_some(())
            .ok_or(format!("{ours} is no time"));
    }
    if is_name(theirs) && ours.len() == 36 {
        return names.bind(theirs, ours);
    }
    let theirs = names.fill(theirs);
    if theirs == ours || sorted(&theirs) == sorted(ours) {
        Ok(())
    } else {
        Err(format!("{ours:?} instead of {theirs:?}"))
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with("<uuid-") && text.ends_with('>')
}

/// Some messages list what upstream keeps in a set: their order says nothing.
fn sorted(message: &str) -> (String, BTreeSet<String>) {
    let (head, tail) = message.split_once("one of: ").unwrap_or((message, ""));
    (
        head.to_owned(),
        tail.split(", ").map(ToOwned::to_owned).collect(),
    )
}

//! Which row each wanted object is.

use std::collections::{BTreeMap, HashSet, VecDeque};

use octavia_model::Id;

use super::row::{Key, Row};
use crate::error::{Error, Result};
use crate::tree::Tree;

/// Finds the row of each wanted object, by its index; what has none is new. Ids come first, then
/// names or contents.
pub(super) fn pair<T: Row>(rows: &[&T], wanted: &[&T], tree: &Tree) -> Result<Vec<Option<usize>>> {
    let mut pairs = vec![None; wanted.len()];
    let mut taken = HashSet::new();
    for (pair, object) in pairs.iter_mut().zip(wanted) {
        if let Some(id) = tree.claimed(object.id()) {
            let index = claimed(rows, object, id).map_err(|error| at(tree, *object, error))?;
            if !taken.insert(index) {
                return Err(at(tree, *object, twice::<T>(id)));
            }
            *pair = Some(index);
        }
    }
    // The second way to find something counts only for what nothing was found for by the first.
    let ways = wanted.iter().map(|object| object.keys().len()).max();
    for way in 0..ways.unwrap_or(0) {
        let mut free = Free::of(rows, &taken, way);
        let mut names = HashSet::new();
        for (pair, object) in pairs.iter_mut().zip(wanted) {
            let Some(key) = object
                .keys()
                .into_iter()
                .nth(way)
                .filter(|_| pair.is_none())
            else {
                continue;
            };
            if matches!(key, Key::Name(_)) && !names.insert(key.clone()) {
                return Err(at(tree, *object, said_twice(*object)));
            }
            let found = free
                .take(rows, &key)
                .map_err(|error| at(tree, *object, error))?;
            taken.extend(found);
            *pair = found;
        }
    }
    Ok(pairs)
}

fn at<T: Row>(tree: &Tree, object: &T, error: Error) -> Error {
    error.at(tree.place(object.id()))
}

/// Finds the row that an object is to be, by its id.
fn claimed<T: Row>(rows: &[&T], object: &T, id: Id<T>) -> Result<usize> {
    let index = rows.iter().position(|row| row.id() == id);
    let index = index.ok_or_else(|| Error::not_found(T::KIND.name, &id))?;
    match rows.get(index).and_then(|row| object.fixed_difference(row)) {
        None => Ok(index),
        Some(field) => Err(Error::validation(format!(
            "{field} of {} {id} cannot be changed. Without the id it is replaced by another one.",
            T::KIND.name
        ))),
    }
}

/// The rows that nothing is yet, by one way to find them.
struct Free(BTreeMap<Key, VecDeque<usize>>);

impl Free {
    fn of<T: Row>(rows: &[&T], taken: &HashSet<usize>, way: usize) -> Self {
        let mut free: BTreeMap<Key, VecDeque<usize>> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            if let Some(key) = row.keys().into_iter().nth(way)
                && !taken.contains(&index)
            {
                free.entry(key).or_default().push_back(index);
            }
        }
        Self(free)
    }

    fn take<T: Row>(&mut self, rows: &[&T], key: &Key) -> Result<Option<usize>> {
        let Some(indices) = self.0.get_mut(key) else {
            return Ok(None);
        };
        if matches!(key, Key::Name(_)) && indices.len() > 1 {
            let ids = indices.iter().filter_map(|index| rows.get(*index));
            let ids: Vec<_> = ids.map(|row| row.id().to_string()).collect();
            return Err(Error::Conflict(format!(
                "There are {} of this name: {}. An id says which one is meant.",
                ids.len(),
                ids.join(", ")
            )));
        }
        Ok(indices.pop_front())
    }
}

fn twice<T: Row>(id: Id<T>) -> Error {
    Error::validation(format!("{} {id} is in the tree twice.", T::KIND.name))
}

fn said_twice<T: Row>(object: &T) -> Error {
    Error::validation(format!(
        "'{}' is in the tree twice. Other names or ids tell them apart.",
        object.label()
    ))
}

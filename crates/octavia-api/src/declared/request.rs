use octavia_model::{LoadBalancer, Member};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Api;
use crate::error::{Error, Result};
use crate::payload::{Payload, Root};
use crate::rules;
use crate::tree::asked::{AskedTree, Ids, Part};
use crate::wire::load_balancer::{LoadBalancerPut, WholeLoadBalancerPut};
use crate::wire::member::MemberFields;
use crate::wire::python;
use crate::wire::schema::{Components, Described as _};
use crate::wire::shape::{Keys, Shape as _};
use crate::wire::view::View as _;

const ROOT: Root = Root {
    argument: "load_balancer",
    key: "loadbalancer",
};

/// What a load balancer is given at its creation, for good. It may be said again, but not otherwise.
const FIXED: [&str; 12] = [
    "id",
    "project_id",
    "tenant_id",
    "provider",
    "flavor_id",
    "availability_zone",
    "vip_address",
    "vip_port_id",
    "vip_subnet_id",
    "vip_network_id",
    "vip_vnic_type",
    "additional_vips",
];

/// The keys of lists of parts, and of parts.
const LISTS: [&str; 5] = ["listeners", "pools", "members", "l7policies", "rules"];
const SINGLE: [&str; 3] = ["default_pool", "redirect_pool", "healthmonitor"];

/// A load balancer as it is to be.
#[derive(Debug)]
pub(crate) struct Declaration {
    /// Its own fields: what is absent stays.
    pub(crate) own: LoadBalancerPut,
    /// Everything below it: what is absent goes.
    pub(crate) tree: AskedTree,
    fixed: Vec<(&'static str, Value)>,
}

impl Declaration {
    /// Reads the body of a call. Errors say where in it.
    pub(crate) fn read(payload: &Payload) -> Result<Self> {
        let body = payload.json(ROOT.argument)?;
        Keys::of(&body, &[&[ROOT.key]]).map_err(|fault| fault.into_error(ROOT.argument, &body))?;
        let mut value = body.get(ROOT.key).cloned().unwrap_or(Value::Null);
        if !value.is_object() {
            let shown = python::str(&value);
            let reason = "Value should be a JSON object";
            return Err(Error::invalid_input(ROOT.key, &shown, reason));
        }
        let fixed = take_fixed(&mut value);
        let mut ids = Ids::new();
        take_ids(&mut value, "", &mut ids)?;
        let fields = WholeLoadBalancerPut::decode(&value)
            .map_err(|fault| fault.into_located_error(ROOT.argument, &value))?;
        Ok(Self {
            own: fields.own,
            tree: AskedTree::of(fields.listeners, fields.pools, &ids),
            fixed,
        })
    }

    /// Refuses what would change where a load balancer is.
    pub(crate) fn check_fixed(&self, load_balancer: &LoadBalancer) -> Result<()> {
        let shown = load_balancer.view();
        for (key, given) in &self.fixed {
            let present = shown.get(*key).unwrap_or(&Value::Null);
            if !agrees(given, present) {
                let text = format!(
                    "{} is given at the creation of a load balancer and cannot become {}.",
                    python::repr(present),
                    python::repr(given)
                );
                return Err(Error::validation(text).at(key));
            }
        }
        Ok(())
    }

    /// Checks that the cloud has the subnets of all members.
    pub(crate) async fn check_subnets(&self, api: &Api) -> Result<()> {
        let mut known = std::collections::BTreeSet::new();
        for member in self.members() {
            if let Some(subnet) = member.fields.subnet_id.as_ref().copied()
                && known.insert(subnet)
            {
                let exists = rules::member::subnets_exist(api, [subnet]).await;
                exists.map_err(|error| error.at(&format!("{}.subnet_id", member.at)))?;
            }
        }
        Ok(())
    }

    fn members(&self) -> impl Iterator<Item = &Part<MemberFields, Member>> {
        self.tree.pools.iter().flat_map(|pool| &pool.members)
    }
}

/// Refers to the schema of a declaration: the tree of a creation, whose parts may have ids, and what
/// is given for good.
pub(crate) fn schema(components: &mut Components) -> Value {
    let mut parts = Components::default();
    WholeLoadBalancerPut::schema(&mut parts);
    let id = json!({ "type": ["string", "null"], "format": "uuid" });
    for (name, part) in parts.renamed("Declared") {
        components.refer(&name, |_| {
            let mut part = part;
            if !name.contains("SessionPersistence") {
                part["properties"]["id"] = id.clone();
            }
            if name.ends_with(WholeLoadBalancerPut::NAME) {
                for key in FIXED {
                    part["properties"][key] =
                        json!({ "description": "Given at creation, for good." });
                }
            }
            part
        });
    }
    components.refer(&format!("Declared{}", WholeLoadBalancerPut::NAME), |_| {
        Value::Null
    })
}

fn take_fixed(value: &mut Value) -> Vec<(&'static str, Value)> {
    let Value::Object(object) = value else {
        return Vec::new();
    };
    FIXED
        .iter()
        .filter_map(|key| Some((*key, object.shift_remove(*key)?)))
        .collect()
}

/// Tells whether what is shown is what was given; what was not given is as it is.
fn agrees(given: &Value, shown: &Value) -> bool {
    match (given, shown) {
        (Value::Null, _) => true,
        (Value::Object(given), Value::Object(shown)) => given
            .iter()
            .all(|(key, given)| agrees(given, shown.get(key).unwrap_or(&Value::Null))),
        (Value::Array(given), Value::Array(shown)) => {
            given.len() == shown.len() && given.iter().zip(shown).all(|(g, s)| agrees(g, s))
        }
        (given, shown) => given == shown,
    }
}

/// Takes the ids out of a tree: single calls, whose types read the rest, have none.
fn take_ids(value: &mut Value, at: &str, ids: &mut Ids) -> Result<()> {
    let Value::Object(object) = value else {
        return Ok(());
    };
    if let Some(id) = object.shift_remove("id").filter(|id| !id.is_null()) {
        let read = id.as_str().and_then(|text| Uuid::try_parse(text).ok());
        let read = read.ok_or_else(|| {
            let reason = "Value should be UUID format";
            Error::invalid_input("id", &python::str(&id), reason).at(&format!("{at}.id"))
        })?;
        ids.insert(at.to_owned(), read);
    }
    let prefix = if at.is_empty() {
        String::new()
    } else {
        format!("{at}.")
    };
    for (key, child) in object.iter_mut() {
        if SINGLE.contains(&key.as_str()) {
            take_ids(child, &format!("{prefix}{key}"), ids)?;
        }
        let Some(items) = child
            .as_array_mut()
            .filter(|_| LISTS.contains(&key.as_str()))
        else {
            continue;
        };
        for (index, item) in (0_usize..).zip(items) {
            take_ids(item, &format!("{prefix}{key}[{index}]"), ids)?;
        }
    }
    Ok(())
}

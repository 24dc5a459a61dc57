use octavia_store::Resource;

use crate::payload::Root;
use crate::policy::Rules;

/// The names of a kind of object: in paths, bodies, error texts, rules and the log.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The path of its collection; items lie below it.
    pub(crate) path: &'static str,
    /// What error texts call it: `L7 Policy`.
    pub(crate) name: &'static str,
    /// What descriptions call it: `L7 policy`.
    pub(crate) noun: &'static str,
    /// Where bodies hold one.
    pub(crate) root: Root,
    /// Where the answer to a list holds them.
    pub(crate) plural: &'static str,
    /// Where the answer to a list holds the links to other pages.
    pub(crate) links: &'static str,
    /// What upstream calls the argument of an item's methods: `id`.
    pub(crate) argument: &'static str,
    /// What upstream calls the type of a create call's body.
    pub(crate) post_type: &'static str,
    /// What the store lists it as.
    pub(crate) resource: Resource,
    /// Who may do what.
    pub(crate) rules: Rules,
    /// What its transactions are called.
    pub(crate) transactions: Transactions,
}

impl Kind {
    /// Returns the path of an item.
    pub(crate) fn item_path(&self) -> String {
        format!("{}/{{{}}}", self.path, self.argument)
    }
}

/// The names of a kind's transactions.
#[derive(Debug)]
pub(crate) struct Transactions {
    pub(crate) list: &'static str,
    pub(crate) get: &'static str,
    pub(crate) create: &'static str,
    pub(crate) update: &'static str,
    pub(crate) delete: &'static str,
}

/// Names the transactions of a kind after it.
macro_rules! transactions {
    ($name:literal) => {
        $crate::routes::kind::Transactions {
            list: concat!($name, ".list"),
            get: concat!($name, ".get"),
            create: concat!($name, ".create"),
            update: concat!($name, ".update"),
            delete: concat!($name, ".delete"),
        }
    };
}
pub(crate) use transactions;

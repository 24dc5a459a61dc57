mod condition;
mod fields;
mod holding;
mod page;
mod tags;

use octavia_model::{Id, L7Policy, Pool};

pub(crate) use page::table_of;

/// What a list is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Load balancers.
    LoadBalancer,
    /// Listeners.
    Listener,
    /// Pools.
    Pool,
    /// Members of one pool.
    Member(Id<Pool>),
    /// Health monitors.
    HealthMonitor,
    /// L7 policies.
    L7Policy,
    /// Rules of one L7 policy.
    L7Rule(Id<L7Policy>),
    /// Flavors.
    Flavor,
    /// Profiles of flavors.
    FlavorProfile,
    /// Availability zones.
    AvailabilityZone,
    /// Profiles of availability zones.
    AvailabilityZoneProfile,
    /// Amphorae; their project is that of their load balancer.
    Amphora,
    /// Quotas.
    Quota,
}

impl Resource {
    /// Returns the names of the fields that a list can be filtered and sorted by: those of the API's
    /// answers, and upstream's internal ones.
    pub fn fields(self) -> impl Iterator<Item = &'static str> {
        fields::names(self)
    }

    /// Returns the names of the fields that a list can be filtered by: those that it can be sorted by,
    /// and lists that are asked whether they hold a value.
    pub fn filters(self) -> impl Iterator<Item = &'static str> {
        let of_lists = holding::NAMES.iter().filter(move |(of, _)| *of == self);
        fields::names(self).chain(of_lists.map(|(_, name)| *name))
    }

    /// Tells whether it has tags.
    pub const fn has_tags(self) -> bool {
        page::has_tags(self)
    }
}

/// Which items of a resource to return, in which order. Fields are named as in the API's answers
/// (`admin_state_up`, `vip_address`, `loadbalancer_id`), plus upstream's internal names
/// (`enabled`, `topology`, `load_balancer_id`); the store maps them to columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Only this project's.
    pub project_id: Option<String>,
    /// Only where each field equals its value. Booleans are `true` or `false`.
    pub filters: Vec<(String, String)>,
    /// Only those with such tags.
    pub tags: TagFilter,
    /// The order; `created_at` and `id` are appended.
    pub sort: Vec<Sort>,
    /// Only what comes behind this item.
    pub marker: Option<String>,
    /// Only what comes before the marker, still in forward order (upstream's `page_reverse`).
    pub page_reverse: bool,
    /// At most so many.
    pub limit: Option<u64>,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The field.
    pub field: String,
    /// Upwards or downwards.
    pub direction: Direction,
}

/// Upwards or downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// Conditions on tags; all must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFilter {
    /// Has all of these.
    pub all: Vec<String>,
    /// Has one of these.
    pub any: Vec<String>,
    /// Does not have all of these.
    pub not_all: Vec<String>,
    /// Has none of these.
    pub not_any: Vec<String>,
}

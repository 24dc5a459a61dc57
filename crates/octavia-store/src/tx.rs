use std::collections::BTreeMap;
use std::time::Duration;

use octavia_model::{
    Amphora, AmphoraHealth, HealthMonitor, Id, Listener, LoadBalancer, LoadBalancerTree, Member,
    OperatingStatus, Pool, ProvisioningStatus, Statistics,
};

use crate::{Event, Lease, ListQuery, NewEvent, Reconciliation, Resource, Result};

/// A transaction. Dropping it rolls it back.
///
/// `created_at` and `updated_at` are written by the store: inserting sets the one, `save_*` the other.
pub struct Tx {}

#[expect(unused_variables, clippy::todo, reason = "skeleton")]
impl Tx {
    /// Makes everything permanent, then sends the signals.
    pub async fn commit(self) -> Result<()> {
        todo!()
    }

    // --- load balancers: rows in DELETED are never returned -------------------------------------

    /// Returns a load balancer.
    pub async fn load_balancer(&mut self, id: Id<LoadBalancer>) -> Result<Option<LoadBalancer>> {
        todo!()
    }
    /// Returns a load balancer and locks its row (`FOR UPDATE`) until the end of the transaction.
    pub async fn lock_load_balancer(
        &mut self,
        id: Id<LoadBalancer>,
    ) -> Result<Option<LoadBalancer>> {
        todo!()
    }
    /// Adds a load balancer with its VIP, additional VIPs and tags.
    pub async fn insert_load_balancer(&mut self, load_balancer: &LoadBalancer) -> Result<()> {
        todo!()
    }
    /// Writes a load balancer with its VIP, additional VIPs and tags.
    pub async fn save_load_balancer(&mut self, load_balancer: &LoadBalancer) -> Result<()> {
        todo!()
    }
    /// Returns load balancers.
    pub async fn load_balancers(&mut self, query: &ListQuery) -> Result<Vec<LoadBalancer>> {
        todo!()
    }
    /// Returns a load balancer, and all below it, in a fixed number of queries.
    pub async fn tree(&mut self, id: Id<LoadBalancer>) -> Result<Option<LoadBalancerTree>> {
        todo!()
    }
    /// Returns the load balancer of an amphora, with all below it.
    pub async fn tree_of_amphora(&mut self, id: Id<Amphora>) -> Result<Option<LoadBalancerTree>> {
        todo!()
    }
    /// Tells whether a row with this id exists in the resource's table, `DELETED` ones included.
    pub async fn exists(&mut self, resource: Resource, id: &str) -> Result<bool> {
        todo!()
    }

    // --- listeners ------------------------------------------------------------------------------

    /// Returns a listener.
    pub async fn listener(&mut self, id: Id<Listener>) -> Result<Option<Listener>> {
        todo!()
    }
    /// Adds a listener; picks its `peer_port`.
    pub async fn insert_listener(&mut self, listener: &Listener) -> Result<()> {
        todo!()
    }
    /// Writes a listener.
    pub async fn save_listener(&mut self, listener: &Listener) -> Result<()> {
        todo!()
    }
    /// Removes a listener with its policies, statistics and tags.
    pub async fn delete_listener(&mut self, id: Id<Listener>) -> Result<()> {
        todo!()
    }
    /// Returns listeners.
    pub async fn listeners(&mut self, query: &ListQuery) -> Result<Vec<Listener>> {
        todo!()
    }
    /// Returns the listeners of a load balancer, in order of creation.
    pub async fn listeners_of(&mut self, id: Id<LoadBalancer>) -> Result<Vec<Listener>> {
        todo!()
    }

    // --- pools ----------------------------------------------------------------------------------

    /// Returns a pool.
    pub async fn pool(&mut self, id: Id<Pool>) -> Result<Option<Pool>> {
        todo!()
    }
    /// Adds a pool with its session persistence and tags.
    pub async fn insert_pool(&mut self, pool: &Pool) -> Result<()> {
        todo!()
    }
    /// Writes a pool with its session persistence and tags.
    pub async fn save_pool(&mut self, pool: &Pool) -> Result<()> {
        todo!()
    }
    /// Removes a pool with members, health monitor, session persistence and tags, and every
    /// listener's reference to it.
    pub async fn delete_pool(&mut self, id: Id<Pool>) -> Result<()> {
        todo!()
    }
    /// Returns pools.
    pub async fn pools(&mut self, query: &ListQuery) -> Result<Vec<Pool>> {
        todo!()
    }

    // --- members --------------------------------------------------------------------------------

    /// Returns a member of a pool.
    pub async fn member(&mut self, pool: Id<Pool>, id: Id<Member>) -> Result<Option<Member>> {
        todo!()
    }
    /// Adds a member.
    pub async fn insert_member(&mut self, member: &Member) -> Result<()> {
        todo!()
    }
    /// Writes a member.
    pub async fn save_member(&mut self, member: &Member) -> Result<()> {
        todo!()
    }
    /// Removes a member.
    pub async fn delete_member(&mut self, id: Id<Member>) -> Result<()> {
        todo!()
    }
    /// Returns members of a pool.
    pub async fn members(&mut self, pool: Id<Pool>, query: &ListQuery) -> Result<Vec<Member>> {
        todo!()
    }
    /// Returns all members of a pool, in order of creation.
    pub async fn members_of(&mut self, pool: Id<Pool>) -> Result<Vec<Member>> {
        todo!()
    }

    // --- health monitors ------------------------------------------------------------------------

    /// Returns a health monitor.
    pub async fn health_monitor(&mut self, id: Id<HealthMonitor>) -> Result<Option<HealthMonitor>> {
        todo!()
    }
    /// Adds a health monitor.
    pub async fn insert_health_monitor(&mut self, monitor: &HealthMonitor) -> Result<()> {
        todo!()
    }
    /// Writes a health monitor.
    pub async fn save_health_monitor(&mut self, monitor: &HealthMonitor) -> Result<()> {
        todo!()
    }
    /// Removes a health monitor.
    pub async fn delete_health_monitor(&mut self, id: Id<HealthMonitor>) -> Result<()> {
        todo!()
    }
    /// Returns health monitors.
    pub async fn health_monitors(&mut self, query: &ListQuery) -> Result<Vec<HealthMonitor>> {
        todo!()
    }

    // --- statistics -----------------------------------------------------------------------------

    /// Returns a listener's counters, summed over amphorae as upstream does (api.md, 7.6).
    pub async fn listener_statistics(&mut self, id: Id<Listener>) -> Result<Statistics> {
        todo!()
    }
    /// Returns a load balancer's counters: the sum of its listeners'.
    pub async fn load_balancer_statistics(&mut self, id: Id<LoadBalancer>) -> Result<Statistics> {
        todo!()
    }
    /// Adds differences (`active_connections` replaces) to the rows of one amphora.
    pub async fn add_statistics(
        &mut self,
        amphora: Id<Amphora>,
        differences: &BTreeMap<Id<Listener>, Statistics>,
    ) -> Result<()> {
        todo!()
    }

    // --- amphorae -------------------------------------------------------------------------------

    /// Returns an amphora, `DELETED` ones included.
    pub async fn amphora(&mut self, id: Id<Amphora>) -> Result<Option<Amphora>> {
        todo!()
    }
    /// Adds an amphora.
    pub async fn insert_amphora(&mut self, amphora: &Amphora) -> Result<()> {
        todo!()
    }
    /// Writes an amphora.
    pub async fn save_amphora(&mut self, amphora: &Amphora) -> Result<()> {
        todo!()
    }
    /// Returns all amphorae that are not `DELETED`.
    pub async fn amphorae(&mut self) -> Result<Vec<Amphora>> {
        todo!()
    }
    /// Returns the health rows of all amphorae that are not `DELETED`.
    pub async fn amphora_health(&mut self) -> Result<Vec<AmphoraHealth>> {
        todo!()
    }
    /// Writes (or adds) health rows.
    pub async fn save_amphora_health(&mut self, rows: &[AmphoraHealth]) -> Result<()> {
        todo!()
    }
    /// Removes a health row.
    pub async fn delete_amphora_health(&mut self, id: Id<Amphora>) -> Result<()> {
        todo!()
    }

    // --- operating statuses (health manager) ----------------------------------------------------

    /// Writes a load balancer's operating status, if it differs.
    pub async fn set_load_balancer_operating_status(
        &mut self,
        id: Id<LoadBalancer>,
        status: OperatingStatus,
    ) -> Result<()> {
        todo!()
    }
    /// Writes a listener's operating status, if it differs.
    pub async fn set_listener_operating_status(
        &mut self,
        id: Id<Listener>,
        status: OperatingStatus,
    ) -> Result<()> {
        todo!()
    }
    /// Writes a pool's operating status, if it differs.
    pub async fn set_pool_operating_status(
        &mut self,
        id: Id<Pool>,
        status: OperatingStatus,
    ) -> Result<()> {
        todo!()
    }
    /// Writes a member's operating status, if it differs.
    pub async fn set_member_operating_status(
        &mut self,
        id: Id<Member>,
        status: OperatingStatus,
    ) -> Result<()> {
        todo!()
    }

    // --- reconciliation -------------------------------------------------------------------------

    /// Says that something else is wanted of a load balancer: its generation grows, its back-off
    /// ends, and a reconciler is called after the commit. Makes the row when there is none.
    /// Returns the new generation.
    pub async fn wake(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        todo!()
    }
    /// As [`Tx::wake`], and the amphorae are to be replaced.
    pub async fn wake_for_failover(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        todo!()
    }
    /// As [`Tx::wake`], and what is below the load balancer goes with it.
    pub async fn wake_for_cascade_delete(&mut self, id: Id<LoadBalancer>) -> Result<i64> {
        todo!()
    }
    /// Asks for a look without a new generation: the world may have changed, not the wish.
    pub async fn look(&mut self, id: Id<LoadBalancer>) -> Result<()> {
        todo!()
    }
    /// Returns where the reconciler stands with a load balancer.
    pub async fn reconciliation(&mut self, id: Id<LoadBalancer>) -> Result<Option<Reconciliation>> {
        todo!()
    }
    /// Takes the lease of the load balancer that waits longest for a look: `wanted` is not `done`
    /// or `next_look_at` has come, and nobody holds a lease that is still good.
    /// `None` when there is nothing to do.
    pub async fn lease_next(&mut self, owner: &str, length: Duration) -> Result<Option<Lease>> {
        todo!()
    }
    /// Returns when the next load balancer wants a look (by `next_look_at` or a lease that ends).
    pub async fn next_look(&mut self) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
        todo!()
    }
    /// Lengthens a lease.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when it was lost.
    pub async fn renew(&mut self, lease: &Lease, length: Duration) -> Result<Lease> {
        todo!()
    }
    /// Proves in this transaction that the lease is still held (locks its row).
    ///
    /// # Errors
    ///
    /// [`crate::Error::Conflict`] when it was lost.
    pub async fn fence(&mut self, lease: &Lease) -> Result<Reconciliation> {
        todo!()
    }
    /// Notes that the failover that was wanted has begun: which amphorae are to go is on record.
    pub async fn failover_begun(&mut self, lease: &Lease) -> Result<()> {
        todo!()
    }
    /// Gives a lease back, and says when to look again.
    pub async fn release(
        &mut self,
        lease: &Lease,
        next_look_at: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<()> {
        todo!()
    }
    /// Notes that a look or an action failed: counts the attempt and keeps the cause.
    pub async fn record_failure(&mut self, lease: &Lease, cause: &str) -> Result<()> {
        todo!()
    }
    /// Ends an operation: everything pending of the load balancer that `generation` covers becomes
    /// as `outcome` says, unless something newer is wanted. Returns whether it was written.
    pub async fn settle(&mut self, lease: &Lease, settlement: &Settlement) -> Result<bool> {
        todo!()
    }
    /// Ends a deletion: children and health rows go, load balancer and amphorae become `DELETED`.
    pub async fn finish_delete(&mut self, lease: &Lease) -> Result<()> {
        todo!()
    }

    // --- timeline, housekeeping -----------------------------------------------------------------

    /// Adds entries to timelines.
    pub async fn add_events(&mut self, events: &[NewEvent]) -> Result<()> {
        todo!()
    }
    /// Returns the newest entries of a timeline, newest first.
    pub async fn events(&mut self, id: Id<LoadBalancer>, limit: u64) -> Result<Vec<Event>> {
        todo!()
    }
    /// Removes entries older than `before`, and all but the newest `keep` of each load balancer.
    pub async fn prune_events(
        &mut self,
        before: chrono::DateTime<chrono::Utc>,
        keep: u64,
    ) -> Result<u64> {
        todo!()
    }
    /// Removes load balancers that are `DELETED` since before `before`, with their rows.
    pub async fn purge_load_balancers(
        &mut self,
        before: chrono::DateTime<chrono::Utc>,
    ) -> Result<u64> {
        todo!()
    }
    /// Removes amphorae that are `DELETED` since before `before`.
    pub async fn purge_amphorae(&mut self, before: chrono::DateTime<chrono::Utc>) -> Result<u64> {
        todo!()
    }
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Everything is as wanted by this generation (states.md, section 4): pending objects and those in
    /// `ERROR` become `ACTIVE`, those to be deleted go, monitors get their operating status.
    Converged {
        /// The generation that was made true.
        generation: i64,
    },
    /// The deadline passed (states.md, section 5). What was pending becomes `ERROR`; the load balancer
    /// becomes what is said.
    Failed {
        /// The generation that did not succeed.
        generation: i64,
        /// `ERROR` for an operation on the load balancer itself, `ACTIVE` for one on something below it.
        load_balancer: ProvisioningStatus,
        /// Why, in words.
        cause: String,
    },
}

//! A cloud in memory, for tests.
//!
//! It behaves as a cloud does: addresses are handed out and given back, there is one port for
//! each purpose and one server for each amphora, and what is gone is not found. On demand it
//! fails, before or after having done what was asked. What it holds can be counted, for leaks.

mod compute;
mod extras;
mod faults;
mod identity;
mod network;
mod secrets;
mod state;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use octavia_model::{
    Id, IdSource, Port as PortId, QosPolicy, SecurityGroup, SequentialIds, Server as ServerId,
};

pub use faults::{Call, When};
pub use identity::FakeIdentity;
pub use secrets::FakeSecrets;

use crate::catalogue::Catalogue;
use crate::{Error, Port, Result, Server, ServerFile, ServerStatus, Subnet, SubnetDefinition};
use faults::Faults;
use state::State;

/// A cloud in memory. Share it by `Arc`: as [`crate::Compute`], as [`crate::NetworkDriver`], and
/// in the test.
pub struct FakeCloud {
    ids: Arc<dyn IdSource>,
    catalogue: Catalogue,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    state: State,
    faults: Faults,
}

impl Default for FakeCloud {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeCloud {
    /// Makes a cloud with three subnets: `private-subnet` (10.98.0.0/24, network `private`),
    /// `member-subnet` (10.97.0.0/24, network `members`) and `tiny-subnet` (10.96.0.0/29, network
    /// `tiny`, five addresses to hand out).
    #[expect(
        clippy::missing_panics_doc,
        reason = "the default subnets are well formed"
    )]
    pub fn new() -> Self {
        let subnet = |name: &str, network: &str, cidr: &str| {
            let cidr = cidr.parse().expect("the default subnets are well formed");
            SubnetDefinition::new(name, network, cidr)
        };
        Self::with_subnets(&[
            subnet("private-subnet", "private", "10.98.0.0/24"),
            subnet("member-subnet", "members", "10.97.0.0/24"),
            subnet("tiny-subnet", "tiny", "10.96.0.0/29"),
        ])
        .expect("the default subnets do not overlap")
    }

    /// Makes a cloud with other subnets.
    pub fn with_subnets(definitions: &[SubnetDefinition]) -> Result<Self> {
        Ok(Self {
            ids: Arc::new(SequentialIds::default()),
            catalogue: Catalogue::new(definitions)?,
            inner: Mutex::default(),
        })
    }

    /// Returns the subnet with that name.
    ///
    /// # Panics
    ///
    /// If there is none: the test is wrong.
    #[expect(clippy::panic, reason = "a test that names an unknown subnet is wrong")]
    pub fn subnet_named(&self, name: &str) -> Subnet {
        let mut subnets = self.catalogue.subnets().iter();
        match subnets.find(|subnet| subnet.name == name) {
            Some(subnet) => subnet.clone(),
            None => panic!("the fake cloud has no subnet {name}"),
        }
    }

    /// Makes the next call of that kind fail.
    pub fn fail_next(&self, call: Call, when: When, error: Error) {
        self.lock().faults.on_next(call, when, error);
    }

    /// Makes the `nth` call from now fail, of whatever kind; 1 is the next one.
    pub fn fail_nth(&self, nth: usize, when: When, error: Error) {
        self.lock().faults.on_nth(nth, when, error);
    }

    /// Makes every call of that kind fail as `Unavailable`, until [`Self::heal`].
    pub fn break_down(&self, call: Call) {
        self.lock().faults.break_down(call);
    }

    /// Forgets every fault that was asked for and has not happened.
    pub fn heal(&self) {
        self.lock().faults.heal();
    }

    /// Returns the calls made so far, in order; failed ones too.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().faults.calls().to_vec()
    }

    /// Returns the servers it holds, in order of creation.
    pub fn held_servers(&self) -> Vec<Server> {
        self.lock().state.servers()
    }

    /// Returns the ports it holds, in order of creation.
    pub fn held_ports(&self) -> Vec<Port> {
        self.lock().state.ports()
    }

    /// Returns the files that a server was made with.
    pub fn files(&self, server: Id<ServerId>) -> Vec<ServerFile> {
        self.lock().state.files(server)
    }

    /// Makes new servers stay in this status, until [`Self::set_status`] says otherwise.
    pub fn new_servers_are(&self, status: ServerStatus) {
        self.lock().state.new_servers_are(status);
    }

    /// Gives a server another status, as the cloud may at any time.
    pub fn set_status(&self, server: Id<ServerId>, status: ServerStatus) {
        self.lock().state.set_status(server, status);
    }

    /// Makes the agents of new servers listen at this address, where a test has a real one.
    pub fn new_servers_answer_at(&self, address: IpAddr) {
        self.lock().state.new_servers_answer_at(address);
    }

    /// Stops every server, as a restart of the host does.
    pub fn restart_host(&self) {
        self.lock().state.stop_all();
    }

    /// Removes a server behind everybody's back.
    pub fn lose_server(&self, server: Id<ServerId>) {
        self.lock().state.delete_server(server);
    }

    /// Removes a port behind everybody's back.
    pub fn lose_port(&self, port: Id<PortId>) {
        self.lock().state.delete_port(port);
    }

    /// Takes an address for somebody else.
    pub fn occupy(&self, address: IpAddr) {
        self.lock().state.occupy(address);
    }

    /// Adds a QoS policy; from then on the cloud has such.
    pub fn add_qos_policy(&self, id: Id<QosPolicy>) {
        self.lock().state.extras_mut().add_policy(id);
    }

    /// Adds a security group.
    pub fn add_security_group(&self, id: Id<SecurityGroup>) {
        self.lock().state.extras_mut().add_group(id);
    }

    /// Does what a call asks for, unless it is to fail.
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        act: impl FnOnce(&mut State) -> Result<T> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            let mut inner = self.lock();
            match inner.faults.next(call) {
                None => act(&mut inner.state),
                Some((When::Before, error)) => Err(error),
                Some((When::After, error)) => act(&mut inner.state).and(Err(error)),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

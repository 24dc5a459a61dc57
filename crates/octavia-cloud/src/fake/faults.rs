use std::collections::BTreeSet;

use crate::Error;

/// A call that the fake answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// [`crate::Compute::create_server`].
    CreateServer,
    /// [`crate::Compute::start_server`].
    StartServer,
    /// [`crate::Compute::delete_server`].
    DeleteServer,
    /// [`crate::Compute::servers`] and [`crate::Compute::all_servers`].
    ListServers,
    /// [`crate::Compute::attach_port`].
    AttachPort,
    /// [`crate::Compute::detach_port`].
    DetachPort,
    /// [`crate::NetworkDriver::networks`] and [`crate::NetworkDriver::network`].
    ReadNetworks,
    /// [`crate::NetworkDriver::subnets`] and [`crate::NetworkDriver::subnet`].
    ReadSubnets,
    /// [`crate::NetworkDriver::ports`] and [`crate::NetworkDriver::port`].
    ReadPorts,
    /// [`crate::NetworkDriver::create_port`].
    CreatePort,
    /// [`crate::NetworkDriver::delete_port`].
    DeletePort,
}

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing was done.
    Before,
    /// All was done, and the answer was lost.
    After,
}

/// The faults that were asked for, and the calls that were made.
#[derive(Default)]
pub(super) struct Faults {
    once: Vec<Fault>,
    broken: BTreeSet<Call>,
    calls: Vec<Call>,
}

struct Fault {
    on: On,
    when: When,
    error: Error,
}

enum On {
    Next(Call),
    Number(usize),
}

impl Faults {
    pub(super) fn on_next(&mut self, call: Call, when: When, error: Error) {
        let on = On::Next(call);
        self.once.push(Fault { on, when, error });
    }

    pub(super) fn on_nth(&mut self, nth: usize, when: When, error: Error) {
        let on = On::Number(self.calls.len() + nth);
        self.once.push(Fault { on, when, error });
    }

    pub(super) fn break_down(&mut self, call: Call) {
        self.broken.insert(call);
    }

    pub(super) fn heal(&mut self) {
        self.once.clear();
        self.broken.clear();
    }

    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Notes a call, and returns how it is to fail.
    pub(super) fn next(&mut self, call: Call) -> Option<(When, Error)> {
        self.calls.push(call);
        let number = self.calls.len();
        let due = self.once.iter().position(|fault| match fault.on {
            On::Next(kind) => kind == call,
            On::Number(nth) => nth == number,
        });
        if let Some(due) = due {
            let fault = self.once.remove(due);
            return Some((fault.when, fault.error));
        }
        self.broken.contains(&call).then(|| {
            let error = Error::unavailable(format!("{call:?}"), "the fake cloud broke down");
            (When::Before, error)
        })
    }
}

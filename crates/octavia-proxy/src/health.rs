//! How members are asked whether they work.
//!
//! One thread asks all members of all pools, with non-blocking sockets and its own poller. A pool
//! that several listeners use is asked once. What is found goes into the shared state of the member,
//! where the loops read it with their next choice.

mod asking;
mod datagram;
mod echo;
mod probe;
mod verdict;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::config::{Check, HealthMonitor};
use uuid::Uuid;

use crate::config::snapshot::Member;
use crate::config::state::LastCheck;
use crate::config::{MemberState, Pool, Snapshot};
use crate::metrics::pace;
use crate::proxy_protocol::Version;
use crate::runtime::clock::Time;
use crate::runtime::deadlines::{Deadlines, Due, Timer};
use crate::runtime::poller::{Event, Poller};
use crate::runtime::slots::{Key, Slots};
use crate::shared::Shared;
use crate::tls::ClientTls;
use asking::Asking;
use probe::{Progress, Question};
use verdict::{Outcome, Thresholds, Verdict};

const WAKER: u64 = 0;
const TARGET: u8 = 1;

/// Asks members, on a thread of its own.
pub(crate) struct Checker {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    poller: Poller,
    deadlines: Deadlines,
    now: Time,
    targets: Slots<Target>,
    /// The targets by pool and member.
    known: HashMap<(Uuid, Uuid), Key>,
    /// For members that are asked inside TLS, though their pool does not speak it.
    unverified: Arc<ClientTls>,
    chance: u64,
    /// When paces were measured last.
    measured_at: Time,
}

/// A member that is asked.
struct Target {
    state: Arc<MemberState>,
    address: std::net::SocketAddr,
    header: Option<Version>,
    tls: Option<Arc<ClientTls>>,
    monitor: HealthMonitor,
    verdict: Verdict,
    /// The question that is not answered yet.
    probe: Option<Asking>,
    asked_at: Time,
    timer: Timer,
}

impl Checker {
    /// Makes a checker whose jitter follows from `seed`.
    pub(crate) fn new(shared: Arc<Shared>, seed: u64) -> io::Result<Self> {
        let poller = Poller::new()?;
        poller.add_source(&shared.health_waker, WAKER)?;
        Ok(Self {
            snapshot: shared.current.load_full(),
            shared,
            poller,
            deadlines: Deadlines::default(),
            now: Time::now(),
            targets: Slots::default(),
            known: HashMap::new(),
            unverified: ClientTls::unverified().map_err(io::Error::other)?,
            chance: seed | 1,
            measured_at: Time::now(),
        })
    }

    /// Asks until a snapshot says stop.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Vec::new();
        while !self.snapshot.stopping {
            let patience = self.patience();
            self.poller.wait(&mut events, patience)?;
            self.turn(&events);
        }
        Ok(())
    }

    fn patience(&self) -> Option<Duration> {
        let due = self.deadlines.wait(self.now);
        if !pace::is_wanted(&self.snapshot) {
            return due;
        }
        let next = self.measured_at.after(pace::EVERY).since(self.now);
        Some(due.map_or(next, |due| due.min(next)))
    }

    /// Counts what there was in the last second, if that is over: this thread has time.
    fn measure(&mut self) {
        let passed = self.now.since(self.measured_at);
        if passed >= pace::EVERY && pace::is_wanted(&self.snapshot) {
            pace::measure(&self.snapshot, &self.shared.paces, passed);
            self.measured_at = self.now;
        }
    }

    fn turn(&mut self, events: &[Event]) {
        self.now = Time::now();
        for event in events {
            let (kind, key) = Key::from_token(event.data.u64());
            if kind != TARGET {
                self.shared.health_waker.clear();
                continue;
            }
            let target = self.targets.get_mut(key);
            if let Some(probe) = target.and_then(|target| target.probe.as_mut()) {
                probe.note(event.flags);
                self.listen(key);
            }
        }
        self.look_at_snapshot();
        self.measure();
        while let Some(entry) = self.deadlines.next(self.now) {
            self.expire(entry);
        }
    }

    fn look_at_snapshot(&mut self) {
        let snapshot = self.shared.current.load_full();
        if snapshot.version == self.snapshot.version {
            return;
        }
        let mut before = std::mem::take(&mut self.known);
        for pool in snapshot.pools.iter().filter(|pool| pool.enabled) {
            let Some(monitor) = &pool.monitor else {
                continue;
            };
            for member in pool.members.iter().filter(|member| member.enabled) {
                let known = before.remove(&(pool.id, member.state.id));
                self.take_over(known, pool, member, monitor);
            }
        }
        for (_, key) in before {
            self.forget(key);
        }
        self.snapshot = snapshot;
    }

    /// Goes on asking a member, or begins to: at once, if it is asked something new.
    fn take_over(
        &mut self,
        known: Option<Key>,
        pool: &Pool,
        member: &Member,
        monitor: &HealthMonitor,
    ) {
        let wanted = Target::new(member, monitor, self.tls_of(pool, member, monitor));
        let target = known.and_then(|key| self.targets.get_mut(key));
        let key = match (known, target) {
            (Some(key), Some(target)) if Arc::ptr_eq(&target.state, &member.state) => {
                let is_same = target.asks_as(&wanted);
                target.address = wanted.address;
                target.header = wanted.header;
                target.tls = wanted.tls;
                target.monitor = wanted.monitor;
                if !is_same {
                    self.ask(key);
                }
                key
            }
            _ => {
                if let Some(key) = known {
                    self.forget(key);
                }
                let key = self.targets.insert(|_| wanted);
                self.ask(key);
                key
            }
        };
        self.known.insert((pool.id, member.state.id), key);
    }

    /// As with HAProxy, whoever is asked elsewhere need not speak what the pool speaks.
    fn tls_of(
        &self,
        pool: &Pool,
        member: &Member,
        monitor: &HealthMonitor,
    ) -> Option<Arc<ClientTls>> {
        let is_elsewhere = member.check_address != member.state.address;
        let of_pool = pool.tls.as_ref().filter(|_| !is_elsewhere);
        match monitor.check {
            Check::TlsHello | Check::Http { over_tls: true, .. } => {
                Some(Arc::clone(of_pool.unwrap_or(&self.unverified)))
            }
            Check::Tcp | Check::Http { .. } => of_pool.cloned(),
            Check::Ping | Check::UdpConnect => None,
        }
    }

    /// A member that nobody asks any more counts as up again.
    fn forget(&mut self, key: Key) {
        if let Some(target) = self.targets.remove(key) {
            target.state.set_down(false);
            target.state.set_last_check(LastCheck::default());
        }
    }

    fn ask(&mut self, key: Key) {
        let Some(target) = self.targets.get_mut(key) else {
            return;
        };
        target.asked_at = self.now;
        let token = key.token(TARGET);
        let monitor = &target.monitor;
        let late = self
            .now
            .after(Asking::patience(&monitor.check, monitor.timeout()));
        self.deadlines.set(&mut target.timer, token, late, self.now);
        let question = Question {
            address: target.address,
            header: target.header,
            tls: target.tls.clone(),
            check: &target.monitor.check,
        };
        match Asking::start(question, &self.poller, token) {
            Ok(probe) => {
                target.probe = Some(probe);
                self.listen(key);
            }
            Err(cause) => self.conclude(key, Some(cause)),
        }
    }

    fn listen(&mut self, key: Key) {
        let target = self.targets.get_mut(key);
        let Some(probe) = target.and_then(|target| target.probe.as_mut()) else {
            return;
        };
        match probe.advance() {
            Progress::Waiting => {}
            Progress::Healthy => self.conclude(key, None),
            Progress::Unhealthy(cause) => self.conclude(key, Some(cause)),
        }
    }

    fn expire(&mut self, entry: (Time, u64)) {
        let (_, key) = Key::from_token(entry.1);
        let Some(target) = self.targets.get_mut(key) else {
            return;
        };
        if self.deadlines.check(&mut target.timer, entry, self.now) == Due::NotYet {
            return;
        }
        match &target.probe {
            Some(probe) => {
                let cause = probe.cause_of_silence();
                self.conclude(key, cause);
            }
            None => self.ask(key),
        }
    }

    /// Notes what a check found, and when the next one is.
    fn conclude(&mut self, key: Key, cause: Option<String>) {
        let delay = self.jittered_delay(key);
        let Some(target) = self.targets.get_mut(key) else {
            return;
        };
        target.probe = None;
        let next = target.asked_at.after(delay).max(self.now);
        let token = key.token(TARGET);
        self.deadlines.set(&mut target.timer, token, next, self.now);
        if target.judge(cause, self.now) {
            self.shared.tell_change();
        }
    }

    /// Shortens the delay by up to a tenth, so that many members are not asked in step.
    fn jittered_delay(&mut self, key: Key) -> Duration {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        let target = self.targets.get_mut(key);
        let delay = target.map_or(Duration::ZERO, |target| target.monitor.delay());
        let share = u32::try_from(self.chance % 1024).unwrap_or(0);
        delay.saturating_sub(delay / 10 * share / 1024)
    }
}

impl Target {
    fn new(member: &Member, monitor: &HealthMonitor, tls: Option<Arc<ClientTls>>) -> Self {
        Self {
            state: Arc::clone(&member.state),
            address: member.check_address,
            header: member.check_header,
            tls,
            monitor: monitor.clone(),
            verdict: Verdict::Assumed,
            probe: None,
            asked_at: Time::NEVER,
            timer: Timer::default(),
        }
    }

    /// Tells whether both ask the same, in the same way.
    fn asks_as(&self, other: &Self) -> bool {
        self.address == other.address
            && self.header == other.header
            && self.monitor.check == other.monitor.check
            && match (&self.tls, &other.tls) {
                (Some(own), Some(other)) => Arc::ptr_eq(own, other),
                (own, other) => own.is_none() && other.is_none(),
            }
    }

    /// Takes the result of a check; tells whether the verdict turned.
    fn judge(&mut self, cause: Option<String>, now: Time) -> bool {
        let outcome = match cause {
            None => Outcome::Success,
            Some(_) => Outcome::Failure,
        };
        let thresholds = Thresholds {
            rise: self.monitor.rise,
            fall: self.monitor.fall,
        };
        self.verdict = self.verdict.after(outcome, thresholds);
        let is_down = self.verdict.is_down();
        let turned = self.state.set_down(is_down);
        if turned {
            self.state.since.set(now);
            let cause = cause.as_deref().unwrap_or("its checks succeed");
            let member = self.state.id;
            let status = if is_down { "down" } else { "up" };
            tracing::info!(member.id = %member, cause, "member {member} is {status}: {cause}");
        }
        let before = self.state.last_check();
        let was_down = turned && !is_down;
        let silence = before.changed_at.map(|at| now.since(at));
        self.state.set_last_check(LastCheck {
            failures: before.failures + u64::from(cause.is_some()),
            cause,
            duration: Some(now.since(self.asked_at)),
            falls: before.falls + u64::from(turned && is_down),
            downtime: before.downtime + silence.filter(|_| was_down).unwrap_or_default(),
            changed_at: before.changed_at.filter(|_| !turned).or(Some(now)),
        });
        turned
    }
}

//! The state machine of one virtual router (RFC 9568 section 6.4), without sockets or clock: events
//! and the time go in, actions and the next deadline come out.
//!
//! What differs from the RFC, and why:
//!
//! - Nobody preempts (upstream's `nopreempt`): whoever serves, goes on serving.
//! - With one peer only, nobody else could take over at the same time, so that a hand-over
//!   (priority 0) is answered at once instead of after the skew time.
//! - A router that has been silent for so long that its peer must have taken over (it was frozen)
//!   yields to whomever it hears first, whatever the priorities.
//! - A router that cannot serve is in [`State::Fault`], as with keepalived, and hands over at once.

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

/// A moment, as the time since some other moment.
pub(crate) type Moment = Duration;

/// What a router is told about itself and its pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Its own address; of two masters of the same priority, the higher one stays.
    pub(crate) address: IpAddr,
    /// How much it wants to be master, 1 to 254.
    pub(crate) priority: u8,
    /// How often it says so.
    pub(crate) interval: Duration,
    /// How many others there are.
    pub(crate) peers: usize,
    /// How often a master tells the network where its addresses are; never if zero.
    pub(crate) refresh: Duration,
}

/// What a router is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum State {
    /// It takes no part.
    Initialize,
    /// It cannot serve, and waits until it can.
    Fault,
    /// It waits for the master to fall silent.
    Backup,
    /// It has the addresses.
    Master,
}

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is to take part.
    Start,
    /// It is to take part no more.
    Stop,
    /// It can serve (again).
    Well,
    /// It cannot serve.
    Unwell,
    /// A peer said something.
    Heard {
        /// Who.
        from: IpAddr,
        /// How much it wants to be master.
        priority: u8,
        /// How often it says so.
        interval: Duration,
    },
    /// A peer is known to be gone for good: nobody listens there any more.
    Gone(IpAddr),
    /// Time has passed.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Tell the peers this priority.
    Advertise(u8),
    /// Take the addresses, and tell the network.
    TakeOver,
    /// Let go of the addresses.
    GiveUp,
    /// Tell the network once more who has the addresses.
    Announce,
}

/// One virtual router.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    settings: Settings,
    state: State,
    is_well: bool,
    /// Whom a backup last heard as master, and how often that one speaks.
    master: Option<(IpAddr, Duration)>,
    /// When a backup takes over, or a master advertises.
    next: Moment,
    /// When a master last advertised.
    said: Moment,
    /// When a master tells the network again.
    refresh: Option<Moment>,
}

impl Machine {
    /// Makes one that takes no part yet and can serve.
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Initialize,
            is_well: true,
            master: None,
            next: Moment::MAX,
            said: Moment::ZERO,
            refresh: None,
        }
    }

    /// Returns what it is.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Goes on with other settings. A master stays master.
    pub(crate) fn reconfigure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Returns when [`Event::Tick`] is due.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Initialize | State::Fault => None,
            State::Backup => Some(self.next),
            State::Master => {
                let refresh = self.refresh.unwrap_or(Moment::MAX);
                Some(self.next.min(refresh))
            }
        }
    }

    /// Tells it what happened.
    pub(crate) fn handle(&mut self, now: Moment, event: Event) -> Vec<Action> {
        match (event, self.state) {
            (Event::Start, State::Initialize) => {
                self.begin(now);
                Vec::new()
            }
            (Event::Stop, _) => self.leave(State::Initialize),
            (Event::Unwell, state) => {
                self.is_well = false;
                match state {
                    State::Initialize => Vec::new(),
                    State::Fault | State::Backup | State::Master => self.leave(State::Fault),
                }
            }
            (Event::Well, state) => {
                self.is_well = true;
                if state == State::Fault {
                    self.begin(now);
                }
                Vec::new()
            }
            (
                Event::Heard {
                    from,
                    priority,
                    interval,
                },
                State::Backup,
            ) => {
                self.backup_hears(now, (from, interval), priority);
                Vec::new()
            }
            (
                Event::Heard {
                    from,
                    priority,
                    interval,
                },
                State::Master,
            ) => self.master_hears(now, (from, interval), priority),
            (Event::Gone(peer), State::Backup) => {
                if self.master.is_some_and(|(master, _)| master == peer) {
                    return self.take_over(now);
                }
                Vec::new()
            }
            (Event::Tick, State::Backup) if now >= self.next => self.take_over(now),
            (Event::Tick, State::Master) => self.master_ticks(now),
            (
                Event::Start | Event::Heard { .. } | Event::Gone(_) | Event::Tick,
                State::Initialize | State::Fault | State::Backup | State::Master,
            ) => Vec::new(),
        }
    }

    fn begin(&mut self, now: Moment) {
        if self.is_well {
            self.wait_for(now, None);
        } else {
            self.state = State::Fault;
        }
    }

    /// Ends what it is; a master says so at once.
    fn leave(&mut self, to: State) -> Vec<Action> {
        let was_master = self.state == State::Master;
        self.state = to;
        self.master = None;
        if was_master {
            vec![Action::Advertise(0), Action::GiveUp]
        } else {
            Vec::new()
        }
    }

    /// Waits as a backup, from now on, for as long as a master may be silent.
    fn wait_for(&mut self, now: Moment, master: Option<(IpAddr, Duration)>) {
        let interval = master.map_or(self.settings.interval, |(_, interval)| interval);
        self.state = State::Backup;
        self.master = master;
        self.next = now + interval * 3 + self.skew(interval);
    }

    /// The less a router wants to be master, the longer it leaves the way to others.
    fn skew(&self, interval: Duration) -> Duration {
        interval * (256 - u32::from(self.settings.priority)) / 256
    }

    fn backup_hears(&mut self, now: Moment, master: (IpAddr, Duration), priority: u8) {
        if priority > 0 {
            self.wait_for(now, Some(master));
            return;
        }
        self.next = match self.settings.peers {
            0 | 1 => now,
            _ => now + self.skew(master.1),
        };
    }

    fn take_over(&mut self, now: Moment) -> Vec<Action> {
        self.state = State::Master;
        self.master = None;
        self.refresh = Some(now + FIRST_REFRESH);
        vec![self.advertise(now), Action::TakeOver]
    }

    fn advertise(&mut self, now: Moment) -> Action {
        self.said = now;
        self.next = now + self.settings.interval;
        Action::Advertise(self.settings.priority)
    }

    fn master_ticks(&mut self, now: Moment) -> Vec<Action> {
        let mut actions = Vec::new();
        if now >= self.next {
            actions.push(self.advertise(now));
        }
        if self.refresh.is_some_and(|at| now >= at) {
            let every = self.settings.refresh;
            self.refresh = (!every.is_zero()).then_some(now + every);
            actions.push(Action::Announce);
        }
        actions
    }

    fn master_hears(
        &mut self,
        now: Moment,
        (from, interval): (IpAddr, Duration),
        priority: u8,
    ) -> Vec<Action> {
        if priority == 0 {
            return vec![self.advertise(now)];
        }
        let others = (priority, from);
        let own = (self.settings.priority, self.settings.address);
        if others > own || self.was_frozen(now) {
            self.wait_for(now, Some((from, interval)));
            return vec![Action::GiveUp];
        }
        vec![self.advertise(now), Action::Announce]
    }

    /// Tells whether its peer cannot but have taken it for dead.
    fn was_frozen(&self, now: Moment) -> bool {
        now >= self.said + self.settings.interval * 4
    }
}

/// When a new master tells the network for the second time: a switch that was just learning, or a
/// host that was just asking, may have missed the first.
const FIRST_REFRESH: Duration = Duration::from_secs(1);

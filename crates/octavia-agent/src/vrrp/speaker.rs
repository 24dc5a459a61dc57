//! One end of a pair, doing: the machine decides, this listens, speaks, and moves the addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use octavia_amphora_api::agent::{VrrpState, VrrpStatus};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

use super::check::Check;
use super::duty::Duty;
use super::machine::{Action, Event, Machine, Moment, State};
use super::socket::{RawSocket, Received};
use super::tripwire::Tripwire;
use crate::data_plane::DataPlane;
use crate::network::Vips;

/// How often a new master says at once where the addresses are, as keepalived does.
const ANNOUNCEMENTS: u32 = 5;
/// How often an interface that does not work is brought up again.
const REPAIR_PAUSE: Duration = Duration::from_secs(1);

/// One end of a pair.
pub(super) struct Speaker {
    duty: Duty,
    machine: Machine,
    socket: RawSocket,
    vips: Vips,
    /// Not there when its port is taken; advertisements do without.
    tripwire: Option<Tripwire>,
    check: Check,
    began: Instant,
    is_carried: bool,
    is_proxy_well: bool,
    repair_at: Instant,
    status: watch::Sender<Option<VrrpStatus>>,
}

/// What a speaker waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    /// Packets may have come in.
    Packets,
    /// Something about an interface has changed.
    Link,
    /// The proxy was looked at, and counts as well, or not.
    Checked(bool),
    /// The process of a peer is gone.
    Gone(IpAddr),
    /// The machine's time has come.
    Due,
    /// It is time to bring up an interface again.
    Repair,
}

/// What a speaker is made with, beside its duty.
pub(super) struct Means {
    pub(super) data_plane: Arc<dyn DataPlane>,
    pub(super) tasks: TaskTracker,
    pub(super) status: watch::Sender<Option<VrrpStatus>>,
}

impl Speaker {
    /// Begins as a backup, without the addresses: whatever an earlier run has left is taken away.
    pub(super) async fn start(duty: Duty, means: &Means) -> Result<Self, String> {
        let (socket, vips) = open(&duty, &means.tasks).await?;
        let (interval, patience) = (duty.check_interval(), duty.patience());
        let mut speaker = Self {
            machine: Machine::new(duty.settings()),
            socket,
            check: Check::new(Arc::clone(&means.data_plane), interval, patience),
            began: Instant::now(),
            is_carried: true,
            is_proxy_well: true,
            repair_at: Instant::now(),
            status: means.status.clone(),
            tripwire: tripwire(&duty),
            duty,
            vips,
        };
        speaker.let_go().await;
        speaker.look_at_link().await;
        speaker.tell(Event::Start).await;
        Ok(speaker)
    }

    /// Goes on with another duty. A master stays master, with the addresses of the new duty.
    pub(super) async fn reassign(&mut self, duty: Duty, tasks: &TaskTracker) -> Result<(), String> {
        if duty == self.duty {
            return Ok(());
        }
        let (socket, vips) = open(&duty, tasks).await?;
        let before = std::mem::replace(&mut self.vips, vips);
        self.socket = socket;
        self.machine.reconfigure(duty.settings());
        if let Some(tripwire) = &mut self.tripwire {
            tripwire.watch(duty.peer_addresses());
        }
        self.duty = duty;
        if before.addresses().ne(self.vips.addresses()) {
            let let_go = before.let_go().await;
            if let Err(error) = let_go {
                tracing::warn!(%error, "could not let go of former addresses: {error}");
            }
            if self.machine.state() == State::Master {
                self.take_over().await;
            }
        }
        self.show();
        Ok(())
    }

    /// Waits for the next thing to handle. It may be dropped at any time.
    ///
    /// Packets come before the clock: one that was frozen hears first who took its place.
    pub(super) async fn next(&mut self) -> Happening {
        let due = self.machine.deadline().map(|due| self.began + due);
        tokio::select! {
            biased;
            () = self.socket.readable() => Happening::Packets,
            () = self.vips.changed() => Happening::Link,
            peer = gone(&mut self.tripwire) => Happening::Gone(peer),
            () = until(due) => Happening::Due,
            is_well = self.check.next() => Happening::Checked(is_well),
            () = until((!self.is_carried).then_some(self.repair_at)) => Happening::Repair,
        }
    }

    /// Handles what happened. It must run to its end.
    pub(super) async fn handle(&mut self, happening: Happening) {
        match happening {
            Happening::Packets => self.hear().await,
            Happening::Link => self.look_at_link().await,
            Happening::Gone(peer) => self.tell(Event::Gone(peer)).await,
            Happening::Due => {
                self.hear().await;
                self.tell(Event::Tick).await;
            }
            Happening::Checked(is_well) => {
                self.is_proxy_well = is_well;
                self.tell_health().await;
            }
            Happening::Repair => self.repair().await,
        }
    }

    /// Hands the addresses over, and takes part no more.
    pub(super) async fn stop(mut self) {
        self.tell(Event::Stop).await;
        self.status.send_replace(None);
    }

    async fn hear(&mut self) {
        while let Some(received) = self.socket.take() {
            if let Some(event) = self.event_of(&received) {
                self.tell(event).await;
            }
        }
    }

    fn event_of(&self, received: &Received) -> Option<Event> {
        if !self.duty.knows(received.from) {
            return None;
        }
        let read = self
            .duty
            .dialect()
            .read(&received.packet, received.path, received.hop_limit);
        let advertisement = read
            .inspect_err(|refused| {
                tracing::warn!(peer = %received.from, "ignored an advertisement of {}: {refused}", received.from);
            })
            .ok()?;
        self.duty
            .is_this_router(&advertisement)
            .then_some(Event::Heard {
                from: received.from,
                priority: advertisement.priority,
                interval: advertisement.interval,
            })
    }

    /// Tells the machine what happened, and does what it says.
    async fn tell(&mut self, event: Event) {
        let before = self.machine.state();
        for action in self.machine.handle(self.now(), event) {
            match action {
                Action::Advertise(priority) => self.advertise(priority),
                Action::TakeOver => self.take_over().await,
                Action::GiveUp => self.let_go().await,
                Action::Announce => self.vips.announce(self.duty.refresh_count()),
            }
        }
        let after = self.machine.state();
        if before != after {
            tracing::info!(?before, ?after, "{}", in_words(after));
            self.show();
        }
    }

    fn advertise(&self, priority: u8) {
        let advertisement = self.duty.advertisement(priority);
        let dialect = self.duty.dialect();
        for peer in self.duty.peers() {
            let Some(path) = self.socket.path_to(peer.address) else {
                continue;
            };
            let packet = dialect.write(&advertisement, path);
            if let Err(error) = self.socket.send(&packet, peer.address) {
                tracing::debug!(%error, "could not tell {} who is master: {error}", peer.address);
            }
        }
    }

    async fn take_over(&mut self) {
        if let Err(error) = self.vips.take().await {
            tracing::error!(%error, "could not take over the addresses: {error}");
        }
        self.vips.announce(ANNOUNCEMENTS);
    }

    async fn let_go(&mut self) {
        if let Err(error) = self.vips.let_go().await {
            tracing::error!(%error, "could not let go of the addresses: {error}");
        }
    }

    async fn look_at_link(&mut self) {
        let was_carried = self.is_carried;
        self.is_carried = self.vips.carries().await;
        if was_carried && !self.is_carried {
            self.repair_at = Instant::now() + REPAIR_PAUSE;
        }
        self.tell_health().await;
    }

    async fn tell_health(&mut self) {
        let is_well = self.is_carried && self.is_proxy_well;
        self.tell(if is_well { Event::Well } else { Event::Unwell })
            .await;
    }

    async fn repair(&mut self) {
        self.repair_at = Instant::now() + REPAIR_PAUSE;
        if let Err(error) = self.vips.repair().await {
            tracing::warn!(%error, "could not bring the interfaces up: {error}");
        }
        self.look_at_link().await;
    }

    fn now(&self) -> Moment {
        self.began.elapsed()
    }

    fn show(&self) {
        let state = match self.machine.state() {
            State::Initialize | State::Fault => VrrpState::Fault,
            State::Backup => VrrpState::Backup,
            State::Master => VrrpState::Master,
        };
        let peers = self
            .duty
            .peers()
            .iter()
            .map(|peer| peer.amphora_id)
            .collect();
        self.status.send_replace(Some(VrrpStatus { state, peers }));
    }
}

async fn open(duty: &Duty, tasks: &TaskTracker) -> Result<(RawSocket, Vips), String> {
    let vips = Vips::open(tasks, duty.mac_address(), &duty.vips, &duty.interfaces);
    let vips = vips.await.map_err(|error| error.to_string())?;
    let address = duty.address();
    let socket = RawSocket::open(address)
        .map_err(|error| format!("open a VRRP socket on {address}: {error}"))?;
    Ok((socket, vips))
}

fn tripwire(duty: &Duty) -> Option<Tripwire> {
    let opened = Tripwire::open(duty.address())
        .inspect_err(|error| tracing::warn!(%error, "no connection to the twin: {error}"));
    let mut tripwire = opened.ok()?;
    tripwire.watch(duty.peer_addresses());
    Some(tripwire)
}

async fn gone(tripwire: &mut Option<Tripwire>) -> IpAddr {
    match tripwire {
        Some(tripwire) => tripwire.next().await,
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn in_words(state: State) -> &'static str {
    match state {
        State::Initialize => "no part of a pair any more",
        State::Fault => "cannot serve, and leaves the addresses to the twin",
        State::Backup => "standing by",
        State::Master => "has the addresses",
    }
}

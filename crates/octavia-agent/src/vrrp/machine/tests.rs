use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_millis(80);

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn settings(last: u8, priority: u8) -> Settings {
    Settings {
        address: address(last),
        priority,
        interval: INTERVAL,
        peers: 1,
        refresh: Duration::from_secs(5),
    }
}

fn ms(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

fn heard(last: u8, priority: u8) -> Event {
    Event::Heard {
        from: address(last),
        priority,
        interval: INTERVAL,
    }
}

fn backup() -> Machine {
    let mut machine = Machine::new(settings(2, 90));
    machine.handle(ms(0), Event::Start);
    machine
}

fn master() -> Machine {
    let mut machine = backup();
    let due = machine.deadline().unwrap();
    machine.handle(due, Event::Tick);
    assert_eq!(machine.state(), State::Master);
    machine.said = ms(0);
    machine.next = INTERVAL;
    machine
}

fn in_state(state: State) -> Machine {
    match state {
        State::Initialize => Machine::new(settings(2, 90)),
        State::Backup => backup(),
        State::Master => master(),
        State::Fault => {
            let mut machine = backup();
            machine.handle(ms(0), Event::Unwell);
            machine
        }
    }
}

/// What may happen, by name.
fn events() -> [(&'static str, Event); 11] {
    [
        ("start", Event::Start),
        ("stop", Event::Stop),
        ("well", Event::Well),
        ("unwell", Event::Unwell),
        ("hears 0", heard(1, 0)),
        ("hears 80", heard(1, 80)),
        ("hears 90 of a lower address", heard(1, 90)),
        ("hears 90 of a higher address", heard(3, 90)),
        ("hears 100", heard(1, 100)),
        ("peer gone", Event::Gone(address(1))),
        ("tick", Event::Tick),
    ]
}

/// Every state against every event: the whole machine on one page. The time is one at which
/// nothing is due.
#[test]
fn every_state_against_every_event() {
    let mut table = String::new();
    for state in [
        State::Initialize,
        State::Fault,
        State::Backup,
        State::Master,
    ] {
        for (name, event) in events() {
            let mut machine = in_state(state);
            let actions = machine.handle(ms(1), event);
            let line = format!("{state:?} {name}: {:?} {actions:?}\n", machine.state());
            table.push_str(&line);
        }
    }
    insta::assert_snapshot!(table, @r"
    Initialize start: Backup []
    Initialize stop: Initialize []
    Initialize well: Initialize []
    Initialize unwell: Initialize []
    Initialize hears 0: Initialize []
    Initialize hears 80: Initialize []
    Initialize hears 90 of a lower address: Initialize []
    Initialize hears 90 of a higher address: Initialize []
    Initialize hears 100: Initialize []
    Initialize peer gone: Initialize []
    Initialize tick: Initialize []
    Fault start: Fault []
    Fault stop: Initialize []
    Fault well: Backup []
    Fault unwell: Fault []
    Fault hears 0: Fault []
    Fault hears 80: Fault []
    Fault hears 90 of a lower address: Fault []
    Fault hears 90 of a higher address: Fault []
    Fault hears 100: Fault []
    Fault peer gone: Fault []
    Fault tick: Fault []
    Backup start: Backup []
    Backup stop: Initialize []
    Backup well: Backup []
    Backup unwell: Fault []
    Backup hears 0: Backup []
    Backup hears 80: Backup []
    Backup hears 90 of a lower address: Backup []
    Backup hears 90 of a higher address: Backup []
    Backup hears 100: Backup []
    Backup peer gone: Backup []
    Backup tick: Backup []
    Master start: Master []
    Master stop: Initialize [Advertise(0), GiveUp]
    Master well: Master []
    Master unwell: Fault [Advertise(0), GiveUp]
    Master hears 0: Master [Advertise(90)]
    Master hears 80: Master [Advertise(90), Announce]
    Master hears 90 of a lower address: Master [Advertise(90), Announce]
    Master hears 90 of a higher address: Backup [GiveUp]
    Master hears 100: Backup [GiveUp]
    Master peer gone: Master []
    Master tick: Master []
    ");
}

#[test]
fn a_backup_takes_over_after_three_intervals_and_its_skew() {
    let mut machine = backup();
    machine.handle(ms(1000), heard(1, 100));
    let skew = INTERVAL * 166 / 256;
    let due = ms(1000) + INTERVAL * 3 + skew;
    assert_eq!(machine.deadline(), Some(due));
    assert_eq!(machine.handle(due.saturating_sub(ms(1)), Event::Tick), []);
    let actions = machine.handle(due, Event::Tick);
    assert_eq!(actions, [Action::Advertise(90), Action::TakeOver]);
}

#[test]
fn a_backup_waits_as_long_as_its_master_says() {
    let mut machine = backup();
    let slow = Event::Heard {
        from: address(1),
        priority: 100,
        interval: Duration::from_secs(1),
    };
    machine.handle(ms(0), slow);
    assert!(machine.deadline().unwrap() > Duration::from_secs(3));
}

#[test]
fn a_hand_over_to_the_only_peer_is_taken_at_once() {
    let mut machine = backup();
    machine.handle(ms(0), heard(1, 100));
    machine.handle(ms(10), heard(1, 0));
    assert_eq!(machine.deadline(), Some(ms(10)));
    machine.handle(ms(10), Event::Tick);
    assert_eq!(machine.state(), State::Master);
}

#[test]
fn of_several_peers_the_one_that_wants_most_takes_a_hand_over() {
    let after = |priority| {
        let mut machine = Machine::new(Settings {
            peers: 2,
            ..settings(2, priority)
        });
        machine.handle(ms(0), Event::Start);
        machine.handle(ms(0), heard(1, 0));
        machine.deadline().unwrap()
    };
    assert!(ms(0) < after(100) && after(100) < after(90));
}

#[test]
fn a_backup_that_wants_more_does_not_preempt() {
    let mut machine = Machine::new(settings(2, 100));
    machine.handle(ms(0), Event::Start);
    for round in 1..100 {
        machine.handle(INTERVAL * round, heard(1, 90));
        assert_eq!(machine.handle(INTERVAL * round, Event::Tick), []);
    }
    assert_eq!(machine.state(), State::Backup);
}

#[test]
fn a_master_that_is_gone_is_followed_at_once_and_a_stranger_is_not() {
    let mut machine = backup();
    assert_eq!(machine.handle(ms(1), Event::Gone(address(1))), []);
    machine.handle(ms(2), heard(1, 100));
    assert_eq!(machine.handle(ms(3), Event::Gone(address(7))), []);
    let actions = machine.handle(ms(3), Event::Gone(address(1)));
    assert_eq!(actions, [Action::Advertise(90), Action::TakeOver]);
}

#[test]
fn a_thawed_master_yields_to_whomever_it_hears() {
    let mut machine = Machine::new(settings(1, 100));
    machine.handle(ms(0), Event::Start);
    machine.handle(ms(400), Event::Tick);
    assert_eq!(machine.state(), State::Master);
    let thawed = ms(400) + INTERVAL * 4;
    assert_eq!(machine.handle(thawed, heard(2, 90)), [Action::GiveUp]);
    assert_eq!(machine.state(), State::Backup);
}

#[test]
fn a_master_tells_the_network_again_after_a_second_and_then_at_every_refresh() {
    let mut machine = master();
    let mut told = Vec::new();
    let mut now = ms(0);
    while now < ms(15_000) {
        let actions = machine.handle(now, Event::Tick);
        if actions.contains(&Action::Announce) {
            told.push(now.as_secs());
        }
        now = machine.deadline().unwrap().max(now + ms(1));
    }
    assert_eq!(told, [1, 6, 11]);
}

#[test]
fn a_master_stays_master_with_other_settings() {
    let mut machine = master();
    machine.reconfigure(settings(2, 100));
    assert_eq!(machine.state(), State::Master);
    assert_eq!(
        machine.handle(ms(80), Event::Tick),
        [Action::Advertise(100)]
    );
}

#[test]
fn a_master_that_falls_ill_hands_over_and_comes_back_as_a_backup() {
    let mut machine = master();
    let actions = machine.handle(ms(1), Event::Unwell);
    assert_eq!(actions, [Action::Advertise(0), Action::GiveUp]);
    assert_eq!(machine.deadline(), None);
    machine.handle(ms(2), Event::Well);
    assert_eq!(machine.state(), State::Backup);
}

#[test]
fn one_that_is_ill_from_the_start_takes_no_part() {
    let mut machine = Machine::new(settings(1, 100));
    machine.handle(ms(0), Event::Unwell);
    machine.handle(ms(0), Event::Start);
    assert_eq!(machine.state(), State::Fault);
}

/// Two routers, a network that delays and loses, and processes that freeze.
struct Pair {
    now: Moment,
    routers: BTreeMap<u8, Router>,
    network: VecDeque<(Moment, u8, Event)>,
    cut: BTreeSet<u8>,
}

struct Router {
    machine: Machine,
    holds: bool,
    frozen: bool,
    queued: Vec<Event>,
}

impl Pair {
    fn new() -> Self {
        let router = |last, priority| Router {
            machine: Machine::new(settings(last, priority)),
            holds: false,
            frozen: false,
            queued: Vec::new(),
        };
        Self {
            now: ms(0),
            routers: BTreeMap::from([(1, router(1, 100)), (2, router(2, 90))]),
            network: VecDeque::new(),
            cut: BTreeSet::new(),
        }
    }

    fn tell(&mut self, who: u8, event: Event) {
        let now = self.now;
        let router = self.routers.get_mut(&who).unwrap();
        if router.frozen {
            router.queued.push(event);
            return;
        }
        let interval = router.machine.settings.interval;
        for action in router.machine.handle(now, event) {
            match action {
                Action::TakeOver => router.holds = true,
                Action::GiveUp => router.holds = false,
                Action::Advertise(priority) if !self.cut.contains(&who) => {
                    let heard = Event::Heard {
                        from: address(who),
                        priority,
                        interval,
                    };
                    self.network.push_back((now + ms(1), 3 - who, heard));
                }
                Action::Announce | Action::Advertise(_) => {}
            }
        }
    }

    fn thaw(&mut self, who: u8) {
        let router = self.routers.get_mut(&who).unwrap();
        router.frozen = false;
        // What came in meanwhile is read before the clock.
        for event in std::mem::take(&mut router.queued) {
            if !matches!(event, Event::Tick) {
                self.tell(who, event);
            }
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += ms(1);
            while self.network.front().is_some_and(|(at, ..)| *at <= self.now) {
                let (_, who, event) = self.network.pop_front().unwrap();
                if !self.cut.contains(&who) {
                    self.tell(who, event);
                }
            }
            for who in [1, 2] {
                let due = self.routers[&who].machine.deadline();
                if due.is_some_and(|due| due <= self.now) && !self.routers[&who].frozen {
                    self.tell(who, Event::Tick);
                }
            }
        }
    }

    fn holders(&self) -> Vec<u8> {
        let holding = self.routers.iter().filter(|(_, router)| router.holds);
        holding.map(|(who, _)| *who).collect()
    }

    fn started() -> Self {
        let mut pair = Self::new();
        pair.tell(1, Event::Start);
        pair.tell(2, Event::Start);
        pair.run(ms(1000));
        pair
    }
}

#[test]
fn of_two_that_start_at_once_the_one_that_wants_more_is_master() {
    assert_eq!(Pair::started().holders(), [1]);
}

#[test]
fn a_frozen_master_loses_the_addresses_and_does_not_take_them_back() {
    let mut pair = Pair::started();
    pair.routers.get_mut(&1).unwrap().frozen = true;
    pair.run(ms(320));
    assert!(pair.routers[&2].holds);
    pair.run(ms(5000));
    pair.thaw(1);
    assert_eq!(pair.holders(), [2]);
    pair.run(ms(5000));
    assert_eq!(pair.holders(), [2]);
}

#[test]
fn after_a_split_the_one_that_wants_more_stays() {
    let mut pair = Pair::started();
    pair.cut.insert(1);
    pair.run(ms(1000));
    assert_eq!(pair.holders(), [1, 2]);
    pair.cut.clear();
    pair.run(ms(200));
    assert_eq!(pair.holders(), [1]);
}

#[test]
fn two_lost_advertisements_change_nothing() {
    let mut pair = Pair::started();
    for _ in 0..10 {
        pair.cut.insert(1);
        pair.run(ms(160));
        pair.cut.clear();
        pair.run(ms(160));
        assert_eq!(pair.holders(), [1]);
    }
}

#[test]
fn a_stopped_master_leaves_no_gap_of_more_than_a_few_milliseconds() {
    let mut pair = Pair::started();
    pair.tell(1, Event::Stop);
    pair.run(ms(3));
    assert_eq!(pair.holders(), [2]);
}

#[derive(Debug, Clone, Copy)]
enum Misfortune {
    Freeze(u8),
    Thaw(u8),
    Cut(u8),
    Mend,
    Ill(u8),
    Well(u8),
    Restart(u8),
}

fn misfortune() -> impl Strategy<Value = Misfortune> {
    let who = 1_u8..=2;
    prop_oneof![
        who.clone().prop_map(Misfortune::Freeze),
        who.clone().prop_map(Misfortune::Thaw),
        who.clone().prop_map(Misfortune::Cut),
        Just(Misfortune::Mend),
        who.clone().prop_map(Misfortune::Ill),
        who.clone().prop_map(Misfortune::Well),
        who.prop_map(Misfortune::Restart),
    ]
}

proptest! {
    /// Whatever happened: once both are well and hear each other, exactly one has the addresses,
    /// and it keeps them.
    #[test]
    fn in_the_end_one_has_the_addresses(
        story in prop::collection::vec((0_u64..700, misfortune()), 0..25)
    ) {
        let mut pair = Pair::started();
        for (pause, misfortune) in story {
            match misfortune {
                Misfortune::Freeze(who) => pair.routers.get_mut(&who).unwrap().frozen = true,
                Misfortune::Thaw(who) => pair.thaw(who),
                Misfortune::Cut(who) => {
                    pair.cut.insert(who);
                }
                Misfortune::Mend => pair.cut.clear(),
                Misfortune::Ill(who) => pair.tell(who, Event::Unwell),
                Misfortune::Well(who) => pair.tell(who, Event::Well),
                Misfortune::Restart(who) => {
                    pair.tell(who, Event::Stop);
                    pair.tell(who, Event::Start);
                }
            }
            pair.run(ms(pause));
        }
        pair.cut.clear();
        for who in [1, 2] {
            pair.thaw(who);
            pair.tell(who, Event::Well);
        }
        pair.run(ms(1500));
        let holders = pair.holders();
        prop_assert_eq!(holders.len(), 1);
        pair.run(ms(3000));
        prop_assert_eq!(pair.holders(), holders);
    }

    /// Addresses are taken and given up in turn, and a state says who has them.
    #[test]
    fn the_addresses_follow_the_state(
        events in prop::collection::vec((0_u64..500, 0_usize..8, any::<u8>()), 0..60)
    ) {
        let mut machine = Machine::new(settings(2, 90));
        let (mut now, mut holds) = (ms(0), false);
        for (pause, kind, priority) in events {
            now += ms(pause);
            let event = [
                Event::Start, Event::Stop, Event::Well, Event::Unwell, Event::Tick, Event::Tick,
                heard(1, priority), Event::Gone(address(1)),
            ][kind];
            for action in machine.handle(now, event) {
                match action {
                    Action::TakeOver => {
                        prop_assert!(!holds);
                        holds = true;
                    }
                    Action::GiveUp => {
                        prop_assert!(holds);
                        holds = false;
                    }
                    Action::Advertise(_) | Action::Announce => {}
                }
            }
            prop_assert_eq!(holds, machine.state() == State::Master);
        }
    }
}

//! Two machines against each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::tests::{address, ms, settings};
use super::*;

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
}

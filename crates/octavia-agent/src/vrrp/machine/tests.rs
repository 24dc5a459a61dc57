use proptest::prelude::*;

use super::*;

const INTERVAL: Duration = Duration::from_millis(80);

pub(super) fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

pub(super) fn settings(last: u8, priority: u8) -> Settings {
    Settings {
        address: address(last),
        priority,
        interval: INTERVAL,
        peers: 1,
        refresh: Duration::from_secs(5),
    }
}

pub(super) fn ms(ms: u64) -> Moment {
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

proptest! {
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

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use octavia_amphora_api::config::{Algorithm, PassiveHealth};
use proptest::prelude::*;
use uuid::Uuid;

use super::Outcome;
use crate::balance::RoundRobin;
use crate::config::slow_start;
use crate::config::snapshot::{Member, Pool};
use crate::config::state::MemberState;
use crate::runtime::clock::Time;
use crate::tally::Tallies;

const SECOND: Duration = Duration::from_secs(1);

fn address() -> SocketAddr {
    "192.0.2.1:80".parse().expect("an address")
}

fn member(slot: usize) -> Member {
    let id = Uuid::from_u128(slot as u128 + 1);
    Member {
        weight: 1,
        backup: false,
        slow_start: None,
        enabled: true,
        check_address: address(),
        check_header: None,
        state: Arc::new(MemberState::new(id, address(), slot, 1)),
    }
}

fn pool(members: Vec<Member>, passive_health: Option<PassiveHealth>) -> Pool {
    let ids: Vec<_> = members.iter().map(|member| member.state.id).collect();
    Pool {
        id: Uuid::from_u128(100),
        algorithm: Algorithm::RoundRobin,
        header: None,
        tls: None,
        scale: slow_start::scale(&members),
        members,
        stickiness: None,
        monitor: None,
        passive_health,
        enabled: true,
        tallies: Arc::new(Tallies::new(1)),
        turns: Arc::new(Mutex::new(RoundRobin::continued(&[].into(), &ids))),
        ranking: None,
    }
}

fn watched(count: usize, floor_percent: u8) -> Pool {
    let wanted = PassiveHealth {
        failures: 3,
        counts_answers: true,
        ejection_ms: 10_000,
        floor_percent,
    };
    pool((0..count).map(member).collect(), Some(wanted))
}

fn note(pool: &Pool, place: usize, outcome: Outcome, now: Time) -> bool {
    pool.note(&pool.members[place].state, outcome, now)
}

fn chosen(pool: &Pool, now: Time) -> Option<usize> {
    pool.choose(address(), &[], now).map(|state| state.slot)
}

#[test]
fn failures_in_a_row_eject_and_time_brings_back() {
    let (pool, now) = (watched(2, 50), Time::now());
    let failures = [Outcome::Failed, Outcome::Answered(503)];
    assert!(!failures.iter().any(|failure| note(&pool, 0, *failure, now)));
    assert!(!note(&pool, 0, Outcome::Answered(404), now));
    assert!(!failures.iter().any(|failure| note(&pool, 0, *failure, now)));
    assert!(note(&pool, 0, Outcome::Failed, now));
    let later = |seconds| now.after(seconds * SECOND);
    assert!((0..4).all(|_| chosen(&pool, later(9)) == Some(1)));
    let back: Vec<_> = (0..2).filter_map(|_| chosen(&pool, later(10))).collect();
    assert!(back.contains(&0), "{back:?}");
}

#[test]
fn ejected_members_are_better_than_none() {
    let (pool, now) = (watched(2, 50), Time::now());
    assert!((0..3).any(|_| note(&pool, 0, Outcome::Failed, now)));
    let other = pool.members[1].state.slot;
    assert!(pool.choose(address(), &[other], now).is_some());
}

#[test]
fn a_member_that_comes_gets_more_as_time_goes_by() {
    let mut members: Vec<_> = (0..2).map(member).collect();
    members[1].slow_start = Some(10 * SECOND);
    let (pool, now) = (pool(members, None), Time::now());
    pool.members[1].state.since.set(now);
    let share = |seconds| {
        let at = now.after(seconds * SECOND);
        (0..300).filter(|_| chosen(&pool, at) == Some(1)).count()
    };
    let shares = [share(1), share(5), share(10)];
    // 10, 50 and 100 beside 100.
    assert!((24..=30).contains(&shares[0]), "{shares:?}");
    assert!((96..=104).contains(&shares[1]), "{shares:?}");
    assert!((146..=154).contains(&shares[2]), "{shares:?}");
}

#[test]
fn whoever_was_there_from_the_start_has_its_whole_share() {
    let mut members: Vec<_> = (0..2).map(member).collect();
    members[1].slow_start = Some(Duration::MAX);
    let (pool, now) = (pool(members, None), Time::now());
    let turns: Vec<_> = (0..4).filter_map(|_| chosen(&pool, now)).collect();
    assert_eq!(turns, [0, 1, 0, 1]);
}

proptest! {
    #[test]
    fn only_members_that_take_traffic_serve_and_backups_only_without_others(
        kinds in prop::collection::vec((0_u16..3, any::<bool>(), any::<bool>()), 1..8),
        algorithm in prop::sample::select(vec![
            Algorithm::RoundRobin,
            Algorithm::LeastConnections,
            Algorithm::SourceIp,
            Algorithm::SourceIpPort,
        ]),
    ) {
        let mut members = Vec::new();
        for (slot, (weight, backup, enabled)) in kinds.into_iter().enumerate() {
            members.push(Member { weight, backup, enabled, ..member(slot) });
        }
        let pool = Pool { algorithm, ..pool(members, None) };
        let now = Time::now();
        let able = |backup: bool| {
            let members = pool.members.iter().filter(|member| pool.takes_traffic(member, now));
            members.filter(|member| member.backup == backup).count()
        };
        for _ in 0..10 {
            match chosen(&pool, now).map(|slot| &pool.members[slot]) {
                None => prop_assert_eq!(able(false) + able(true), 0),
                Some(member) => {
                    prop_assert!(pool.takes_traffic(member, now));
                    prop_assert!(!member.backup || able(false) == 0);
                }
            }
        }
    }

    #[test]
    fn the_floor_holds_whatever_clients_meet(
        count in 1_usize..12, floor_percent in 0_u8..=100,
        events in prop::collection::vec((0_usize..12, any::<bool>(), 0_u32..3), 1..300),
    ) {
        let (pool, mut now) = (watched(count, floor_percent), Time::now());
        let floor = (count * usize::from(floor_percent)).div_ceil(100).max(1);
        for (place, fails, seconds) in events {
            now = now.after(seconds * SECOND);
            let outcome = if fails { Outcome::Failed } else { Outcome::Connected };
            note(&pool, place % count, outcome, now);
            let serving = pool.members.iter().filter(|member| pool.takes_traffic(member, now));
            prop_assert!(serving.count() >= floor);
            prop_assert!(chosen(&pool, now).is_some());
        }
    }
}

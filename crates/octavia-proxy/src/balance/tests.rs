use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use octavia_amphora_api::config::Algorithm;
use proptest::prelude::*;
use uuid::Uuid;

use super::{Candidate, Crowd, Ranking, RoundRobin, Turn, choose};

fn candidates(weights: &[u32]) -> Vec<Candidate> {
    let candidate = |(index, weight): (usize, &u32)| Candidate {
        index,
        id: Uuid::from_u128(1000 + index as u128),
        weight: *weight,
        active: 0,
    };
    weights.iter().enumerate().map(candidate).collect()
}

fn turns(count: usize) -> RoundRobin {
    RoundRobin::continued(&HashMap::new(), &vec![Uuid::nil(); count])
}

fn client(number: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from_bits(0x0a00_0000 ^ number), 40_000))
}

/// Whom a client gets by its address.
fn by_source(client: SocketAddr, members: &[Candidate]) -> Option<usize> {
    let turns = &mut turns(members.len());
    choose(Algorithm::SourceIp, turns, client, members.iter().copied())
}

/// Whom a client gets by its address and port.
fn by_source_and_port(client: SocketAddr, members: &[Candidate]) -> Option<usize> {
    let turns = &mut turns(members.len());
    choose(
        Algorithm::SourceIpPort,
        turns,
        client,
        members.iter().copied(),
    )
}

#[test]
fn turns_are_spread_smoothly() {
    let members = candidates(&[3, 1]);
    let mut turns = turns(2);
    let order: Vec<_> = (0..8)
        .filter_map(|_| turns.choose(members.iter().copied()))
        .collect();
    assert_eq!(order, [0, 0, 1, 0, 0, 0, 1, 0]);
    let by_clock: Vec<_> = (0..8)
        .filter_map(|_| turns.next(|index| Turn::Takes(members[index].weight)))
        .collect();
    assert_eq!(by_clock, order);
}

#[test]
fn a_member_that_missed_its_turns_does_not_catch_up() {
    let mut turns = turns(2);
    let both = |_| Turn::Takes(1);
    let one = |index| [Turn::Takes(1), Turn::Misses(1)][index];
    let alone: Vec<_> = (0..9).filter_map(|_| turns.next(one)).collect();
    assert_eq!(alone, [0; 9]);
    let again: Vec<_> = (0..4).filter_map(|_| turns.next(both)).collect();
    assert_eq!(again, [1, 0, 1, 0]);
    assert_eq!(turns.next(|_| Turn::Misses(1)), None);
}

#[test]
fn turns_go_on_when_a_member_is_added() {
    let ids = [Uuid::from_u128(1), Uuid::from_u128(2)];
    let mut before = RoundRobin::continued(&HashMap::new(), &ids);
    assert_eq!(before.choose(candidates(&[1, 1]).into_iter()), Some(0));
    assert_eq!(before.next(|_| Turn::Takes(1)), Some(0));
    let ids = [ids[0], ids[1], Uuid::from_u128(3)];
    let mut after = RoundRobin::continued(&before.standings(&ids[..2]), &ids);
    assert_eq!(after.choose(candidates(&[1, 1, 1]).into_iter()), Some(1));
    assert_eq!(after.next(|_| Turn::Takes(1)), Some(1));
}

#[test]
fn the_least_loaded_for_its_weight_is_chosen() {
    let mut members = candidates(&[10, 1]);
    members[0].active = 9;
    members[1].active = 1;
    let mut turns = turns(2);
    let mut next = |members: &[Candidate]| {
        let members = members.iter().copied();
        choose(Algorithm::LeastConnections, &mut turns, client(1), members)
    };
    assert_eq!(next(&members), Some(0));
    members[0].active = 11;
    assert_eq!(next(&members), Some(1));
}

#[test]
fn somebody_is_chosen_while_other_loops_begin_connections() {
    let active = std::cell::Cell::new(0);
    // Each look finds one connection more, as when another loop is busy.
    let busier = |candidate: Candidate| {
        active.set(active.get() + 1);
        Candidate {
            active: active.get(),
            ..candidate
        }
    };
    let members = candidates(&[1]);
    let chosen = choose(
        Algorithm::LeastConnections,
        &mut turns(1),
        client(1),
        members.iter().copied().map(busier),
    );
    assert_eq!(chosen, Some(0));
}

#[test]
fn equally_loaded_members_take_turns() {
    let members = candidates(&[1, 1, 1]);
    let mut turns = turns(3);
    let order: Vec<_> = (0..6)
        .filter_map(|_| {
            let members = members.iter().copied();
            choose(Algorithm::LeastConnections, &mut turns, client(1), members)
        })
        .collect();
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
}

#[test]
fn source_hashing_follows_the_weights() {
    let members = candidates(&[1, 3]);
    let heavy = (0..10_000)
        .filter(|number| by_source(client(*number), &members) == Some(1))
        .count();
    assert!((7_200..7_800).contains(&heavy), "{heavy} of 10000");
}

#[test]
fn only_large_pools_remember_whom_clients_get() {
    assert!(Ranking::of(16).is_none());
    assert!(Ranking::of(17).is_some());
    assert!(Ranking::of(65_535).is_none());
}

#[test]
fn an_ipv4_client_on_an_ipv6_socket_is_the_same_client() {
    let members = candidates(&[1; 50]);
    let mapped = IpAddr::V6(Ipv4Addr::from_bits(0x0a00_0001).to_ipv6_mapped());
    let mapped = SocketAddr::new(mapped, client(1).port());
    assert_eq!(by_source(mapped, &members), by_source(client(1), &members));
    assert_eq!(
        by_source_and_port(mapped, &members),
        by_source_and_port(client(1), &members)
    );
}

#[test]
fn the_ports_of_one_client_are_spread_by_weight() {
    let members = candidates(&[1, 3]);
    let heavy = (0..10_000)
        .map(|port| SocketAddr::new(client(1).ip(), port))
        .filter(|client| by_source_and_port(*client, &members) == Some(1))
        .count();
    assert!((7_200..7_800).contains(&heavy), "{heavy} of 10000");
}

#[test]
fn a_member_that_comes_takes_its_share_and_moves_no_other_client() {
    const CLIENTS: u32 = 3000;
    for count in [2_u32, 5, 20] {
        let members = candidates(&vec![1; count as usize]);
        for choose in [by_source, by_source_and_port] {
            let mut moved = 0;
            for client in (0..CLIENTS).map(client) {
                let (before, after) = (choose(client, &members[1..]), choose(client, &members));
                assert!(after == Some(0) || before == after);
                moved += u32::from(before != after);
            }
            let share = CLIENTS / count;
            let near = share * 3 / 4..share * 5 / 4;
            assert!(
                near.contains(&moved),
                "{moved} of {CLIENTS} moved to one of {count}"
            );
        }
    }
}

proptest! {
    #[test]
    fn in_a_whole_cycle_each_member_gets_its_weight(weights in prop::collection::vec(1_u32..20, 1..8)) {
        let members = candidates(&weights);
        let mut turns = turns(weights.len());
        let mut counts = vec![0; weights.len()];
        for _ in 0..weights.iter().sum() {
            counts[turns.choose(members.iter().copied()).expect("a member")] += 1;
        }
        prop_assert_eq!(counts, weights);
    }

    #[test]
    fn by_the_clock_each_member_gets_its_weight_too(weights in prop::collection::vec(1_u32..20, 1..8)) {
        let mut turns = turns(weights.len());
        for _ in 0..3 {
            let mut counts = vec![0; weights.len()];
            for _ in 0..weights.iter().sum() {
                counts[turns.next(|index| Turn::Takes(weights[index])).expect("a member")] += 1;
            }
            prop_assert_eq!(&counts, &weights);
        }
    }

    #[test]
    fn a_member_that_leaves_moves_only_its_own_clients(
        weights in prop::collection::vec(1_u32..256, 2..12), gone in 0_usize..12, number: u32, port: u16,
    ) {
        let members = candidates(&weights);
        let gone = gone % members.len();
        let left: Vec<_> = members.iter().copied().filter(|member| member.index != gone).collect();
        let client = SocketAddr::new(client(number).ip(), port);
        for choose in [by_source, by_source_and_port] {
            let (before, after) = (choose(client, &members), choose(client, &left));
            prop_assert!(before == Some(gone) || before == after);
        }
    }

    #[test]
    fn what_is_remembered_is_what_would_be_chosen(
        weights in prop::collection::vec(1_u32..256, 17..40), down in prop::collection::vec(0_usize..40, 0..3),
        number: u32,
    ) {
        let members = candidates(&weights);
        let client = client(number);
        let crowd = Crowd::of(client, Algorithm::SourceIp).expect("a crowd");
        let ranking = Ranking::of(members.len()).expect("a large pool");
        let up: Vec<_> = members.iter().copied().filter(|member| !down.contains(&member.index)).collect();
        for _ in 0..2 {
            let mut best = ranking.best(crowd, members.iter().copied());
            prop_assert_eq!(best.find(|index| !down.contains(index)), by_source(client, &up));
        }
        prop_assert_eq!(ranking.best(crowd, members.iter().copied()).count(), 4);
    }

    #[test]
    fn no_other_has_fewer_connections_for_its_weight(
        members in prop::collection::vec((1_u32..256, 0_u32..50), 1..10),
    ) {
        let mut candidates = candidates(&members.iter().map(|member| member.0).collect::<Vec<_>>());
        for (candidate, member) in candidates.iter_mut().zip(&members) {
            candidate.active = member.1;
        }
        let turns = &mut turns(members.len());
        let all = candidates.iter().copied();
        let chosen = choose(Algorithm::LeastConnections, turns, client(1), all).expect("a member");
        let load = |index: usize| f64::from(members[index].1) / f64::from(members[index].0);
        prop_assert!((0..members.len()).all(|other| load(chosen) <= load(other)));
    }

    #[test]
    fn every_algorithm_chooses_a_candidate(
        weights in prop::collection::vec(1_u32..256, 0..6), active in 0_u32..9, number: u32,
    ) {
        let mut members = candidates(&weights);
        if let Some(first) = members.first_mut() {
            first.active = active;
        }
        for algorithm in [
            Algorithm::RoundRobin,
            Algorithm::LeastConnections,
            Algorithm::SourceIp,
            Algorithm::SourceIpPort,
        ] {
            let mut turns = turns(weights.len());
            let chosen = choose(algorithm, &mut turns, client(number), members.iter().copied());
            prop_assert_eq!(chosen.is_some(), !members.is_empty());
        }
    }
}

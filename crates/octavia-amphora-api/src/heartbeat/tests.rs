use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const KEY: &[u8] = b"lab-heartbeat-key";

/// Upstream's test message with upstream's compression.
const PACKET: &str = "\
    78da9d4fc10e82300cfd15d2b3c68d4a14ce7a052ec6336a0f24c0749bc684ecdf6d41e24d8c3d347ddd7b6faf3dd417\
    c822a8b042c5b51cda5ada7682efd2b088c0d18de91b9e9ada79eac83ac63de84427b37a213a5ff9bb68a028f7f960c9\
    9bd1c43fc53b465e5a1963948fcea6ebe45df1ec8d9fa0b0c80e71540881d1d59866344a55aae6d2647f443e9412b8a5\
    f634dd8d84f4dd44eb8ff207762cec5d71cc23bd42180f7b909583c30b52756435613839633634626666383534303331\
    383731366538643235353137393365616534343065646135643931366361643866303130343834396435326561356135\
    34";

/// The same message in a stream of stored blocks.
const STORED_PACKET: &str = "\
    780101ad0152fe7b226964223a202261336133303030302d303030302d343030302d383030302d303030303030303030\
    303031222c2022736571223a20372c20226c697374656e657273223a207b2231353135303030302d303030302d343030\
    302d383030302d303030303030303030303031223a207b22737461747573223a20224f50454e222c2022737461747322\
    3a207b227478223a203732332c20227278223a203233372c2022636f6e6e73223a20302c2022746f74636f6e6e73223a\
    20332c202265726571223a20307d7d7d2c2022706f6f6c73223a207b2239303930303030302d303030302d343030302d\
    383030302d3030303030303030303030313a31353135303030302d303030302d343030302d383030302d303030303030\
    303030303031223a207b22737461747573223a20225550222c20226d656d62657273223a207b2233653365303030302d\
    303030302d343030302d383030302d303030303030303030303131223a20225550222c202233653365303030302d3030\
    30302d343030302d383030302d303030303030303030303132223a2022444f574e20312f33227d7d7d2c202276657222\
    3a20337d5275643533643262383731633964643861666433623234663738323439386239353164363538633834356466\
    613637626161373637643664353161626466366539346334";

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn key() -> Key {
    Key::new(KEY)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn decode_json(message: &Value) -> Result<Heartbeat, DecodeError> {
    Heartbeat::decode(
        &packet::seal(message.to_string().as_bytes(), &key()),
        &key(),
    )
}

#[test]
fn the_datagram_of_upstream_is_read() {
    let heartbeat = Heartbeat::decode(&bytes(PACKET), &key()).unwrap();
    insta::assert_debug_snapshot!(heartbeat, @r"
    Heartbeat {
        amphora_id: a3a30000-0000-4000-8000-000000000001,
        seq: 7,
        version: 3,
        listeners: {
            15150000-0000-4000-8000-000000000001: ListenerBeat {
                status: Known(
                    Open,
                ),
                statistics: Traffic {
                    bytes_in: 237,
                    bytes_out: 723,
                    active_connections: 0,
                    total_connections: 3,
                    request_errors: 0,
                },
            },
        },
        pools: {
            PoolKey {
                pool_id: 90900000-0000-4000-8000-000000000001,
                listener_id: Some(
                    15150000-0000-4000-8000-000000000001,
                ),
            }: PoolBeat {
                status: Known(
                    Up,
                ),
                members: {
                    3e3e0000-0000-4000-8000-000000000011: Known(
                        Up,
                    ),
                    3e3e0000-0000-4000-8000-000000000012: Known(
                        Down,
                    ),
                },
            },
        },
        generation: None,
        sent_at: None,
        causes: {},
    }
    ");
    assert_eq!(heartbeat.counting(), Counting::SinceLastHeartbeat);
}

#[test]
fn any_zlib_stream_and_the_binary_code_are_accepted() {
    let expected = Heartbeat::decode(&bytes(PACKET), &key()).unwrap();
    let stored = bytes(STORED_PACKET);
    assert_eq!(Heartbeat::decode(&stored, &key()).unwrap(), expected);

    let (stream, hex) = stored.split_at(stored.len() - 64);
    let binary = [stream, &bytes(std::str::from_utf8(hex).unwrap())].concat();
    assert_eq!(Heartbeat::decode(&binary, &key()).unwrap(), expected);
}

#[test]
fn every_recorded_heartbeat_is_read_and_keeps_its_meaning() {
    let recorded: Value =
        serde_json::from_str(include_str!("../../tests/data/heartbeats.json")).unwrap();
    let key = Key::new(recorded["key"].as_str().unwrap().as_bytes());
    let heartbeats = recorded["heartbeats"].as_array().unwrap();
    assert!(heartbeats.len() >= 5);
    for recording in heartbeats {
        let packet = bytes(recording["packet_hex"].as_str().unwrap());
        let heartbeat = Heartbeat::decode(&packet, &key).unwrap();
        let text: Value = serde_json::from_slice(&wire::to_json(&heartbeat)).unwrap();
        assert_eq!(text, recording["message"], "{}", recording["note"]);
    }
}

#[test]
fn a_damaged_datagram_is_refused() {
    let packet = bytes(PACKET);
    for position in 0..packet.len() * 8 {
        let mut damaged = packet.clone();
        damaged[position / 8] ^= 1 << (position % 8);
        assert!(unauthentic(&damaged), "bit {position}");
    }
    for length in 0..packet.len() {
        assert!(unauthentic(&packet[..length]), "the first {length} bytes");
    }
    let mut upper_case = packet.clone();
    let code_starts = packet.len() - 64;
    upper_case[code_starts..].make_ascii_uppercase();
    assert!(unauthentic(&upper_case));
}

#[test]
fn another_key_is_refused_and_no_key_is_printed() {
    let other = Key::new(b"another");
    let refused = Heartbeat::decode(&bytes(PACKET), &other);
    assert!(matches!(refused, Err(DecodeError::Unauthentic)));
    assert_eq!(format!("{other:?}"), "***");
}

#[test]
fn a_bomb_is_not_inflated() {
    let bomb = packet::seal(&vec![b' '; 32 * 1024 * 1024], &key());
    assert!(bomb.len() <= MAX_DATAGRAM, "it must pass as a datagram");
    let refused = Heartbeat::decode(&bomb, &key()).unwrap_err();
    insta::assert_snapshot!(refused, @"the heartbeat is malformed: it inflates to more than 4194304 bytes");
}

#[test]
fn authentic_nonsense_is_refused_with_the_reason() {
    let refusals = [
        json!({}),
        json!({"id": "x", "seq": 0, "listeners": {}}),
        json!({"id": id(1), "seq": 0, "listeners": {}, "pools": {"p": {"status": "UP"}}, "ver": 3}),
        json!({"id": id(1), "seq": 0, "listeners": {}, "pools": {}, "ver": 4}),
    ]
    .map(|message| decode_json(&message).unwrap_err().to_string());
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    the heartbeat is malformed: missing field `id` at line 1 column 2
    the heartbeat is malformed: UUID parsing failed: invalid character: found `x` at 0 at line 1 column 9
    the heartbeat is malformed: "p" is not the id of a pool
    the heartbeat is malformed: version 4 is not known, the newest is 3
    "#);
}

#[test]
fn pools_of_old_versions_are_found_in_their_listeners() {
    let pools = json!({id(9): {"status": "DOWN", "members": {id(5): "DOWN 1/3"}}});
    let listeners = json!({id(2): {"status": "OPEN", "pools": pools}});
    for message in [
        json!({"id": id(1), "seq": 0, "listeners": listeners}),
        json!({"id": id(1), "seq": 0, "listeners": listeners, "ver": 1}),
    ] {
        let heartbeat = decode_json(&message).unwrap();
        let key = PoolKey {
            pool_id: id(9),
            listener_id: Some(id(2)),
        };
        assert_eq!(heartbeat.pools[&key].status, PoolStatus::Down.into());
        assert_eq!(
            heartbeat.pools[&key].members[&id(5)],
            MemberStatus::Down.into()
        );
        assert_eq!(heartbeat.counting(), Counting::SinceStart);
    }
}

#[test]
fn pools_of_version_2_are_at_the_top_and_may_name_no_listener() {
    let heartbeat = decode_json(&json!({
        "id": id(1), "seq": 0, "ver": 2, "listeners": {},
        "pools": {id(9): {"status": "UP", "members": {id(5): "RESTARTING"}}},
    }))
    .unwrap();
    let key = PoolKey {
        pool_id: id(9),
        listener_id: None,
    };
    assert_eq!(
        heartbeat.pools[&key].members[&id(5)],
        Told::Other("RESTARTING".to_owned())
    );
    assert_eq!(heartbeat.counting(), Counting::SinceStart);
}

#[test]
fn a_heartbeat_that_does_not_fit_is_not_made() {
    let mut state = 1_u64;
    let mut noise = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        id(u128::from(state) << 64 | u128::from(state.rotate_left(17)))
    };
    let heartbeat = Heartbeat {
        amphora_id: id(1),
        seq: 0,
        version: VERSION,
        listeners: BTreeMap::new(),
        pools: BTreeMap::new(),
        generation: None,
        sent_at: None,
        causes: (0..4_000)
            .map(|_| (noise(), "refused".to_owned()))
            .collect(),
    };
    assert!(matches!(
        heartbeat.encode(&key()),
        Err(EncodeError::TooLarge(_))
    ));
}

fn unauthentic(datagram: &[u8]) -> bool {
    matches!(
        Heartbeat::decode(datagram, &key()),
        Err(DecodeError::Unauthentic)
    )
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(heartbeat in any_heartbeat(), secret in vec(any::<u8>(), 0..80)) {
        let key = Key::new(&secret);
        let decoded = Heartbeat::decode(&heartbeat.encode(&key).unwrap(), &key).unwrap();
        prop_assert_eq!(decoded, heartbeat);
    }

    #[test]
    fn noise_is_refused_without_a_panic(noise in vec(any::<u8>(), 0..2_000)) {
        prop_assert!(unauthentic(&noise));
    }

    #[test]
    fn authentic_noise_is_refused_without_a_panic(noise in vec(any::<u8>(), 0..2_000)) {
        let datagram = packet::seal(&noise, &key());
        prop_assert!(Heartbeat::decode(&datagram, &key()).is_err());
    }
}

fn any_heartbeat() -> impl Strategy<Value = Heartbeat> {
    let listeners = btree_map(any_id(), any_listener(), 0..4);
    let pools = btree_map((any_id(), option::of(any_id())), any_pool(), 0..4);
    let ours = (
        option::of(any::<u64>()),
        option::of(0..4_000_000_000_000_i64),
        btree_map(any_id(), ".{0,40}", 0..4),
    );
    (any_id(), any::<u64>(), listeners, pools, ours).prop_map(
        |(amphora_id, seq, listeners, pools, (generation, sent_at, causes))| Heartbeat {
            amphora_id,
            seq,
            version: VERSION,
            listeners,
            pools: pools
                .into_iter()
                .map(|((pool_id, listener_id), beat)| {
                    let key = PoolKey {
                        pool_id,
                        listener_id,
                    };
                    (key, beat)
                })
                .collect(),
            generation,
            sent_at: sent_at.and_then(DateTime::from_timestamp_millis),
            causes,
        },
    )
}

fn any_id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_listener() -> impl Strategy<Value = ListenerBeat> {
    let status = prop_oneof![Just(ListenerStatus::Open), Just(ListenerStatus::Full)];
    (status, any::<[u64; 5]>()).prop_map(|(status, counters)| ListenerBeat {
        status: status.into(),
        statistics: Traffic {
            bytes_in: counters[0],
            bytes_out: counters[1],
            active_connections: counters[2],
            total_connections: counters[3],
            request_errors: counters[4],
        },
    })
}

fn any_pool() -> impl Strategy<Value = PoolBeat> {
    let status = prop_oneof![Just(PoolStatus::Up), Just(PoolStatus::Down)];
    let member = prop_oneof![
        Just(MemberStatus::Up.into()),
        Just(MemberStatus::Down.into()),
        Just(MemberStatus::Drain.into()),
        Just(MemberStatus::Maint.into()),
        Just(MemberStatus::NoCheck.into()),
        Just(Told::Other("RESTARTING".to_owned())),
    ];
    (status, btree_map(any_id(), member, 0..6)).prop_map(|(status, members)| PoolBeat {
        status: status.into(),
        members,
    })
}

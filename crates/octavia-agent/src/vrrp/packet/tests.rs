use proptest::prelude::*;

use super::*;

fn path() -> Path {
    Path::new(
        "10.251.0.31".parse().unwrap(),
        "10.251.0.32".parse().unwrap(),
    )
    .unwrap()
}

fn path6() -> Path {
    Path::new("fd00::31".parse().unwrap(), "fd00::32".parse().unwrap()).unwrap()
}

fn upstream() -> Dialect {
    Dialect::V2(Some(Password::new("7ba2ab1")))
}

fn advertisement() -> Advertisement {
    Advertisement {
        router: 1,
        priority: 100,
        interval: Duration::from_secs(1),
        addresses: vec!["10.251.0.100".parse().unwrap()],
    }
}

/// With the checksum made right again after a change.
fn mend(dialect: &Dialect, packet: &mut [u8], path: Path) {
    packet[6..8].fill(0);
    let sum = dialect.checksum(packet, path).to_be_bytes();
    packet[6..8].copy_from_slice(&sum);
}

/// What keepalived 2.2.7 sends with the configuration that upstream renders: version 2, router 1,
/// priority 100, the one address, simple text, one second.
#[test]
fn version_2_is_what_keepalived_sends() {
    let packet = upstream().write(&advertisement(), path());
    let expected = [
        [0x21, 0x01, 0x64, 0x01, 0x01, 0x01, 0x0d, 0x69].as_slice(),
        &[10, 251, 0, 100],
        b"7ba2ab1\0",
    ];
    assert_eq!(packet[..6], expected.concat()[..6]);
    assert_eq!(packet[8..], expected.concat()[8..]);
    assert_eq!(internet(&packet), 0);
}

#[test]
fn version_3_counts_hundredths_and_covers_the_path() {
    let said = Advertisement {
        interval: Duration::from_millis(80),
        ..advertisement()
    };
    let packet = Dialect::V3.write(&said, path());
    assert_eq!(packet[..6], [0x31, 1, 100, 1, 0, 8]);
    assert_eq!(packet.len(), 12);
    assert_eq!(Dialect::V3.read(&packet, path(), 255), Ok(said));
    let elsewhere = Path::new(
        "10.251.0.33".parse().unwrap(),
        "10.251.0.32".parse().unwrap(),
    );
    let read = Dialect::V3.read(&packet, elsewhere.unwrap(), 255);
    assert_eq!(read, Err(Refused::Checksum));
}

#[test]
fn what_a_router_passed_on_is_refused() {
    let packet = upstream().write(&advertisement(), path());
    for hop_limit in [0, 1, 64, 254] {
        let read = upstream().read(&packet, path(), hop_limit);
        assert_eq!(read, Err(Refused::HopLimit));
    }
}

#[test]
fn a_wrong_password_is_refused_and_so_is_none_and_one_too_many() {
    let wrong = Dialect::V2(Some(Password::new("7ba2ab2")));
    let none = Dialect::V2(None);
    for (sender, receiver) in [
        (&wrong, &upstream()),
        (&none, &upstream()),
        (&upstream(), &none),
    ] {
        let packet = sender.write(&advertisement(), path());
        let read = receiver.read(&packet, path(), 255);
        assert_eq!(read, Err(Refused::Authentication));
    }
}

#[test]
fn versions_are_not_mixed() {
    let packet = Dialect::V3.write(&advertisement(), path());
    assert_eq!(upstream().read(&packet, path(), 255), Err(Refused::Version));
    let packet = upstream().write(&advertisement(), path());
    assert_eq!(
        Dialect::V3.read(&packet, path(), 255),
        Err(Refused::Version)
    );
}

#[test]
fn another_kind_and_an_interval_of_zero_are_refused() {
    let mut packet = Dialect::V3.write(&advertisement(), path());
    packet[0] = 0x32;
    mend(&Dialect::V3, &mut packet, path());
    assert_eq!(Dialect::V3.read(&packet, path(), 255), Err(Refused::Kind));
    let mut packet = Dialect::V3.write(&advertisement(), path());
    packet[4..6].fill(0);
    mend(&Dialect::V3, &mut packet, path());
    assert_eq!(
        Dialect::V3.read(&packet, path(), 255),
        Err(Refused::Interval)
    );
}

#[test]
fn a_packet_without_addresses_is_refused() {
    let said = Advertisement {
        addresses: Vec::new(),
        ..advertisement()
    };
    let packet = Dialect::V3.write(&said, path());
    assert_eq!(Dialect::V3.read(&packet, path(), 255), Err(Refused::Length));
}

#[test]
fn a_password_is_never_printed() {
    assert_eq!(format!("{:?}", upstream()), "V2(Some(***))");
}

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![
        Just(Dialect::V3),
        Just(Dialect::V2(None)),
        "[0-9a-f]{1,12}".prop_map(|text| Dialect::V2(Some(Password::new(&text)))),
    ]
}

fn advertisements(dialect: Dialect) -> impl Strategy<Value = (Dialect, Path, Advertisement)> {
    let (unit, longest, families) = match &dialect {
        Dialect::V2(_) => (1000, 255, vec![path()]),
        Dialect::V3 => (10, 4095, vec![path(), path6()]),
    };
    let path = prop::sample::select(families);
    (path, 1_u8.., any::<u8>(), 1_u64..=longest, 1_usize..=255).prop_map(
        move |(path, router, priority, units, count)| {
            let address = |n: usize| match path {
                Path::V4 { .. } => IpAddr::from([10, 0, 0, u8::try_from(n).unwrap()]),
                Path::V6 { .. } => IpAddr::from([u8::try_from(n).unwrap(); 16]),
            };
            let advertisement = Advertisement {
                router,
                priority,
                interval: Duration::from_millis(units * unit),
                addresses: (0..count).map(address).collect(),
            };
            (dialect.clone(), path, advertisement)
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        (dialect, path, said) in dialects().prop_flat_map(advertisements)
    ) {
        let packet = dialect.write(&said, path);
        prop_assert!(packet.len() <= MAX_LEN);
        prop_assert_eq!(dialect.read(&packet, path, 255), Ok(said));
    }

    #[test]
    fn no_bytes_panic(
        dialect in dialects(),
        packet in prop::collection::vec(any::<u8>(), 0..600),
        path in prop::sample::select(vec![path(), path6()]),
    ) {
        drop(dialect.read(&packet, path, 255));
    }

    /// As above, past the checksum.
    #[test]
    fn no_bytes_with_a_good_checksum_panic(
        dialect in dialects(),
        mut packet in prop::collection::vec(any::<u8>(), 8..100),
        path in prop::sample::select(vec![path(), path6()]),
    ) {
        packet[0] = dialect.version() << 4 | ADVERTISEMENT;
        mend(&dialect, &mut packet, path);
        drop(dialect.read(&packet, path, 255));
    }

    /// One's complement sums find every single octet that is changed to another value, but for
    /// 0x00 against 0xff in a word, which they cannot tell apart: so one bit is turned.
    #[test]
    fn a_turned_bit_is_refused(
        (dialect, path, said) in dialects().prop_flat_map(advertisements),
        at in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut packet = dialect.write(&said, path);
        let at = at.index(packet.len());
        packet[at] ^= 1 << bit;
        prop_assert!(dialect.read(&packet, path, 255).is_err());
    }

    #[test]
    fn a_cut_packet_is_refused(
        (dialect, path, said) in dialects().prop_flat_map(advertisements),
        at in any::<prop::sample::Index>(),
    ) {
        let packet = dialect.write(&said, path);
        let cut = &packet[..at.index(packet.len())];
        prop_assert!(dialect.read(cut, path, 255).is_err());
    }
}

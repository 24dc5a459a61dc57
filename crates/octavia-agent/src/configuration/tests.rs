use super::*;

const ME: Uuid = Uuid::from_u128(1);

fn document(generation: u64) -> AmphoraConfig {
    AmphoraConfig {
        generation,
        amphora_id: ME,
        load_balancer_id: Uuid::from_u128(2),
        vips: vec!["127.0.0.1".parse().unwrap()],
        interfaces: Vec::new(),
        vrrp: None,
        listeners: Vec::new(),
        pools: Vec::new(),
    }
}

fn state(stored: u64, served: u64) -> State {
    State {
        stored: Some(Arc::new(document(stored))),
        served: Some(Arc::new(document(served))),
        ..State::default()
    }
}

#[test]
fn a_document_for_another_amphora_is_misdirected() {
    let refusal = State::default()
        .admit(&document(1), Uuid::from_u128(9))
        .unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Misdirected);
}

#[test]
fn a_generation_older_than_any_known_is_outdated() {
    for state in [state(5, 5), state(4, 5), state(5, 4)] {
        let refusal = state.admit(&document(4), ME).unwrap_err();
        assert_eq!(refusal.reason, RefusalReason::Outdated);
    }
}

#[test]
fn the_same_document_is_not_served_twice() {
    assert_eq!(
        state(5, 5).admit(&document(5), ME).unwrap(),
        Admission::Served
    );
}

#[test]
fn the_same_generation_with_another_content_is_served() {
    let other = AmphoraConfig {
        vips: Vec::new(),
        ..document(5)
    };
    assert_eq!(state(5, 5).admit(&other, ME).unwrap(), Admission::Serve);
}

#[test]
fn what_is_served_and_not_stored_is_done_again() {
    assert_eq!(
        state(4, 5).admit(&document(5), ME).unwrap(),
        Admission::Serve
    );
}

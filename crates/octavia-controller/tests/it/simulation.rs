//! Every scenario with a crash before and after every action, a failure of every action, every
//! action twice, and random faults from a seed: the same end, nothing leaked, nothing pending.

mod hands;
mod scenarios;

use std::sync::Arc;
use std::time::Duration;

use octavia_controller::{Error, Reconciler};
use octavia_model::{Id, LoadBalancer};

use crate::stage::{House, Stage, settings};
use hands::{Fault, FaultyHands, Rest};
use scenarios::{SCENARIOS, Scenario};

/// How many turns a run may take: a fault costs one or two.
const TURNS_MAX: usize = 200;

/// How many seeds are tried when the environment names no other number.
const SEEDS: u64 = 40;

/// How a run ended.
struct Ended {
    /// What there is.
    description: String,
    /// How many actions were done.
    actions: usize,
}

/// Runs a scenario with a fault.
async fn run(house: &House, scenario: &Scenario, fault: Fault) -> Ended {
    let stage = Arc::new(house.stage());
    let id = scenario.prepare(&stage).await;
    let hands = Arc::new(FaultyHands::new(&stage, id, fault, scenario));
    stage.wish_all(id, scenario.first).await;
    let mut reconciler = worker(&stage, &hands, scenario);
    for _ in 0..TURNS_MAX {
        match reconciler.turn().await {
            Ok(_) => {}
            Err(Error::LeaseLost) => {
                // The worker is dead. Its lease ends, and another one looks.
                stage.advance(settings().worker.lease_length);
                reconciler = worker(&stage, &hands, scenario);
            }
            Err(error) => panic!("{scenario:?} {fault:?}: {}", error.chain()),
        }
        // A second wish whose moment did not come, comes at the end.
        if is_settled(&stage, id).await && hands.wish_the_rest().await == Rest::Nothing {
            return Ended {
                description: stage.describe(id).await,
                actions: hands.actions(),
            };
        }
        stage.advance(Duration::from_secs(1));
    }
    let description = stage.describe(id).await;
    panic!("{scenario:?} with {fault:?} does not end:\n{description}");
}

fn worker(stage: &Stage, hands: &Arc<FaultyHands>, scenario: &Scenario) -> Reconciler {
    let settings = scenario.settings();
    Reconciler::with_hands(stage.world.clone(), settings, Arc::clone(hands) as _)
}

async fn is_settled(stage: &Stage, id: Id<LoadBalancer>) -> bool {
    let reconciliation = stage.reconciliation(id).await;
    let is_leased = {
        let mut tx = stage.begin().await;
        let next = tx.next_look().await.unwrap();
        drop(tx);
        next.is_some()
    };
    reconciliation.wanted == reconciliation.done && !is_leased
}

/// Runs a scenario undisturbed, then with each fault that `faults` makes of a position.
async fn compare(make: impl Fn(usize) -> Vec<Fault>) {
    let house = House::new().await;
    for scenario in SCENARIOS {
        let undisturbed = run(&house, scenario, Fault::None).await;
        assert!(
            !undisturbed.description.contains("PENDING"),
            "{scenario:?}:\n{}",
            undisturbed.description
        );
        for position in 0..undisturbed.actions {
            for fault in make(position) {
                let disturbed = run(&house, scenario, fault).await;
                assert_eq!(
                    disturbed.description, undisturbed.description,
                    "{scenario:?} with {fault:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_crash_before_or_after_any_action_changes_no_end() {
    compare(|n| vec![Fault::CrashBefore(n), Fault::CrashAfter(n)]).await;
}

#[tokio::test]
async fn a_failure_of_any_action_changes_no_end() {
    compare(|n| vec![Fault::FailBefore(n), Fault::FailAfter(n)]).await;
}

#[tokio::test]
async fn doing_every_action_twice_changes_no_end() {
    compare(|n| {
        if n == 0 {
            vec![Fault::Twice]
        } else {
            Vec::new()
        }
    })
    .await;
}

#[tokio::test]
async fn a_second_wish_at_any_moment_changes_no_end() {
    compare(|n| vec![Fault::WishAt(n)]).await;
}

/// `OCTAVIA_SIM_SEED` is the first seed, `OCTAVIA_SIM_COUNT` how many there are.
#[tokio::test]
async fn random_faults_change_no_end() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first: Option<u64> = number("OCTAVIA_SIM_SEED");
    let default = if first.is_some() { 1 } else { SEEDS };
    let first = first.unwrap_or(0);
    let count = number("OCTAVIA_SIM_COUNT").unwrap_or(default);
    for house in House::everywhere().await {
        for seed in first..first + count {
            compare_seed(&house, seed).await;
        }
    }
}

async fn compare_seed(house: &House, seed: u64) {
    let index = usize::try_from(seed).unwrap() % SCENARIOS.len();
    let scenario = &SCENARIOS[index];
    let undisturbed = run(house, scenario, Fault::None).await;
    let disturbed = run(house, scenario, Fault::Random(seed)).await;
    assert_eq!(
        disturbed.description, undisturbed.description,
        "{scenario:?} with seed {seed}: OCTAVIA_SIM_SEED={seed} repeats it"
    );
}

#[tokio::test]
async fn undisturbed_scenarios_end_as_they_should() {
    let house = House::new().await;
    let mut table = Vec::new();
    for scenario in SCENARIOS {
        let ended = run(&house, scenario, Fault::None).await;
        table.push(format!("== {} ==\n{}", scenario.name, ended.description));
    }
    insta::assert_snapshot!(table.join("\n"));
}

//! What happens when the world does not do as it should for longer than an operation may take.

use std::time::Duration;

use octavia_amphora_api::agent::{Refusal, RefusalReason};
use octavia_cloud::fake::Call;
use octavia_model::{Id, LoadBalancer, ProvisioningStatus};

use crate::stage::{House, Stage, Wish, settings};

/// Works until the operation is given up, and returns how often that was tried.
async fn work_until_failed(stage: &Stage, id: Id<LoadBalancer>) -> i32 {
    let reconciler = stage.reconciler();
    for _ in 0..1000 {
        reconciler.turn().await.unwrap();
        let status = stage.world.store.provisioning_status(id).await.unwrap();
        if !status.unwrap().is_pending() {
            return stage.reconciliation(id).await.attempts;
        }
        stage.advance(Duration::from_secs(1));
    }
    panic!("{id} stays pending");
}

#[tokio::test]
async fn a_create_that_never_succeeds_is_an_error_with_a_cause_and_heals() {
    let house = House::new().await;
    let stage = house.stage();
    stage.cloud.break_down(Call::CreateServer);
    let begin = stage.now();
    let id = stage.create_tree().await;
    let attempts = work_until_failed(&stage, id).await;
    assert!(attempts > 5, "{attempts} tries");
    let took = (stage.now() - begin).to_std().unwrap();
    let deadline = settings().worker.create_deadline;
    assert!(took >= deadline && took < deadline * 2, "{took:?}");
    let tree = stage.tree(id).await.unwrap();
    assert_eq!(
        tree.load_balancer.provisioning_status,
        ProvisioningStatus::Error
    );
    let cause = stage.reconciliation(id).await.cause.unwrap();
    assert!(cause.contains("CreateServer"), "{cause}");

    stage.cloud.heal();
    stage.settle(id).await;
    insta::assert_snapshot!(stage.describe(id).await, @r#"
    load balancer ACTIVE
    listener 80 ACTIVE
    pool ACTIVE
    member 10.98.0.201 ACTIVE
    member 10.98.0.202 ACTIVE
    monitor ACTIVE ONLINE
    amphora ALLOCATED (true, true)
    server Active serves Some("generation 1, 1 listeners, 1 pools, 2 members")
    port VIP
    port VRRP
    "#);
}

#[tokio::test]
async fn a_change_that_never_succeeds_leaves_the_load_balancer_active_and_the_object_in_error() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    stage.agents.silence_all();
    stage.advance(Duration::from_hours(1));
    stage.wish(id, Wish::AddMember).await;
    // An agent that does not answer is waited for by the clock, which stands still here.
    let reconciler = stage.reconciler();
    for _ in 0..100 {
        let turn = reconciler.turn();
        let time = async {
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                stage.advance(Duration::from_secs(1));
            }
        };
        tokio::select! {
            result = turn => { result.unwrap(); }
            () = time => {}
        }
        let status = stage.world.store.provisioning_status(id).await.unwrap();
        if status == Some(ProvisioningStatus::Active) {
            break;
        }
        stage.advance(Duration::from_secs(1));
    }
    let before = stage.describe(id).await;
    insta::assert_snapshot!(before, @r#"
    load balancer ACTIVE
    listener 80 ACTIVE
    pool ACTIVE
    member 10.98.0.201 ACTIVE
    member 10.98.0.202 ACTIVE
    member 10.98.0.203 ERROR
    monitor ACTIVE ONLINE
    amphora ALLOCATED (true, true)
    server Active serves Some("generation 1, 1 listeners, 1 pools, 2 members")
    port VIP
    port VRRP
    "#);

    stage.agents.wake_all();
    stage.settle(id).await;
    insta::assert_snapshot!(stage.describe(id).await, @r#"
    load balancer ACTIVE
    listener 80 ACTIVE
    pool ACTIVE
    member 10.98.0.201 ACTIVE
    member 10.98.0.202 ACTIVE
    member 10.98.0.203 ACTIVE
    monitor ACTIVE ONLINE
    amphora ALLOCATED (true, true)
    server Active serves Some("generation 2, 1 listeners, 1 pools, 3 members")
    port VIP
    port VRRP
    "#);
}

#[tokio::test]
async fn a_deletion_that_fails_goes_on_and_ends() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    stage.cloud.break_down(Call::DeleteServer);
    stage.wish(id, Wish::CascadeDelete).await;
    work_until_failed(&stage, id).await;
    let tree = stage.tree(id).await.unwrap();
    assert_eq!(
        tree.load_balancer.provisioning_status,
        ProvisioningStatus::Error
    );
    stage.cloud.heal();
    stage.settle(id).await;
    assert_eq!(stage.describe(id).await, "no load balancer");
}

#[tokio::test]
async fn what_an_agent_will_never_take_is_given_up_early() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create_tree().await;
    stage.settle(id).await;
    stage.wish(id, Wish::AddMember).await;
    let begin = stage.now();
    let reconciler = stage.reconciler();
    for _ in 0..3 {
        stage.agents.refuse_next(Refusal {
            reason: RefusalReason::Invalid,
            message: "member: not today".to_owned(),
        });
        reconciler.turn().await.unwrap();
        stage.advance(Duration::from_secs(1));
    }
    assert!(stage.now() - begin < chrono::TimeDelta::seconds(10));
    let status = stage.world.store.provisioning_status(id).await.unwrap();
    assert_eq!(status, Some(ProvisioningStatus::Active));
    let cause = stage.reconciliation(id).await.cause.unwrap();
    assert!(cause.contains("not today"), "{cause}");
}

#[tokio::test]
async fn an_amphora_that_never_boots_is_replaced_by_another() {
    let house = House::new().await;
    let stage = house.stage();
    let id = stage.create().await;
    stage.agents.silence_all();
    let reconciler = stage.reconciler();
    let boot = settings().worker.boot_timeout;
    let turn = reconciler.turn();
    let time = async {
        while stage.cloud.held_servers().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // Only the first one stays silent.
        stage
            .agents
            .silence(stage.cloud.held_servers()[0].amphora_id);
        stage.agents.wake_all_but_silenced();
        stage.advance(boot);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        result = turn => { result.unwrap(); }
        () = time => {}
    }
    stage.settle(id).await;
    assert_eq!(stage.cloud.held_servers().len(), 1);
    let mut tx = stage.begin().await;
    let events = tx.events(id, 100).await.unwrap();
    let made = events
        .iter()
        .filter(|event| event.event.message.starts_with("make the server"));
    assert_eq!(made.count(), 2);
}

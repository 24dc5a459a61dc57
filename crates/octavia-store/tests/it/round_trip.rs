use octavia_model::{OperatingStatus, ProvisioningStatus};
use octavia_store::{ListQuery, Settlement};
use octavia_testing::TestDatabase;
use std::time::Duration;

#[tokio::test]
async fn a_load_balancer_lives_from_creation_to_deletion() {
    for db in TestDatabase::everywhere().await {
        let store = db.store().await;
        store.ping().await.unwrap();
        let mut lb = octavia_testing::load_balancer();
        lb.provisioning_status = ProvisioningStatus::PendingCreate;
        lb.tags = vec!["b".into(), "a".into()];
        let mut tx = store.begin("t").await.unwrap();
        tx.insert_load_balancer(&lb).await.unwrap();
        let pool = octavia_testing::pool(&lb);
        tx.insert_pool(&pool).await.unwrap();
        let mut l = octavia_testing::listener(&lb);
        l.default_pool_id = Some(pool.id);
        l.insert_headers
            .insert("X-Forwarded-For".into(), "true".into());
        tx.insert_listener(&l).await.unwrap();
        tx.insert_member(&octavia_testing::member(&pool))
            .await
            .unwrap();
        tx.insert_health_monitor(&octavia_testing::health_monitor(&pool))
            .await
            .unwrap();
        tx.insert_amphora(&octavia_testing::amphora(&lb))
            .await
            .unwrap();
        assert_eq!(tx.wake(lb.id).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut tx = store.begin("lease").await.unwrap();
        let lease = tx
            .lease_next("me", Duration::from_secs(10))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            tx.lease_next("me", Duration::from_secs(10)).await.unwrap(),
            None
        );
        tx.commit().await.unwrap();
        let mut tx = store.begin("lease").await.unwrap();
        assert!(
            tx.settle(&lease, &Settlement::Converged { generation: 1 })
                .await
                .unwrap()
        );
        tx.release(&lease, None).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.read("x").await.unwrap();
        assert_eq!(
            tx.load_balancers(&ListQuery::default())
                .await
                .unwrap()
                .len(),
            1
        );
        drop(tx);
        let mut tx = store.begin("x").await.unwrap();
        let mut lb = tx.lock_load_balancer(lb.id).await.unwrap().unwrap();
        lb.provisioning_status = ProvisioningStatus::PendingDelete;
        tx.save_load_balancer(&lb).await.unwrap();
        tx.wake_for_cascade_delete(lb.id).await.unwrap();
        let lease = tx
            .lease_next("me", Duration::from_secs(10))
            .await
            .unwrap()
            .unwrap();
        tx.finish_delete(&lease).await.unwrap();
        tx.set_load_balancer_operating_status(lb.id, OperatingStatus::Error)
            .await
            .unwrap();
        tx.release(&lease, None).await.unwrap();
        assert_eq!(tx.load_balancer(lb.id).await.unwrap(), None);
        tx.commit().await.unwrap();
    }
}

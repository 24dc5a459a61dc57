use std::collections::BTreeMap;

use octavia_model::{
    AdditionalVip, AmphoraHealth, ClientAuthentication, HealthMonitorType, HttpVersion, Id,
    LbAlgorithm, ListenerProtocol, Member, PoolProtocol, ProvisioningStatus, RandomIds,
    SessionPersistence, SessionPersistenceType, Topology, VnicType, Weight,
};
use octavia_store::{Error, Resource};

use crate::fixture::{Tree, start, stores};

fn tags() -> Vec<String> {
    vec!["blue".to_owned(), "Green grass".to_owned()]
}

#[tokio::test]
async fn a_load_balancer_is_read_back_as_it_was_written() {
    for (_database, store, _) in stores().await {
        let mut wanted = octavia_testing::load_balancer();
        wanted.tags = tags();
        wanted.topology = Some(Topology::ActiveStandby);
        wanted.server_group_id = Some("group".to_owned());
        wanted.vip.qos_policy_id = Some(Id::new(&RandomIds));
        wanted.vip.sg_ids = vec![Id::new(&RandomIds)];
        wanted.vip.vnic_type = VnicType::Direct;
        wanted.vip.ip_address = "2001:db8::1".parse().ok();
        wanted.vip.ip_address_text = Some("2001:DB8:0::1".to_owned());
        wanted.additional_vips = vec![AdditionalVip {
            subnet_id: Id::new(&RandomIds),
            ip_address: "192.0.2.7".parse().ok(),
            port_id: Some(Id::new(&RandomIds)),
            network_id: wanted.vip.network_id,
        }];
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&wanted).await.unwrap();
        wanted.created_at = Some(start());
        assert_eq!(
            tx.load_balancer(wanted.id).await.unwrap(),
            Some(wanted.clone())
        );

        wanted.tags.remove(0);
        wanted.name = None;
        wanted.vip.sg_ids.clear();
        wanted.additional_vips.clear();
        wanted.enabled = false;
        wanted.vip.port_id = None;
        tx.save_load_balancer(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        assert_eq!(
            tx.lock_load_balancer(wanted.id).await.unwrap(),
            Some(wanted)
        );
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_listener_is_read_back_as_it_was_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = octavia_testing::listener(&tree.load_balancer);
        wanted.protocol = ListenerProtocol::TerminatedHttps;
        wanted.protocol_port = 65535;
        wanted.connection_limit = None;
        wanted.insert_headers = BTreeMap::from([
            ("X-Forwarded-For".to_owned(), "true".to_owned()),
            ("X-Forwarded-Port".to_owned(), "true".to_owned()),
        ]);
        wanted.sni_container_refs = vec!["z".to_owned(), "a".to_owned()];
        wanted.client_authentication = ClientAuthentication::Optional;
        wanted.tls_versions = vec!["TLSv1.2".to_owned(), "TLSv1.3".to_owned()];
        wanted.alpn_protocols = vec!["h2".to_owned(), "http/1.1".to_owned()];
        wanted.hsts_max_age = Some(10);
        wanted.hsts_preload = true;
        wanted.allowed_cidrs = vec![
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ];
        wanted.tags = tags();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_listener(&wanted).await.unwrap();
        wanted.created_at = Some(start());
        wanted.peer_port = Some(1026);
        assert_eq!(tx.listener(wanted.id).await.unwrap(), Some(wanted.clone()));

        wanted.insert_headers.clear();
        wanted.sni_container_refs.clear();
        wanted.allowed_cidrs.clear();
        wanted.tags.clear();
        wanted.tls_versions.clear();
        wanted.default_pool_id = Some(tree.pool.id);
        tx.save_listener(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        assert_eq!(tx.listener(wanted.id).await.unwrap(), Some(wanted.clone()));
        let pool = tx.pool(tree.pool.id).await.unwrap().unwrap();
        assert!(pool.listeners.contains(&wanted.id));

        tx.delete_listener(wanted.id).await.unwrap();
        assert_eq!(tx.listener(wanted.id).await.unwrap(), None);
        assert!(
            !tx.exists(Resource::Listener, &wanted.id.to_string())
                .await
                .unwrap()
        );
    }
}

#[tokio::test]
async fn a_pool_is_read_back_as_it_was_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = octavia_testing::pool(&tree.load_balancer);
        wanted.protocol = PoolProtocol::ProxyV2;
        wanted.lb_algorithm = LbAlgorithm::SourceIpPort;
        wanted.session_persistence = Some(SessionPersistence {
            kind: SessionPersistenceType::SourceIp,
            cookie_name: None,
            persistence_timeout: Some(7),
            persistence_granularity: "255.255.0.0".parse().ok(),
        });
        wanted.tls_enabled = true;
        wanted.tls_ciphers = Some("A:B".to_owned());
        wanted.tags = tags();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_pool(&wanted).await.unwrap();
        wanted.created_at = Some(start());
        assert_eq!(tx.pool(wanted.id).await.unwrap(), Some(wanted.clone()));

        wanted.session_persistence = None;
        wanted.tls_enabled = false;
        tx.save_pool(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        assert_eq!(tx.pool(wanted.id).await.unwrap(), Some(wanted.clone()));
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn deleting_a_pool_takes_what_is_in_it_and_detaches_its_listeners() {
    for (database, store, _) in stores().await {
        let mut tree = Tree::new();
        tree.member.tags = tags();
        tree.health_monitor.tags = tags();
        tree.pool.tags = tags();
        tree.insert(&store).await;
        let mut tx = store.begin("test").await.unwrap();
        let pool = tx.pool(tree.pool.id).await.unwrap().unwrap();
        assert_eq!(pool.members, [tree.member.id]);
        assert_eq!(pool.health_monitor_id, Some(tree.health_monitor.id));
        assert_eq!(pool.listeners, [tree.listener.id]);
        tx.delete_pool(tree.pool.id).await.unwrap();
        let listener = tx.listener(tree.listener.id).await.unwrap().unwrap();
        assert_eq!(listener.default_pool_id, None);
        assert_eq!(tx.member(tree.pool.id, tree.member.id).await.unwrap(), None);
        assert_eq!(
            tx.health_monitor(tree.health_monitor.id).await.unwrap(),
            None
        );
        tx.commit().await.unwrap();
        assert_eq!(
            database.numbers("SELECT COUNT(*) AS value FROM tags").await,
            [0]
        );
    }
}

#[tokio::test]
async fn a_member_is_read_back_as_it_was_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = octavia_testing::member(&tree.pool);
        wanted.ip_address = "2001:db8::5".parse().unwrap();
        wanted.ip_address_text = "2001:0DB8::5".to_owned();
        wanted.subnet_id = Some(Id::new(&RandomIds));
        wanted.weight = Some(Weight::try_from(256).unwrap());
        wanted.backup = true;
        wanted.monitor_address = "192.0.2.9".parse().ok();
        wanted.monitor_address_text = Some("192.0.2.9".to_owned());
        wanted.monitor_port = Some(8080);
        wanted.vnic_type = VnicType::Direct;
        wanted.tags = tags();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_member(&wanted).await.unwrap();
        wanted.created_at = Some(start());
        assert_eq!(
            tx.member(tree.pool.id, wanted.id).await.unwrap(),
            Some(wanted.clone())
        );
        assert_eq!(
            tx.member(Id::new(&RandomIds), wanted.id).await.unwrap(),
            None
        );

        wanted.weight = None;
        wanted.tags.clear();
        tx.save_member(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        assert!(tx.members_of(tree.pool.id).await.unwrap().contains(&wanted));
        tx.delete_member(wanted.id).await.unwrap();
        assert_eq!(tx.member(tree.pool.id, wanted.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn many_members_are_added_and_marked_at_once() {
    for (database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let address = "192.0.2.77".parse().unwrap();
        let many: Vec<_> = (1..=1001)
            .map(|port| octavia_testing::member_at(&tree.pool, address, port))
            .map(|member| Member {
                tags: tags(),
                created_at: Some(start()),
                ..member
            })
            .collect();
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_members(&many).await.unwrap();
        let found = tx.members_of(tree.pool.id).await.unwrap();
        assert_eq!(found.len(), 1 + many.len());
        let last = found.iter().find(|member| member.id == many[1000].id);
        let last = last.unwrap().clone();
        assert!(last.created_at >= many[1000].created_at);
        let created_at = many[1000].created_at;
        assert_eq!(Member { created_at, ..last }, many[1000]);
        if !database.is_mysql() {
            // Upstream's tables keep whole seconds in MySQL.
            let made: Vec<_> = found
                .iter()
                .filter(|member| member.ip_address_text == "192.0.2.77")
                .map(|member| member.id)
                .collect();
            assert_eq!(
                made,
                many.iter().map(|member| member.id).collect::<Vec<_>>()
            );
        }
        let again = tx.insert_members(&many[..1]).await.unwrap_err();
        assert!(matches!(again, Error::Duplicate(_)), "{again}");
        let ids: Vec<_> = many.iter().map(|member| member.id).collect();
        let gone = ProvisioningStatus::PendingDelete;
        tx.mark_members(&ids, gone).await.unwrap();
        let found = tx.members_of(tree.pool.id).await.unwrap();
        let marked = found.iter().filter(|m| m.provisioning_status == gone);
        assert_eq!(marked.count(), many.len());
        tx.insert_members(&[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_health_monitor_is_read_back_as_it_was_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = tree.health_monitor.clone();
        let mut tx = store.begin("test").await.unwrap();
        wanted.created_at = Some(start());
        assert_eq!(
            tx.health_monitor(wanted.id).await.unwrap(),
            Some(wanted.clone())
        );
        for version in [HttpVersion::Http11, HttpVersion::Http10] {
            wanted.http_version = Some(version);
            wanted.domain_name = Some("www.example.org".to_owned());
            wanted.kind = HealthMonitorType::TlsHello;
            wanted.http_method = None;
            wanted.tags = tags();
            tx.save_health_monitor(&wanted).await.unwrap();
            wanted.updated_at = Some(start());
            assert_eq!(
                tx.health_monitor(wanted.id).await.unwrap(),
                Some(wanted.clone())
            );
        }
        tx.delete_health_monitor(wanted.id).await.unwrap();
        assert_eq!(tx.health_monitor(wanted.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_amphora_and_its_health_are_read_back_as_they_were_written() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut wanted = tree.amphora.clone();
        wanted.created_at = Some(start());
        wanted.cert_expiration = Some(start());
        wanted.cert_busy = true;
        wanted.compute_id = None;
        let mut tx = store.begin("test").await.unwrap();
        tx.save_amphora(&wanted).await.unwrap();
        wanted.updated_at = Some(start());
        assert_eq!(tx.amphora(wanted.id).await.unwrap(), Some(wanted.clone()));
        assert_eq!(tx.amphorae().await.unwrap(), [wanted.clone()]);
        let owner = tx.tree_of_amphora(wanted.id).await.unwrap().unwrap();
        assert_eq!(owner.load_balancer.id, tree.id());

        for busy in [false, true] {
            let health = AmphoraHealth {
                amphora_id: wanted.id,
                last_update: start(),
                busy,
            };
            tx.save_amphora_health(&[health]).await.unwrap();
            assert_eq!(tx.amphora_health().await.unwrap(), [health]);
        }
        tx.delete_amphora_health(wanted.id).await.unwrap();
        assert_eq!(tx.amphora_health().await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_tree_holds_everything_below_its_load_balancer() {
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        Tree::new().insert(&store).await;
        let mut tx = store.read("test").await.unwrap();
        let found = tx.tree(tree.id()).await.unwrap().unwrap();
        assert_eq!(found.load_balancer.listeners, [tree.listener.id]);
        assert_eq!(found.load_balancer.pools, [tree.pool.id]);
        let listeners: Vec<_> = found.listeners.iter().map(|found| found.id).collect();
        assert_eq!(listeners, [tree.listener.id]);
        assert_eq!(found.pools.len(), 1);
        assert_eq!(found.pools[0].pool.id, tree.pool.id);
        assert_eq!(found.pools[0].members[0].id, tree.member.id);
        let monitor = found.pools[0].health_monitor.as_ref().unwrap();
        assert_eq!(monitor.id, tree.health_monitor.id);
        assert_eq!(found.amphorae[0].id, tree.amphora.id);
        assert_eq!(tx.tree(Id::new(&RandomIds)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_row_that_holds_nonsense_is_named() {
    for (database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let id = tree.member.id;
        database
            .execute(&format!("UPDATE member SET weight = 999 WHERE id = '{id}'"))
            .await;
        let mut tx = store.read("test").await.unwrap();
        let error = tx.member(tree.pool.id, id).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("member {id}: weight 999 is not between 0 and 256")
        );
        assert!(matches!(
            error,
            Error::Corrupt {
                table: "member",
                ..
            }
        ));
    }
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_refused() {
    for (_database, store, _) in stores().await {
        let mut load_balancer = octavia_testing::load_balancer();
        load_balancer.name = Some("x".repeat(256));
        let mut tx = store.begin("test").await.unwrap();
        let error = tx.insert_load_balancer(&load_balancer).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "name of load_balancer is longer than 255 characters"
        );
        load_balancer.name = Some("ü".repeat(255));
        tx.insert_load_balancer(&load_balancer).await.unwrap();
    }
}

#[tokio::test]
async fn a_load_balancer_that_is_gone_is_not_shown() {
    for (_database, store, _) in stores().await {
        let mut load_balancer = octavia_testing::load_balancer();
        load_balancer.provisioning_status = ProvisioningStatus::Deleted;
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&load_balancer).await.unwrap();
        let id = load_balancer.id;
        assert_eq!(tx.load_balancer(id).await.unwrap(), None);
        assert_eq!(tx.tree(id).await.unwrap(), None);
        assert!(tx.load_balancers(&<_>::default()).await.unwrap().is_empty());
        assert!(
            tx.exists(Resource::LoadBalancer, &id.to_string())
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        assert_eq!(store.provisioning_status(id).await.unwrap(), None);
    }
}

//! One file, because every kind of list is asked the same questions.

use chrono::TimeDelta;
use octavia_model::{Flavor, Id, LoadBalancer, RandomIds};
use octavia_store::{Direction, Error, ListQuery, Resource, Sort, Store, TagFilter, Tx};
use octavia_testing::{l7_policy, l7_rule, load_balancer, member};

use crate::fixture::{Tree, stores};

/// Five load balancers, a second apart: `n0` to `n4`.
async fn five(store: &Store, clock: &octavia_model::ManualClock) -> Vec<LoadBalancer> {
    let mut all = Vec::new();
    for number in 0..5 {
        let mut one = load_balancer();
        one.name = Some(format!("n{number}"));
        one.description =
            (number > 0).then(|| if number % 2 == 0 { "Even" } else { "odd " }.to_owned());
        one.enabled = number != 3;
        one.tags = vec!["all".to_owned(), format!("T{}", number % 2)];
        one.vip.ip_address_text = Some(format!("192.0.2.{}", 10 - number));
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&one).await.unwrap();
        tx.commit().await.unwrap();
        clock.advance(TimeDelta::seconds(1));
        all.push(one);
    }
    all
}

async fn names(store: &Store, query: &ListQuery) -> String {
    let mut tx = store.read("test").await.unwrap();
    let found = tx.load_balancers(query).await.unwrap();
    let names: Vec<_> = found.into_iter().filter_map(|found| found.name).collect();
    names.join(" ")
}

fn filter(field: &str, value: &str) -> ListQuery {
    ListQuery {
        filters: vec![(field.to_owned(), value.to_owned())],
        ..ListQuery::default()
    }
}

fn sort(keys: &[(&str, Direction)]) -> Vec<Sort> {
    keys.iter()
        .map(|(field, direction)| Sort {
            field: (*field).to_owned(),
            direction: *direction,
        })
        .collect()
}

#[tokio::test]
async fn filters_compare_as_mysql_does() {
    for (_database, store, clock) in stores().await {
        let all = five(&store, &clock).await;
        let port = all[2].vip.port_id.unwrap().to_string();
        let mut table = String::new();
        for (field, value) in [
            ("name", "n1"),
            ("name", "N1"),
            ("name", "n1  "),
            ("name", " n1"),
            ("name", ""),
            ("description", "EVEN"),
            ("description", "odd"),
            ("admin_state_up", "true"),
            ("enabled", "false"),
            ("provisioning_status", "active"),
            ("vip_address", "192.0.2.9"),
            ("vip_port_id", port.as_str()),
            ("created_at", "2026-01-01T12:00:03"),
            ("created_at", "yesterday"),
            ("topology", "SINGLE"),
            ("provider", "octavia"),
            ("flavor_id", "None"),
        ] {
            let shown = if value == port {
                "(the port of n2)"
            } else {
                value
            };
            let found = names(&store, &filter(field, value)).await;
            table += format!("{field}={shown:?}: {found}").trim_end();
            table += "\n";
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table, @r#"
            name="n1": n1
            name="N1": n1
            name="n1  ": n1
            name=" n1":
            name="":
            description="EVEN": n2 n4
            description="odd": n1 n3
            admin_state_up="true": n0 n1 n2 n4
            enabled="false": n3
            provisioning_status="active": n0 n1 n2 n3 n4
            vip_address="192.0.2.9": n1
            vip_port_id="(the port of n2)": n2
            created_at="2026-01-01T12:00:03": n3
            created_at="yesterday":
            topology="SINGLE": n0 n1 n2 n3 n4
            provider="octavia":
            flavor_id="None":
            "#);
        }
    }
}

#[tokio::test]
async fn filters_and_orders_by_what_is_no_field_are_refused() {
    for (_database, store, _) in stores().await {
        let mut tx = store.read("test").await.unwrap();
        for field in [
            "listeners",
            "pools",
            "additional_vips",
            "tenant_id",
            "tags",
            "x; DROP",
            "vip_sg_ids",
        ] {
            // What is a list may be asked for one of its items, but not ordered by.
            if field != "vip_sg_ids" {
                let refused = tx.load_balancers(&filter(field, "x")).await;
                assert!(matches!(refused, Err(Error::UnknownField(name)) if name == field));
            }
            let query = ListQuery {
                sort: sort(&[(field, Direction::Ascending)]),
                ..ListQuery::default()
            };
            let refused = tx.load_balancers(&query).await;
            assert!(matches!(refused, Err(Error::UnknownField(name)) if name == field));
        }
    }
}

#[tokio::test]
async fn tags_combine() {
    for (_database, store, clock) in stores().await {
        five(&store, &clock).await;
        let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
        let mut table = String::new();
        for (name, tags) in [
            (
                "all",
                TagFilter {
                    all: list(&["all", "t1"]),
                    ..TagFilter::default()
                },
            ),
            (
                "any",
                TagFilter {
                    any: list(&["T1", "none"]),
                    ..TagFilter::default()
                },
            ),
            (
                "not all",
                TagFilter {
                    not_all: list(&["all", "T1"]),
                    ..TagFilter::default()
                },
            ),
            (
                "not any",
                TagFilter {
                    not_any: list(&["T1", "none"]),
                    ..TagFilter::default()
                },
            ),
            (
                "both",
                TagFilter {
                    all: list(&["all"]),
                    not_any: list(&["T0"]),
                    ..TagFilter::default()
                },
            ),
            (
                "none",
                TagFilter {
                    all: list(&["al"]),
                    ..TagFilter::default()
                },
            ),
        ] {
            let query = ListQuery {
                tags,
                ..ListQuery::default()
            };
            table += format!("{name}: {}", names(&store, &query).await).trim_end();
            table += "\n";
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table, @r"
            all: n1 n3
            any: n1 n3
            not all: n0 n2 n4
            not any: n0 n2 n4
            both: n1 n3
            none:
            ");
        }
    }
}

/// Walks through a list by pages of two.
async fn pages(
    store: &Store,
    keys: &[(&str, Direction)],
    id_of: impl Fn(&str) -> String,
) -> Vec<String> {
    let mut query = ListQuery {
        sort: sort(keys),
        limit: Some(2),
        ..ListQuery::default()
    };
    let mut pages = Vec::new();
    loop {
        let page = names(store, &query).await;
        let Some(last) = page.split(' ').next_back().filter(|last| !last.is_empty()) else {
            return pages;
        };
        query.marker = Some(id_of(last));
        pages.push(page);
        assert!(pages.len() < 10, "{keys:?}: {pages:?}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_in_every_order() {
    for (_database, store, clock) in stores().await {
        let all = five(&store, &clock).await;
        let id_of = |name: &str| {
            let found = all.iter().find(|one| one.name.as_deref() == Some(name));
            found.unwrap().id.to_string()
        };
        let (up, down) = (Direction::Ascending, Direction::Descending);
        let mut table = String::new();
        for keys in [
            &[][..],
            &[("name", down)],
            &[("description", up), ("name", down)],
            &[("description", down)],
            &[("admin_state_up", up)],
            &[("vip_address", up)],
            &[("updated_at", down)],
            &[("created_at", down)],
        ] {
            let pages = pages(&store, keys, &id_of).await;
            table += &format!("{keys:?}: {}\n", pages.join(" | "));
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table, @r#"
            []: n0 n1 | n2 n3 | n4
            [("name", Descending)]: n4 n3 | n2 n1 | n0
            [("description", Ascending), ("name", Descending)]: n0 n4 | n2 n3 | n1
            [("description", Descending)]: n1 n3 | n2 n4 | n0
            [("admin_state_up", Ascending)]: n3 n0 | n1 n2 | n4
            [("vip_address", Ascending)]: n0 n4 | n3 n2 | n1
            [("updated_at", Descending)]: n0 n1 | n2 n3 | n4
            [("created_at", Descending)]: n4 n3 | n2 n1 | n0
            "#);
        }
    }
}

#[tokio::test]
async fn a_reversed_page_is_the_first_before_the_marker_in_forward_order() {
    for (_database, store, clock) in stores().await {
        let all = five(&store, &clock).await;
        let query = ListQuery {
            marker: Some(all[3].id.to_string()),
            page_reverse: true,
            limit: Some(2),
            ..ListQuery::default()
        };
        assert_eq!(names(&store, &query).await, "n0 n1");
    }
}

#[tokio::test]
async fn a_marker_that_does_not_exist_is_refused_and_one_that_is_deleted_counts() {
    for (database, store, clock) in stores().await {
        let all = five(&store, &clock).await;
        let mut query = ListQuery {
            marker: Some(all[1].id.to_string()),
            ..ListQuery::default()
        };
        let status = "UPDATE load_balancer SET provisioning_status = 'DELETED' WHERE name = 'n1'";
        database.execute(status).await;
        assert_eq!(names(&store, &query).await, "n2 n3 n4");
        let unknown = Id::<LoadBalancer>::new(&RandomIds).to_string();
        query.marker = Some(unknown.clone());
        let mut tx = store.read("test").await.unwrap();
        let refused = tx.load_balancers(&query).await;
        assert!(matches!(refused, Err(Error::UnknownMarker(marker)) if marker == unknown));
    }
}

/// One question for the rows, and one for all that belongs to them.
#[tokio::test]
async fn a_list_takes_two_queries_for_one_as_for_all() {
    for (_database, store, clock) in stores().await {
        five(&store, &clock).await;
        for _ in 0..3 {
            Tree::new().insert(&store).await;
        }
        for limit in [1, 100] {
            let query = ListQuery {
                limit: Some(limit),
                ..ListQuery::default()
            };
            let mut tx = store.read("test").await.unwrap();
            tx.load_balancers(&query).await.unwrap();
            assert_eq!(tx.statements(), 2);
            tx.listeners(&query).await.unwrap();
            assert_eq!(tx.statements(), 4);
            tx.pools(&query).await.unwrap();
            assert_eq!(tx.statements(), 6);
            tx.health_monitors(&query).await.unwrap();
            assert_eq!(tx.statements(), 8);
        }
    }
}

#[tokio::test]
async fn an_object_takes_one_query_with_all_that_belongs_to_it() {
    for (_database, store, _clock) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let mut tx = store.look("test");
        let found = tx.load_balancer(tree.id()).await.unwrap().unwrap();
        assert_eq!(tx.statements(), 1);
        assert_eq!(found.pools, [tree.pool.id]);
        let found = tx.pool(tree.pool.id).await.unwrap().unwrap();
        assert_eq!(tx.statements(), 2);
        assert_eq!(found.members, [tree.member.id]);
        tx.listener(tree.listener.id).await.unwrap().unwrap();
        assert_eq!(tx.statements(), 3);
        let found = tx.member(tree.pool.id, tree.member.id).await.unwrap();
        assert_eq!(tx.statements(), 4);
        assert!(found.is_some());
    }
}

#[tokio::test]
async fn a_project_sees_its_own() {
    for (_database, store, clock) in stores().await {
        five(&store, &clock).await;
        let mut foreign = load_balancer();
        foreign.project_id = Some("other".to_owned());
        foreign.name = Some("foreign".to_owned());
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_load_balancer(&foreign).await.unwrap();
        tx.commit().await.unwrap();
        let query = ListQuery {
            project_id: foreign.project_id,
            ..ListQuery::default()
        };
        assert_eq!(names(&store, &query).await, "foreign");
    }
}

#[tokio::test]
async fn children_are_listed_by_their_fields() {
    for (_database, store, _) in stores().await {
        let (tree, other) = (Tree::new(), Tree::new());
        tree.insert(&store).await;
        other.insert(&store).await;
        let mut tx = store.read("test").await.unwrap();
        let of_tree = filter("loadbalancer_id", &tree.id().to_string());
        assert_eq!(
            tx.listeners(&of_tree).await.unwrap()[0].id,
            tree.listener.id
        );
        assert_eq!(tx.listeners(&of_tree).await.unwrap().len(), 1);
        let with_pool = filter("default_pool_id", &tree.pool.id.to_string());
        assert_eq!(tx.listeners(&with_pool).await.unwrap().len(), 1);
        assert_eq!(tx.pools(&of_tree).await.unwrap().len(), 1);
        let with_monitor = filter("healthmonitor_id", &other.health_monitor.id.to_string());
        assert_eq!(tx.pools(&with_monitor).await.unwrap()[0].id, other.pool.id);
        let at_port = filter("protocol_port", "80");
        assert_eq!(
            tx.members(tree.pool.id, &at_port).await.unwrap()[0].id,
            tree.member.id
        );
        assert!(
            tx.members(tree.pool.id, &filter("weight", "0"))
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            tx.members(tree.pool.id, &filter("weight", "x"))
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            tx.health_monitors(&filter("type", "HTTP"))
                .await
                .unwrap()
                .len(),
            2
        );
        assert!(
            tx.health_monitors(&filter("http_version", "1.1"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

fn behind(marker: &str, field: &str, direction: Direction) -> ListQuery {
    ListQuery {
        sort: sort(&[(field, direction)]),
        marker: Some(marker.to_owned()),
        ..filter(field, "1")
    }
}

/// A row that every database has, and no list shows.
fn placeholder() -> String {
    Id::<Flavor>::PLACEHOLDER.to_string()
}

async fn count(tx: &mut Tx, resource: Resource, query: &ListQuery) -> usize {
    let found = match resource {
        Resource::LoadBalancer => tx.load_balancers(query).await.map(|all| all.len()),
        Resource::Listener => tx.listeners(query).await.map(|all| all.len()),
        Resource::Pool => tx.pools(query).await.map(|all| all.len()),
        Resource::Member(pool) => tx.members(pool, query).await.map(|all| all.len()),
        Resource::HealthMonitor => tx.health_monitors(query).await.map(|all| all.len()),
        Resource::Amphora => tx.amphorae_page(query).await.map(|all| all.len()),
        Resource::L7Policy => tx.l7_policies(query).await.map(|all| all.len()),
        Resource::L7Rule(policy) => tx.l7_rules(policy, query).await.map(|all| all.len()),
        Resource::Quota => tx.quotas(query).await.map(|all| all.len()),
        Resource::Flavor => tx.flavors(query).await.map(|all| all.len()),
        Resource::FlavorProfile => tx.flavor_profiles(query).await.map(|all| all.len()),
        Resource::AvailabilityZone => tx.availability_zones(query).await.map(|all| all.len()),
        Resource::AvailabilityZoneProfile => tx
            .availability_zone_profiles(query)
            .await
            .map(|all| all.len()),
    };
    found.unwrap()
}

#[tokio::test]
async fn every_field_of_every_resource_can_be_filtered_and_sorted_by() {
    const LISTENER: &str = "id name description provisioning_status operating_status admin_state_up protocol protocol_port connection_limit default_tls_container_ref project_id default_pool_id created_at updated_at timeout_client_data timeout_member_connect timeout_member_data timeout_tcp_inspect client_ca_tls_container_ref client_authentication client_crl_container_ref tls_ciphers hsts_max_age hsts_include_subdomains hsts_preload enabled load_balancer_id";
    const POOL: &str = "id name description provisioning_status operating_status admin_state_up protocol lb_algorithm project_id created_at updated_at healthmonitor_id tls_container_ref ca_tls_container_ref crl_container_ref tls_enabled tls_ciphers enabled load_balancer_id loadbalancer_id";
    const MEMBER: &str = "id name operating_status provisioning_status admin_state_up address protocol_port weight backup subnet_id project_id created_at updated_at monitor_address monitor_port vnic_type";
    const MONITOR: &str = "id name type delay timeout max_retries max_retries_down http_method url_path expected_codes admin_state_up project_id provisioning_status operating_status created_at updated_at http_version domain_name pool_id";
    const AMPHORA: &str = "id loadbalancer_id compute_id lb_network_ip vrrp_ip ha_ip vrrp_port_id ha_port_id cert_expiration cert_busy role status vrrp_interface vrrp_id vrrp_priority cached_zone created_at updated_at image_id compute_flavor project_id";
    const POLICY: &str = "id name description provisioning_status operating_status admin_state_up project_id action listener_id redirect_pool_id redirect_url redirect_prefix redirect_http_code position created_at updated_at enabled";
    const RULE: &str = "id type compare_type key value invert provisioning_status operating_status created_at updated_at project_id admin_state_up enabled";
    const FLAVOR: &str = "id name description enabled flavor_profile_id";
    const FLAVOR_PROFILE: &str = "id name provider_name flavor_data";
    const ZONE: &str = "name description enabled availability_zone_profile_id";
    const ZONE_PROFILE: &str = "id name provider_name availability_zone_data";
    const LOAD_BALANCER: &str = "id name description provisioning_status operating_status admin_state_up project_id created_at updated_at vip_address vip_port_id vip_subnet_id vip_network_id provider flavor_id vip_qos_policy_id availability_zone vip_vnic_type topology enabled";
    for (_database, store, _) in stores().await {
        let tree = Tree::new();
        tree.insert(&store).await;
        let policy = l7_policy(&tree.listener);
        let rule = l7_rule(&policy);
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_l7_policy(&policy).await.unwrap();
        tx.insert_l7_rule(&rule).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = store.read("test").await.unwrap();
        let pool = tree.pool.id;
        for (resource, marker, fields) in [
            (Resource::LoadBalancer, tree.id().to_string(), LOAD_BALANCER),
            (Resource::Listener, tree.listener.id.to_string(), LISTENER),
            (Resource::Pool, pool.to_string(), POOL),
            (Resource::Member(pool), tree.member.id.to_string(), MEMBER),
            (
                Resource::HealthMonitor,
                tree.health_monitor.id.to_string(),
                MONITOR,
            ),
            (Resource::Amphora, tree.amphora.id.to_string(), AMPHORA),
            (Resource::L7Policy, policy.id.to_string(), POLICY),
            (Resource::L7Rule(policy.id), rule.id.to_string(), RULE),
            (Resource::Flavor, placeholder(), FLAVOR),
            (Resource::FlavorProfile, placeholder(), FLAVOR_PROFILE),
            (Resource::AvailabilityZone, placeholder(), ZONE),
            (
                Resource::AvailabilityZoneProfile,
                placeholder(),
                ZONE_PROFILE,
            ),
        ] {
            for field in fields.split(' ') {
                let upwards = behind(&marker, field, Direction::Ascending);
                let downwards = behind(&marker, field, Direction::Descending);
                let found = count(&mut tx, resource, &upwards).await
                    + count(&mut tx, resource, &downwards).await;
                assert_eq!(found, 0, "{resource:?} {field}");
            }
        }
    }
}

#[tokio::test]
async fn what_was_made_within_a_second_keeps_its_order_on_sqlite() {
    let (_database, store, clock) = stores().await.remove(0);
    let tree = Tree::new();
    tree.insert(&store).await;
    let mut made = vec![tree.member.id];
    for port in 1..20 {
        clock.advance(TimeDelta::milliseconds(1));
        let mut one = member(&tree.pool);
        one.protocol_port = port;
        let mut tx = store.begin("test").await.unwrap();
        tx.insert_member(&one).await.unwrap();
        tx.commit().await.unwrap();
        made.push(one.id);
    }
    let mut tx = store.read("test").await.unwrap();
    let found: Vec<_> = tx
        .members_of(tree.pool.id)
        .await
        .unwrap()
        .iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(found, made);
    assert_eq!(tx.pool(tree.pool.id).await.unwrap().unwrap().members, made);
}

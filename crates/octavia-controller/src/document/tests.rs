//! One file, because each case is one document beside the tree that it comes from.

use insta::{assert_json_snapshot, assert_snapshot};
use octavia_amphora_api::config::L7Subject;
use octavia_cloud::{CertificateBundle, FixedIp, PortPurpose};
use octavia_model::{
    AmphoraStatus, ClientAuthentication, HealthMonitorType, HttpVersion, L7CompareType, L7Policy,
    L7PolicyAction, L7RuleType, LbAlgorithm, ListenerProtocol, LoadBalancer, PoolProtocol,
    ProvisioningStatus, Secret, SessionPersistence, SessionPersistenceType, Weight,
};

use super::health_monitor::expected_codes;
use super::*;
use crate::samples::{
    AMPHORA, NETWORK, POOL, SUBNET, amphora, bare, full, id, listener, member, pool,
};

fn build(tree: &LoadBalancerTree) -> Result<AmphoraConfig, Unsupported> {
    build_with(tree, AmphoraNetworking::Host, &Topography::default())
}

fn build_with(
    tree: &LoadBalancerTree,
    networking: AmphoraNetworking,
    topography: &Topography,
) -> Result<AmphoraConfig, Unsupported> {
    let surroundings = Surroundings {
        timeouts: Timeouts::default(),
        log_format: None,
        networking,
        topography,
        material: &Material::default(),
        tickets: None,
        pair: None,
    };
    document(tree, &amphora(1, AmphoraStatus::Booting), 7, &surroundings)
}

#[test]
#[expect(clippy::too_many_lines, reason = "one document, shown whole")]
fn a_full_tree_becomes_a_document() {
    let mut tree = full();
    let listener = &mut tree.listeners[0];
    for (name, value) in [
        ("X-Forwarded-For", "true"),
        ("X-Forwarded-Port", "True"),
        ("X-Forwarded-Proto", "false"),
    ] {
        listener
            .insert_headers
            .insert(name.to_owned(), value.to_owned());
    }
    listener.timeout_client_data = Some(1000);
    let member = &mut tree.pools[0].members[1];
    member.weight = Some(Weight::try_from(10).unwrap());
    member.backup = true;
    assert_json_snapshot!(build(&tree).unwrap(), @r#"
    {
      "generation": 7,
      "amphora_id": "000000a3-0000-4000-8000-000000000001",
      "load_balancer_id": "0000001b-0000-4000-8000-000000000001",
      "vips": [
        "10.98.0.7"
      ],
      "listeners": [
        {
          "id": "00000015-0000-4000-8000-000000000001",
          "protocol": "HTTP",
          "port": 80,
          "default_pool": "00000090-0000-4000-8000-000000000001",
          "timeouts": {
            "client_data_ms": 1000,
            "member_connect_ms": 5000,
            "member_data_ms": 50000,
            "tcp_inspect_ms": 0
          },
          "insert_headers": {
            "x_forwarded_for": true,
            "x_forwarded_port": true
          }
        }
      ],
      "pools": [
        {
          "id": "00000090-0000-4000-8000-000000000001",
          "protocol": "HTTP",
          "algorithm": "ROUND_ROBIN",
          "members": [
            {
              "id": "0000003e-0000-4000-8000-000000000001",
              "address": "10.98.0.21",
              "port": 8080,
              "weight": 1
            },
            {
              "id": "0000003e-0000-4000-8000-000000000002",
              "address": "10.98.0.22",
              "port": 8080,
              "weight": 10,
              "backup": true
            }
          ],
          "health_monitor": {
            "id": "00000043-0000-4000-8000-000000000001",
            "check": {
              "type": "HTTP",
              "method": "GET",
              "path": "/",
              "expected_codes": [
                [
                  200,
                  200
                ]
              ],
              "version": "1.0"
            },
            "delay_s": 5,
            "timeout_s": 2,
            "rise": 2,
            "fall": 3
          }
        }
      ]
    }
    "#);
}

#[test]
fn a_load_balancer_without_children_is_an_empty_document() {
    assert_json_snapshot!(build(&bare()).unwrap(), @r#"
    {
      "generation": 7,
      "amphora_id": "000000a3-0000-4000-8000-000000000001",
      "load_balancer_id": "0000001b-0000-4000-8000-000000000001",
      "vips": [
        "10.98.0.7"
      ],
      "listeners": [],
      "pools": []
    }
    "#);
}

#[test]
fn a_disabled_load_balancer_has_no_listeners() {
    let mut tree = full();
    tree.load_balancer.enabled = false;
    let config = build(&tree).unwrap();
    assert_eq!((config.listeners.len(), config.pools.len()), (0, 1));
}

#[test]
fn a_disabled_listener_is_left_out_and_a_disabled_pool_or_member_is_marked() {
    let mut tree = full();
    tree.listeners.push(listener(2, 81, None));
    tree.listeners[1].enabled = false;
    tree.pools[0].pool.enabled = false;
    tree.pools[0].members[0].enabled = false;
    let config = build(&tree).unwrap();
    assert_eq!(config.listeners.len(), 1);
    assert!(!config.pools[0].enabled);
    assert!(!config.pools[0].members[0].enabled && config.pools[0].members[1].enabled);
}

#[test]
fn what_is_to_be_deleted_is_left_out() {
    let mut tree = full();
    tree.listeners.push(listener(2, 81, None));
    tree.listeners[1].provisioning_status = ProvisioningStatus::PendingDelete;
    tree.pools[0].members[0].provisioning_status = ProvisioningStatus::PendingDelete;
    tree.pools[0]
        .health_monitor
        .as_mut()
        .unwrap()
        .provisioning_status = ProvisioningStatus::PendingDelete;
    let config = build(&tree).unwrap();
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.pools[0].members.len(), 1);
    assert_eq!(config.pools[0].health_monitor, None);

    tree.pools[0].pool.provisioning_status = ProvisioningStatus::PendingDelete;
    let config = build(&tree).unwrap();
    assert_eq!(config.pools, []);
    assert_eq!(config.listeners[0].default_pool, None);
}

#[test]
fn a_disabled_monitor_asks_nobody() {
    let mut tree = full();
    tree.pools[0].health_monitor.as_mut().unwrap().enabled = false;
    assert_eq!(build(&tree).unwrap().pools[0].health_monitor, None);
}

#[test]
fn every_algorithm_has_its_word() {
    let words = LbAlgorithm::ALL.iter().map(|algorithm| {
        let mut tree = full();
        tree.pools[0].pool.lb_algorithm = *algorithm;
        let config = build(&tree).unwrap();
        serde_json::to_value(config.pools[0].algorithm).unwrap()
    });
    let names = LbAlgorithm::ALL.iter().map(ToString::to_string);
    assert!(words.eq(names));
}

#[test]
fn https_is_passed_through_as_tcp() {
    let mut tree = full();
    tree.listeners[0].protocol = ListenerProtocol::Https;
    tree.pools[0].pool.protocol = PoolProtocol::Https;
    let config = build(&tree).unwrap();
    assert_json_snapshot!((config.listeners[0].protocol, config.pools[0].protocol), @r#"
    [
      "TCP",
      "TCP"
    ]
    "#);
}

#[test]
fn proxy_pools_keep_their_version() {
    let words = [PoolProtocol::Proxy, PoolProtocol::ProxyV2].map(|protocol| {
        let mut tree = full();
        tree.pools[0].pool.protocol = protocol;
        build(&tree).unwrap().pools[0].protocol
    });
    assert_json_snapshot!(words, @r#"
    [
      "PROXY",
      "PROXYV2"
    ]
    "#);
}

#[test]
fn clients_stay_as_the_pool_has_it() {
    let words = SessionPersistenceType::ALL.iter().map(|kind| {
        let mut tree = full();
        tree.pools[0].pool.session_persistence = Some(SessionPersistence {
            kind: *kind,
            cookie_name: Some("JSESSIONID".to_owned()),
            persistence_timeout: None,
            persistence_granularity: None,
        });
        build(&tree).unwrap().pools[0].session_persistence.clone()
    });
    assert_json_snapshot!(words.collect::<Vec<_>>(), @r#"
    [
      {
        "type": "APP_COOKIE",
        "cookie_name": "JSESSIONID"
      },
      {
        "type": "HTTP_COOKIE"
      },
      {
        "type": "SOURCE_IP"
      }
    ]
    "#);
}

#[test]
fn a_monitor_of_version_1_1_names_its_host() {
    let mut tree = full();
    let monitor = tree.pools[0].health_monitor.as_mut().unwrap();
    monitor.http_version = Some(HttpVersion::Http11);
    monitor.domain_name = Some("www.example.com".to_owned());
    monitor.expected_codes = Some("200,202-204".to_owned());
    let config = build(&tree).unwrap();
    assert_json_snapshot!(config.pools[0].health_monitor, @r#"
    {
      "id": "00000043-0000-4000-8000-000000000001",
      "check": {
        "type": "HTTP",
        "method": "GET",
        "path": "/",
        "expected_codes": [
          [
            200,
            200
          ],
          [
            202,
            204
          ]
        ],
        "version": "1.1",
        "host": "www.example.com"
      },
      "delay_s": 5,
      "timeout_s": 2,
      "rise": 2,
      "fall": 3
    }
    "#);
}

#[test]
fn expected_codes_are_a_list_of_ranges() {
    assert_eq!(expected_codes("200"), Some(vec![(200, 200)]));
    assert_eq!(
        expected_codes("200,202"),
        Some(vec![(200, 200), (202, 202)])
    );
    assert_eq!(expected_codes("200-204"), Some(vec![(200, 204)]));
    assert_eq!(expected_codes("2xx"), None);
}

#[test]
fn what_the_data_plane_cannot_do_is_refused_by_name() {
    let mut listener = full();
    listener.listeners[0].protocol = ListenerProtocol::Sctp;
    let mut pool = full();
    pool.pools[0].pool.protocol = PoolProtocol::Sctp;
    let mut monitor = full();
    monitor.pools[0].health_monitor.as_mut().unwrap().kind = HealthMonitorType::Sctp;
    let refusals: Vec<_> = [listener, pool, monitor]
        .iter()
        .map(|tree| build(tree).unwrap_err().to_string())
        .collect();
    assert_snapshot!(refusals.join("\n"), @r"
    listener 00000015-0000-4000-8000-000000000001: protocol SCTP is not supported by the amphora
    pool 00000090-0000-4000-8000-000000000001: protocol SCTP is not supported by the amphora
    health monitor 00000043-0000-4000-8000-000000000001: type SCTP is not supported by the amphora
    ");
}

#[test]
fn datagrams_are_monitored_and_remembered_as_lvs_does() {
    let mut tree = full();
    tree.listeners[0].protocol = ListenerProtocol::Udp;
    let pool = &mut tree.pools[0];
    pool.pool.protocol = PoolProtocol::Udp;
    pool.health_monitor.as_mut().unwrap().kind = HealthMonitorType::UdpConnect;
    let mut persistence = |timeout, mask: Option<&str>| {
        tree.pools[0].pool.session_persistence = Some(SessionPersistence {
            kind: SessionPersistenceType::SourceIp,
            cookie_name: None,
            persistence_timeout: timeout,
            persistence_granularity: mask.map(|mask| mask.parse().unwrap()),
        });
        let config = build(&tree).unwrap();
        assert_eq!(
            config.listeners[0].protocol,
            octavia_amphora_api::config::ListenerProtocol::Udp
        );
        let pool = &config.pools[0];
        assert_eq!(
            pool.protocol,
            octavia_amphora_api::config::PoolProtocol::Udp
        );
        let check = &pool.health_monitor.as_ref().unwrap().check;
        assert_eq!(*check, octavia_amphora_api::config::Check::UdpConnect);
        serde_json::to_string(&pool.session_persistence).unwrap()
    };
    let documents = [
        persistence(None, None),
        persistence(Some(33), Some("255.255.0.0")),
        persistence(Some(33), Some("ffff:ffff::")),
    ];
    assert_snapshot!(documents.join("\n"), @r#"
    {"type":"SOURCE_NETWORK","timeout_s":360,"ipv4_prefix":32,"ipv6_prefix":128}
    {"type":"SOURCE_NETWORK","timeout_s":33,"ipv4_prefix":16,"ipv6_prefix":128}
    {"type":"SOURCE_NETWORK","timeout_s":33,"ipv4_prefix":32,"ipv6_prefix":32}
    "#);
}

#[test]
fn an_amphora_of_its_own_sets_up_its_interfaces() {
    let mut tree = full();
    tree.pools[0].members.push(member(3, "10.97.0.3"));
    let topography = two_networks(tree.load_balancer.id);
    let config = build_with(&tree, AmphoraNetworking::Own, &topography).unwrap();
    assert_json_snapshot!(config.interfaces, @r#"
    [
      {
        "mac_address": "fa:00:00:00:00:02",
        "addresses": [
          "10.98.0.31/24",
          "10.98.0.7/32"
        ],
        "gateway": "10.98.0.1",
        "mtu": 1450
      },
      {
        "mac_address": "fa:00:00:00:00:03",
        "addresses": [
          "10.97.0.31/24"
        ],
        "mtu": 1500
      }
    ]
    "#);
}

/// The VIP's network, of which all is known, and a network of members, of which less is known.
fn two_networks(load_balancer: Id<LoadBalancer>) -> Topography {
    let amphora = id(AMPHORA, 1);
    let vrrp = PortPurpose::Vrrp {
        amphora,
        load_balancer,
    };
    let members = PortPurpose::Member {
        amphora,
        load_balancer,
        subnet: id(SUBNET, 2),
    };
    let network = Network {
        id: id(NETWORK, 1),
        name: String::new(),
        subnets: vec![id(SUBNET, 1)],
        mtu: 1450,
    };
    Topography {
        networks: [(network.id, network)].into(),
        subnets: [subnet(1, "10.98.0.0/24"), subnet(2, "10.97.0.0/24")]
            .map(|subnet| (subnet.id, subnet))
            .into(),
        ports: vec![
            port(1, 1, "10.98.0.7", PortPurpose::Vip(load_balancer)),
            port(3, 2, "10.97.0.31", members),
            port(2, 1, "10.98.0.31", vrrp),
        ],
    }
}

fn subnet(n: u32, cidr: &str) -> Subnet {
    Subnet {
        id: id(SUBNET, n),
        name: String::new(),
        network_id: id(NETWORK, n),
        cidr: cidr.parse().unwrap(),
        gateway: Some(cidr.replace("0/24", "1").parse().unwrap()),
    }
}

fn port(n: u32, subnet: u32, address: &str, purpose: PortPurpose) -> Port {
    Port {
        id: id(0xb0, n),
        name: String::new(),
        network_id: id(NETWORK, subnet),
        mac_address: format!("fa:00:00:00:00:0{n}"),
        fixed_ips: vec![FixedIp {
            subnet_id: id(SUBNET, subnet),
            ip_address: address.parse().unwrap(),
        }],
        purpose: Some(purpose),
        device_id: String::new(),
        device_owner: String::new(),
        server: None,
        qos_policy_id: None,
    }
}

#[test]
fn a_pool_that_nothing_uses_is_known_all_the_same() {
    let mut tree = full();
    tree.pools.push(octavia_model::PoolTree {
        pool: pool(2),
        members: Vec::new(),
        health_monitor: None,
    });
    let config = build(&tree).unwrap();
    assert_eq!(
        config.pools[1].id,
        id::<octavia_model::Pool>(POOL, 2).uuid()
    );
}

/// Makes a policy of the sample's listener, with one rule on the path.
fn policy(n: u32, action: L7PolicyAction) -> L7Policy {
    let policy = L7Policy {
        action,
        redirect_pool_id: Some(id(POOL, 1)),
        redirect_url: Some("https://example.org/".to_owned()),
        redirect_prefix: Some("https://example.org".to_owned()),
        redirect_http_code: Some(308),
        ..octavia_testing::l7_policy(&listener(1, 80, None))
    };
    let rule = octavia_testing::l7_rule(&policy);
    L7Policy {
        id: id(0x71, n),
        rules: vec![rule],
        ..policy
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one list, shown whole")]
fn policies_come_with_their_rules_by_position() {
    let mut tree = full();
    let mut first = policy(1, L7PolicyAction::RedirectToPool);
    let mut more = first.rules[0].clone();
    more.kind = L7RuleType::Header;
    more.key = Some("X-Key".to_owned());
    more.compare_type = L7CompareType::EqualTo;
    more.value = "\"a b\"".to_owned();
    more.invert = true;
    first.rules.push(more);
    tree.l7_policies = vec![
        first,
        policy(2, L7PolicyAction::RedirectToUrl),
        policy(3, L7PolicyAction::RedirectPrefix),
        policy(4, L7PolicyAction::Reject),
    ];
    assert_json_snapshot!(build(&tree).unwrap().listeners[0].l7_policies, @r#"
    [
      {
        "id": "00000071-0000-4000-8000-000000000001",
        "action": {
          "type": "REDIRECT_TO_POOL",
          "pool": "00000090-0000-4000-8000-000000000001"
        },
        "rules": [
          {
            "subject": {
              "type": "PATH"
            },
            "compare": "STARTS_WITH",
            "value": "/api"
          },
          {
            "subject": {
              "type": "HEADER",
              "name": "X-Key"
            },
            "compare": "EQUAL_TO",
            "value": "a b",
            "invert": true
          }
        ]
      },
      {
        "id": "00000071-0000-4000-8000-000000000002",
        "action": {
          "type": "REDIRECT_TO_URL",
          "url": "https://example.org/",
          "code": 308
        },
        "rules": [
          {
            "subject": {
              "type": "PATH"
            },
            "compare": "STARTS_WITH",
            "value": "/api"
          }
        ]
      },
      {
        "id": "00000071-0000-4000-8000-000000000003",
        "action": {
          "type": "REDIRECT_PREFIX",
          "prefix": "https://example.org",
          "code": 308
        },
        "rules": [
          {
            "subject": {
              "type": "PATH"
            },
            "compare": "STARTS_WITH",
            "value": "/api"
          }
        ]
      },
      {
        "id": "00000071-0000-4000-8000-000000000004",
        "action": {
          "type": "REJECT"
        },
        "rules": [
          {
            "subject": {
              "type": "PATH"
            },
            "compare": "STARTS_WITH",
            "value": "/api"
          }
        ]
      }
    ]
    "#);
}

#[test]
fn what_upstream_leaves_out_of_policies_is_left_out() {
    let mut tree = full();
    let change = |n, action, edit: &dyn Fn(&mut L7Policy)| {
        let mut policy = policy(n, action);
        edit(&mut policy);
        policy
    };
    let reject = L7PolicyAction::Reject;
    tree.l7_policies = vec![
        change(1, reject, &|policy| policy.enabled = false),
        change(2, reject, &|policy| policy.rules.clear()),
        change(3, reject, &|policy| policy.rules[0].enabled = false),
        change(4, reject, &|policy| {
            policy.provisioning_status = ProvisioningStatus::PendingDelete;
        }),
        change(5, reject, &|policy| {
            policy.rules[0].provisioning_status = ProvisioningStatus::PendingDelete;
        }),
        change(6, L7PolicyAction::RedirectToUrl, &|policy| {
            policy.redirect_url = None;
        }),
        change(7, L7PolicyAction::RedirectToPool, &|policy| {
            policy.redirect_pool_id = Some(id(POOL, 9));
        }),
        change(8, reject, &|policy| policy.listener_id = id(0x15, 9)),
    ];
    assert_eq!(build(&tree).unwrap().listeners[0].l7_policies, []);
    tree.l7_policies = vec![policy(1, reject)];
    assert_eq!(build(&tree).unwrap().listeners[0].l7_policies.len(), 1);
    tree.listeners[0].protocol = ListenerProtocol::Tcp;
    assert_eq!(build(&tree).unwrap().listeners[0].l7_policies, []);
}

#[test]
fn rules_on_the_clients_certificate_are_carried() {
    let mut tree = full();
    let mut refused = policy(1, L7PolicyAction::Reject);
    refused.rules[0].kind = L7RuleType::SslDnField;
    refused.rules[0].key = Some("OU".to_owned());
    tree.l7_policies = vec![refused];
    let document = build(&tree).unwrap();
    let subject = &document.listeners[0].l7_policies[0].rules[0].subject;
    let name = "OU".to_owned();
    assert_eq!(*subject, L7Subject::SslDnField { name });
}

fn terminated() -> LoadBalancerTree {
    let mut tree = full();
    let listener = &mut tree.listeners[0];
    listener.protocol = ListenerProtocol::TerminatedHttps;
    listener.tls_certificate_id = Some("file:web".to_owned());
    listener.sni_container_refs = vec!["file:shop".to_owned()];
    listener.client_authentication = ClientAuthentication::Optional;
    listener.client_ca_tls_certificate_id = Some("file:ca".to_owned());
    listener.hsts_max_age = Some(60);
    listener.tls_versions = vec!["TLSv1.2".to_owned()];
    let pool = &mut tree.pools[0].pool;
    pool.tls_enabled = true;
    pool.ca_tls_certificate_id = Some("file:members".to_owned());
    tree
}

fn material() -> Material {
    let bundle = |name: &str| CertificateBundle {
        certificate: format!("the certificate {name}"),
        private_key: Secret::new(format!("the key of {name}")),
        intermediates: vec!["its authority".to_owned()],
    };
    let certificates = ["file:web", "file:shop"].map(|name| (name.to_owned(), bundle(name)));
    let others = ["file:ca", "file:members"]
        .map(|name| (name.to_owned(), Secret::new(name.as_bytes().to_vec())));
    Material {
        certificates: certificates.into(),
        others: others.into(),
    }
}

fn build_of(tree: &LoadBalancerTree, material: &Material) -> Result<AmphoraConfig, Unsupported> {
    let surroundings = Surroundings {
        timeouts: Timeouts::default(),
        log_format: None,
        networking: AmphoraNetworking::Host,
        topography: &Topography::default(),
        material,
        tickets: None,
        pair: None,
    };
    document(tree, &amphora(1, AmphoraStatus::Booting), 7, &surroundings)
}

#[test]
fn a_listener_that_ends_tls_and_a_pool_that_speaks_it_carry_their_certificates() {
    let document = build_of(&terminated(), &material()).unwrap();
    let listener = &document.listeners[0];
    assert_eq!(
        listener.protocol,
        octavia_amphora_api::config::ListenerProtocol::Http
    );
    assert_json_snapshot!(listener.tls, @r#"
    {
      "certificates": [
        {
          "chain": "the certificate file:web\nits authority",
          "key": "the key of file:web"
        },
        {
          "chain": "the certificate file:shop\nits authority",
          "key": "the key of file:shop"
        }
      ],
      "versions": [
        "TLSv1.2"
      ],
      "client_certificates": {
        "mode": "OPTIONAL",
        "authorities": "file:ca"
      },
      "hsts": {
        "max_age_s": 60
      }
    }
    "#);
    assert_json_snapshot!(document.pools[0].tls, @r#"
    {
      "authorities": "file:members",
      "versions": [
        "TLSv1.2",
        "TLSv1.3"
      ]
    }
    "#);
    assert!(!format!("{document:?}").contains("the key of"));
}

#[test]
fn only_what_is_served_needs_its_secrets() {
    let needed = |tree: &LoadBalancerTree| {
        let References {
            certificates,
            others,
        } = references(tree);
        certificates.into_iter().chain(others).collect::<Vec<_>>()
    };
    let mut tree = terminated();
    assert_eq!(
        needed(&tree),
        ["file:shop", "file:web", "file:ca", "file:members"]
    );
    tree.listeners[0].client_authentication = ClientAuthentication::None;
    tree.pools[0].pool.tls_enabled = false;
    assert_eq!(needed(&tree), ["file:shop", "file:web"]);
    tree.listeners[0].provisioning_status = ProvisioningStatus::PendingDelete;
    assert!(needed(&tree).is_empty());
}

#[test]
fn versions_and_ciphers_that_cannot_be_spoken_are_named() {
    let mut tree = terminated();
    tree.listeners[0].tls_versions = vec!["TLSv1.2".to_owned(), "TLSv1.1".to_owned()];
    let error = build_of(&tree, &material()).unwrap_err();
    assert_eq!(error.feature, "TLS version TLSv1.1");
    let mut tree = terminated();
    let own = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256";
    tree.listeners[0].tls_ciphers = Some(own.to_owned());
    let error = build_of(&tree, &material()).unwrap_err();
    assert_eq!(error.feature, "cipher DHE-RSA-AES128-GCM-SHA256");
}

#[test]
fn of_a_default_list_what_can_be_spoken_is() {
    for list in tls::DEFAULT_CIPHERS {
        let mut tree = terminated();
        tree.listeners[0].tls_ciphers = Some(list.to_owned());
        let document = build_of(&tree, &material()).unwrap();
        let suites = &document.listeners[0].tls.as_ref().unwrap().ciphers;
        assert!(suites.len() >= 5, "{suites:?}");
    }
}

//! One file, because the recorded scenarios are one list, read side by side.

use octavia_model::{Id, LoadBalancer, ProvisioningStatus};

use super::record::Record;
use super::{Step, replay};
use crate::world::World;

/// A file of records, what stood there before, and what is left out.
pub(crate) struct Scenario {
    pub(crate) file: &'static str,
    pub(crate) setup: &'static [Step],
    /// What is done before a record.
    pub(crate) before: &'static [(&'static str, Step)],
    /// After these the worker does nothing,
    pub(crate) hold: &'static [&'static str],
    /// until these.
    pub(crate) release: &'static [&'static str],
    /// What the recording removed again before the next call.
    pub(crate) removed: fn(&Record) -> bool,
    /// Lists of things made in the same second: upstream shows them in the order of random ids.
    pub(crate) any_order: &'static [&'static str],
    /// What is different on purpose but for the status.
    pub(crate) other_text: &'static [&'static str],
    /// What is left out, and why.
    pub(crate) left_out: &'static [(&'static str, &'static str)],
}

pub(crate) const NOTHING: Scenario = Scenario {
    file: "",
    setup: &[],
    before: &[],
    hold: &[],
    release: &[],
    removed: |_| false,
    any_order: &[],
    other_text: &[],
    left_out: &[],
};

// Why records are left out: what upstream does, and what we answer.
const LINEAR: &str = "the expression looks around, which no data plane can do in linear time: 400";
pub(crate) const NO_NETWORK: &str =
    "upstream's no-op network has subnets without a network, and shows null: ours have one";
const QUOTA_READ: &str = "upstream wrote the defaults when the quota was shown: no row, so none";
const CHANCE: &str = "cuts a list whose order upstream leaves to chance: ours is by creation";
const BESIDE: &str =
    "shows rules that were changed and removed beside the recording: ours are all there";
const CHANCE_OF_STATUS: &str =
    "upstream forgets by chance that the pool has a monitor: the members are OFFLINE";
const LIST: &str = "upstream answers GET on an action with the list: 404";
const NEGATIVE: &str = "upstream takes a negative hsts_max_age in a tree: 400, as in a single call";

pub(crate) const SUBNET: &str = r#"{"vip_subnet_id": "11111111-1111-1111-1111-111111111111"}"#;
const LB: Step = Step::Make("loadbalancer", SUBNET, "<uuid-1>");
const OTHER_LB: Step = Step::Make("loadbalancer", SUBNET, "<lb>");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_protocol() {
    replay(Scenario {
        file: "protocol",
        setup: &[LB],
        other_text: &["body-too-large"],
        left_out: &[],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn load_balancers() {
    replay(Scenario {
        file: "loadbalancer",
        hold: &["delete-cascade"],
        release: &["get-deleted"],
        left_out: &[("failover-get", LIST)],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trees() {
    replay(Scenario {
        file: "tree",
        setup: &[Step::Make(
            "loadbalancer",
            r#"{
                "vip_subnet_id": "11111111-1111-1111-1111-111111111111",
                "vip_sg_ids": ["66666666-6666-6666-6666-666666666666"]
            }"#,
            "<uuid-98>",
        )],
        any_order: &["ref-by-name", "full-pools"],
        // The policy of the last one was never made: nobody can know its id.
        other_text: &["hm-udp-pool-https", "l7-51-rules"],
        left_out: &[
            ("hsts-neg-single-create", NEGATIVE),
            ("member-tags", CHANCE_OF_STATUS),
        ],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners() {
    replay(Scenario {
        file: "listener",
        setup: &[LB],
        // What is wrong with a certificate is said in Python's words.
        other_text: &["tls-badca", "tls-badcrl"],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools() {
    replay(Scenario {
        file: "pool",
        setup: &[LB],
        removed: |record| record.name.starts_with("combo-"),
        other_text: &["ca-bad"],
        ..NOTHING
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members() {
    const POOL: &str =
        r#"{"loadbalancer_id": "<lb>", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}"#;
    replay(Scenario {
        file: "member",
        setup: &[
            OTHER_LB,
            Step::Make("pool", POOL, "<uuid-1>"),
            Step::Make(
                "listener",
                r#"{"loadbalancer_id": "<lb>", "protocol": "UDP", "protocol_port": 53}"#,
                "<listener>",
            ),
            Step::Make(
                "pool",
                r#"{"listener_id": "<listener>", "protocol": "UDP", "lb_algorithm": "ROUND_ROBIN"}"#,
                "<uuid-13>",
            ),
            Step::Make("pool", POOL, "<uuid-15>"),
        ],
        hold: &["batch-pending-view"],
        any_order: &[
            "list-fields",
            "batch-create-after",
            "batch-replace-after",
            "batch-additive-after",
            "batch-additive-true-lower-after",
        ],
        left_out: &[("list", CHANCE)],
        ..NOTHING
    })
    .await;
}

macro_rules! pool_of {
    ($protocol:literal, $name:literal) => {
        Step::Make(
            "pool",
            concat!(
                r#"{"loadbalancer_id": "<lb>", "lb_algorithm": "ROUND_ROBIN", "protocol": ""#,
                $protocol,
                r#""}"#
            ),
            $name,
        )
    };
}

macro_rules! listener_of {
    ($protocol:literal, $port:literal, $more:literal, $name:literal) => {
        Step::Make(
            "listener",
            concat!(
                r#"{"loadbalancer_id": "<lb>", "protocol": ""#,
                $protocol,
                r#"", "protocol_port": "#,
                $port,
                $more,
                "}"
            ),
            $name,
        )
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l7_policies_and_rules() {
    const ONE_MORE: (&str, Step) = (
        "rule-51st",
        Step::Make(
            "l7policies/<uuid-38>/rule",
            r#"{"type": "PATH", "compare_type": "EQUAL_TO", "value": "/x"}"#,
            "",
        ),
    );
    replay(Scenario {
        file: "l7",
        setup: &[
            OTHER_LB,
            listener_of!("HTTP", "80", "", "<uuid-1>"),
            listener_of!("TCP", "81", "", "<uuid-3>"),
            listener_of!("HTTPS", "82", "", "<uuid-4>"),
            listener_of!(
                "TERMINATED_HTTPS",
                "83",
                r#", "default_tls_container_ref": "http://b/good""#,
                "<uuid-5>"
            ),
            listener_of!("UDP", "84", "", "<uuid-7>"),
            listener_of!("SCTP", "85", "", "<uuid-8>"),
            listener_of!("PROMETHEUS", "86", "", "<uuid-9>"),
            listener_of!("HTTP", "87", "", "<uuid-30>"),
            pool_of!("TCP", "<uuid-11>"),
            pool_of!("HTTP", "<uuid-13>"),
            Step::Make("loadbalancer", SUBNET, "<other>"),
            Step::Make(
                "pool",
                r#"{"loadbalancer_id": "<other>", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}"#,
                "<uuid-12>",
            ),
        ],
        before: &[ONE_MORE; 15],
        other_text: &["rule-bad-regex", "rule-dn-badregex"],
        left_out: &[
            ("rule-lookahead-regex", LINEAR),
            ("rule-list", BESIDE),
            ("list-policies", BESIDE),
        ],
        ..NOTHING
    })
    .await;
}

/// A monitor that several recordings show in their lists.
const MONITOR: &str = r#"{
    "pool_id": "<monitored>", "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 2,
    "http_version": 1.1, "domain_name": "www.x.com"
}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_monitors() {
    replay(Scenario {
        file: "healthmonitor",
        setup: &[
            OTHER_LB,
            pool_of!("HTTP", "<monitored>"),
            Step::Make("healthmonitor", MONITOR, ""),
            pool_of!("TCP", "<uuid-1>"),
            pool_of!("HTTP", "<uuid-7>"),
            pool_of!("HTTPS", "<uuid-13>"),
            pool_of!("PROXY", "<uuid-19>"),
            pool_of!("PROXYV2", "<uuid-25>"),
            pool_of!("UDP", "<uuid-31>"),
            pool_of!("SCTP", "<uuid-36>"),
        ],
        removed: |record| !record.name.starts_with("create"),
        any_order: &["list"],
        ..NOTHING
    })
    .await;
}

macro_rules! listed {
    ($number:literal, $rest:literal) => {
        Step::Make(
            "loadbalancer",
            concat!(
                r#"{"vip_subnet_id": "11111111-1111-1111-1111-111111111111", "#,
                r#""project_id": "ffffffffffffffffffffffffffffffff", "#,
                r#""vip_address": "10.9.0."#,
                $number,
                r#"", "name": "n"#,
                $number,
                r#"", "#,
                $rest,
                "}"
            ),
            "",
        )
    };
}

const FIRST_OF_OTHERS: &str = "empty-listeners";

/// What stood there when other resources were listed.
const OTHERS: &[(&str, Step)] = &[
    (FIRST_OF_OTHERS, OTHER_LB),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "pool",
            r#"{
                        "loadbalancer_id": "<lb>", "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN",
                        "session_persistence": {"type": "APP_COOKIE", "cookie_name": "abc"}
                    }"#,
            "<monitored>",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "listener",
            r#"{
                        "loadbalancer_id": "<lb>", "protocol": "HTTP", "protocol_port": 80,
                        "default_pool_id": "<monitored>",
                        "insert_headers": {"X-Forwarded-For": "true"},
                        "allowed_cidrs": ["198.51.100.0/24"], "tags": ["a", "b"]
                    }"#,
            "<listed>",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "l7policy",
            r#"{
                        "listener_id": "<listed>", "action": "REDIRECT_TO_URL",
                        "redirect_url": "http://x.com"
                    }"#,
            "<policy>",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "l7policies/<policy>/rule",
            r#"{"type": "PATH", "compare_type": "EQUAL_TO", "value": "/x"}"#,
            "",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "flavorprofile",
            r#"{
                        "name": "n2", "provider_name": "amphora",
                        "flavor_data": "{\"loadbalancer_topology\": \"SINGLE\"}"
                    }"#,
            "<profile>",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "flavor",
            r#"{"name": "dis", "flavor_profile_id": "<profile>", "enabled": false}"#,
            "",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "availability_zone_profile",
            r#"{
                        "name": "n", "provider_name": "amphora",
                        "availability_zone_data": "{\"compute_zone\": \"z1\"}"
                    }"#,
            "<zone profile>",
        ),
    ),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "availability_zone",
            r#"{
                        "name": "az1", "description": "d",
                        "availability_zone_profile_id": "<zone profile>"
                    }"#,
            "",
        ),
    ),
    (FIRST_OF_OTHERS, Step::Make("healthmonitor", MONITOR, "")),
    (
        FIRST_OF_OTHERS,
        Step::Make(
            "pools/<monitored>/member",
            r#"{"address": "10.0.0.1", "protocol_port": 80}"#,
            "",
        ),
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists() {
    replay(Scenario {
        file: "list",
        setup: &[
            listed!("0", r#""description": "even", "tags": ["all", "t0"]"#),
            listed!("1", r#""description": "odd", "tags": ["all", "t1"]"#),
            listed!("2", r#""description": "even", "tags": ["all", "t2"]"#),
            listed!(
                "3",
                r#""description": "odd", "tags": ["all", "t3"], "admin_state_up": false"#
            ),
            listed!("4", r#""description": "even""#),
        ],
        before: OTHERS,
        left_out: &[("empty-quotas", QUOTA_READ)],
        ..NOTHING
    })
    .await;
}

macro_rules! named_c {
    ($name:literal) => {
        Step::Make(
            "loadbalancer",
            r#"{"vip_subnet_id": "11111111-1111-1111-1111-111111111111", "name": "C"}"#,
            $name,
        )
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_configurations() {
    replay(Scenario {
        file: "config",
        setup: &[
            Step::Make(
                "loadbalancer",
                r#"{"vip_subnet_id": "11111111-1111-1111-1111-111111111111", "name": "lb1"}"#,
                "<uuid-14>",
            ),
            Step::Break("loadbalancer", "<uuid-14>"),
            Step::Make("loadbalancer", SUBNET, ""),
            named_c!(""),
            named_c!(""),
            named_c!("<uuid-1>"),
        ],
        before: &[
            (
                "member create on ERROR pool",
                Step::Break("pool", "<uuid-5>"),
            ),
            ("rule on ERROR policy", Step::Break("l7policy", "<uuid-27>")),
            (
                "listener update on ERROR listener",
                Step::Break("listener", "<uuid-26>"),
            ),
            (
                "pool create on ERROR listener",
                Step::Break("listener", "<uuid-26>"),
            ),
            (
                "lb update on ERROR lb",
                Step::Break("loadbalancer", "<uuid-1>"),
            ),
        ],
        left_out: &[("no sorting", CHANCE)],
        ..NOTHING
    })
    .await;
}

/// Puts an object into ERROR, as a failed change does.
pub(crate) async fn break_it(world: &World, kind: &str, id: &str) {
    let broken = ProvisioningStatus::Error;
    let mut tx = world.store.begin("test.break").await.unwrap();
    match kind {
        "pool" => {
            let mut pool = tx.pool(id.parse().unwrap()).await.unwrap().unwrap();
            pool.provisioning_status = broken;
            tx.save_pool(&pool).await.unwrap();
        }
        "listener" => {
            let mut listener = tx.listener(id.parse().unwrap()).await.unwrap().unwrap();
            listener.provisioning_status = broken;
            tx.save_listener(&listener).await.unwrap();
        }
        "l7policy" => {
            let mut policy = tx.l7_policy(id.parse().unwrap()).await.unwrap().unwrap();
            policy.provisioning_status = broken;
            tx.save_l7_policy(&policy).await.unwrap();
        }
        "loadbalancer" => {
            let id: Id<LoadBalancer> = id.parse().unwrap();
            let mut load_balancer = tx.load_balancer(id).await.unwrap().unwrap();
            load_balancer.provisioning_status = broken;
            tx.save_load_balancer(&load_balancer).await.unwrap();
        }
        other => panic!("nobody knows how to break a {other}"),
    }
    tx.commit().await.unwrap();
}

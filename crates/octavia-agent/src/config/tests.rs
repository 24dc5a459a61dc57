use proptest::prelude::*;

use super::*;

const FILE: &str = "\
[DEFAULT]
debug = False

[haproxy_amphora]
base_path = state
base_cert_dir = certs
bind_host = 127.99.0.7
bind_port = 9000
# the agent has no use for the next one
haproxy_cmd = /usr/sbin/haproxy

[health_manager]
controller_ip_port_list = 127.0.0.1:5555, [::1]:5556,
    fd00::1:5557
heartbeat_interval = 3
heartbeat_key = 'with = signs'

[amphora_agent]
agent_server_ca = certs/client_ca.pem
agent_server_cert: /abs/server.pem
amphora_id = a3a30000-0000-4000-8000-000000000001
";

fn parse(text: &str) -> Result<AgentConfig, ConfigError> {
    AgentConfig::parse(text, Path::new("/amphora/agent.conf"))
}

fn refusal(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn the_file_of_upstream_is_read() {
    insta::assert_debug_snapshot!(parse(FILE).unwrap(), @r#"
    AgentConfig {
        amphora_id: a3a30000-0000-4000-8000-000000000001,
        bind: 127.99.0.7:9000,
        base_path: "/amphora/state",
        server_certificate: "/abs/server.pem",
        client_ca: "/amphora/certs/client_ca.pem",
        request_read_timeout: 180s,
        controllers: [
            127.0.0.1:5555,
            [::1]:5556,
            [fd00::1]:5557,
        ],
        heartbeat_interval: 3s,
        heartbeat_key: ***,
        traffic_log: TrafficLogConfig {
            file: None,
            targets: [],
            over_tcp: false,
            facility: 0,
            queue_size: 10000,
            retries: Some(
                5,
            ),
            retry_interval: 2s,
            admin_targets: [],
            admin_facility: 1,
        },
    }
    "#);
}

#[test]
fn what_is_left_out_has_the_default_of_upstream() {
    let short = "\
[amphora_agent]
amphora_id = a3a30000-0000-4000-8000-000000000001
[health_manager]
heartbeat_key = k
";
    insta::assert_debug_snapshot!(parse(short).unwrap(), @r#"
    AgentConfig {
        amphora_id: a3a30000-0000-4000-8000-000000000001,
        bind: [::]:9443,
        base_path: "/var/lib/octavia",
        server_certificate: "/etc/octavia/certs/server.pem",
        client_ca: "/etc/octavia/certs/client_ca.pem",
        request_read_timeout: 180s,
        controllers: [],
        heartbeat_interval: 10s,
        heartbeat_key: ***,
        traffic_log: TrafficLogConfig {
            file: None,
            targets: [],
            over_tcp: false,
            facility: 0,
            queue_size: 10000,
            retries: Some(
                5,
            ),
            retry_interval: 2s,
            admin_targets: [],
            admin_facility: 1,
        },
    }
    "#);
}

#[test]
fn a_quoted_heartbeat_key_is_used_without_its_quotes() {
    let ini = Ini::parse(FILE).unwrap();
    assert_eq!(
        ini.value("health_manager", "heartbeat_key"),
        Some("with = signs")
    );
}

#[test]
fn the_log_of_traffic_has_upstreams_options() {
    let text = format!(
        "{FILE}tenant_log_targets = 192.0.2.1:514, [2001:db8::1]:514\nlog_protocol = TCP\n\
         user_log_facility = 3\nlog_queue_size = 50\ntenant_log_file = traffic.log\n\
         log_retry_count = -1\nlog_retry_interval = 7\n\
         admin_log_targets = 192.0.2.2:514\nadministrative_log_facility = 2\n"
    );
    insta::assert_debug_snapshot!(parse(&text).unwrap().traffic_log, @r#"
    TrafficLogConfig {
        file: Some(
            "/amphora/traffic.log",
        ),
        targets: [
            192.0.2.1:514,
            [2001:db8::1]:514,
        ],
        over_tcp: true,
        facility: 3,
        queue_size: 50,
        retries: None,
        retry_interval: 7s,
        admin_targets: [
            192.0.2.2:514,
        ],
        admin_facility: 2,
    }
    "#);
    let kept_nowhere = parse(&format!("{text}disable_local_log_storage = true\n"));
    assert_eq!(kept_nowhere.unwrap().traffic_log.file, None);
    let bad = |line: &str| refusal(&format!("{FILE}{line}\n"));
    insta::assert_snapshot!(
        [bad("log_protocol = SCTP"), bad("user_log_facility = 8"), bad("administrative_log_facility = 9"), bad("tenant_log_targets = x")].join("\n"),
        @r"
    /amphora/agent.conf: [amphora_agent] log_protocol = SCTP: not UDP or TCP
    /amphora/agent.conf: [amphora_agent] user_log_facility = 8: not 0 to 7
    /amphora/agent.conf: [amphora_agent] administrative_log_facility = 9: not 0 to 7
    /amphora/agent.conf: [amphora_agent] tenant_log_targets = x: not ADDRESS:PORT
    ");
}

#[test]
fn a_bad_value_is_refused_by_name() {
    let refusals = [
        FILE.replace("amphora_id", "amphora"),
        FILE.replace("a3a30000", "a3a3"),
        FILE.replace("9000", "90000"),
        FILE.replace("heartbeat_interval = 3", "heartbeat_interval = 0"),
        FILE.replace("127.0.0.1:5555", "controller:5555"),
        FILE.replace("127.0.0.1:5555", "127.0.0.1"),
        FILE.replace("heartbeat_key = 'with = signs'", "heartbeat_key ="),
        FILE.replace("[amphora_agent]", "[amphora_agent"),
        FILE.replace("debug = False", "debug"),
    ]
    .map(|text| refusal(&text));
    insta::assert_snapshot!(refusals.join("\n"), @r"
    /amphora/agent.conf: [amphora_agent] amphora_id is missing
    /amphora/agent.conf: [amphora_agent] amphora_id = a3a3-0000-4000-8000-000000000001: invalid group length in group 0: expected 8, found 4
    /amphora/agent.conf: [haproxy_amphora] bind_port = 90000: number too large to fit in target type
    /amphora/agent.conf: [health_manager] heartbeat_interval = 0: must be at least 1
    /amphora/agent.conf: [health_manager] controller_ip_port_list = controller:5555: not ADDRESS:PORT
    /amphora/agent.conf: [health_manager] controller_ip_port_list = 127.0.0.1: not ADDRESS:PORT
    /amphora/agent.conf: [health_manager] heartbeat_key is missing
    /amphora/agent.conf:18: neither a section nor an option
    /amphora/agent.conf:2: neither a section nor an option
    ");
}

#[test]
fn a_missing_file_is_named() {
    let error = AgentConfig::read(Path::new("/nowhere/agent.conf")).unwrap_err();
    assert_eq!(error.to_string(), "read /nowhere/agent.conf");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_a_panic(text in "([\\[\\]=:#; a-z\"'\n]|\\PC){0,200}") {
        drop(parse(&text));
    }

    #[test]
    fn a_value_survives_as_it_was_written(value in "[!#-&(-~]([ -~]{0,30}[!#-&(-~])?") {
        let text = format!("[a]\nb = {value}\n");
        let ini = Ini::parse(&text).unwrap();
        prop_assert_eq!(ini.value("a", "b"), Some(value.as_str()));
    }
}

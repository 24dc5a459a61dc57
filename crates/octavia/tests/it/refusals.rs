//! What stops a start, and what is said then.

use std::net::{TcpListener, UdpSocket};

use sea_orm::{ConnectionTrait, Database};

use crate::octavia::{Home, Service, octavia};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_bad_value_stops_the_start_and_is_named_with_its_line() {
    let home = Home::new();
    std::fs::write(
        home.config(),
        "[api_settings]\nbind_port = eighty\n[health_manager]\nheartbeat_timeout = -1\n",
    )
    .unwrap();
    let ended = home.all_in_one(&[]).output().unwrap();
    let said = text(&ended.stderr).replace(&home.config().display().to_string(), "octavia.conf");
    insta::assert_snapshot!(said, @r"
    error: the configuration cannot be used:
      octavia.conf:2: [api_settings] bind_port = eighty: it is a port, a whole number from 0 to 65535 (port the API listens on)
      octavia.conf:4: [health_manager] heartbeat_timeout = -1: it is a time in seconds, above 0
    ");
    assert_eq!(ended.status.code(), Some(78));
    assert!(!home.state().exists(), "nothing was begun");
}

#[test]
fn an_api_port_in_use_is_named_before_anything_is_started() {
    let home = Home::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ended = home.all_in_one(&["--bind-port", &port]).output().unwrap();
    let said = text(&ended.stderr);
    let last = said.lines().last().unwrap().replace(&port, "PORT");
    insta::assert_snapshot!(last, @"error: the API cannot listen on 127.0.0.1 port PORT: Address already in use (os error 98); [api_settings] bind_host and bind_port (or --bind-port) say where it listens");
    assert_eq!(ended.status.code(), Some(75));
    assert!(!home.state().join("octavia.db").exists());
}

#[test]
fn a_heartbeat_port_in_use_is_named() {
    let home = Home::new();
    let taken = UdpSocket::bind((home.host(), 0)).unwrap();
    let address = taken.local_addr().unwrap();
    home.configure(&format!(
        "[health_manager]\nbind_port = {}\n",
        address.port()
    ));
    let ended = home.all_in_one(&[]).output().unwrap();
    let said = text(&ended.stderr);
    let last = said
        .lines()
        .last()
        .unwrap()
        .replace(&address.ip().to_string(), "ADDRESS")
        .replace(&address.port().to_string(), "PORT");
    insta::assert_snapshot!(last, @"error: heartbeats cannot be heard on ADDRESS port PORT (UDP): Address already in use (os error 98); [health_manager] bind_ip and bind_port say where they arrive");
    assert_eq!(ended.status.code(), Some(75));
}

#[tokio::test]
async fn a_second_instance_is_told_who_holds_the_folder() {
    let home = Home::new();
    let service = Service::start(&home).await;
    let ended = home.all_in_one(&[]).output().unwrap();
    let said = text(&ended.stderr);
    let last = said
        .lines()
        .last()
        .unwrap()
        .replace(&service.pid().to_string(), "PID")
        .replace(&home.state().display().to_string(), "STATE");
    insta::assert_snapshot!(last, @"error: process PID runs on the state folder STATE: stop it, or name another folder with --state-dir");
    assert_eq!(ended.status.code(), Some(75));
    let (status, log) = service.terminate().await;
    assert!(status.success(), "{log}");
}

#[tokio::test]
async fn a_database_at_another_revision_is_refused_and_left_alone() {
    let home = Home::new();
    let url = format!(
        "sqlite://{}?mode=rwc",
        home.config().with_extension("db").display()
    );
    let database = Database::connect(&url).await.unwrap();
    for sql in [
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('0123456789ab')",
    ] {
        database.execute_unprepared(sql).await.unwrap();
    }
    database.close().await.unwrap();
    let config = format!(
        "[database]\nconnection = sqlite:///{}\n",
        home.config().with_extension("db").display()
    );
    std::fs::write(home.config(), config).unwrap();
    for command in ["check", "upgrade"] {
        let config = home.config().display().to_string();
        let ended = octavia(&["--config-file", &config, "db", command]);
        let said = text(&ended.stderr);
        assert!(!ended.status.success(), "{said}");
        assert!(said.contains("0123456789ab"), "{said}");
    }
}

#[test]
fn a_role_without_a_database_says_how_to_name_one() {
    let ended = octavia(&["db", "check"]);
    insta::assert_snapshot!(text(&ended.stderr), @"error: no database: set [database] connection in octavia.conf, for example mysql+pymysql://octavia:password@db.example.org/octavia or sqlite:////var/lib/octavia/octavia.db");
    assert_eq!(ended.status.code(), Some(78));
}

#[test]
fn upstreams_default_drivers_are_refused_by_name() {
    let home = Home::new();
    let config = home.config().display().to_string();
    std::fs::write(
        home.config(),
        "[database]\nconnection = sqlite://\n[health_manager]\nheartbeat_key = insecure\n\
         [controller_worker]\nnetwork_driver = allowed_address_pairs_driver\n",
    )
    .unwrap();
    let ended = octavia(&["--config-file", &config, "worker"]);
    let said = text(&ended.stderr).replace(&config, "octavia.conf");
    insta::assert_snapshot!(said, @r"
    error: the configuration cannot be used:
      default: [controller_worker] compute_driver = compute_nova_driver: other clouds come with a later version; use compute_local_driver
      octavia.conf:6: [controller_worker] network_driver = allowed_address_pairs_driver: other clouds come with a later version; use network_local_driver
    ");
    assert_eq!(ended.status.code(), Some(78));
}

#[test]
fn an_api_that_would_need_keystone_does_not_start_without_it() {
    let home = Home::new();
    std::fs::write(
        home.config(),
        "[database]\nconnection = sqlite://\n[controller_worker]\n\
         loadbalancer_topology = ACTIVE_STANDBY\n",
    )
    .unwrap();
    let ended = home.role("api").output().unwrap();
    let said = text(&ended.stderr).replace(&home.config().display().to_string(), "octavia.conf");
    insta::assert_snapshot!(said, @r"
    error: the configuration cannot be used:
      default: [keystone_authtoken] auth_url = : it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
      default: [keystone_authtoken] password = ***: it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
      default: [keystone_authtoken] username = : it is needed to check tokens; [api_settings] auth_strategy = noauth checks none
      default: [keystone_authtoken] project_name = : it, or project_id, is needed to check tokens
    ");
    assert_eq!(ended.status.code(), Some(78));
}

#[test]
fn rules_with_errors_stop_the_start_before_anything_runs() {
    let home = Home::new();
    let rules = home.config().with_file_name("policy.yaml");
    std::fs::write(&rules, "one: '@'\ntwo: role:x and\n").unwrap();
    home.configure("[api_settings]\nauth_strategy = testing\n");
    let ended = home.all_in_one(&[]).output().unwrap();
    let said = text(&ended.stderr).replace(&rules.display().to_string(), "policy.yaml");
    let last = said.lines().last().unwrap();
    insta::assert_snapshot!(last, @r#"error: policy.yaml:2: rule "two": it ends where a check is expected"#);
    assert_eq!(ended.status.code(), Some(78));
    assert!(!home.state().join("octavia.db").exists());
}

use std::time::Duration;

use super::*;
use crate::config::reader::Reader;

fn built_in(text: &str) -> Sources {
    Sources {
        built_in: Some(text.to_owned()),
        ..Sources::default()
    }
}

fn load(text: &str) -> Settings {
    let settings = Settings::load(&built_in(text));
    assert_eq!(settings.problems(), []);
    settings
}

fn problems(sources: &Sources) -> String {
    let settings = Settings::load(sources);
    let problems: Vec<String> = settings
        .problems()
        .iter()
        .map(ToString::to_string)
        .collect();
    problems.join("\n")
}

#[test]
fn a_later_value_wins_and_a_default_fills_in() {
    let settings = load("[api_settings]\nbind_port = 1\nbind_port = 2\n");
    assert_eq!(
        settings.value(("api_settings", "bind_port")).0,
        Value::Integer(2)
    );
    assert_eq!(
        settings.value(("api_settings", "bind_host")),
        (Value::Text("127.0.0.1".to_owned()), Origin::Default)
    );
}

#[test]
fn a_repeated_option_collects_all_its_values() {
    let settings = load("[oslo_policy]\npolicy_dirs = one\npolicy_dirs = two\n");
    assert_eq!(
        settings.value(("oslo_policy", "policy_dirs")).0,
        Value::List(vec!["one".to_owned(), "two".to_owned()])
    );
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_files() {
    let mut sources = built_in("[api_settings]\nbind_port = 1\n[health_manager]\nbind_port = 1\n");
    sources.environment = vec![
        ("OS_API_SETTINGS__BIND_PORT".to_owned(), "2".to_owned()),
        ("OS_HEALTH_MANAGER__BIND_PORT".to_owned(), "2".to_owned()),
        ("OS_AUTH_URL".to_owned(), "http://elsewhere".to_owned()),
    ];
    sources.command_line = vec![("--bind-port", "api_settings", "bind_port", "3".to_owned())];
    let settings = Settings::load(&sources);
    assert_eq!(
        settings.value(("api_settings", "bind_port")),
        (Value::Integer(3), Origin::CommandLine("--bind-port"))
    );
    assert_eq!(
        settings.value(("health_manager", "bind_port")).0,
        Value::Integer(2)
    );
}

#[test]
fn a_value_may_refer_to_its_section_then_to_default_or_to_another_section() {
    let settings = load(
        "[DEFAULT]\nlog_dir = /logs\n[haproxy_amphora]\nbase_path = /srv\nbase_cert_dir = $base_path/certs\n\
         haproxy_template = $log_dir\nhaproxy_cmd = ${api_settings.bind_port}\n",
    );
    let text = |name| settings.value(("haproxy_amphora", name)).0;
    assert_eq!(text("base_cert_dir"), Value::Text("/srv/certs".to_owned()));
    assert_eq!(text("haproxy_template"), Value::Text("/logs".to_owned()));
    assert_eq!(text("haproxy_cmd"), Value::Text("9876".to_owned()));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_secrets_are_not() {
    let problems = problems(&built_in(
        "[api_settings]\nbind_port = http\nauth_strategy = none\n[DEFAULT]\ndebug = maybe\n\
         [haproxy_amphora]\nbase_path = $base_path\n[database]\nconnection = mysql://u:pa$word@h/d\n",
    ));
    insta::assert_snapshot!(problems, @r"
    built-in configuration:2: [api_settings] bind_port = http: it is a port, a whole number from 0 to 65535 (port the API listens on)
    built-in configuration:3: [api_settings] auth_strategy = none: it is one of: noauth, keystone, testing (who is believed: keystone tokens, nobody checked, or test headers)
    built-in configuration:5: [DEFAULT] debug = maybe: it is true, 1, on, yes, or false, 0, off, no (log at debug level)
    built-in configuration:7: [haproxy_amphora] base_path = $base_path: it refers to itself (base folder in the amphora)
    built-in configuration:9: [database] connection = ***: there is no option 'word' to put in; write $$ for a dollar sign (database URL)
    ");
}

#[test]
fn a_line_that_is_not_understood_is_named() {
    let problems = problems(&built_in("[DEFAULT]\ndebug\n"));
    insta::assert_snapshot!(problems, @"built-in configuration:2: neither a [section] nor an option = value");
}

#[test]
fn files_win_in_their_order_and_folders_win_over_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    };
    let first = write(
        "first.conf",
        "[api_settings]\nbind_port = 1\nbind_host = ::1\n",
    );
    let second = write("second.conf", "[api_settings]\nbind_port = 2\n");
    write("d/20.conf", "[api_settings]\nbind_port = 4\n");
    write("d/10.conf", "[api_settings]\nbind_port = 3\n");
    write("d/99.txt", "no configuration at all");
    let sources = Sources {
        files: vec![first, second],
        folders: vec![folder.path().join("d")],
        ..Sources::default()
    };
    let settings = Settings::load(&sources);
    assert_eq!(
        settings.value(("api_settings", "bind_port")).0,
        Value::Integer(4)
    );
    assert_eq!(
        settings.value(("api_settings", "bind_host")).0,
        Value::Text("::1".to_owned())
    );
}

#[test]
fn a_missing_file_stops_the_start() {
    let sources = Sources {
        files: vec!["/nonexistent/octavia.conf".into()],
        ..Sources::default()
    };
    insta::assert_snapshot!(problems(&sources), @"/nonexistent/octavia.conf: cannot be read: No such file or directory (os error 2)");
}

#[test]
fn unknown_and_old_names_are_remarked_with_what_was_meant() {
    let settings = load(
        "[api_settings]\nbind_prot = 1\n[haproxy_amphora]\nactive_connection_rety_interval = 3\n\
         [nonsense]\nquux = 1\n",
    );
    let remarks: Vec<String> = settings.remarks().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(remarks.join("\n"), @r"
    built-in configuration:2: there is no option [api_settings] bind_prot; did you mean [api_settings] bind_port?
    built-in configuration:6: there is no option [nonsense] quux
    built-in configuration:4: [haproxy_amphora] active_connection_rety_interval is called [haproxy_amphora] active_connection_retry_interval today
    ");
    assert_eq!(
        settings
            .value(("haproxy_amphora", "active_connection_retry_interval"))
            .0,
        Value::Integer(3)
    );
}

#[test]
fn an_option_that_nobody_reads_is_remarked() {
    let settings = load("[DEFAULT]\ntransport_url = rabbit://\ngraceful_shutdown_timeout = 7\n");
    let reader = Reader::new(&settings);
    assert_eq!(
        reader.seconds(("DEFAULT", "graceful_shutdown_timeout")),
        Duration::from_secs(7)
    );
    let remarks: Vec<String> = reader
        .finish()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(remarks.join("\n"), @"built-in configuration:2: [DEFAULT] transport_url is known and has no effect here");
}

#[test]
fn a_value_of_the_right_type_may_still_be_refused_by_its_use() {
    let settings = load("[DEFAULT]\ngraceful_shutdown_timeout = -7\n");
    let reader = Reader::new(&settings);
    reader.seconds(("DEFAULT", "graceful_shutdown_timeout"));
    insta::assert_snapshot!(reader.finish().unwrap_err(), @r"
    the configuration cannot be used:
      built-in configuration:2: [DEFAULT] graceful_shutdown_timeout = -7: it is a time in seconds, 0 or more
    ");
}

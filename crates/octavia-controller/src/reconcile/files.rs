//! What an amphora is given at boot.

use std::fmt::Write;

use octavia_cloud::ServerFile;
use octavia_model::{Amphora, Id, Secret};

use crate::ca::{Authority, Issued};
use crate::config::AmphoraSettings;

/// Returns the files of a new amphora. Paths in `agent.conf` are relative to its own directory.
pub(super) fn boot_files(
    amphora: Id<Amphora>,
    issued: &Issued,
    authority: &Authority,
    settings: &AmphoraSettings,
) -> Vec<ServerFile> {
    let file = |path: &str, content: String| ServerFile {
        path: path.to_owned(),
        content: Secret::new(content),
    };
    vec![
        file("agent.conf", agent_conf(amphora, settings)),
        file("certs/server.pem", issued.pem.reveal().clone()),
        file(
            "certs/client_ca.pem",
            authority.client_authorities().to_owned(),
        ),
    ]
}

fn agent_conf(amphora: Id<Amphora>, settings: &AmphoraSettings) -> String {
    let controllers: Vec<_> = settings
        .controllers
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut agent = vec![
        ("amphora_id", amphora.to_string()),
        ("agent_server_cert", "certs/server.pem".to_owned()),
        ("agent_server_ca", "certs/client_ca.pem".to_owned()),
    ];
    agent.extend(settings.log_options.iter().cloned());
    let sections = [
        ("amphora_agent", agent),
        (
            "haproxy_amphora",
            vec![
                ("bind_port", settings.bind_port.to_string()),
                ("base_path", settings.base_path.clone()),
            ],
        ),
        (
            "health_manager",
            vec![
                ("controller_ip_port_list", controllers.join(", ")),
                (
                    "heartbeat_interval",
                    settings.heartbeat_interval.as_secs().max(1).to_string(),
                ),
                ("heartbeat_key", settings.heartbeat_key.reveal().clone()),
            ],
        ),
    ];
    let mut text = String::new();
    for (name, options) in sections {
        writeln!(text, "[{name}]").expect("a String takes any text");
        for (option, value) in options {
            writeln!(text, "{option} = {value}").expect("a String takes any text");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_agent_has_upstreams_names() {
        let settings = AmphoraSettings {
            controllers: vec![
                "127.0.0.1:5555".parse().unwrap(),
                "[::1]:5556".parse().unwrap(),
            ],
            heartbeat_key: Secret::new("insecure".to_owned()),
            log_options: vec![("log_protocol", "TCP".to_owned())],
            ..AmphoraSettings::default()
        };
        let amphora = "a3a30000-0000-4000-8000-000000000001".parse().unwrap();
        insta::assert_snapshot!(agent_conf(amphora, &settings), @r"
        [amphora_agent]
        amphora_id = a3a30000-0000-4000-8000-000000000001
        agent_server_cert = certs/server.pem
        agent_server_ca = certs/client_ca.pem
        log_protocol = TCP

        [haproxy_amphora]
        bind_port = 9443
        base_path = .

        [health_manager]
        controller_ip_port_list = 127.0.0.1:5555, [::1]:5556
        heartbeat_interval = 10
        heartbeat_key = insecure
        ");
    }
}

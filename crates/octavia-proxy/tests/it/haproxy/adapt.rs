//! What upstream wrote, on this machine: other addresses, ports and paths, and nothing else.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

use octavia_amphora_api::AmphoraConfig;
use octavia_amphora_api::config::{Certificate, ListenerTls};

use crate::support::config::{free_port, own_address};
use crate::support::pki::Authority;

/// The addresses that upstream's listeners bind.
pub(super) const VIPS: [&str; 3] = ["10.251.0.100", "fd00:251::100", "10.251.0.101"];

/// Where listeners are, by the port and the number of the address that upstream wrote.
pub(super) type Fronts = HashMap<(u16, usize), SocketAddr>;

/// Certificates, the same for both.
pub(super) struct Keys {
    pub(super) authority: Authority,
    pub(super) server: Certificate,
    pub(super) client: Certificate,
    pub(super) revoked: String,
}

impl Keys {
    pub(super) fn new() -> Self {
        let authority = Authority::new("authority");
        Self {
            server: authority.certify(&["x"]),
            client: authority.certify_number(2, &["client"]),
            revoked: authority.revoke(3),
            authority,
        }
    }

    fn write(&self, directory: &Path) {
        let both = |certificate: &Certificate| certificate.chain.clone() + certificate.key.reveal();
        let server = directory.join("server.pem");
        let files = [
            ("server.pem", both(&self.server)),
            ("crt", both(&self.client)),
            ("crt-list", format!("{}\n", server.display())),
            ("ca-file", self.authority.pem()),
            ("crl-file", self.revoked.clone()),
            ("command", "#!/bin/sh\nexit 0\n".to_owned()),
        ];
        for (name, text) in files {
            std::fs::write(directory.join(name), text).expect("write a file");
        }
    }
}

/// What a host of an amphora has and this machine has not: a place for logs and state, an account, so
/// many processors.
const LEFT_OUT: [&str; 7] = [
    "daemon",
    "user nobody",
    "log /",
    "stats socket",
    "server-state-file",
    "load-server-state-from-file",
    "cpu-map",
];

/// Rewrites a configuration; its files go into `directory`.
pub(super) fn haproxy(
    text: &str,
    directory: &Path,
    keys: &Keys,
    member: impl Fn(&str) -> Option<SocketAddr>,
) -> (String, Fronts) {
    keys.write(directory);
    let mut places = Places {
        own: own_address(),
        fronts: Fronts::new(),
        others: HashMap::new(),
        member,
    };
    let mut out = String::new();
    for line in text.lines() {
        if LEFT_OUT
            .iter()
            .any(|word| line.trim_start().starts_with(word))
        {
            continue;
        }
        let words: Vec<_> = line.split(' ').collect();
        for (index, word) in words.iter().enumerate() {
            let before = words[index.saturating_sub(1)];
            let is_file = word.starts_with("/var/lib/octavia/");
            let word = match before {
                "crt-list" | "ca-file" | "crl-file" | "crt" | "command" if is_file => {
                    directory.join(before).display().to_string()
                }
                _ => places.word(before, word),
            };
            write!(out, "{word} ").expect("a string grows");
        }
        out.push('\n');
    }
    (out, places.fronts)
}

struct Places<F> {
    own: IpAddr,
    fronts: Fronts,
    others: HashMap<String, SocketAddr>,
    member: F,
}

impl<F: Fn(&str) -> Option<SocketAddr>> Places<F> {
    /// Rewrites a word, if it is an address.
    fn word(&mut self, before: &str, word: &str) -> String {
        // What HAProxy sets descriptors aside for.
        if before == "maxconn" || before == "fullconn" {
            return "500".to_owned();
        }
        if before == "addr" {
            return (self.member)(word).expect("a member").ip().to_string();
        }
        if before == "port" {
            // The one monitor address with a port of its own.
            return (self.member)("10.252.0.99")
                .expect("a member")
                .port()
                .to_string();
        }
        let Some((ip, port)) = word.rsplit_once(':') else {
            return word.to_owned();
        };
        let Ok(port) = port.parse() else {
            return word.to_owned();
        };
        if let Some(address) = (self.member)(ip) {
            return address.to_string();
        }
        let own = self.own;
        let vip = VIPS.iter().position(|vip| *vip == ip);
        let address = match vip {
            Some(number) => *self.fronts.entry((port, number)).or_insert_with(|| {
                let ip = if number == 1 {
                    Ipv6Addr::LOCALHOST.into()
                } else {
                    own_address()
                };
                SocketAddr::new(ip, free_port(ip))
            }),
            None if ip.parse::<IpAddr>().is_ok() => *self
                .others
                .entry(word.to_owned())
                .or_insert_with(|| SocketAddr::new(own, free_port(own))),
            None => return word.to_owned(),
        };
        address.to_string()
    }
}

/// Rewrites the typed document of the same load balancer.
pub(super) fn ours(
    text: &str,
    keys: &Keys,
    member: impl Fn(&str) -> Option<SocketAddr>,
) -> (AmphoraConfig, Fronts) {
    let mut config: AmphoraConfig = serde_json::from_str(text).expect("a document");
    let mut fronts = Fronts::new();
    for (number, vip) in config.vips.iter_mut().enumerate() {
        *vip = if vip.is_ipv6() {
            Ipv6Addr::LOCALHOST.into()
        } else {
            own_address()
        };
        for listener in &mut config.listeners {
            fronts.insert((listener.port, number), SocketAddr::new(*vip, 0));
        }
    }
    let narrowest = config
        .vips
        .iter()
        .find(|vip| vip.is_ipv6())
        .or(config.vips.first());
    for listener in &mut config.listeners {
        let port = free_port(*narrowest.expect("a load balancer has an address"));
        for ((wrote, _), address) in &mut fronts {
            if *wrote == listener.port {
                address.set_port(port);
            }
        }
        listener.port = port;
        if let Some(tls) = &mut listener.tls {
            certify(tls, keys);
        }
    }
    for pool in &mut config.pools {
        for server in &mut pool.members {
            let address = member(&server.address.to_string()).expect("a member");
            (server.address, server.port) = (address.ip(), address.port());
            if let Some(monitor) = server.monitor_address {
                let address = member(&monitor.to_string()).expect("a member");
                server.monitor_address = Some(address.ip());
                server.monitor_port = Some(address.port());
            }
        }
        if let Some(tls) = &mut pool.tls {
            tls.authorities = tls.authorities.as_ref().map(|_| keys.authority.pem());
            tls.revocations = tls.revocations.as_ref().map(|_| keys.revoked.clone());
            tls.certificate = tls.certificate.as_ref().map(|_| keys.client.clone());
        }
    }
    (config, fronts)
}

fn certify(tls: &mut ListenerTls, keys: &Keys) {
    tls.certificates = vec![keys.server.clone()];
    if let Some(clients) = &mut tls.client_certificates {
        clients.authorities = keys.authority.pem();
        clients.revocations = clients.revocations.as_ref().map(|_| keys.revoked.clone());
    }
}

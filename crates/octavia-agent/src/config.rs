//! `agent.conf`: what an amphora is told at boot, in upstream's format.

mod ini;
mod traffic_log;

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use octavia_amphora_api::heartbeat::Key;
use uuid::Uuid;

use ini::Ini;

pub use traffic_log::TrafficLogConfig;

/// What an agent must know before it hears from a controller.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// The amphora that it runs in (`[amphora_agent] amphora_id`).
    pub amphora_id: Uuid,
    /// Where its API listens (`[haproxy_amphora] bind_host`, `bind_port`).
    pub bind: SocketAddr,
    /// Where it keeps its configuration (`[haproxy_amphora] base_path`).
    pub base_path: PathBuf,
    /// Its certificate, then its key (`[amphora_agent] agent_server_cert`).
    pub server_certificate: PathBuf,
    /// Who signs controllers (`[amphora_agent] agent_server_ca`).
    pub client_ca: PathBuf,
    /// How long a request may take to arrive (`[amphora_agent] agent_request_read_timeout`).
    pub request_read_timeout: Duration,
    /// Who hears its heartbeats (`[health_manager] controller_ip_port_list`).
    pub controllers: Vec<SocketAddr>,
    /// How often (`[health_manager] heartbeat_interval`).
    pub heartbeat_interval: Duration,
    /// What signs them (`[health_manager] heartbeat_key`).
    pub heartbeat_key: Key,
    /// Where lines about traffic go (`[amphora_agent]`).
    pub traffic_log: TrafficLogConfig,
}

impl AgentConfig {
    /// Reads the file. Relative paths in it are relative to its directory; keys that the agent
    /// has no use for are ignored, as the file is also upstream's.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let source = Source {
            path,
            ini: Ini::parse(text).map_err(|line| ConfigError::Syntax {
                path: path.to_owned(),
                line,
            })?,
        };
        let host = source.or(
            "haproxy_amphora",
            "bind_host",
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        )?;
        let port = source.or("haproxy_amphora", "bind_port", 9443)?;
        Ok(Self {
            amphora_id: source.required("amphora_agent", "amphora_id")?,
            bind: SocketAddr::new(host, port),
            base_path: source.path("haproxy_amphora", "base_path", "/var/lib/octavia"),
            server_certificate: source.path(
                "amphora_agent",
                "agent_server_cert",
                "/etc/octavia/certs/server.pem",
            ),
            client_ca: source.path(
                "amphora_agent",
                "agent_server_ca",
                "/etc/octavia/certs/client_ca.pem",
            ),
            request_read_timeout: source.seconds(
                "amphora_agent",
                "agent_request_read_timeout",
                180,
            )?,
            controllers: source.addresses("health_manager", "controller_ip_port_list")?,
            heartbeat_interval: source.seconds("health_manager", "heartbeat_interval", 10)?,
            heartbeat_key: source.heartbeat_key()?,
            traffic_log: TrafficLogConfig::read(&source)?,
        })
    }
}

/// Why `agent.conf` cannot be used. The start stops with it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there, or is no text.
    #[error("read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is neither a section nor an option.
    #[error("{}:{line}: neither a section nor an option", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// An option that has no default is missing.
    #[error("{}: [{section}] {option} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The section.
        section: &'static str,
        /// The option.
        option: &'static str,
    },
    /// A value does not fit its option.
    #[error("{}: [{section}] {option} = {value}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The section.
        section: &'static str,
        /// The option.
        option: &'static str,
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
}

struct Source<'a> {
    path: &'a Path,
    ini: Ini<'a>,
}

impl Source<'_> {
    fn required<T>(&self, section: &'static str, option: &'static str) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        let value = self.text(section, option)?;
        self.parse(section, option, value)
    }

    fn or<T>(
        &self,
        section: &'static str,
        option: &'static str,
        default: T,
    ) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        match self.ini.value(section, option) {
            Some(value) => self.parse(section, option, value),
            None => Ok(default),
        }
    }

    fn seconds(
        &self,
        section: &'static str,
        option: &'static str,
        default: u32,
    ) -> Result<Duration, ConfigError> {
        let seconds: u32 = self.or(section, option, default)?;
        if seconds == 0 {
            return Err(self.invalid(section, option, "0", &"must be at least 1"));
        }
        Ok(Duration::from_secs(seconds.into()))
    }

    fn path(&self, section: &'static str, option: &'static str, default: &str) -> PathBuf {
        let value = self.ini.value(section, option).unwrap_or(default);
        match self.path.parent() {
            Some(directory) => directory.join(value),
            None => PathBuf::from(value),
        }
    }

    fn addresses(
        &self,
        section: &'static str,
        option: &'static str,
    ) -> Result<Vec<SocketAddr>, ConfigError> {
        let list = self.ini.value(section, option).unwrap_or_default();
        list.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| {
                address(item)
                    .ok_or_else(|| self.invalid(section, option, item, &"not ADDRESS:PORT"))
            })
            .collect()
    }

    fn heartbeat_key(&self) -> Result<Key, ConfigError> {
        let text = self.text("health_manager", "heartbeat_key")?;
        Ok(Key::new(text.as_bytes()))
    }

    fn text(&self, section: &'static str, option: &'static str) -> Result<&str, ConfigError> {
        let value = self
            .ini
            .value(section, option)
            .filter(|value| !value.is_empty());
        value.ok_or_else(|| ConfigError::Missing {
            path: self.path.to_owned(),
            section,
            option,
        })
    }

    fn parse<T>(
        &self,
        section: &'static str,
        option: &'static str,
        value: &str,
    ) -> Result<T, ConfigError>
    where
        T: FromStr<Err: Display>,
    {
        let refused = |error: T::Err| self.invalid(section, option, value, &error);
        value.parse().map_err(refused)
    }

    fn invalid(
        &self,
        section: &'static str,
        option: &'static str,
        value: &str,
        reason: &dyn Display,
    ) -> ConfigError {
        ConfigError::Invalid {
            path: self.path.to_owned(),
            section,
            option,
            value: value.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Upstream cuts at the last colon, so that IPv6 addresses need no brackets.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host
        .strip_prefix('[')
        .map_or(Some(host), |host| host.strip_suffix(']'))?;
    Some(SocketAddr::new(host.parse().ok()?, port.parse().ok()?))
}

//! The port of heartbeats: free at first, and then always the same, as amphorae know it.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use crate::config::Configuration;
use crate::failure::Failure;
use crate::state::StateFolder;

/// The file that keeps the port.
const FILE: &str = "heartbeat.port";

/// Decides where heartbeats arrive and are sent to, and sees that the port is free.
pub(super) fn settle(
    configuration: &mut Configuration,
    folder: &StateFolder,
    host: IpAddr,
) -> Result<(), Failure> {
    let health = &mut configuration.controller.health;
    if health.bind_ip.is_loopback() {
        // Amphorae reach the host under its own address on their network, which the cloud knows.
        health.bind_ip = host;
    }
    let chosen = health.bind_port == 0;
    if chosen {
        let free = bind(health.bind_ip, 0)?.port().to_string();
        let kept = folder.kept(FILE, &free)?;
        health.bind_port = kept.parse().map_err(|_| {
            Failure::text(format!(
                "{}: '{kept}' is not a port; remove the file to choose another one",
                folder.path().join(FILE).display()
            ))
        })?;
    }
    bind(health.bind_ip, health.bind_port)?;
    if configuration.controller.amphora.controllers.is_empty() {
        let here = SocketAddr::new(health.bind_ip, health.bind_port);
        configuration.controller.amphora.controllers.push(here);
    }
    Ok(())
}

/// Binds the port for a moment, and says which it was.
fn bind(ip: IpAddr, port: u16) -> Result<SocketAddr, Failure> {
    UdpSocket::bind((ip, port))
        .and_then(|socket| socket.local_addr())
        .map_err(|error| crate::health_manager::cannot_listen(SocketAddr::new(ip, port), &error))
}

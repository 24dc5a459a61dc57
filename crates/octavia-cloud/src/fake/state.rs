use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use octavia_model::{Id, IdSource, Port as PortId, Server as ServerId};

use super::extras::Extras;
use crate::{
    Error, NewPort, NewServer, Port, Result, Server, ServerFile, ServerStatus, Subnet, addresses,
};

/// The network of the agents' addresses.
const MANAGEMENT: Ipv4Addr = Ipv4Addr::new(10, 99, 0, 0);

/// What the fake holds.
#[derive(Default)]
pub(super) struct State {
    servers: Vec<(Server, Vec<ServerFile>)>,
    ports: Vec<Port>,
    occupied: BTreeSet<IpAddr>,
    new_status: Option<ServerStatus>,
    agent_address: Option<IpAddr>,
    servers_made: u32,
    extras: Extras,
}

impl State {
    pub(super) fn servers(&self) -> Vec<Server> {
        let servers = self.servers.iter();
        servers.map(|(server, _)| server.clone()).collect()
    }

    pub(super) fn ports(&self) -> Vec<Port> {
        self.ports.clone()
    }

    pub(super) fn files(&self, id: Id<ServerId>) -> Vec<ServerFile> {
        let mut servers = self.servers.iter();
        let found = servers.find(|(server, _)| server.id == id);
        found.map(|(_, files)| files.clone()).unwrap_or_default()
    }

    pub(super) fn create_server(&mut self, new: &NewServer, ids: &dyn IdSource) -> Result<Server> {
        let mut servers = self.servers.iter();
        if let Some((server, _)) = servers.find(|(s, _)| s.amphora_id == new.amphora_id) {
            return Ok(server.clone());
        }
        for port in &new.ports {
            self.attachable(*port, None)?;
        }
        let server = Server {
            id: Id::new(ids),
            amphora_id: new.amphora_id,
            load_balancer_id: new.load_balancer_id,
            status: self.new_status.unwrap_or(ServerStatus::Active),
            management_address: Some(self.agent_address()),
            ports: new.ports.clone(),
            fault: None,
        };
        for port in &new.ports {
            self.port_mut(*port)?.server = Some(server.id);
        }
        self.servers.push((server.clone(), new.files.clone()));
        Ok(server)
    }

    fn agent_address(&mut self) -> IpAddr {
        self.servers_made += 1;
        let own = Ipv4Addr::from_bits(MANAGEMENT.to_bits() + 1 + self.servers_made).into();
        self.agent_address.unwrap_or(own)
    }

    pub(super) fn start_server(&mut self, id: Id<ServerId>) -> Result<()> {
        let server = self.server_mut(id)?;
        match server.status {
            ServerStatus::Active | ServerStatus::Building => Ok(()),
            ServerStatus::Stopped => {
                server.status = ServerStatus::Active;
                Ok(())
            }
            ServerStatus::Error => Err(Error::Refused(format!("server {id} is in error"))),
        }
    }

    pub(super) fn delete_server(&mut self, id: Id<ServerId>) {
        self.servers.retain(|(server, _)| server.id != id);
        for port in &mut self.ports {
            port.server = port.server.filter(|server| *server != id);
        }
    }

    pub(super) fn attach_port(&mut self, id: Id<ServerId>, port: Id<PortId>) -> Result<()> {
        self.server_mut(id)?;
        self.attachable(port, Some(id))?;
        self.port_mut(port)?.server = Some(id);
        let server = self.server_mut(id)?;
        if !server.ports.contains(&port) {
            server.ports.push(port);
        }
        Ok(())
    }

    pub(super) fn detach_port(&mut self, id: Id<ServerId>, port: Id<PortId>) {
        for (server, _) in &mut self.servers {
            if server.id == id {
                server.ports.retain(|attached| *attached != port);
            }
        }
        for held in &mut self.ports {
            if held.id == port {
                held.server = held.server.filter(|server| *server != id);
            }
        }
    }

    fn attachable(&self, port: Id<PortId>, to: Option<Id<ServerId>>) -> Result<()> {
        match self.port(port)?.server {
            Some(server) if Some(server) != to => Err(Error::Refused(format!(
                "port {port} is attached to server {server}"
            ))),
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn extras(&self) -> &Extras {
        &self.extras
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        &mut self.extras
    }

    /// Returns how many addresses a subnet has left.
    pub(super) fn free(&self, subnet: &Subnet) -> u64 {
        let free = addresses::candidates(subnet).filter(|address| !self.is_taken(*address));
        free.fold(0, |count, _| count + 1)
    }

    pub(super) fn port(&self, id: Id<PortId>) -> Result<&Port> {
        let found = self.ports.iter().find(|port| port.id == id);
        found.ok_or_else(|| not_found("port", id))
    }

    fn port_mut(&mut self, id: Id<PortId>) -> Result<&mut Port> {
        let found = self.ports.iter_mut().find(|port| port.id == id);
        found.ok_or_else(|| not_found("port", id))
    }

    fn server_mut(&mut self, id: Id<ServerId>) -> Result<&mut Server> {
        let mut servers = self.servers.iter_mut();
        let found = servers.find(|(server, _)| server.id == id);
        found
            .map(|(server, _)| server)
            .ok_or_else(|| not_found("server", id))
    }

    pub(super) fn create_port(
        &mut self,
        new: &NewPort,
        subnet: &Subnet,
        ids: &dyn IdSource,
    ) -> Result<Port> {
        let mut ports = self.ports.iter();
        if let Some(port) = ports.find(|port| port.purpose == Some(new.purpose)) {
            return Ok(port.clone());
        }
        let address = self.address(new, subnet)?;
        let port = Port::unattached(Id::new(ids), new, address);
        self.ports.push(port.clone());
        Ok(port)
    }

    fn address(&self, new: &NewPort, subnet: &Subnet) -> Result<IpAddr> {
        if let Some(address) = new.ip_address {
            addresses::check(subnet, address)?;
            if self.is_taken(address) {
                return Err(Error::AddressInUse(address));
            }
            return Ok(address);
        }
        let free = addresses::candidates(subnet).find(|address| !self.is_taken(*address));
        free.ok_or_else(|| Error::SubnetFull(subnet.name.clone()))
    }

    fn is_taken(&self, address: IpAddr) -> bool {
        let mut held = self.ports.iter().flat_map(|port| &port.fixed_ips);
        self.occupied.contains(&address) || held.any(|ip| ip.ip_address == address)
    }

    pub(super) fn delete_port(&mut self, id: Id<PortId>) {
        self.ports.retain(|port| port.id != id);
        for (server, _) in &mut self.servers {
            server.ports.retain(|attached| *attached != id);
        }
    }

    pub(super) fn new_servers_are(&mut self, status: ServerStatus) {
        self.new_status = Some(status);
    }

    pub(super) fn new_servers_answer_at(&mut self, address: IpAddr) {
        self.agent_address = Some(address);
    }

    pub(super) fn set_status(&mut self, id: Id<ServerId>, status: ServerStatus) {
        for (server, _) in &mut self.servers {
            if server.id == id {
                server.status = status;
                server.fault = (status == ServerStatus::Error)
                    .then(|| "the fake cloud was told so".to_owned());
            }
        }
    }

    pub(super) fn stop_all(&mut self) {
        for (server, _) in &mut self.servers {
            server.status = ServerStatus::Stopped;
        }
    }

    pub(super) fn occupy(&mut self, address: IpAddr) {
        self.occupied.insert(address);
    }
}

fn not_found<T>(kind: &'static str, id: Id<T>) -> Error {
    Error::NotFound {
        kind,
        id: id.to_string(),
    }
}

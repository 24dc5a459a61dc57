use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use octavia_model::{Id, LoadBalancer, Port as PortId, Server as ServerId};

use super::disk::Lock;
use super::network::not_found;
use super::process::{Launch, Process};
use super::servers::{self, Record};
use super::{Files, LocalCloud};
use crate::{Compute, Error, NewServer, Port, Result, Server, ServerStatus};

/// How long an amphora may take to end when it is asked.
const STOP_PATIENCE: Duration = Duration::from_secs(10);

impl Compute for LocalCloud {
    fn create_server<'a>(&'a self, new: &'a NewServer) -> BoxFuture<'a, Result<Server>> {
        Box::pin(async move {
            let id = servers::id_of(new);
            let lock = self.lock_server(id).await?;
            if let Some(record) = self.blocking(move |files| files.servers.read(id)).await? {
                // A crash may have come between the record and the first start.
                if self.last_process(id).await?.is_none() {
                    self.run(&record, &lock).await?;
                }
                return self.describe(&record).await;
            }
            let record = self.make(new).await?;
            if let Err(error) = self.run(&record, &lock).await {
                self.unmake(id).await?;
                return Err(error);
            }
            self.describe(&record).await
        })
    }

    fn start_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let lock = self.lock_server(id).await?;
            let record = self.record(id).await?;
            self.run(&record, &lock).await
        })
    }

    fn delete_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let lock = self.lock_server(id).await?;
            self.unmake(id).await?;
            lock.remove()
        })
    }

    fn servers(&self, load_balancer: Id<LoadBalancer>) -> BoxFuture<'_, Result<Vec<Server>>> {
        Box::pin(async move {
            let mut servers = self.all_servers().await?;
            servers.retain(|server| server.load_balancer_id == load_balancer);
            Ok(servers)
        })
    }

    fn all_servers(&self) -> BoxFuture<'_, Result<Vec<Server>>> {
        Box::pin(self.blocking(|files| {
            let records = files.servers.all()?;
            records.iter().map(|record| files.server(record)).collect()
        }))
    }

    fn attach_port(&self, server: Id<ServerId>, port: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let _lock = self.lock_server(server).await?;
            let record = self.record(server).await?;
            let ports = vec![port];
            let ports = self
                .blocking(move |files| files.attachable(server, &ports))
                .await?;
            if self.find_process(server).await?.is_some() {
                self.plug(server, &ports).await?;
            }
            if record.has_port(port) {
                return Ok(());
            }
            self.blocking(move |files| files.servers.save(&record.with_port(port)))
                .await
        })
    }

    fn detach_port(&self, server: Id<ServerId>, port: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.unplug(server, port))
    }
}

impl LocalCloud {
    /// Stops every amphora, in parallel, so that the next start finds them stopped.
    pub async fn stop_all(&self) -> Result<()> {
        let records = self.blocking(|files| files.servers.all()).await?;
        let stopped = join_all(records.iter().map(async |record| {
            let _lock = self.lock_server(record.id()).await?;
            self.halt(record.id()).await
        }));
        stopped.await.into_iter().collect()
    }

    pub(super) fn server_lock(&self, id: Id<ServerId>) -> PathBuf {
        self.locks.join(id.to_string())
    }

    async fn lock_server(&self, id: Id<ServerId>) -> Result<Lock> {
        Lock::take(self.server_lock(id)).await
    }

    async fn record(&self, id: Id<ServerId>) -> Result<Record> {
        let record = self.blocking(move |files| files.servers.read(id)).await?;
        record.ok_or_else(|| Error::NotFound {
            kind: "server",
            id: id.to_string(),
        })
    }

    async fn describe(&self, record: &Record) -> Result<Server> {
        let record = record.clone();
        self.blocking(move |files| files.server(&record)).await
    }

    /// Puts a new server on the disk: an address for its agent, and its directory.
    async fn make(&self, new: &NewServer) -> Result<Record> {
        let id = servers::id_of(new);
        self.unmake(id).await?;
        let (new, management) = (new.clone(), self.management.clone());
        self.with_addresses(move |files| {
            files.attachable(id, &new.ports)?;
            let holder = files.servers.path(id);
            let address = files.book.take(&management, None, &holder)?;
            let made = files.servers.create(&new, address);
            if made.is_err() {
                files.book.release(address, &holder)?;
            }
            made
        })
        .await
    }

    /// Removes all that there is of a server, whatever state it is in.
    async fn unmake(&self, id: Id<ServerId>) -> Result<()> {
        self.halt(id).await?;
        self.groups.remove(id);
        self.with_addresses(move |files| {
            let record = files.servers.read(id)?;
            let holder = files.servers.path(id);
            files.servers.remove(id)?;
            record.map_or(Ok(()), |record| {
                files.book.release(record.management_address, &holder)
            })
        })
        .await
    }

    /// Makes a server run, if it does not.
    async fn run(&self, record: &Record, lock: &Lock) -> Result<()> {
        let id = record.id();
        if let Some(process) = self.find_process(id).await? {
            return self
                .blocking(move |files| files.servers.save_process(id, &process))
                .await;
        }
        let ports = record.ports();
        let ports = self
            .blocking(move |files| files.attachable(id, &ports))
            .await?;
        if let Some(wires) = &self.wires {
            // Nothing runs in it, so building anew repairs whatever a crash left.
            wires.disconnect(id, &record.ports()).await?;
            wires
                .connect(id, &self.management, record.management_address)
                .await?;
            self.plug(id, &ports).await?;
        }
        let process = self.launch(record, lock).await?;
        self.groups.apply(id, process.pid());
        self.blocking(move |files| files.servers.save_process(id, &process))
            .await
    }

    async fn launch(&self, record: &Record, lock: &Lock) -> Result<Process> {
        let id = record.id();
        let namespace = match &self.wires {
            Some(wires) => Some(wires.namespace(id).await?),
            None => None,
        };
        let launch = Launch {
            program: self.program.clone(),
            agent_config: self.files.servers.agent_config(id),
            bind_host: record.management_address,
            extra_arguments: self.extra_arguments.clone(),
            directory: self.files.servers.path(id),
            log: self.files.servers.log(id),
            namespace,
        };
        let (program, lock) = (self.program.display().to_string(), lock.clone());
        self.blocking(move |_| {
            let started = launch.start();
            drop(lock);
            started.map_err(|error| Error::unavailable(format!("start {program}"), error))
        })
        .await
    }

    /// Ends the process of a server, and takes its network away.
    async fn halt(&self, id: Id<ServerId>) -> Result<()> {
        // After an upgrade in place there are two, for as long as the first has connections.
        while let Some(process) = self.find_process(id).await? {
            self.blocking(move |_| {
                let stopped = process.stop(STOP_PATIENCE);
                stopped.map_err(|error| Error::unavailable(format!("stop amphora {id}"), error))
            })
            .await?;
        }
        let Some(wires) = &self.wires else {
            return Ok(());
        };
        let record = self.blocking(move |files| files.servers.read(id)).await?;
        let ports = record.map(|record| record.ports()).unwrap_or_default();
        wires.disconnect(id, &ports).await
    }

    async fn last_process(&self, id: Id<ServerId>) -> Result<Option<Process>> {
        self.blocking(move |files| files.servers.process(id)).await
    }

    async fn find_process(&self, id: Id<ServerId>) -> Result<Option<Process>> {
        self.blocking(move |files| files.running(id)).await
    }

    /// Connects a server to the subnets of ports.
    async fn plug(&self, server: Id<ServerId>, ports: &[Port]) -> Result<()> {
        let Some(wires) = &self.wires else {
            return Ok(());
        };
        for port in ports {
            for ip in &port.fixed_ips {
                let subnet = self.catalogue.subnet(ip.subnet_id)?;
                wires.attach(server, port, subnet).await?;
            }
        }
        Ok(())
    }

    /// Takes a port away from a server, if both exist.
    pub(super) async fn unplug(&self, server: Id<ServerId>, port: Id<PortId>) -> Result<()> {
        let _lock = self.lock_server(server).await?;
        let record = self
            .blocking(move |files| files.servers.read(server))
            .await?;
        let Some(record) = record.filter(|record| record.has_port(port)) else {
            return Ok(());
        };
        if let Some(wires) = &self.wires {
            wires.detach(port).await?;
        }
        self.blocking(move |files| files.servers.save(&record.without_port(port)))
            .await
    }
}

impl Files {
    /// Describes a server as it is now.
    fn server(&self, record: &Record) -> Result<Server> {
        // One that was never recorded is not ours yet; one that was may have a successor.
        let is_known = self.servers.process(record.id())?.is_some();
        let status = if is_known && self.running(record.id())?.is_some() {
            ServerStatus::Active
        } else {
            ServerStatus::Stopped
        };
        Ok(record.server(status))
    }

    /// Finds the running process of a server: the one on record, or one that took its place, or that
    /// a crash left unrecorded.
    fn running(&self, id: Id<ServerId>) -> Result<Option<Process>> {
        match self.servers.process(id)?.filter(Process::is_running) {
            Some(process) => Ok(Some(process)),
            None => Process::find(&self.servers.agent_config(id))
                .map_err(|error| Error::unavailable("look for amphora processes", error)),
        }
    }

    /// Returns the servers that a port is attached to; more than one only after a fault.
    pub(super) fn users(&self, port: Id<PortId>) -> Result<Vec<Id<ServerId>>> {
        let mut records = self.servers.all()?;
        records.retain(|record| record.has_port(port));
        Ok(records.iter().map(Record::id).collect())
    }

    /// Returns ports that exist, and are not attached to another server.
    fn attachable(&self, server: Id<ServerId>, ports: &[Id<PortId>]) -> Result<Vec<Port>> {
        let mut found = Vec::new();
        for port in ports {
            if let Some(user) = self.users(*port)?.into_iter().find(|user| *user != server) {
                return Err(Error::Refused(format!(
                    "port {port} is attached to server {user}"
                )));
            }
            let record = self.ports.read(*port)?;
            found.push(record.ok_or_else(|| not_found(*port))?);
        }
        Ok(found)
    }
}

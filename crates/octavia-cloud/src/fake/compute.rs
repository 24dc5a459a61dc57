use futures_util::future::BoxFuture;
use octavia_model::{Id, LoadBalancer, Port as PortId, Server as ServerId};

use super::{Call, FakeCloud};
use crate::{Compute, NewServer, Result, Server};

impl Compute for FakeCloud {
    fn create_server<'a>(&'a self, new: &'a NewServer) -> BoxFuture<'a, Result<Server>> {
        self.call(Call::CreateServer, |state| {
            state.create_server(new, self.ids.as_ref())
        })
    }

    fn start_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::StartServer, move |state| state.start_server(id))
    }

    fn delete_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::DeleteServer, move |state| {
            state.delete_server(id);
            Ok(())
        })
    }

    fn servers(&self, load_balancer: Id<LoadBalancer>) -> BoxFuture<'_, Result<Vec<Server>>> {
        self.call(Call::ListServers, move |state| {
            let mut servers = state.servers();
            servers.retain(|server| server.load_balancer_id == load_balancer);
            Ok(servers)
        })
    }

    fn all_servers(&self) -> BoxFuture<'_, Result<Vec<Server>>> {
        self.call(Call::ListServers, |state| Ok(state.servers()))
    }

    fn attach_port(&self, server: Id<ServerId>, port: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::AttachPort, move |state| {
            state.attach_port(server, port)
        })
    }

    fn detach_port(&self, server: Id<ServerId>, port: Id<PortId>) -> BoxFuture<'_, Result<()>> {
        self.call(Call::DetachPort, move |state| {
            state.detach_port(server, port);
            Ok(())
        })
    }
}

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use octavia_model::{Amphora, Id, LoadBalancer, Port, Secret, Server as ServerId};

use crate::Result;

/// Makes and removes the servers that amphorae run in.
pub trait Compute: Send + Sync {
    /// Makes the server of an amphora, or returns the one that it already has.
    fn create_server<'a>(&'a self, server: &'a NewServer) -> BoxFuture<'a, Result<Server>>;

    /// Starts a server that is stopped. Starting a running one does nothing.
    fn start_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>>;

    /// Removes a server. Removing one that is gone does nothing.
    fn delete_server(&self, id: Id<ServerId>) -> BoxFuture<'_, Result<()>>;

    /// Returns the servers of a load balancer's amphorae.
    fn servers(&self, load_balancer: Id<LoadBalancer>) -> BoxFuture<'_, Result<Vec<Server>>>;

    /// Returns all servers that this service made, to find orphans.
    fn all_servers(&self) -> BoxFuture<'_, Result<Vec<Server>>>;

    /// Attaches a port to a running server. Attaching one that is attached does nothing.
    fn attach_port(&self, server: Id<ServerId>, port: Id<Port>) -> BoxFuture<'_, Result<()>>;

    /// Takes a port away from a server. Nothing happens when it is not attached.
    fn detach_port(&self, server: Id<ServerId>, port: Id<Port>) -> BoxFuture<'_, Result<()>>;
}

/// A server to make.
#[derive(Debug, Clone)]
pub struct NewServer {
    /// The amphora that will run in it; a server a amphora, whoever asks twice.
    pub amphora_id: Id<Amphora>,
    /// The load balancer that the amphora is for.
    pub load_balancer_id: Id<LoadBalancer>,
    /// Ports to attach from the start, the VIP's first.
    pub ports: Vec<Id<Port>>,
    /// Files to put into it: the agent's configuration, certificates, keys.
    pub files: Vec<ServerFile>,
    /// The availability zone.
    pub availability_zone: Option<String>,
    /// Where it may be beside the other servers of its load balancer.
    pub placement: Placement,
}

/// Where a server may be beside the other servers of its load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// On any host.
    Anywhere,
    /// On another host (anti-affinity), where there are several.
    Apart,
}

/// A file in a new server.
#[derive(Debug, Clone)]
pub struct ServerFile {
    /// Its path below the amphora's directory: `agent.conf`, `certs/server.pem`.
    pub path: String,
    /// What is in it.
    pub content: Secret<String>,
}

/// A server as compute sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its id.
    pub id: Id<ServerId>,
    /// The amphora that runs in it.
    pub amphora_id: Id<Amphora>,
    /// The load balancer that the amphora is for.
    pub load_balancer_id: Id<LoadBalancer>,
    /// What it is doing.
    pub status: ServerStatus,
    /// The address of its agent, once it is known.
    pub management_address: Option<IpAddr>,
    /// The ports attached to it.
    pub ports: Vec<Id<Port>>,
    /// Why it is in `Error`, in words.
    pub fault: Option<String>,
}

/// What a server is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerStatus {
    /// It is being made.
    Building,
    /// It runs.
    Active,
    /// It does not run, and can be started.
    Stopped,
    /// It does not run, and cannot be started.
    Error,
}

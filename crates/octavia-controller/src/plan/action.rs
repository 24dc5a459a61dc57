use std::fmt;

use octavia_cloud::PortPurpose;
use octavia_model::{Amphora, AmphoraRole, Id, Port as PortId, Server as ServerId};

/// One change of the world. Doing it twice is doing it once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Reserve the VIP, and write it down.
    EnsureVipPort,
    /// Write down that these amphorae are not wanted any more.
    Condemn(Vec<Id<Amphora>>),
    /// Write down a new amphora.
    RecordAmphora(AmphoraRole),
    /// Make a port of an amphora.
    CreatePort(PortPurpose),
    /// Issue a certificate, make the server of an amphora, and write it down.
    CreateServer(Id<Amphora>),
    /// Write down the server that was made for an amphora.
    RecordServer(Id<Amphora>),
    /// Start a server that is stopped.
    StartServer(Id<ServerId>),
    /// Attach a port to a server.
    AttachPort(Id<ServerId>, Id<PortId>),
    /// Have an agent serve the configuration.
    Configure(Id<Amphora>),
    /// Have an amphora that is to go know its peers. One that cannot be told is removed: it might
    /// believe to be alone.
    Introduce(Id<Amphora>),
    /// Have an agent let go of the VIP.
    Release(Id<Amphora>),
    /// Write down that an amphora serves.
    Allocate(Id<Amphora>),
    /// Take a port away from a server.
    DetachPort(Id<ServerId>, Id<PortId>),
    /// Remove a server.
    DeleteServer(Id<ServerId>),
    /// Remove a port.
    DeletePort(Id<PortId>),
    /// Write down that an amphora is gone.
    RetireAmphora(Id<Amphora>),
    /// Write down that everything is as wanted; what follows when a plan has converged.
    Settle,
    /// Write down that the load balancer is gone; what follows when a deletion has converged.
    FinishDelete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EnsureVipPort => f.write_str("reserve the VIP"),
            Self::Condemn(amphorae) => write!(f, "replace amphorae {amphorae:?}"),
            Self::RecordAmphora(role) => write!(f, "add an amphora as {role}"),
            Self::CreatePort(purpose) => write_port(f, *purpose),
            Self::CreateServer(amphora) => write!(f, "make the server of amphora {amphora}"),
            Self::RecordServer(amphora) => write!(f, "record the server of amphora {amphora}"),
            Self::StartServer(server) => write!(f, "start server {server}"),
            Self::AttachPort(server, port) => write!(f, "attach port {port} to server {server}"),
            Self::Configure(amphora) => write!(f, "configure amphora {amphora}"),
            Self::Introduce(amphora) => write!(f, "tell amphora {amphora} of its peers"),
            Self::Release(amphora) => write!(f, "have amphora {amphora} let go of the VIP"),
            Self::Allocate(amphora) => write!(f, "amphora {amphora} serves"),
            Self::DetachPort(server, port) => write!(f, "detach port {port} from server {server}"),
            Self::DeleteServer(server) => write!(f, "remove server {server}"),
            Self::DeletePort(port) => write!(f, "remove port {port}"),
            Self::RetireAmphora(amphora) => write!(f, "amphora {amphora} is gone"),
            Self::Settle => f.write_str("everything is as wanted"),
            Self::FinishDelete => f.write_str("the load balancer is gone"),
        }
    }
}

fn write_port(f: &mut fmt::Formatter<'_>, purpose: PortPurpose) -> fmt::Result {
    match purpose {
        PortPurpose::Vip(_) => f.write_str("make the port of the VIP"),
        PortPurpose::Vrrp { amphora, .. } => {
            write!(f, "make the VIP-side port of amphora {amphora}")
        }
        PortPurpose::Member {
            amphora, subnet, ..
        } => write!(f, "make the port of amphora {amphora} on subnet {subnet}"),
    }
}

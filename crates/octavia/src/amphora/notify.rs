//! What systemd is told: which process is the main one, after another has taken over.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Says that this is the main process now, where a service manager listens (`sd_notify(3)`).
pub(super) fn main_process() {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let told = (|| -> io::Result<()> {
        let address = match path.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(&path)?,
        };
        let text = format!("MAINPID={}\nREADY=1\n", std::process::id());
        UnixDatagram::unbound()?.send_to_addr(text.as_bytes(), &address)?;
        Ok(())
    })();
    if let Err(error) = told {
        tracing::warn!(%error, "could not tell the service manager who takes over: {error}");
    }
}

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why an agent cannot start. Once it runs, it tells what is wrong and goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its address is in use, or not one of this host.
    #[error("listen for controllers on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Its certificate, key or authority cannot be used.
    #[error("use the certificate {}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It has no place for its configuration.
    #[error("make the directory {}", path.display())]
    BasePath {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

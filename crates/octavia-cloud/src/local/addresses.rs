use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{Isolation, disk, listening};
use crate::{Error, Result, Subnet, addresses};

/// Which addresses are taken, and by what: a symbolic link an address, which points to its holder.
///
/// Making a link is atomic, exclusive, and says at once who holds the address. A link that points
/// to nothing is what a crash left between taking the address and making the holder, so the
/// address is free. Callers hold the lock of the whole book.
pub(super) struct Book {
    directory: PathBuf,
    isolation: Isolation,
}

impl Book {
    pub(super) fn new(directory: PathBuf, isolation: Isolation) -> Self {
        Self {
            directory,
            isolation,
        }
    }

    /// Takes the wanted address for a holder, or the first free one of the subnet.
    pub(super) fn take(
        &self,
        subnet: &Subnet,
        wanted: Option<IpAddr>,
        holder: &Path,
    ) -> Result<IpAddr> {
        if let Some(address) = wanted {
            addresses::check(subnet, address)?;
            return match self.claim(address, holder)? {
                Claim::Ours => Ok(address),
                Claim::Taken => Err(Error::AddressInUse(address)),
            };
        }
        let avoided = self.used_by_others()?;
        let candidates = addresses::candidates(subnet);
        for address in candidates.filter(|address| !avoided.contains(address)) {
            if self.claim(address, holder)? == Claim::Ours {
                return Ok(address);
            }
        }
        Err(Error::SubnetFull(subnet.name.clone()))
    }

    /// Processes share the host's addresses with everything else on it: another cloud, perhaps.
    fn used_by_others(&self) -> Result<BTreeSet<IpAddr>> {
        match self.isolation {
            Isolation::Process => listening::addresses(),
            Isolation::Namespace => Ok(BTreeSet::new()),
        }
    }

    fn claim(&self, address: IpAddr, holder: &Path) -> Result<Claim> {
        let link = self.link(address);
        loop {
            match std::os::unix::fs::symlink(holder, &link) {
                Ok(()) => return Ok(Claim::Ours),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(disk::fault("take the address", &link)(error)),
            }
            if std::fs::read_link(&link).is_ok_and(|target| target == holder) {
                return Ok(Claim::Ours);
            }
            if link.exists() {
                return Ok(Claim::Taken);
            }
            disk::remove_file(&link)?;
        }
    }

    /// Gives an address back, unless another holds it by now.
    pub(super) fn release(&self, address: IpAddr, holder: &Path) -> Result<()> {
        let link = self.link(address);
        match std::fs::read_link(&link) {
            Ok(target) if target == holder => disk::remove_file(&link),
            _ => Ok(()),
        }
    }

    /// Gives back what a crash left without a holder.
    pub(super) fn sweep(&self) -> Result<()> {
        for link in disk::list(&self.directory)? {
            if !link.exists() {
                disk::remove_file(&link)?;
            }
        }
        Ok(())
    }

    fn link(&self, address: IpAddr) -> PathBuf {
        self.directory.join(address.to_string())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Ours,
    Taken,
}

//! What both proxies show to clients that speak TLS.

use std::path::{Path, PathBuf};

use crate::shell::Step;

/// A certificate that signed itself, and its key, in files.
pub(crate) struct Certificate {
    name: &'static str,
}

/// Elliptic curve P-256.
pub(crate) const ECDSA: Certificate = Certificate { name: "ecdsa" };
/// RSA with 2048 bits.
pub(crate) const RSA: Certificate = Certificate { name: "rsa" };

impl Certificate {
    /// Returns certificate and key as PEM; they are made by OpenSSL, the first time in `directory`.
    pub(crate) fn pem(&self, directory: &Path) -> anyhow::Result<[String; 2]> {
        let [chain, key] = ["crt", "key"].map(|end| self.path(directory, end));
        if !key.exists() {
            self.make(directory)?;
        }
        Ok([
            std::fs::read_to_string(chain)?,
            std::fs::read_to_string(key)?,
        ])
    }

    fn path(&self, directory: &Path, end: &str) -> PathBuf {
        directory.join(format!("{}.{end}", self.name))
    }

    fn make(&self, directory: &Path) -> anyhow::Result<()> {
        let [chain, key] = ["crt", "key"].map(|end| self.path(directory, end));
        let kind = match self.name {
            "rsa" => ["-newkey", "rsa:2048", "-sha256", "-batch"],
            _ => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        Step::new("openssl")
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=localhost",
            ])
            .args(kind)
            .args([
                "-out".as_ref(),
                chain.as_os_str(),
                "-keyout".as_ref(),
                key.as_os_str(),
            ])
            .output()?;
        let both = [
            std::fs::read_to_string(chain)?,
            std::fs::read_to_string(key)?,
        ];
        std::fs::write(self.path(directory, "pem"), both.concat())?;
        Ok(())
    }

    /// Returns the file that holds both.
    pub(crate) fn file(&self, directory: &Path) -> String {
        let file = self.path(directory, "pem");
        file.to_string_lossy().into_owned()
    }
}

//! What both proxies show to clients that speak TLS.

use std::path::Path;

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
    /// Makes it by OpenSSL in `directory`, and returns certificate and key as PEM.
    pub(crate) fn make(&self, directory: &Path) -> anyhow::Result<[String; 2]> {
        let path = |end: &str| directory.join(format!("{}.{end}", self.name));
        let (chain, key) = (path("crt"), path("key"));
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
        let pem = [
            std::fs::read_to_string(chain)?,
            std::fs::read_to_string(key)?,
        ];
        std::fs::write(path("pem"), pem.concat())?;
        Ok(pem)
    }

    /// Returns the file that holds both.
    pub(crate) fn file(&self, directory: &Path) -> String {
        let file = directory.join(format!("{}.pem", self.name));
        file.to_string_lossy().into_owned()
    }
}

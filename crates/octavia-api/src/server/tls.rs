use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Where the API's certificate lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its authority, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// The authorities of which every client needs a certificate, PEM; `None`: clients need none.
    pub client_authorities: Option<PathBuf>,
}

/// How connections are encrypted. The files are the truth: when they change, the next handshake uses
/// what they say now, and what they said before only while they cannot be used.
pub struct Tls {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    /// Of which state of the files, if it was taken from them or they were found wanting.
    stamps: Vec<Option<Stamp>>,
}

/// What changes when a file does: its time, its size, and which file it is.
type Stamp = (i64, i64, u64, u64);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// What is wrong with which of them.
    pub fn open(files: TlsFiles) -> io::Result<Self> {
        let stamps = files.stamps();
        let config = Arc::new(files.load()?);
        Ok(Self {
            files,
            loaded: Mutex::new(Loaded { config, stamps }),
        })
    }

    /// Agrees with a client on keys.
    pub(super) async fn accept(
        self: Arc<Self>,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        let config = tokio::task::spawn_blocking(move || self.current()).await?;
        TlsAcceptor::from(config).accept(stream).await
    }

    fn current(&self) -> Arc<ServerConfig> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = self.files.stamps();
        if loaded.stamps != stamps {
            loaded.stamps = stamps;
            match self.files.load() {
                Ok(config) => {
                    loaded.config = Arc::new(config);
                    tracing::info!("the API's certificate was read again");
                }
                Err(error) => tracing::error!(
                    %error,
                    "the API's certificate cannot be used; the one before stays: {error}"
                ),
            }
        }
        Arc::clone(&loaded.config)
    }
}

impl TlsFiles {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        [
            Some(&self.certificate),
            Some(&self.key),
            self.client_authorities.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|path| std::fs::metadata(path).ok())
        .map(|found| found.map(|file| (file.mtime(), file.mtime_nsec(), file.size(), file.ino())))
        .collect()
    }

    fn load(&self) -> io::Result<ServerConfig> {
        let chain = certificates(&self.certificate)?;
        let pem = read(&self.key)?;
        let key =
            PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(&self.key, &error))?;
        let key = CertifiedKey::from_der(chain, key, &provider())
            .map_err(|error| unusable(&self.certificate, &error))?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(authorities(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = verifier.build().map_err(|error| unusable(path, &error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn authorities(path: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let pem = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(unusable(path, &"no certificate in it"));
    }
    Ok(found)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{}: {reason}", path.display()),
    )
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use octavia_amphora_api::config::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::PATIENCE;
use super::pki::Authority;

/// Makes a client of TLS that trusts `authority`, and shows `certificate` to those who ask.
pub(crate) fn client(
    authority: &Authority,
    certificate: Option<&Certificate>,
) -> Arc<ClientConfig> {
    let read = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
    let mut roots = RootCertStore::empty();
    roots.add(read(&authority.pem())).expect("an authority");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(certificate) => {
            let key = PrivateKeyDer::from_pem_slice(certificate.key.reveal().as_bytes());
            let chain = vec![read(&certificate.chain)];
            let config = builder.with_client_auth_cert(chain, key.expect("a key"));
            config.expect("a certificate")
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// Connects to the server `name`; the handshake comes with the first bytes.
pub(crate) fn connect(
    address: SocketAddr,
    name: &'static str,
    config: &Arc<ClientConfig>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let socket = TcpStream::connect_timeout(&address, PATIENCE).expect("connect");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("set a limit");
    let name = name.try_into().expect("a name");
    let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
    StreamOwned::new(session, socket)
}

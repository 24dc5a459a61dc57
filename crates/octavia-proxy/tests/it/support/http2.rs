//! HTTP/2 as the `h2` crate speaks it, on either side of the proxy.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use octavia_amphora_api::config::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::config::own_address;
use super::pki::Authority;

/// A client's connection.
pub(crate) struct Session {
    pub(crate) requests: SendRequest<Bytes>,
    /// Ends when the connection does.
    pub(crate) tasks: JoinSet<Result<(), h2::Error>>,
}

impl Session {
    /// Connects to `address`, asking for `host`, which `authority` certified.
    pub(crate) async fn connect(address: SocketAddr, host: &str, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        let pem = CertificateDer::from_pem_slice(authority.pem().as_bytes());
        roots.add(pem.expect("a certificate")).expect("a root");
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from(host.to_owned()).expect("a name");
        let socket = TcpStream::connect(address).await.expect("connect");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, socket);
        let stream = stream.await.expect("a handshake");
        let handshake = h2::client::Builder::new()
            .initial_connection_window_size(1 << 20)
            .handshake(stream);
        let (requests, connection) = handshake.await.expect("a preface");
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        Self { requests, tasks }
    }

    /// Sends the head of a request, with a body to come.
    pub(crate) async fn begin(
        &mut self,
        request: Request<()>,
    ) -> (ResponseFuture, SendStream<Bytes>) {
        self.requests = self.requests.clone().ready().await.expect("a stream");
        self.requests.send_request(request, false).expect("send")
    }

    /// Sends a request without a body, and waits for its answer.
    pub(crate) async fn send(&mut self, request: Request<()>) -> Result<Answer, h2::Error> {
        self.requests = self.requests.clone().ready().await?;
        let (response, _) = self.requests.send_request(request, true)?;
        Answer::read(response.await?).await
    }

    /// Gets a path, and waits for the answer.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(get(path)).await.expect("an answer")
    }
}

/// Asks for a path.
pub(crate) fn get(path: &str) -> Request<()> {
    let uri = format!("https://www.example.org{path}");
    Request::get(uri).body(()).expect("a request")
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

impl Answer {
    /// Reads all of an answer.
    pub(crate) async fn read(response: Response<RecvStream>) -> Result<Self, h2::Error> {
        let (head, mut stream) = response.into_parts();
        let body = read(&mut stream).await?;
        let trailers = stream.trailers().await?;
        Ok(Self {
            head,
            body,
            trailers,
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }
}

/// Reads a body to its end.
pub(crate) async fn read(stream: &mut RecvStream) -> Result<Vec<u8>, h2::Error> {
    let mut body = Vec::new();
    while let Some(data) = stream.data().await {
        let data = data?;
        stream.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok(body)
}

/// A member that speaks HTTP/2.
pub(crate) struct Member {
    pub(crate) address: SocketAddr,
    /// How many streams each of its connections has carried.
    pub(crate) streams: Arc<Mutex<Vec<usize>>>,
    _tasks: JoinSet<()>,
}

impl Member {
    /// Hands every request to `serve`, with how many came before it on its connection.
    pub(crate) async fn serve<F>(
        certificate: &Certificate,
        serve: impl Fn(Request<RecvStream>, SendResponse<Bytes>, usize) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), h2::Error>> + Send + 'static,
    {
        let listener = TcpListener::bind((own_address(), 0)).await.expect("bind");
        let address = listener.local_addr().expect("an address");
        let acceptor = acceptor(certificate);
        let streams = Arc::new(Mutex::new(Vec::new()));
        let counts = Arc::clone(&streams);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let index = {
                    let mut counts = counts.lock().expect("no thread panicked");
                    counts.push(0);
                    counts.len() - 1
                };
                let counts = Arc::clone(&counts);
                let count = move || {
                    let mut counts = counts.lock().expect("no thread panicked");
                    counts[index] += 1;
                    counts[index] - 1
                };
                connections.spawn(carry(acceptor.clone(), socket, count, serve.clone()));
            }
        });
        Self {
            address,
            streams,
            _tasks: tasks,
        }
    }
}

/// Serves the streams of a connection; `count` counts them, and says how many came before.
async fn carry<F>(
    acceptor: TlsAcceptor,
    socket: TcpStream,
    count: impl Fn() -> usize,
    serve: impl Fn(Request<RecvStream>, SendResponse<Bytes>, usize) -> F,
) where
    F: Future<Output = Result<(), h2::Error>> + Send + 'static,
{
    let Ok(stream) = acceptor.accept(socket).await else {
        return;
    };
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    let mut exchanges = JoinSet::new();
    while let Some(Ok((request, respond))) = connection.accept().await {
        exchanges.spawn(serve(request, respond, count()));
    }
}

fn acceptor(certificate: &Certificate) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(certificate.chain.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("a chain");
    let key = PrivateKeyDer::from_pem_slice(certificate.key.reveal().as_bytes());
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key.expect("a key"))
        .expect("a certificate");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

//! Clients of every kind, who ask all the time and are never refused.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::support::{PATIENCE, wait_until};

/// Clients at work.
#[derive(Default)]
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    clients: Vec<Running>,
}

struct Running {
    name: &'static str,
    served: Arc<AtomicU64>,
    failure: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Traffic {
    /// Lets `client` ask again and again; its first failure is its last.
    pub(crate) fn add(&mut self, name: &'static str, mut client: impl Client + 'static) {
        let served = Arc::new(AtomicU64::new(0));
        let failure = Arc::new(Mutex::new(None));
        let (stop, counter, told) = (
            Arc::clone(&self.stop),
            Arc::clone(&served),
            Arc::clone(&failure),
        );
        let ask_all_the_time = move || {
            while !stop.load(Ordering::SeqCst) {
                if let Err(error) = client.ask() {
                    *told.lock().expect("no thread panicked") = Some(error.to_string());
                    return;
                }
                counter.fetch_add(1, Ordering::SeqCst);
            }
        };
        self.clients.push(Running {
            name,
            served,
            failure,
            thread: Some(std::thread::spawn(ask_all_the_time)),
        });
    }

    /// Waits until each client was served once more, from beginning to end.
    pub(crate) fn wait_for_everybody(&self, place: &str) {
        for client in &self.clients {
            // One request may have begun before.
            let goal = client.served.load(Ordering::SeqCst) + 2;
            wait_until(&format!("{} is served ({place})", client.name), || {
                let failure = client.failure.lock().expect("no thread panicked");
                assert_eq!(*failure, None, "{} ({place})", client.name);
                client.served.load(Ordering::SeqCst) >= goal
            });
        }
    }

    /// Stops; returns how many requests were served.
    pub(crate) fn stop(&mut self) -> u64 {
        self.stop.store(true, Ordering::SeqCst);
        let mut served = 0;
        for client in &mut self.clients {
            client.thread.take().map(JoinHandle::join);
            let failure = client.failure.lock().expect("no thread panicked");
            assert_eq!(*failure, None, "{}", client.name);
            served += client.served.load(Ordering::SeqCst);
        }
        served
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Who asks.
pub(crate) trait Client: Send {
    /// Asks once, and is served.
    fn ask(&mut self) -> io::Result<()>;
}

impl<F: FnMut() -> io::Result<()> + Send> Client for F {
    fn ask(&mut self) -> io::Result<()> {
        self()
    }
}

/// Opens a connection with limits.
pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Opens a connection inside TLS.
pub(crate) fn connect_tls(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from(super::world::HOST).map_err(io::Error::other)?;
    let session = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(session, connect(address)?))
}

/// An answer.
pub(crate) struct Answer {
    /// Who answered.
    pub(crate) name: String,
    /// Whether the connection ends with it.
    pub(crate) is_last: bool,
}

/// Sends a request and returns the answer, which must be a 200.
pub(crate) fn request<S: Read + Write>(stream: &mut BufReader<S>) -> io::Result<Answer> {
    stream.get_mut().write_all(
        b"POST /page HTTP/1.1\r\nHost: www.example.org\r\nContent-Length: 4\r\n\r\nbody",
    )?;
    stream.get_mut().flush()?;
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head)? == 0 {
            return Err(io::Error::other(format!("the end after {head:?}")));
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .and_then(|length| length.parse().ok());
    match length.filter(|_| head.starts_with("HTTP/1.1 200 ")) {
        Some(length) => {
            let mut body = vec![0; length];
            stream.read_exact(&mut body)?;
            Ok(Answer {
                name: String::from_utf8(body).map_err(io::Error::other)?,
                is_last: head.to_ascii_lowercase().contains("connection: close"),
            })
        }
        None => Err(io::Error::other(head)),
    }
}

/// Sends a line and expects it back.
pub(crate) fn line(stream: &mut BufReader<TcpStream>, number: u64) -> io::Result<()> {
    let line = format!("line {number}\n");
    stream.get_mut().write_all(line.as_bytes())?;
    let mut back = String::new();
    stream.read_line(&mut back)?;
    if back == line {
        Ok(())
    } else {
        Err(io::Error::other(format!("{line:?} came back as {back:?}")))
    }
}

/// Sends a datagram and expects it back; one that is lost may be sent again as little as in life.
pub(crate) fn datagram(socket: &UdpSocket, number: u64) -> io::Result<()> {
    let text = format!("datagram {number}");
    socket.send(text.as_bytes())?;
    let mut buffer = [0; 100];
    let length = socket.recv(&mut buffer)?;
    let back = String::from_utf8_lossy(&buffer[..length]);
    match back.split_once(':') {
        Some((_, back)) if back == text => Ok(()),
        _ => Err(io::Error::other(format!("{text:?} came back as {back:?}"))),
    }
}

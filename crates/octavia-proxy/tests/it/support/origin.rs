use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::PATIENCE;
use super::config::own_address;

/// A server behind the proxy, with a thread for each connection.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    accepted: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    heads: Mutex<Vec<String>>,
}

/// The server's side of a connection.
pub(crate) struct Connection {
    pub(crate) stream: BufReader<TcpStream>,
    shared: Arc<Shared>,
}

impl Origin {
    /// Answers every request with `name`, and keeps connections open.
    pub(crate) fn named(name: &'static str) -> Self {
        Self::at(SocketAddr::new(own_address(), 0), name)
    }

    /// As [`Origin::named`], at an address.
    pub(crate) fn at(address: SocketAddr, name: &'static str) -> Self {
        Self::serve_at(address, move |mut connection| {
            while connection.request().is_some() {
                connection.answer(name.as_bytes());
            }
        })
    }

    /// Hands every connection to `serve`.
    pub(crate) fn serve(serve: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Self::serve_at(SocketAddr::new(own_address(), 0), serve)
    }

    /// As [`Origin::serve`], at an address.
    pub(crate) fn serve_at(
        address: SocketAddr,
        serve: impl Fn(Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("bind a member");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, &accepting, &Arc::new(serve)));
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Returns how many connections were accepted.
    pub(crate) fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// Returns the heads of all requests, without CR.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.shared
            .heads
            .lock()
            .expect("no thread panicked")
            .clone()
    }

    /// Closes all its connections, and goes on listening.
    pub(crate) fn close_connections(&self) {
        for stream in self
            .shared
            .open
            .lock()
            .expect("no thread panicked")
            .drain(..)
        {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        self.thread.take().map(JoinHandle::join);
        self.close_connections();
    }
}

fn accept(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    serve: &Arc<impl Fn(Connection) + Send + Sync + 'static>,
) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("set a limit");
        stream.set_nodelay(true).expect("set nodelay");
        let clone = stream.try_clone().expect("a second handle");
        shared.open.lock().expect("no thread panicked").push(clone);
        let connection = Connection {
            stream: BufReader::new(stream),
            shared: Arc::clone(shared),
        };
        let serve = Arc::clone(serve);
        std::thread::spawn(move || {
            let stream = connection.stream.get_ref().try_clone();
            serve(connection);
            // The list of open connections holds another handle.
            stream
                .and_then(|stream| stream.shutdown(Shutdown::Both))
                .ok();
        });
    }
}

impl Connection {
    /// Reads the head of a request; `None` at the end.
    pub(crate) fn request(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let head = head.replace('\r', "");
        self.shared
            .heads
            .lock()
            .expect("no thread panicked")
            .push(head.clone());
        Some(head)
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).ok();
    }

    /// Sends a response with a length.
    pub(crate) fn answer(&mut self, body: &[u8]) {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        self.send([head.as_bytes(), body].concat());
    }

    /// Reads so many bytes.
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream
            .read_exact(&mut bytes)
            .map_or_else(|_| Vec::new(), |()| bytes)
    }

    /// Reads to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).ok();
        bytes
    }
}

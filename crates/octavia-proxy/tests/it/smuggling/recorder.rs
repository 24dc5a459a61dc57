//! A server that records what it gets, byte by byte, and answers every request that it finds.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::reader::Habit;
use crate::support::PATIENCE;
use crate::support::config::own_address;

/// What every answer says, so that it is told from those of proxies.
pub(super) const MARK: &[u8] = b"X-Recorder: yes\r\n";

pub(super) struct Recorder {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stopping: AtomicBool,
    connections: Mutex<Vec<(TcpStream, JoinHandle<Vec<u8>>)>>,
}

impl Recorder {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind((own_address(), 0)).expect("bind a recorder");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        let thread = std::thread::spawn(move || accept(&listener, &accepting));
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Ends all connections, and returns what came on each.
    pub(super) fn take(&self) -> Vec<Vec<u8>> {
        let connections =
            std::mem::take(&mut *self.shared.connections.lock().expect("no thread panicked"));
        for (stream, _) in &connections {
            stream.shutdown(Shutdown::Write).ok();
        }
        connections
            .into_iter()
            .map(|(_, thread)| thread.join().expect("a connection"))
            .collect()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        self.thread.take().map(JoinHandle::join);
        self.take();
    }
}

fn accept(listener: &TcpListener, shared: &Shared) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("set a limit");
        let clone = stream.try_clone().expect("a second handle");
        // Locked before it can answer: whoever has the answer finds the connection in the list.
        let mut connections = shared.connections.lock().expect("no thread panicked");
        let thread = std::thread::spawn(move || serve(stream));
        connections.push((clone, thread));
    }
}

fn serve(mut stream: TcpStream) -> Vec<u8> {
    let mut seen = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let mut answered = 0;
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
        let complete = Habit::Strict.count(&seen);
        for _ in answered..complete {
            let answer = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", MARK, b"\r\n"].concat();
            stream.write_all(&answer).ok();
        }
        answered = complete;
    }
    seen
}

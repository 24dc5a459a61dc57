//! Members that remember nothing, so that they can serve for long.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::support::config::own_address;

/// A server that answers requests with its name, or gives lines back.
pub(super) struct Member {
    pub(super) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Member {
    /// Answers each HTTP request with `name`.
    pub(super) fn web(name: &'static str) -> Self {
        Self::serve(move |stream| answer_requests(stream, name))
    }

    /// Gives every line back.
    pub(super) fn echo() -> Self {
        Self::serve(echo_lines)
    }

    fn serve(serve: impl Fn(TcpStream) -> std::io::Result<()> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind((own_address(), 0)).expect("bind a member");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let stops = Arc::clone(&stopping);
        let accept = move || {
            while let Ok((stream, _)) = listener.accept() {
                if stops.load(Ordering::SeqCst) {
                    return;
                }
                stream.set_nodelay(true).expect("set nodelay");
                let serve = serve.clone();
                // It ends with its connection.
                std::thread::spawn(move || serve(stream).ok());
            }
        };
        Self {
            address,
            stopping,
            thread: Some(std::thread::spawn(accept)),
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        self.thread.take().map(JoinHandle::join);
    }
}

fn answer_requests(stream: TcpStream, name: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}",
        name.len()
    );
    let mut line = String::new();
    let mut body = 0;
    while stream.read_line(&mut line)? > 0 {
        if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            body = length.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            std::io::copy(&mut (&mut stream).take(body), &mut std::io::sink())?;
            stream.get_mut().write_all(answer.as_bytes())?;
            body = 0;
        }
        line.clear();
    }
    Ok(())
}

fn echo_lines(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line)? > 0 {
        stream.get_mut().write_all(&line)?;
        line.clear();
    }
    Ok(())
}

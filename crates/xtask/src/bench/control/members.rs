//! Two small web servers that answer with their names.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};

/// Their names and addresses. They serve until the program ends.
pub(super) struct Members {
    pub(super) addresses: [(&'static str, SocketAddr); 2],
}

impl Members {
    pub(super) fn start(host: IpAddr) -> anyhow::Result<Self> {
        Ok(Self {
            addresses: [("one", serve(host, "one")?), ("two", serve(host, "two")?)],
        })
    }
}

fn serve(host: IpAddr, name: &'static str) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((host, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no trouble of ours.
            std::thread::spawn(move || converse(stream, name).ok());
        }
    });
    Ok(address)
}

/// Answers requests until the client closes; none of them has a body.
fn converse(stream: TcpStream, name: &str) -> std::io::Result<()> {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{name}",
        name.len()
    );
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        if line?.is_empty() {
            writer.write_all(answer.as_bytes())?;
        }
    }
    Ok(())
}

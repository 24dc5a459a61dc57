//! Where lines go: a file, and syslog servers. On a thread of its own, which may wait.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::messages::Messages;
use super::queue::Queue;

/// How long lines are collected before they are written.
const PAUSE: Duration = Duration::from_millis(20);
/// How long a server may take to accept a connection, or lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the lines of requests, connections and flows go.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// A file that they are appended to.
    pub file: Option<PathBuf>,
    /// Syslog servers: the first one, and the others only while those before them fail.
    pub targets: Vec<SocketAddr>,
    /// How they are sent to syslog servers.
    pub protocol: LogProtocol,
    /// The facility: a number from 0 to 7 of `local0` to `local7`.
    pub facility: u8,
    /// The most lines that wait to be written; further ones are dropped and counted.
    pub queue_size: usize,
    /// How the sender is named to syslog servers.
    pub host: String,
}

/// How lines are sent to syslog servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogProtocol {
    /// One a datagram.
    Udp,
    /// One after the other on a connection.
    Tcp,
}

impl Default for LogOptions {
    /// Nowhere; otherwise as upstream: UDP, `local0`, 10000 lines.
    fn default() -> Self {
        Self {
            file: None,
            targets: Vec::new(),
            protocol: LogProtocol::Udp,
            facility: 0,
            queue_size: 10_000,
            host: "amphora".into(),
        }
    }
}

impl LogOptions {
    /// Tells whether lines go anywhere.
    pub(crate) fn is_on(&self) -> bool {
        self.file.is_some() || !self.targets.is_empty()
    }
}

/// Writes lines until the queue ends.
pub(crate) fn run(options: &LogOptions, queue: &Queue) {
    let mut sink = Sink {
        options,
        file: None,
        connection: None,
    };
    while let Some(lines) = queue.take(PAUSE) {
        let filed = sink.write_file(&lines.text);
        let sent = sink.send(&lines.text);
        if filed.is_err() || sent.is_err() {
            queue.drop_lines(lines.count);
        }
        if let Err(error) = filed.and(sent) {
            let count = lines.count;
            tracing::warn!(%error, "could not write {count} lines of the traffic log: {error}");
        }
    }
}

struct Sink<'a> {
    options: &'a LogOptions,
    file: Option<File>,
    connection: Option<TcpStream>,
}

impl Sink<'_> {
    fn write_file(&mut self, text: &[u8]) -> io::Result<()> {
        let Some(path) = &self.options.file else {
            return Ok(());
        };
        // Whoever rotates the file has moved it away.
        if !path.exists() {
            self.file = None;
        }
        let mut file = match self.file.take() {
            Some(file) => file,
            None => open(path)?,
        };
        file.write_all(text)?;
        self.file = Some(file);
        Ok(())
    }

    fn send(&mut self, text: &[u8]) -> io::Result<()> {
        if self.options.targets.is_empty() {
            return Ok(());
        }
        let messages = Messages::new(self.options, text);
        match self.options.protocol {
            LogProtocol::Udp => send_datagrams(&self.options.targets, &messages),
            LogProtocol::Tcp => self.send_stream(&messages),
        }
    }

    fn send_stream(&mut self, messages: &Messages) -> io::Result<()> {
        let messages: Vec<_> = (0..messages.len())
            .map(|at| messages.some(at..at + 1))
            .collect();
        let text = [&messages.join(&b'\n')[..], b"\n"].concat();
        if let Some(mut connection) = self.connection.take()
            && connection.write_all(&text).is_ok()
        {
            self.connection = Some(connection);
            return Ok(());
        }
        first_of(&self.options.targets, |target| {
            let mut connection = TcpStream::connect_timeout(&target, PATIENCE)?;
            connection.set_write_timeout(Some(PATIENCE))?;
            connection.write_all(&text)?;
            self.connection = Some(connection);
            Ok(())
        })
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn send_datagrams(targets: &[SocketAddr], messages: &Messages) -> io::Result<()> {
    first_of(targets, |target| {
        let any = if target.is_ipv4() {
            "0.0.0.0:0"
        } else {
            "[::]:0"
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.connect(target)?;
        messages.send(&socket)
    })
}

fn first_of(
    targets: &[SocketAddr],
    mut send: impl FnMut(SocketAddr) -> io::Result<()>,
) -> io::Result<()> {
    let mut outcome = Ok(());
    for target in targets {
        outcome = send(*target);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

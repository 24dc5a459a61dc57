//! Where lines go: a file, and syslog servers. On a thread of its own, which may wait.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::messages::Messages;
use super::queue::Queue;
use crate::runtime::clock::Time;

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
    /// How often lines that no server took are tried again before they are dropped; `None` for
    /// as long as it takes.
    pub retries: Option<u32>,
    /// The time between two tries, and after which the first server is tried again while another
    /// stands in.
    pub retry_interval: Duration,
    /// The program that is named to syslog servers.
    pub program: &'static str,
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
    /// Nowhere; otherwise as upstream: UDP, `local0`, 10000 lines, 5 tries more, 2 seconds apart.
    fn default() -> Self {
        Self {
            file: None,
            targets: Vec::new(),
            protocol: LogProtocol::Udp,
            facility: 0,
            queue_size: 10_000,
            retries: Some(5),
            retry_interval: Duration::from_secs(2),
            program: "octavia-proxy",
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
        let sent = sink.send_patiently(&lines.text, queue);
        if filed.is_err() || sent.is_err() {
            queue.drop_lines(lines.count);
        }
        if let Err(error) = filed.and(sent) {
            let count = lines.count;
            tracing::warn!(%error, "could not write {count} lines of a log: {error}");
        }
    }
}

struct Sink<'a> {
    options: &'a LogOptions,
    file: Option<File>,
    connection: Option<Connection>,
}

/// A connection with a server.
struct Connection {
    stream: TcpStream,
    /// When the servers before it are tried again; never, if it is the first one.
    until: Time,
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

    /// Tries again as often as is wanted. Meanwhile the queue fills, and drops what does not fit; at
    /// the end of the process nothing is tried again.
    fn send_patiently(&mut self, text: &[u8], queue: &Queue) -> io::Result<()> {
        let mut tries = 0;
        loop {
            let sent = self.send(text);
            let is_last = self.options.retries.is_some_and(|retries| tries >= retries);
            if sent.is_ok() || is_last || !queue.wait(self.options.retry_interval) {
                return sent;
            }
            tries = tries.saturating_add(1);
        }
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
        let now = Time::now();
        let known = self.connection.take().filter(|known| known.until > now);
        if let Some(mut known) = known
            && known.stream.write_all(&text).is_ok()
        {
            self.connection = Some(known);
            return Ok(());
        }
        let options = self.options;
        first_of(&options.targets, |target| {
            let mut stream = TcpStream::connect_timeout(&target, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.write_all(&text)?;
            let is_first = options.targets.first() == Some(&target);
            let until = if is_first {
                Time::NEVER
            } else {
                now.after(options.retry_interval)
            };
            self.connection = Some(Connection { stream, until });
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

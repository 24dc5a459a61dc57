use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};

use rustix::net::{AddressFamily, SocketType};

use super::PATIENCE;

/// A client's connection.
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

/// A response as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The head, without CR.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|line| line.0.eq_ignore_ascii_case(name))
            .map(|line| line.1)
    }
}

/// Sends one request on a connection of its own.
pub(crate) fn get(address: SocketAddr, path: &str) -> Response {
    Client::connect(address).get(path)
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::of(TcpStream::connect_timeout(&address, PATIENCE).expect("connect"))
    }

    /// Connects from an address of its own.
    pub(crate) fn connect_from(own: IpAddr, address: SocketAddr) -> Self {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None);
        let socket = socket.expect("make a socket");
        rustix::net::bind(&socket, &SocketAddr::new(own, 0)).expect("bind any port");
        rustix::net::connect(&socket, &address).expect("connect");
        Self::of(socket.into())
    }

    fn of(stream: TcpStream) -> Self {
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("set a limit");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("set a limit");
        stream.set_nodelay(true).expect("set nodelay");
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .get_mut()
            .write_all(bytes.as_ref())
            .expect("send");
    }

    /// Sends a GET and reads the response.
    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.response()
    }

    /// Reads a response to anything but HEAD.
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.header("content-length").map(str::parse);
        if response.header("transfer-encoding") == Some("chunked") {
            response.body = self.chunks();
        } else if let Some(length) = length {
            response.body = vec![0; length.expect("a number")];
            self.stream
                .read_exact(&mut response.body)
                .expect("a whole body");
        } else if response.status >= 200 {
            self.stream.read_to_end(&mut response.body).expect("a body");
        }
        response
    }

    /// Reads the head of a response.
    pub(crate) fn head(&mut self) -> Response {
        let mut head = String::new();
        while !head.ends_with("\n\n") {
            let line = self.line();
            assert!(!line.is_empty(), "the connection ended in a head: {head:?}");
            head += &line;
        }
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Response {
            status: status.expect("a status"),
            head,
            body: Vec::new(),
        }
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.line().trim(), 16).expect("a size");
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..]).expect("a chunk");
            assert_eq!(self.line(), "\n");
            if size == 0 {
                return body;
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line");
        line.replace('\r', "")
    }

    /// Tells whether the other side has closed, cleanly or not; waits for it.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// Ends this side.
    pub(crate) fn end(&mut self) {
        self.stream
            .get_mut()
            .shutdown(Shutdown::Write)
            .expect("shut down");
    }

    /// Reads to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("read to the end");
        rest
    }
}

//! Lines as syslog messages, and how many of them become datagrams at once.

use std::io::{self, IoSlice, Write};
use std::net::UdpSocket;
use std::ops::Range;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};

use super::LogOptions;
use super::date::Date;
use crate::runtime::clock;

/// `informational` (RFC 5424).
const SEVERITY: u8 = 6;
/// `local0`, the first of eight.
const LOCAL0: u8 = 16;
/// The most datagrams that the kernel makes of one call (`UDP_MAX_SEGMENTS` of older ones).
const SEGMENTS: usize = 64;
/// The most bytes of one call.
const SEGMENT_BYTES: usize = 60_000;

/// Messages, one behind the other.
pub(super) struct Messages {
    text: Vec<u8>,
    /// Where each begins; and the end.
    starts: Vec<usize>,
}

impl Messages {
    /// Renders a message for each line, in the form that rsyslog forwards.
    pub(super) fn new(options: &LogOptions, lines: &[u8]) -> Self {
        let head = head(options);
        let mut messages = Self {
            text: Vec::with_capacity(2 * lines.len()),
            starts: vec![0],
        };
        let lines = lines.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            messages.text.extend_from_slice(&head);
            messages.text.extend_from_slice(line);
            messages.starts.push(messages.text.len());
        }
        messages
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Returns some of them, one behind the other.
    pub(super) fn some(&self, which: Range<usize>) -> &[u8] {
        &self.text[self.starts[which.start]..self.starts[which.end]]
    }

    /// Sends each as a datagram.
    pub(super) fn send(&self, socket: &UdpSocket) -> io::Result<()> {
        let mut next = 0;
        while next < self.len() {
            let run = self.run(next);
            next = run.end;
            if run.len() == 1 || !self.send_together(socket, run.clone())? {
                for at in run {
                    socket.send(self.some(at..at + 1))?;
                }
            }
        }
        Ok(())
    }

    /// Returns those from `first` on that are equally long: the kernel cuts them apart.
    fn run(&self, first: usize) -> Range<usize> {
        let length = self.some(first..first + 1).len();
        let most = (SEGMENT_BYTES / length.max(1)).clamp(1, SEGMENTS);
        let same = (first..self.len())
            .take(most)
            .take_while(|at| self.some(*at..at + 1).len() == length);
        first..first + same.count()
    }

    /// Sends some that are equally long by one call; tells whether that can be done. Not every
    /// interface takes several at once, and none takes messages that it would have to split.
    fn send_together(&self, socket: &UdpSocket, run: Range<usize>) -> io::Result<bool> {
        let length = self.some(run.start..run.start + 1).len();
        let Ok(length) = u16::try_from(length) else {
            return Ok(false);
        };
        let pieces = [IoSlice::new(self.some(run))];
        let control = [ControlMessage::UdpGsoSegments(&length)];
        let flags = MsgFlags::empty();
        match sendmsg::<()>(socket.as_raw_fd(), &pieces, &control, flags, None) {
            Ok(_) => Ok(true),
            Err(Errno::EINVAL | Errno::EIO | Errno::EMSGSIZE | Errno::EOPNOTSUPP) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn head(options: &LogOptions) -> Vec<u8> {
    let priority = (LOCAL0 + options.facility.min(7)) * 8 + SEVERITY;
    let mut head = format!("<{priority}>").into_bytes();
    Date::of(clock::wall_micros()).write_rfc3339(&mut head);
    let (host, program, process) = (&options.host, options.program, std::process::id());
    write!(head, " {host} {program}[{process}]: ").expect("a vector takes every byte");
    head
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::{LogOptions, Messages};

    #[test]
    fn every_line_is_a_datagram_of_its_own_in_order() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let patience = Some(Duration::from_secs(10));
        server.set_read_timeout(patience).expect("a time limit");
        let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
        client
            .connect(server.local_addr().expect("an address"))
            .expect("a peer");
        let long = "x".repeat(3000);
        let lines = ["a1", "a2", "a3", "bcd", &long, &long, "e1", "e2"];
        let messages = Messages::new(&LogOptions::default(), lines.join("\n").as_bytes());
        messages.send(&client).expect("they are sent");
        for line in lines {
            let mut buffer = [0; 4096];
            let length = server.recv(&mut buffer).expect("a datagram");
            let message = String::from_utf8_lossy(&buffer[..length]);
            let (head, text) = message.split_once("]: ").expect("a head");
            assert_eq!(text, line);
            assert!(head.starts_with("<134>20"), "{head}");
        }
    }
}

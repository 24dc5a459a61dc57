use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::queue::{Lines, Queue};
use super::sink::{self, LogOptions};

/// Sends lines of somebody else's to where `LogOptions` say, on a thread of its own. Whoever logs
/// never waits; lines that do not fit are dropped.
#[derive(Debug)]
pub struct LogForwarder {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl LogForwarder {
    /// Starts the thread.
    pub fn start(options: LogOptions) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(options.queue_size));
        let taken = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("log-forwarder".into());
        let thread = thread.spawn(move || sink::run(&options, &taken))?;
        Ok(Self {
            queue,
            thread: Some(thread),
        })
    }

    /// Hands a line over, with its end.
    pub fn put(&self, line: &[u8]) {
        self.queue.put(&mut Lines {
            text: line.to_vec(),
            count: 1,
        });
    }
}

impl Drop for LogForwarder {
    fn drop(&mut self) {
        self.queue.stop();
        self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::{LogForwarder, LogOptions};

    #[test]
    fn a_line_arrives_with_its_facility_and_program() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let patience = Some(Duration::from_secs(10));
        server.set_read_timeout(patience).expect("a time limit");
        let forwarder = LogForwarder::start(LogOptions {
            targets: vec![server.local_addr().expect("an address")],
            facility: 1,
            program: "octavia-amphora",
            ..LogOptions::default()
        });
        let forwarder = forwarder.expect("it starts");
        forwarder.put(b"{\"level\":\"INFO\"}\n");
        let mut buffer = [0; 4096];
        let length = server.recv(&mut buffer).expect("a datagram");
        let message = String::from_utf8_lossy(&buffer[..length]);
        assert!(message.starts_with("<142>20"), "{message}");
        assert!(message.contains(" amphora octavia-amphora["), "{message}");
        assert!(message.ends_with("]: {\"level\":\"INFO\"}"), "{message}");
    }
}

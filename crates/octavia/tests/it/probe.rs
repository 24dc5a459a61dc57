//! A datagram each millisecond, and when its answer came.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tokio::time::{Duration, Instant, sleep};

use crate::octavia::until;

const EVERY: Duration = Duration::from_millis(1);
/// How often a thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(50);

/// A server that sends every datagram back; it ends when it is dropped.
pub(crate) struct Echo {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    /// Starts one; its address may come to be later than it.
    pub(crate) fn start(address: &str) -> Self {
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        let socket = UdpSocket::bind(any).unwrap();
        let mut known: SocketAddr = address.parse().unwrap();
        known.set_port(socket.local_addr().unwrap().port());
        socket.set_read_timeout(Some(LOOK)).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((len, from)) = socket.recv_from(&mut buffer) {
                    socket.send_to(&buffer[..len], from).ok();
                }
            }
        });
        Self {
            address: known,
            stop,
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

/// Asks a service all the time; it ends when it is dropped.
pub(crate) struct Probe {
    answers: Arc<Mutex<Vec<Instant>>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Probe {
    /// Begins to ask.
    pub(crate) fn start(service: &str) -> Self {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.connect(service).unwrap();
        socket.set_read_timeout(Some(LOOK)).unwrap();
        let (answers, stop) = (
            Arc::<Mutex<Vec<_>>>::default(),
            Arc::new(AtomicBool::new(false)),
        );
        let asking = {
            let (socket, stop) = (socket.try_clone().unwrap(), Arc::clone(&stop));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    // While nobody is there, the kernel says so.
                    socket.send(b"probe").ok();
                    std::thread::sleep(EVERY);
                }
            })
        };
        let (heard, stopped) = (Arc::clone(&answers), Arc::clone(&stop));
        let listening = std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while !stopped.load(Ordering::Relaxed) {
                if socket.recv(&mut buffer).is_ok() {
                    heard.lock().unwrap().push(Instant::now());
                }
            }
        });
        Self {
            answers,
            stop,
            threads: vec![asking, listening],
        }
    }

    /// Waits until it was answered all the time for so long.
    pub(crate) async fn until_answered(&self, time: Duration) {
        let since = Instant::now();
        until("the VIP to answer", async || {
            let answers = self.answers.lock().unwrap();
            let recent: Vec<_> = answers
                .iter()
                .rev()
                .take_while(|at| **at >= since)
                .collect();
            let newest = recent.first()?;
            let steady = recent
                .windows(2)
                .take_while(|pair| *pair[0] - *pair[1] < LOOK)
                .count();
            let oldest = recent.get(steady)?;
            (**newest - **oldest >= time).then_some(())
        })
        .await;
    }

    /// Returns the longest time without an answer since something happened, once it is answered
    /// again, or the time has passed in vain.
    pub(crate) async fn gap_since(&self, struck: Instant, limit: Duration) -> Duration {
        // What was under way is answered still.
        let settled = Duration::from_millis(500);
        sleep(limit + settled).await;
        self.longest_gap(struck)
    }

    /// Returns the longest time without an answer since then.
    pub(crate) fn longest_gap(&self, since: Instant) -> Duration {
        let answers = self.answers.lock().unwrap();
        let mut before = since;
        let mut longest = Duration::ZERO;
        for at in answers.iter().copied().filter(|at| *at >= since) {
            longest = longest.max(at - before);
            before = at;
        }
        longest.max(before.elapsed())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

//! Lines on their way from the loops to the thread that writes them. Bounded; nobody waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use crate::runtime::clock::Time;

/// Lines, each with its end.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    pub(crate) count: usize,
}

/// Between the loops and the thread that writes.
#[derive(Debug)]
pub(crate) struct Queue {
    lines: Mutex<Lines>,
    /// The most lines that wait.
    capacity: usize,
    dropped: AtomicU64,
    stopping: AtomicBool,
    /// Whether the writer would like to be woken.
    is_idle: AtomicBool,
    writer: OnceLock<Thread>,
}

impl Queue {
    /// Makes a queue for so many lines.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            lines: Mutex::default(),
            capacity,
            dropped: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
            writer: OnceLock::new(),
        }
    }

    /// Takes all of `lines`, or none if they do not fit; they are empty afterwards.
    pub(crate) fn put(&self, lines: &mut Lines) {
        let mut waiting = self.lock();
        if waiting.count + lines.count > self.capacity {
            drop(waiting);
            self.drop_lines(lines.count);
        } else {
            waiting.text.extend_from_slice(&lines.text);
            waiting.count += lines.count;
            drop(waiting);
            self.wake();
        }
        lines.text.clear();
        lines.count = 0;
    }

    /// Counts lines that nobody will read.
    pub(crate) fn drop_lines(&self, count: usize) {
        self.dropped.fetch_add(count as u64, Relaxed);
    }

    /// Returns how many lines nobody will read.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Ends the writer once nothing waits.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, SeqCst);
        self.is_idle.store(true, SeqCst);
        self.wake();
    }

    /// Takes what waits, together with what comes within `pause`; `None` at the end. For one thread.
    pub(super) fn take(&self, pause: Duration) -> Option<Lines> {
        self.writer.get_or_init(std::thread::current);
        loop {
            self.is_idle.store(true, SeqCst);
            if self.lock().count > 0 {
                break;
            }
            if self.stopping.load(SeqCst) {
                return None;
            }
            std::thread::park();
        }
        self.is_idle.store(false, SeqCst);
        if !self.stopping.load(SeqCst) {
            std::thread::park_timeout(pause);
        }
        Some(std::mem::take(&mut *self.lock()))
    }

    /// Lets the writer wait, unless everything is to end; tells whether it may go on trying.
    pub(super) fn wait(&self, pause: Duration) -> bool {
        let until = Time::now().after(pause);
        while !self.stopping.load(SeqCst) {
            let left = until.since(Time::now());
            if left.is_zero() {
                return true;
            }
            std::thread::park_timeout(left);
        }
        false
    }

    fn wake(&self) {
        if self.is_idle.swap(false, SeqCst)
            && let Some(writer) = self.writer.get()
        {
            writer.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Lines, Queue};

    fn lines(count: usize) -> Lines {
        Lines {
            text: b"x\n".repeat(count),
            count,
        }
    }

    #[test]
    fn what_does_not_fit_is_dropped_and_counted() {
        let queue = Queue::new(10);
        queue.put(&mut lines(6));
        queue.put(&mut lines(5));
        queue.put(&mut lines(4));
        assert_eq!(queue.dropped(), 5);
        let taken = queue.take(Duration::ZERO).expect("lines");
        assert_eq!((taken.count, taken.text.len()), (10, 20));
    }

    #[test]
    fn a_writer_is_woken_and_ends_when_everything_is_taken() {
        let queue = Arc::new(Queue::new(1000));
        let writing = Arc::clone(&queue);
        let writer = std::thread::spawn(move || {
            let mut count = 0;
            while let Some(lines) = writing.take(Duration::from_micros(10)) {
                count += lines.count;
            }
            count
        });
        (0..100).for_each(|_| queue.put(&mut lines(3)));
        queue.stop();
        let written = writer.join().expect("it did not panic");
        let dropped = usize::try_from(queue.dropped()).expect("few");
        assert_eq!(written + dropped, 300);
    }
}

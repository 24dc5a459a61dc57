//! A wire between a process and MariaDB that is cut at a chosen message. What the process said before
//! is done; it never learns of the last one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Messages that are not answered: the end of a statement, and of a connection.
const UNANSWERED: [u8; 2] = [0x19, 0x01];

/// The wire; it ends when it is dropped.
pub(crate) struct Cutter {
    socket: PathBuf,
    cut: Arc<Cut>,
    _tasks: JoinSet<()>,
}

struct Cut {
    /// How many more messages pass.
    left: AtomicUsize,
    /// The last message was carried out, and its answer kept back.
    reached: watch::Sender<bool>,
}

impl Cutter {
    /// Begins to carry everything from a new socket in a folder to a server's.
    pub(crate) fn start(folder: &Path, server: &Path) -> Self {
        let socket = folder.join("wire");
        let listener = UnixListener::bind(&socket).unwrap();
        let cut = Arc::new(Cut {
            left: AtomicUsize::new(usize::MAX),
            reached: watch::Sender::new(false),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, server.to_owned(), Arc::clone(&cut)));
        Self {
            socket,
            cut,
            _tasks: tasks,
        }
    }

    /// Returns the process's end.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Lets so many messages pass, and not the answer to the last.
    pub(crate) fn cut_after(&self, messages: usize) {
        self.cut.reached.send_replace(false);
        self.cut.left.store(messages, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub(crate) fn mend(&self) {
        self.cut.left.store(usize::MAX, Ordering::SeqCst);
    }

    /// Waits until the process waits for an answer that it will not get.
    pub(crate) async fn reached(&self) {
        let mut reached = self.cut.reached.subscribe();
        reached.wait_for(|reached| *reached).await.unwrap();
    }
}

async fn serve(listener: UnixListener, server: PathBuf, cut: Arc<Cut>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let server = UnixStream::connect(&server).await.unwrap();
        let cut = Arc::clone(&cut);
        connections.spawn(async move {
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            // Whoever ends first takes both halves with it, as the end of a process does.
            tokio::select! {
                _ = ask(from_client, to_server, &cut) => {}
                _ = answer(from_server, to_client, &cut) => {}
            }
        });
    }
}

async fn ask(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, cut: &Cut) -> Option<()> {
    loop {
        let mut packet = vec![0; 4];
        client.read_exact(&mut packet).await.ok()?;
        let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
        let begins = packet[3] == 0;
        packet.resize(4 + usize::try_from(length).unwrap(), 0);
        client.read_exact(&mut packet[4..]).await.ok()?;
        let counts = begins && !UNANSWERED.contains(&packet[4]);
        if !counts || cut.lets_pass() {
            server.write_all(&packet).await.ok()?;
        }
    }
}

async fn answer(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, cut: &Cut) -> Option<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = server.read(&mut buffer).await.ok()?;
        if length == 0 {
            return None;
        }
        if cut.left.load(Ordering::SeqCst) == 0 {
            cut.reached.send_replace(true);
        } else {
            client.write_all(&buffer[..length]).await.ok()?;
        }
    }
}

impl Cut {
    fn lets_pass(&self) -> bool {
        let one_less = |left: usize| match left {
            usize::MAX => Some(left),
            _ => left.checked_sub(1),
        };
        let passes = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok();
        if !passes {
            self.reached.send_replace(true);
        }
        passes
    }
}

//! A connection between the two of a pair, on which nothing is said: when a process dies, its
//! kernel closes it at once, long before advertisements are missed.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// Upstream's amphorae talk to each other at this port, so that security groups let it through.
pub(super) const PORT: u16 = 1025;
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(200);
/// One is enough for a peer; one that came back may not have lost its former one yet.
const CONNECTIONS: usize = 8;
const BACKLOG: u32 = 8;

/// Listens for peers, and is connected to each. Dropped, it lets go of all.
pub(super) struct Tripwire {
    address: IpAddr,
    peers: watch::Sender<Vec<IpAddr>>,
    watched: BTreeMap<IpAddr, AbortHandle>,
    tasks: JoinSet<()>,
    tell: mpsc::Sender<IpAddr>,
    gone: mpsc::Receiver<IpAddr>,
}

impl Tripwire {
    /// Begins to listen. Nobody is a peer yet.
    pub(super) fn open(address: IpAddr) -> io::Result<Self> {
        let own = SocketAddr::new(address, PORT);
        let socket = socket_for(own)?;
        socket.set_reuseaddr(true)?;
        socket.bind(own)?;
        let listener = socket.listen(BACKLOG)?;
        let peers = watch::Sender::new(Vec::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(hold(listener, peers.subscribe()));
        let (tell, gone) = mpsc::channel(CONNECTIONS);
        Ok(Self {
            address,
            peers,
            watched: BTreeMap::new(),
            tasks,
            tell,
            gone,
        })
    }

    /// Connects to those who are new, and lets go of those who are none any more. The others
    /// notice nothing: a closed port would look like a death.
    pub(super) fn watch(&mut self, peers: Vec<IpAddr>) {
        self.watched.retain(|peer, watching| {
            let stays = peers.contains(peer);
            if !stays {
                watching.abort();
            }
            stays
        });
        for &peer in &peers {
            let watching = watch(self.address, peer, self.tell.clone());
            self.watched
                .entry(peer)
                .or_insert_with(|| self.tasks.spawn(watching));
        }
        while self.tasks.try_join_next().is_some() {}
        self.peers.send_replace(peers);
    }

    /// Waits until the process of a peer is gone: its kernel says that nobody listens any more.
    pub(super) async fn next(&mut self) -> IpAddr {
        match self.gone.recv().await {
            Some(peer) => peer,
            None => std::future::pending().await,
        }
    }
}

/// Keeps what peers connect, and closes what others do.
async fn hold(listener: TcpListener, peers: watch::Receiver<Vec<IpAddr>>) {
    let mut held = JoinSet::new();
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        while held.try_join_next().is_some() {}
        let is_peer = peers.borrow().contains(&from.ip());
        if is_peer && held.len() < CONNECTIONS {
            held.spawn(until_closed(stream));
        }
    }
}

/// Stays connected to a peer, and tells when it is gone.
async fn watch(address: IpAddr, peer: IpAddr, gone: mpsc::Sender<IpAddr>) {
    let mut was_there = false;
    loop {
        match connect(address, peer).await {
            Ok(stream) => {
                was_there = true;
                let since = Instant::now();
                until_closed(stream).await;
                // It does not know us yet.
                if since.elapsed() < PAUSE {
                    sleep(PAUSE).await;
                }
            }
            Err(error) => {
                let is_gone = was_there && error.kind() == ErrorKind::ConnectionRefused;
                if is_gone && gone.send(peer).await.is_err() {
                    return;
                }
                was_there = was_there && !is_gone;
                sleep(PAUSE).await;
            }
        }
    }
}

async fn connect(address: IpAddr, peer: IpAddr) -> io::Result<TcpStream> {
    let peer = SocketAddr::new(peer, PORT);
    let socket = socket_for(peer)?;
    socket.bind(SocketAddr::new(address, 0))?;
    let connecting = timeout(CONNECT_LIMIT, socket.connect(peer));
    connecting.await.unwrap_or_else(|late| Err(late.into()))
}

/// What a peer says is nothing, and is thrown away.
async fn until_closed(mut stream: TcpStream) {
    let mut nothing = [0; 64];
    while stream.read(&mut nothing).await.is_ok_and(|len| len > 0) {}
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }
}

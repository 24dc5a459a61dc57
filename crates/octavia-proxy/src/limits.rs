//! Every bound of the data plane in one place.

use std::time::Duration;

/// How much memory a compiled regular expression of a rule may take.
pub(crate) const REGEX_BYTES: usize = 1 << 20;
/// How much a loop may remember of its way through the expressions of one subject.
pub(crate) const REGEX_CACHE_BYTES: usize = 8 << 20;

/// The longest body that a policy answers with.
pub(crate) const RESPONSE_BYTES: usize = 16 * 1024;
/// How many of the latest clients of a listener are known by how often they ask, at least.
pub(crate) const RATED_CLIENTS: usize = 64 * 1024;
/// In how many parts they are kept, so that loops seldom meet there.
pub(crate) const RATED_PARTS: usize = 64;

/// The longest head of a request or response, as HAProxy's default buffer.
pub(crate) const HEAD_BYTES: usize = 16 * 1024;
/// The most header fields in a head, as HAProxy's `tune.http.maxhdr`.
pub(crate) const HEADERS: usize = 101;
/// The longest chunk extension, in bytes: nobody uses them, attackers do.
pub(crate) const CHUNK_EXTENSION_BYTES: u32 = 1024;
/// The longest trailer section of a chunked body.
pub(crate) const TRAILER_BYTES: u32 = 8 * 1024;

/// What one loop reads into, shared by all its connections.
pub(crate) const READ_BYTES: usize = 256 * 1024;
/// The first read of a relayed direction; it doubles while the other side keeps up.
pub(crate) const FIRST_READ_BYTES: usize = 32 * 1024;
/// Up to this size a body is copied behind its head: cheaper than handing the kernel two pieces.
pub(crate) const COPIED_BODY_BYTES: usize = 4 * 1024;
/// What is relayed by one direction in user space before it is moved by `splice`.
pub(crate) const SPLICE_AFTER_BYTES: u64 = 512 * 1024;
/// The size of a pipe used by `splice`.
pub(crate) const PIPE_BYTES: usize = 1024 * 1024;
/// How many empty pipes a loop keeps for later.
pub(crate) const SPARE_PIPES: usize = 16;
/// The size above which the buffer of a connection without work gives its memory back.
pub(crate) const KEEP_BUFFER_BYTES: usize = 4 * 1024;
/// The size above which the send buffer of a connection at work gives its memory back, once empty.
pub(crate) const KEEP_PENDING_BYTES: usize = 64 * 1024;

/// How many steps a connection takes before others have their turn: enough for a small request.
pub(crate) const STEPS: usize = 4;
/// How much a connection that has waited moves before others have their turn.
pub(crate) const TURN_BYTES: usize = 256 * 1024;
/// How much a connection moves at once; with more it waits behind those that move less.
pub(crate) const PROMPT_BYTES: usize = 64 * 1024;
/// How much is moved for connections that wait, before it is looked whether others have little to do.
pub(crate) const QUEUE_BYTES: usize = 1024 * 1024;
/// How many connections are accepted from one socket before others have their turn.
pub(crate) const ACCEPTS: usize = 64;
/// How long a loop waits before it accepts again, when the host was short of something.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How many events are taken from the kernel at once.
pub(crate) const EVENTS: usize = 512;
/// The accept queue of a listening socket.
pub(crate) const BACKLOG: i32 = 4096;
/// The most event loops; a mask of them fits an atomic.
pub(crate) const LOOPS: usize = 64;

/// How often connecting is tried before a client is told that no member can be reached: once, and
/// HAProxy's three retries.
pub(crate) const TRIES: usize = 4;
/// How long a client waits once every member was tried, as in HAProxy: a member that is just being
/// restarted causes no error then.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_secs(1);
/// The most idle connections that a loop keeps to one member.
pub(crate) const IDLE_CONNECTIONS: usize = 256;
/// The most idle connections to members that carry the address of one client, as HAProxy's
/// `max-session-srv-conns`.
pub(crate) const OWN_CONNECTIONS: usize = 5;
/// How many of the latest clients of a pool are remembered, at least, as upstream's `size 10k`.
pub(crate) const STICKY_CLIENTS: usize = 10 * 1024;
/// How much of a cookie is remembered, as upstream's `len 64`.
pub(crate) const STICKY_KEY_BYTES: usize = 64;
/// How long an idle connection to a member is kept; common servers close after 5 s.
pub(crate) const IDLE_TIME: Duration = Duration::from_secs(4);
/// How long a connection may have been idle to carry a request that cannot be repeated.
pub(crate) const IDLE_TIME_UNREPEATABLE: Duration = Duration::from_secs(1);
/// How long a refused client may go on sending before its connection is cut.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(2);
/// How long the connections of a removed listener may go on.
pub(crate) const DRAIN_TIME: Duration = Duration::from_mins(1);
/// How long a flow of datagrams that drains may be silent: an answer may be on its way.
pub(crate) const LAST_ANSWER_TIME: Duration = Duration::from_secs(5);
/// How long a change of configuration may take to reach every loop.
pub(crate) const APPLY_TIME: Duration = Duration::from_secs(5);
/// How soon a new deadline is first looked at, so that those of short connections do not pile up.
pub(crate) const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The largest part of a check's answer that is read.
pub(crate) const CHECK_ANSWER_BYTES: usize = 16 * 1024;

/// The longest datagram.
pub(crate) const DATAGRAM_BYTES: usize = 64 * 1024;
/// How many datagrams of clients are received, and sent, at once.
pub(crate) const DATAGRAMS: usize = 64;
/// How much waits to be sent to clients at once.
pub(crate) const OUTBOX_BYTES: usize = 256 * 1024;
/// What the kernel keeps for a port while its loop is away, as far as the host allows it.
pub(crate) const PORT_BUFFER_BYTES: usize = 4 << 20;
/// How many datagrams are taken from a flow before others have their turn.
pub(crate) const FLOW_DATAGRAMS: usize = 16;
/// How often a flow that had one datagram is asked for more.
pub(crate) const TASTE_EVERY: u8 = 16;
/// The most flows of a loop. Each needs a descriptor, and a port that no other flow to the same
/// member has; hosts give out some 28,000. A flow more takes the place of one that was silent.
pub(crate) const FLOWS: usize = 16 * 1024;
/// Of how many flows the one that was silent for longest makes room for another.
pub(crate) const IDLE_SAMPLES: usize = 16;
/// How many networks of clients a pool remembers, at most.
pub(crate) const STICKY_NETWORKS: usize = 64 * 1024;
/// The longest record of TLS on its way: what it carries, its header, and the most that ciphers add.
pub(crate) const TLS_RECORD_BYTES: usize = 5 + TLS_FRAGMENT_BYTES + 2048;
/// The most that one record of TLS carries.
pub(crate) const TLS_FRAGMENT_BYTES: usize = 16 * 1024;
/// What our ciphers add to what a record carries, at most.
pub(crate) const TLS_OVERHEAD_BYTES: usize = 64;
/// The longest handshake message that is read: a chain of certificates.
pub(crate) const TLS_MESSAGE_BYTES: usize = 64 * 1024;
/// How long a TLS handshake may take.
pub(crate) const HANDSHAKE_TIME: Duration = Duration::from_secs(10);

/// How many streams a client has open on one connection, at most.
pub(crate) const STREAMS: usize = 100;
/// How much of a body a peer sends on a stream before it is told to go on.
pub(crate) const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// How much a peer sends on all streams of a connection before it is told to go on.
pub(crate) const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What the peer's compression of headers may refer to.
pub(crate) const HEADER_TABLE_BYTES: usize = 4096;
/// The longest block of compressed headers.
pub(crate) const HEADER_BLOCK_BYTES: usize = 2 * HEAD_BYTES;
/// How many frames continue a block of headers, at most.
pub(crate) const CONTINUATIONS: u32 = 16;
/// The most fields of a head on its way out: ours are added to those of the peer.
pub(crate) const WRITTEN_HEADERS: usize = HEADERS + 27;
/// How many streams may fail or be reset in a short time before a connection is closed.
pub(crate) const STREAM_RESETS: u32 = 256;
/// How many more resets are forgiven each second.
pub(crate) const STREAM_RESETS_PER_SECOND: u32 = 32;
/// How many frames that carry nothing a peer may send in a short time.
pub(crate) const IDLE_FRAMES: u32 = 1024;
/// How many more such frames are forgiven each second.
pub(crate) const IDLE_FRAMES_PER_SECOND: u32 = 128;

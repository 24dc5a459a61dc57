//! One end of a TLS connection: records in, plain bytes and records out, no socket.
//!
//! rustls' unbuffered interface is used: what is received is decrypted where it lies, in a buffer
//! that all connections of a loop share, and a connection at rest keeps no buffer at all.

use std::ops::Range;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus,
};
use rustls::{ClientConfig, CommonState, Error, HandshakeKind, ProtocolVersion, ServerConfig};

use super::outgoing::{Outgoing, Short};
use super::{alpn, sni};
use crate::limits;

/// One end of a TLS connection.
pub(crate) struct Session {
    end: End,
    /// Received and not processed yet: the start of a record, or of a handshake message.
    incoming: Vec<u8>,
    /// Decrypted and not taken yet, from `taken` on.
    plain: Vec<u8>,
    taken: usize,
    /// Records that leave with the next ones.
    held: Vec<u8>,
    is_established: bool,
    has_ended: bool,
    /// Nothing more can be said, and nothing is read: what was left unread is gone.
    has_failed: bool,
    server_name: Option<Arc<str>>,
}

enum End {
    Server(UnbufferedServerConnection),
    Client(UnbufferedClientConnection),
}

/// Where decrypted bytes go: into the buffer of whoever reads, and what does not fit is kept.
struct Sink<'a> {
    buffer: &'a mut [u8],
    filled: usize,
    kept: &'a mut Vec<u8>,
}

impl Sink<'_> {
    fn take(&mut self, bytes: &[u8]) {
        let free = &mut self.buffer[self.filled..];
        let count = if self.kept.is_empty() {
            bytes.len().min(free.len())
        } else {
            0
        };
        free[..count].copy_from_slice(&bytes[..count]);
        self.filled += count;
        self.kept.extend_from_slice(&bytes[count..]);
    }
}

/// How far a connection came.
#[derive(Clone, Copy, Default)]
struct Progress {
    used: usize,
    is_established: bool,
    has_ended: bool,
}

impl Session {
    /// Begins to serve a client.
    pub(crate) fn server(config: &Arc<ServerConfig>) -> Result<Self, Error> {
        UnbufferedServerConnection::new(Arc::clone(config)).map(|end| Self::new(End::Server(end)))
    }

    /// Begins to talk to the server `name`.
    pub(crate) fn client(
        config: &Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, Error> {
        UnbufferedClientConnection::new(Arc::clone(config), name)
            .map(|end| Self::new(End::Client(end)))
    }

    fn new(end: End) -> Self {
        Self {
            end,
            incoming: Vec::new(),
            plain: Vec::new(),
            taken: 0,
            held: Vec::new(),
            is_established: false,
            has_ended: false,
            has_failed: false,
            server_name: None,
        }
    }

    /// Tells whether the handshake is over.
    pub(crate) fn is_established(&self) -> bool {
        self.is_established
    }

    /// Tells whether the other end has said that nothing more comes.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns what OpenSSL calls the version that is spoken.
    pub(crate) fn version(&self) -> &'static str {
        let version = match &self.end {
            End::Server(end) => end.protocol_version(),
            End::Client(end) => end.protocol_version(),
        };
        if version == Some(ProtocolVersion::TLSv1_2) {
            "TLSv1.2"
        } else {
            "TLSv1.3"
        }
    }

    /// Tells whether both ends chose to speak HTTP/2.
    pub(crate) fn is_http2(&self) -> bool {
        let protocol = match &self.end {
            End::Server(end) => end.alpn_protocol(),
            End::Client(end) => end.alpn_protocol(),
        };
        protocol == Some(alpn::HTTP2.as_bytes())
    }

    /// Tells whether the handshake went on with an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        let kind = match &self.end {
            End::Server(end) => end.handshake_kind(),
            End::Client(end) => end.handshake_kind(),
        };
        kind == Some(HandshakeKind::Resumed)
    }

    /// Returns the certificate that the other end showed, if it did.
    pub(crate) fn peer_certificate(&self) -> Option<&CertificateDer<'static>> {
        let chain = match &self.end {
            End::Server(end) => end.peer_certificates(),
            End::Client(end) => end.peer_certificates(),
        };
        chain?.first()
    }

    /// Returns the name that the client asked for, on the server's end.
    pub(crate) fn server_name(&self) -> Option<&Arc<str>> {
        self.server_name.as_ref()
    }

    /// Tells whether something was received that nobody has taken.
    pub(crate) fn has_unread(&self) -> bool {
        self.taken < self.plain.len() || !self.incoming.is_empty()
    }

    /// Takes bytes that were decrypted before.
    pub(crate) fn take_plain(&mut self, buffer: &mut [u8]) -> usize {
        let kept = &self.plain[self.taken..];
        let count = kept.len().min(buffer.len());
        buffer[..count].copy_from_slice(&kept[..count]);
        self.taken += count;
        if self.taken == self.plain.len() {
            self.taken = 0;
            self.plain = Vec::new();
        }
        count
    }

    /// Puts the bytes that wait for the rest of their record to the start of `space`. Returns the
    /// part of it to receive that rest into, if `wanted` plain bytes are to come out of it.
    pub(crate) fn prepare(&self, space: &mut Vec<u8>, wanted: usize) -> Range<usize> {
        let kept = self.incoming.len();
        let end = wanted.max(kept + limits::TLS_RECORD_BYTES);
        if space.len() < end {
            space.resize(end, 0);
        }
        space[..kept].copy_from_slice(&self.incoming);
        kept..end
    }

    /// Processes `records`, which begin with what [`Session::prepare`] put there. Plain bytes go
    /// into `buffer`, and their number is returned; records for the other end are appended to `out`,
    /// also after an error.
    pub(crate) fn open(
        &mut self,
        records: &mut [u8],
        buffer: &mut [u8],
        out: &mut Outgoing,
    ) -> Result<usize, Error> {
        let mut sink = Sink {
            buffer,
            filled: 0,
            kept: &mut self.plain,
        };
        let progress = match &mut self.end {
            End::Server(end) => advance(end, records, &mut sink, out),
            End::Client(end) => advance(end, records, &mut sink, out),
        };
        let filled = sink.filled;
        if !self.is_established && self.server_name.is_none() {
            self.server_name = sni::take_asked_name();
        }
        self.has_failed |= progress.is_err();
        let progress = progress?;
        self.is_established |= progress.is_established;
        self.has_ended |= progress.has_ended;
        self.keep(&records[progress.used..])?;
        Ok(filled)
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), Error> {
        if rest.len() > limits::TLS_MESSAGE_BYTES {
            return Err(Error::General("a handshake message is too large".into()));
        }
        if rest.is_empty() {
            self.incoming = Vec::new();
        } else {
            self.incoming.clear();
            self.incoming.extend_from_slice(rest);
        }
        Ok(())
    }

    /// Appends to `out` what begins the handshake.
    pub(crate) fn begin(&mut self, out: &mut Outgoing) -> Result<(), Error> {
        self.open(&mut [], &mut [], out).map(drop)
    }

    /// Tells whether what follows the handshake may wait: tickets, for which no client waits. In
    /// TLS 1.2 they are part of it.
    pub(crate) fn may_hold(&self) -> bool {
        let is_server = matches!(self.end, End::Server(_));
        is_server && self.is_established && self.version() == "TLSv1.3"
    }

    /// Lets records wait for the next ones.
    pub(crate) fn hold(&mut self, records: &[u8]) {
        self.held.extend_from_slice(records);
    }

    /// Takes the records that wait.
    pub(crate) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Appends two pieces, encrypted, to `out`, behind the records that wait.
    pub(crate) fn seal(&mut self, pieces: [&[u8]; 2], out: &mut Outgoing) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::HandshakeNotComplete);
        }
        out.extend(&self.take_held());
        match &mut self.end {
            End::Server(end) => seal(end, &mut self.incoming, Some(pieces), out),
            End::Client(end) => seal(end, &mut self.incoming, Some(pieces), out),
        }
    }

    /// Appends to `out` that nothing more comes.
    pub(crate) fn close(&mut self, out: &mut Outgoing) -> Result<(), Error> {
        if self.has_failed {
            return Err(Error::HandshakeNotComplete);
        }
        match &mut self.end {
            End::Server(end) => seal(end, &mut self.incoming, None, out),
            End::Client(end) => seal(end, &mut self.incoming, None, out),
        }
    }
}

/// What both ends can do with records.
trait Records {
    type Data;

    /// Tells whether there are records to send.
    fn wants_write(&self) -> bool;

    fn process<'c, 'i>(&'c mut self, records: &'i mut [u8])
    -> UnbufferedStatus<'c, 'i, Self::Data>;
}

impl Records for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn wants_write(&self) -> bool {
        CommonState::wants_write(self)
    }

    fn process<'c, 'i>(
        &'c mut self,
        records: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(records)
    }
}

impl Records for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn wants_write(&self) -> bool {
        CommonState::wants_write(self)
    }

    fn process<'c, 'i>(
        &'c mut self,
        records: &'i mut [u8],
    ) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(records)
    }
}

/// Processes records until nothing more can be done with them.
fn advance<E: Records>(
    end: &mut E,
    records: &mut [u8],
    sink: &mut Sink<'_>,
    out: &mut Outgoing,
) -> Result<Progress, Error> {
    let mut progress = Progress::default();
    loop {
        let status = end.process(&mut records[progress.used..]);
        let mut used = status.discard;
        let is_all = match status.state {
            Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                while let Some(record) = traffic.next_record() {
                    let record = record?;
                    used += record.discard;
                    sink.take(record.payload);
                }
                false
            }
            Ok(ConnectionState::EncodeTlsData(data)) => {
                encode(data, out);
                false
            }
            Ok(ConnectionState::TransmitTlsData(data)) => {
                data.done();
                false
            }
            Ok(ConnectionState::PeerClosed) => {
                progress.has_ended = true;
                false
            }
            Ok(ConnectionState::WriteTraffic(_)) => {
                progress.is_established = true;
                true
            }
            // Early data is not accepted; nothing else can be done without more records.
            Ok(
                ConnectionState::BlockedHandshake
                | ConnectionState::Closed
                | ConnectionState::ReadEarlyData(_)
                | _,
            ) => true,
            Err(error) => {
                append_alert(end, out);
                return Err(error);
            }
        };
        progress.used += used;
        if is_all {
            return Ok(progress);
        }
    }
}

/// Appends what tells the other end why the handshake failed. rustls is asked for what it has to send
/// and nothing else: it would look for what was received before, which is gone, and panic.
fn append_alert<E: Records>(end: &mut E, out: &mut Outgoing) {
    while end.wants_write()
        && let Ok(ConnectionState::EncodeTlsData(data)) = end.process(&mut []).state
    {
        encode(data, out);
    }
}

fn encode<D>(mut data: EncodeTlsData<'_, D>, out: &mut Outgoing) {
    let encoded = out.append(0, |free| match data.encode(free) {
        Ok(count) => Ok(count),
        Err(EncodeError::InsufficientSize(needed)) => Err(Short::Needs(needed.required_size)),
        Err(EncodeError::AlreadyEncoded) => Err(Short::Failed(())),
    });
    encoded.expect("it was not encoded before");
}

/// Appends `pieces`, encrypted, or the end without them. rustls wants to see again what was received
/// and not used: part of a handshake message.
fn seal<E: Records>(
    end: &mut E,
    incoming: &mut [u8],
    pieces: Option<[&[u8]; 2]>,
    out: &mut Outgoing,
) -> Result<(), Error> {
    loop {
        match end.process(incoming).state? {
            ConnectionState::EncodeTlsData(data) => encode(data, out),
            ConnectionState::TransmitTlsData(data) => data.done(),
            ConnectionState::WriteTraffic(mut traffic) => {
                let Some(pieces) = pieces else {
                    return out.append(0, |free| traffic.queue_close_notify(free).map_err(short));
                };
                for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
                    let records = piece.len().div_ceil(limits::TLS_FRAGMENT_BYTES);
                    let expected = piece.len() + records * limits::TLS_OVERHEAD_BYTES;
                    out.append(expected, |free| traffic.encrypt(piece, free).map_err(short))?;
                }
                return Ok(());
            }
            ConnectionState::ReadTraffic(_)
            | ConnectionState::ReadEarlyData(_)
            | ConnectionState::PeerClosed
            | ConnectionState::Closed
            | ConnectionState::BlockedHandshake
            | _ => return Err(Error::HandshakeNotComplete),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is mapped")]
fn short(error: EncryptError) -> Short<Error> {
    match error {
        EncryptError::InsufficientSize(needed) => Short::Needs(needed.required_size),
        EncryptError::EncryptExhausted => Short::Failed(Error::EncryptError),
    }
}

#[cfg(test)]
mod tests;

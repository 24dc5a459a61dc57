//! Messages and sockets between two processes on one host.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::Message;

/// How many descriptors go at once; the kernel takes 253.
const DESCRIPTORS: usize = 128;
/// The longest message: some hundred thousand members.
const MESSAGE_BYTES: u32 = 256 << 20;

/// One end.
pub(super) struct Wire(UnixStream);

impl Wire {
    /// Uses a socket; nothing may take longer than `limit`.
    pub(super) fn new(stream: UnixStream, limit: Duration) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(Self(stream))
    }

    /// Returns the same end once more.
    pub(super) fn another(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Lets the next message take as long as it likes.
    pub(super) fn wait_for_ever(&self) -> io::Result<()> {
        self.0.set_read_timeout(None)
    }

    /// Sends a message: its length, then JSON.
    pub(super) fn send(&mut self, message: &Message) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        self.0.write_all(&length.to_be_bytes())?;
        self.0.write_all(&text)
    }

    /// Receives a message; `None` at the end.
    pub(super) fn receive(&mut self) -> io::Result<Option<Message>> {
        let mut length = [0; 4];
        match self.0.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let length = u32::from_be_bytes(length);
        if length > MESSAGE_BYTES {
            return Err(io::Error::other("a message is too long"));
        }
        let mut text = Vec::new();
        (&self.0).take(length.into()).read_to_end(&mut text)?;
        Ok(Some(serde_json::from_slice(&text)?))
    }

    /// Sends descriptors, each portion with a byte.
    pub(super) fn send_descriptors(&self, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        for portion in descriptors.chunks(DESCRIPTORS) {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !control.push(SendAncillaryMessage::ScmRights(portion)) {
                return Err(io::Error::other("there is no room for the descriptors"));
            }
            sendmsg(
                &self.0,
                &[IoSlice::new(b"s")],
                &mut control,
                SendFlags::NOSIGNAL,
            )?;
        }
        Ok(())
    }

    /// Receives so many descriptors.
    pub(super) fn receive_descriptors(&self, count: usize) -> io::Result<Vec<OwnedFd>> {
        let mut descriptors = Vec::new();
        while descriptors.len() < count {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let mut byte = [0];
            let received = recvmsg(
                &self.0,
                &mut [IoSliceMut::new(&mut byte)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )?;
            let before = descriptors.len();
            for message in control.drain() {
                if let RecvAncillaryMessage::ScmRights(portion) = message {
                    descriptors.extend(portion);
                }
            }
            if received.bytes == 0 || descriptors.len() == before {
                return Err(io::Error::other("the descriptors did not come"));
            }
        }
        Ok(descriptors)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{DESCRIPTORS, Message, Wire};

    fn pair() -> [Wire; 2] {
        let (one, other) = UnixStream::pair().unwrap();
        [one, other].map(|stream| Wire::new(stream, Duration::from_secs(10)).unwrap())
    }

    #[test]
    fn messages_and_descriptors_come_in_order() {
        let [mut old, mut new] = pair();
        let (mut left, right) = UnixStream::pair().unwrap();
        let count = 2 * DESCRIPTORS + 1;
        old.send(&Message::Serving { generation: None }).unwrap();
        old.send_descriptors(&vec![right.as_fd(); count]).unwrap();
        old.send(&Message::Serving {
            generation: Some(7),
        })
        .unwrap();
        drop((old, right));

        assert!(matches!(
            new.receive().unwrap(),
            Some(Message::Serving { generation: None })
        ));
        let descriptors = new.receive_descriptors(count).unwrap();
        assert_eq!(descriptors.len(), count);
        assert!(matches!(
            new.receive().unwrap(),
            Some(Message::Serving {
                generation: Some(7)
            })
        ));
        assert!(new.receive().unwrap().is_none());
        for descriptor in descriptors {
            UnixStream::from(descriptor).write_all(b"x").unwrap();
        }
        let mut all = Vec::new();
        left.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn an_end_in_place_of_descriptors_is_an_error() {
        let [old, new] = pair();
        drop(old);
        assert!(new.receive_descriptors(1).is_err());
    }
}

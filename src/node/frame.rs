//! Frames for many: one message encoded at most once per encoding.
//!
//! Owns: the lazily encoded pair of frames. Must not: know who receives them. Called by: `cell`, `told`, `lists`, `board`.

use bytes::Bytes;
use callbox_proto::codec::Encoding;
use serde::Serialize;

use super::outbox::{Outbox, Overfull};

/// A message and its encodings, each made when first asked for.
#[derive(Debug)]
pub struct Shared<T> {
    message: T,
    encoded: [Option<Bytes>; 2],
}

impl<T: Serialize> Shared<T> {
    /// Wraps a message.
    pub const fn new(message: T) -> Self {
        Self {
            message,
            encoded: [None, None],
        }
    }

    /// The frame in this encoding.
    pub fn frame(&mut self, encoding: Encoding) -> Bytes {
        let place = match encoding {
            Encoding::MessagePack => 0,
            Encoding::Json => 1,
        };
        self.encoded[place]
            .get_or_insert_with(|| encode(encoding, &self.message))
            .clone()
    }

    /// Queues it for a connection.
    ///
    /// # Errors
    /// [`Overfull`] when the reader is too slow for it.
    pub fn send(&mut self, outbox: &Outbox) -> Result<(), Overfull> {
        outbox.push(self.frame(outbox.encoding()))
    }
}

impl<T: Serialize> Shared<Option<T>> {
    /// Queues it for a connection, if there is a message at all.
    ///
    /// # Errors
    /// [`Overfull`] when the reader is too slow for it.
    pub fn send_some(&mut self, outbox: &Outbox) -> Result<(), Overfull> {
        if self.message.is_none() {
            Ok(())
        } else {
            self.send(outbox)
        }
    }
}

/// Encodes one message.
///
/// # Panics
/// Never for our wire types: they are maps with text keys, and the golden fixtures encode every kind.
pub fn encode<T: Serialize>(encoding: Encoding, message: &T) -> Bytes {
    encoding
        .encode(message)
        .expect("every wire type encodes: the golden fixtures show it")
        .into()
}

/// Sends one message to one connection, which is closed if it is too slow even for this.
pub fn tell<T: Serialize>(outbox: &Outbox, message: &T) {
    outbox.push_or_close(encode(outbox.encoding(), message));
}

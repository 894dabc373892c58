//! Random ids.
//!
//! Owns: the one source of randomness of a node, so that tests can repeat a run from a seed. Must not: make keys or tokens
//! (that is `auth`). Called by: `node`, `transport`.

use std::sync::Mutex;

use callbox_proto::ids::{CommandId, ConnectionId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::lock;

/// The source.
#[derive(Debug)]
pub struct Random(Mutex<StdRng>);

impl Random {
    /// Seeded by the operating system.
    #[must_use]
    pub fn from_system() -> Self {
        Self(Mutex::new(StdRng::from_os_rng()))
    }

    /// Seeded by a test.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    fn bits(&self) -> u128 {
        lock(&self.0).random::<u128>().max(1)
    }

    /// A command of the gateway's own.
    ///
    /// # Panics
    /// Never: the bits are not zero.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        CommandId::from_u128(self.bits()).expect("not zero")
    }

    /// A connection.
    ///
    /// # Panics
    /// Never: the bits are not zero.
    #[must_use]
    pub fn connection_id(&self) -> ConnectionId {
        ConnectionId::from_u128(self.bits()).expect("not zero")
    }

    /// A run of a node among others: not zero.
    #[must_use]
    pub fn instance(&self) -> u64 {
        lock(&self.0).random::<u64>().max(1)
    }

    /// Bytes nobody can foresee, for challenges.
    #[must_use]
    pub fn nonce(&self) -> [u8; 32] {
        lock(&self.0).random()
    }
}

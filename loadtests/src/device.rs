//! Device keys of made-up residents.
//!
//! Owns: making a key pair and answering a challenge. Must not: keep keys on disk. Called by: `client`.

use anyhow::{Result, anyhow};
use callbox_proto::bytes::Bytes;
use callbox_proto::message::FromResident;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};

/// What a hello's signature covers, before the nonce (`docs/protocol.md`).
const HELLO_CONTEXT: &[u8] = b"callbox-hello-v1";
/// How this program names itself.
const CLIENT: &str = concat!("callbox-loadtests/", env!("CARGO_PKG_VERSION"));

/// One resident's device.
#[derive(Debug)]
pub struct Device {
    pair: EcdsaKeyPair,
}

impl Device {
    /// A device with a key of its own.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn new() -> Result<Self> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let refused = |_| anyhow!("no device key can be made");
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(refused)?;
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random)
            .map_err(|_| anyhow!("the device key just made cannot be read"))?;
        Ok(Self { pair })
    }

    /// The answer to a challenge.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn hello(&self, nonce: &[u8]) -> Result<FromResident> {
        let signed = [HELLO_CONTEXT, nonce].concat();
        let signature = self
            .pair
            .sign(&SystemRandom::new(), &signed)
            .map_err(|_| anyhow!("the challenge cannot be signed"))?;
        Ok(FromResident::Hello {
            client: CLIENT.to_owned(),
            key: Bytes(self.pair.public_key().as_ref().to_vec()),
            signature: Bytes(signature.as_ref().to_vec()),
            agency: None,
        })
    }
}

/// How this program names itself to the gateway.
#[must_use]
pub fn client_name() -> String {
    CLIENT.to_owned()
}

//! Device keys: a resident is whoever holds the device's private key.
//!
//! Owns: checking a hello's signature and turning a key into an id. Must not: keep keys. Called by: `transport`.

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::ResidentId;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// What a hello's signature covers, before the nonce. Names the purpose, so that no other signature of the key fits.
pub const HELLO_CONTEXT: &[u8] = b"callbox-hello-v1";
/// An uncompressed point of P-256: 4, x, y.
const KEY_BYTES: usize = 65;
/// r and s.
const SIGNATURE_BYTES: usize = 64;

/// The resident behind a key, if the signature over this connection's challenge is good.
///
/// # Errors
/// [`ErrorCode::KeyRefused`].
pub fn resident(nonce: &[u8], key: &[u8], signature: &[u8]) -> Result<ResidentId, ErrorCode> {
    if key.len() != KEY_BYTES || signature.len() != SIGNATURE_BYTES {
        return Err(ErrorCode::KeyRefused);
    }
    let signed = [HELLO_CONTEXT, nonce].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(&signed, signature)
        .map_err(|_| ErrorCode::KeyRefused)?;
    Ok(ResidentId::from_sha256(Sha256::digest(key).into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    fn device() -> EcdsaKeyPair {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).unwrap()
    }

    fn sign(device: &EcdsaKeyPair, nonce: &[u8]) -> Vec<u8> {
        let signed = [HELLO_CONTEXT, nonce].concat();
        device
            .sign(&SystemRandom::new(), &signed)
            .unwrap()
            .as_ref()
            .to_vec()
    }

    #[test]
    fn a_device_is_the_same_resident_each_time() {
        let device = device();
        let key = device.public_key().as_ref();
        let first = resident(&[1; 32], key, &sign(&device, &[1; 32])).unwrap();
        let second = resident(&[2; 32], key, &sign(&device, &[2; 32])).unwrap();
        assert_eq!(first, second);
    }

    #[test]
    fn a_signature_over_another_challenge_or_by_another_key_is_refused() {
        let (device, other) = (device(), device());
        let key = device.public_key().as_ref();
        let refused = Err(ErrorCode::KeyRefused);
        assert_eq!(resident(&[2; 32], key, &sign(&device, &[1; 32])), refused);
        assert_eq!(resident(&[1; 32], key, &sign(&other, &[1; 32])), refused);
        assert_eq!(resident(&[1; 32], &[], &[]), refused);
        assert_eq!(resident(&[1; 32], &[4; 65], &[0; 64]), refused);
    }
}

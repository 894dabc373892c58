//! The worked example of the hello is a real one.

use callbox_proto::bounds::HELLO_CONTEXT;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use serde_json::Value;

use crate::{Failure, Outcome, bytes, committed, fixture};

struct Vector(Value);

impl Vector {
    fn read() -> Result<Self, Failure> {
        Ok(Self(serde_json::from_str(&committed(
            "proto/fixtures/hello_vector.json",
        )?)?))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        bytes(self.0[name].as_str().ok_or("a field is missing")?)
    }
}

#[test]
fn the_vectors_signature_is_good_and_covers_context_and_nonce() -> Outcome {
    let vector = Vector::read()?;
    let signed = [HELLO_CONTEXT.as_bytes(), &vector.bytes("nonce")?].concat();
    assert_eq!(signed, vector.bytes("signed")?);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, vector.bytes("key")?);
    assert!(key.verify(&signed, &vector.bytes("signature")?).is_ok());
    let other_nonce = [HELLO_CONTEXT.as_bytes(), &[7; 32]].concat();
    assert!(
        key.verify(&other_nonce, &vector.bytes("signature")?)
            .is_err()
    );
    Ok(())
}

#[test]
fn the_vectors_private_key_makes_its_public_key_and_new_signatures() -> Outcome {
    let vector = Vector::read()?;
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &vector.bytes("private_key")?,
        &vector.bytes("key")?,
        &random,
    )
    .map_err(|_| "the private key has another public key")?;
    let signed = vector.bytes("signed")?;
    let signature = pair
        .sign(&random, &signed)
        .map_err(|_| "it does not sign")?;
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref());
    assert!(key.verify(&signed, signature.as_ref()).is_ok());
    Ok(())
}

#[test]
fn the_vectors_resident_is_the_first_half_of_the_keys_hash() -> Outcome {
    let vector = Vector::read()?;
    let hash = digest(&SHA256, &vector.bytes("key")?);
    assert_eq!(hash.as_ref()[..16], vector.bytes("resident")?);
    Ok(())
}

#[test]
fn the_fixture_of_hello_and_the_document_carry_the_vector() -> Outcome {
    let vector = Vector::read()?;
    let (_, hello) = fixture("from_resident", "hello")?;
    let carries = |bytes: &[u8]| hello.windows(bytes.len()).any(|window| window == bytes);
    assert!(carries(&vector.bytes("key")?) && carries(&vector.bytes("signature")?));
    let document = committed("docs/protocol.md")?;
    for (name, value) in vector
        .0
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "note")
    {
        let value = value.as_str().unwrap_or_default();
        assert!(
            document.contains(value),
            "docs/protocol.md lacks the vector's {name}"
        );
    }
    Ok(())
}

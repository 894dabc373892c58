//! The checksum of a record: no store notices a flipped bit by itself.
//!
//! Owns: what the checksum covers, the same in every store. Must not: read or write. Called by: the implementations.

use callbox_proto::ids::{CommandId, SessionId};

use super::Seq;

/// Checksum of a record: over the session, the place, the command and the payload.
pub(super) fn record_crc(session: SessionId, seq: Seq, command: CommandId, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&session.as_u128().to_be_bytes());
    hasher.update(&seq.to_be_bytes());
    hasher.update(&command.as_u128().to_be_bytes());
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_record_changes_its_checksum() {
        let session = SessionId::from_u128(7).unwrap();
        let command = CommandId::from_u128(9).unwrap();
        let payload = b"somebody fell into the river".to_vec();
        let sound = record_crc(session, 3, command, &payload);
        for bit in 0..payload.len() * 8 {
            let mut flipped = payload.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(
                record_crc(session, 3, command, &flipped),
                sound,
                "bit {bit}"
            );
        }
        assert_ne!(record_crc(session, 4, command, &payload), sound);
    }
}

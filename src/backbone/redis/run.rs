//! A run: records of one session that follow on each other, as one piece of bytes. It is an entry of the session's log, and what
//! the bell says of it.
//!
//! Owns: these bytes, how they are made and how they are read. Must not: speak to a server, or judge what a hole means. Called by:
//! `appends` and `remains`, which make runs, and `answer`, which reads them.
//!
//! The bytes, numbers with the highest byte first: the session (16), the number of its last record (8), how many records (4) and how many
//! bytes they take (4); then of each record its command (16), its checksum (4), its length (4) and itself. A run without records only
//! says how far the log goes. The functions of the servers know this, too (`callbox.lua`).

use bytes::Bytes;
use callbox_proto::ids::{CommandId, SessionId};

use crate::backbone::checksum::record_crc;
use crate::backbone::{Record, Seq};

/// Bytes of what a run says of itself.
pub(super) const HEAD_BYTES: usize = 32;
/// Bytes of what it says of a record before the record itself.
pub(super) const RECORD_HEAD_BYTES: usize = 24;
/// Where the head's numbers end, in the order in which they stand.
const SESSION_END: usize = 16;
const LAST_END: usize = 24;
const COUNT_END: usize = 28;

/// Adds a run of these records, the first of which has the number after `before`, to some bytes.
pub(super) fn write<'a>(
    bytes: &mut Vec<u8>,
    session: SessionId,
    before: Seq,
    records: impl Iterator<Item = (CommandId, &'a [u8])>,
) {
    let start = bytes.len();
    bytes.extend_from_slice(&session.as_u128().to_be_bytes());
    bytes.resize(start + HEAD_BYTES, 0);
    let (mut last, mut count) = (before, 0_u32);
    for (command, payload) in records {
        last = last.saturating_add(1);
        count += 1;
        bytes.extend_from_slice(&command.as_u128().to_be_bytes());
        bytes.extend_from_slice(&record_crc(session, last, command, payload).to_be_bytes());
        bytes.extend_from_slice(&(payload.len() as u32).to_be_bytes());
        bytes.extend_from_slice(payload);
    }
    let length = (bytes.len() - start - HEAD_BYTES) as u32;
    let head = &mut bytes[start..start + HEAD_BYTES];
    head[SESSION_END..LAST_END].copy_from_slice(&last.to_be_bytes());
    head[LAST_END..COUNT_END].copy_from_slice(&count.to_be_bytes());
    head[COUNT_END..].copy_from_slice(&length.to_be_bytes());
}

/// A run as it was read.
pub(super) struct Run {
    pub(super) session: SessionId,
    /// The number of its last record.
    pub(super) last: Seq,
    records: Vec<Unchecked>,
}

/// A record whose checksum nobody has looked at.
struct Unchecked {
    command: CommandId,
    crc: u32,
    payload: Bytes,
}

impl Run {
    /// The number of its first record, one more than the last where it has none.
    pub(super) fn first(&self) -> Seq {
        self.last.saturating_add(1) - self.records.len() as Seq
    }

    /// Its records with their numbers, in order; `None` for one that is not what was written.
    pub(super) fn records(&self) -> impl Iterator<Item = (Seq, Option<Record>)> {
        (self.first()..).zip(&self.records).map(|(seq, unchecked)| {
            let Unchecked {
                command,
                crc,
                payload,
            } = unchecked;
            let sound = *crc == record_crc(self.session, seq, *command, payload);
            let record = sound.then(|| Record {
                seq,
                command: *command,
                payload: payload.clone(),
            });
            (seq, record)
        })
    }
}

/// Reads the run with which these bytes begin; `None` if it is none. Its records share the bytes.
pub(super) fn read(bytes: &Bytes) -> Option<(Run, Bytes)> {
    let (head, _) = bytes.split_at_checked(HEAD_BYTES)?;
    let session = SessionId::from_u128(u128::from_be_bytes(head[..SESSION_END].try_into().ok()?))?;
    let last = Seq::from_be_bytes(head[SESSION_END..LAST_END].try_into().ok()?);
    let count = number(&head[LAST_END..COUNT_END])?;
    let length = number(&head[COUNT_END..])?;
    if length > bytes.len() - HEAD_BYTES || count as Seq > last {
        return None;
    }
    let end = HEAD_BYTES + length;
    let mut rest = bytes.slice(HEAD_BYTES..end);
    // Nobody's word is enough to take memory for.
    let mut records = Vec::with_capacity(count.min(length / RECORD_HEAD_BYTES));
    for _ in 0..count {
        let (said, _) = rest.split_at_checked(RECORD_HEAD_BYTES)?;
        let command = CommandId::from_u128(u128::from_be_bytes(said[..16].try_into().ok()?))?;
        let crc = u32::from_be_bytes(said[16..20].try_into().ok()?);
        let payload_end = RECORD_HEAD_BYTES.checked_add(number(&said[20..])?)?;
        if payload_end > rest.len() {
            return None;
        }
        records.push(Unchecked {
            command,
            crc,
            payload: rest.slice(RECORD_HEAD_BYTES..payload_end),
        });
        rest = rest.slice(payload_end..);
    }
    let run = Run {
        session,
        last,
        records,
    };
    rest.is_empty().then(|| (run, bytes.slice(end..)))
}

fn number(bytes: &[u8]) -> Option<usize> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> SessionId {
        SessionId::from_u128(7).unwrap()
    }

    fn written(before: Seq, payloads: &[&'static str]) -> Bytes {
        let command = CommandId::from_u128(3).unwrap();
        let records = payloads.iter().map(|payload| (command, payload.as_bytes()));
        let mut bytes = Vec::new();
        write(&mut bytes, session(), before, records);
        bytes.into()
    }

    fn payloads(run: &Run) -> Vec<(Seq, Option<Bytes>)> {
        let records = run.records();
        records
            .map(|(seq, record)| (seq, record.map(|record| record.payload)))
            .collect()
    }

    #[test]
    fn records_are_read_back_with_their_numbers_and_what_follows_is_left() {
        let all = [written(10, &["one", "", "another"]), written(13, &[])].concat();
        let (run, rest) = read(&all.into()).unwrap();
        assert_eq!((run.session, run.first(), run.last), (session(), 11, 13));
        let expected = [(11, "one"), (12, ""), (13, "another")];
        assert_eq!(
            payloads(&run),
            expected.map(|(seq, payload)| (seq, Some(Bytes::from_static(payload.as_bytes()))))
        );
        let (only_head, rest) = read(&rest).unwrap();
        assert_eq!((only_head.last, only_head.first()), (13, 14));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_changed_bit_is_seen_in_its_record_and_no_cut_or_change_is_taken_for_sound() {
        let whole = written(10, &["one", "another"]);
        for cut in 0..whole.len() {
            assert!(read(&whole.slice(..cut)).is_none(), "cut at {cut}");
        }
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Some((run, _)) = read(&changed.into()) {
                let sound = payloads(&run).iter().all(|(_, payload)| payload.is_some());
                assert!(!sound, "bit {bit}");
            }
        }
    }
}

//! Answers of the servers as values of the contract: the only module that looks into [`Value`].
//!
//! Owns: decoding, and with it every check that what comes back is what was written. Must not: speak to a server. Called by:
//! `handle`, `writer`, `tier`.

use std::sync::Arc;

use bytes::Bytes;
use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use redis::{ServerError, Value};

use super::appends;
use super::fault;
use super::link::failed;
use super::row::{self, Places};
use super::run::{self, Run};
use crate::backbone::bell::Rung;
use crate::backbone::checksum::record_crc;
use crate::backbone::{
    Append, Appended, BackboneError, Claimed, Destroyed, IndexedSession, Lease, READ_MAX_BYTES,
    Record, Seq, StandingKind, Tally,
};

/// The refusals in an answer: it may be one, or a list in which some are.
pub(super) fn refusals(value: &Value) -> impl Iterator<Item = &ServerError> {
    let listed = array(value).unwrap_or_default();
    std::iter::once(value).chain(listed).filter_map(refusal)
}

/// The answers to so many appends that went together; a refusal of all of them is the answer to each.
pub(super) fn each(answer: Value, count: usize) -> Vec<Value> {
    match answer {
        Value::Array(answers) if answers.len() == count => answers,
        all => vec![all; count],
    }
}

/// The refusal in an answer, if it is one.
pub(super) const fn refusal(value: &Value) -> Option<&ServerError> {
    match value {
        Value::ServerError(error) => Some(error),
        _ => None,
    }
}

fn strange() -> BackboneError {
    failed("the shared tier answered something else")
}

/// An answer as text or bytes.
pub(super) fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        Value::VerbatimString { text, .. } => Some(text.as_bytes()),
        _ => None,
    }
}

pub(super) fn text(value: &Value) -> Option<&str> {
    std::str::from_utf8(bytes(value)?).ok()
}

pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        other => text(other)?.parse().ok(),
    }
}

pub(super) fn array(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(values) | Value::Set(values) => Some(values),
        _ => None,
    }
}

fn place(text: &str) -> Option<(Seq, Seq)> {
    let (first, last) = text.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// What the function answers to an append that it has written as it was decided: words would have to be put together there and
/// read here.
const STORED: Value = Value::Int(1);

/// What an append came to.
pub(super) fn appended(value: &Value, append: &Append) -> Result<Appended, BackboneError> {
    let session = append.session;
    if *value == STORED {
        let (first, last) = appends::place(append);
        return Ok(Appended::Stored { first, last });
    }
    if let Some(error) = refusal(value) {
        if fault::is_damage(error) {
            let (seq, _) = appends::place(append);
            return Err(BackboneError::Damaged { session, seq });
        }
        return Err(fault::refusal(error).0);
    }
    let text = text(value).ok_or_else(strange)?;
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let outcome = match word {
        "duplicate" => place(rest).map(|(first, last)| Appended::Duplicate { first, last }),
        "conflict" => rest.parse().ok().map(|head| Appended::Conflict { head }),
        "none" => return Err(BackboneError::NoSuchSession),
        "damaged" => {
            let seq = rest.parse().map_err(|_| strange())?;
            return Err(BackboneError::Damaged { session, seq });
        }
        _ => None,
    };
    outcome.ok_or_else(strange)
}

/// What became of a copy that was to take the place of its log.
pub(super) fn replaced(value: &Value) -> Result<Destroyed, BackboneError> {
    let text = text(value).ok_or_else(strange)?;
    match text.split_once(' ').unwrap_or((text, "")) {
        ("replaced", _) => Ok(Destroyed::Done),
        ("conflict", head) => {
            let head = head.parse().map_err(|_| strange())?;
            Ok(Destroyed::Conflict { head })
        }
        ("none", _) => Err(BackboneError::NoSuchSession),
        ("lost", _) => Err(failed("the copy of a log was cut")),
        _ => Err(strange()),
    }
}

/// The place of a command, if it has one.
pub(super) fn command(value: &Value) -> Result<Option<(Seq, Seq)>, BackboneError> {
    match value {
        Value::Nil => Ok(None),
        value => text(value).and_then(place).map(Some).ok_or_else(strange),
    }
}

/// Records of a log after a place: numbered without holes, each with its checksum, none missing before the head.
pub(super) fn records(
    value: &Value,
    session: SessionId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Record>, BackboneError> {
    let [head, found] = array(value).ok_or_else(strange)? else {
        return Err(strange());
    };
    let head = match head {
        Value::Nil => 0,
        head => number(head).ok_or_else(strange)?,
    };
    let (mut records, mut size, mut next) = (Vec::new(), 0, after + 1);
    let mut taken = 0;
    'entries: for entry in array(found).ok_or_else(strange)? {
        let damaged = |seq| BackboneError::Damaged { session, seq };
        let entry = entry_of(entry, session).ok_or_else(|| damaged(next))?;
        size += entry.bytes;
        // The first one may begin before what was asked for; no one leaves a number out.
        if entry.first > next || (entry.first < next && !records.is_empty()) {
            return Err(damaged(next));
        }
        for (seq, record) in entry.records.into_iter().filter(|(seq, _)| *seq > after) {
            if records.len() == limit || taken >= READ_MAX_BYTES {
                break 'entries;
            }
            // What is over the head is not in the log: an append that was cut short.
            let record = record.filter(|_| seq <= head).ok_or_else(|| damaged(seq))?;
            taken += record.payload.len();
            records.push(record);
            next = seq + 1;
        }
    }
    // The library ends a page early only where it is full.
    if records.len() < limit && size < READ_MAX_BYTES && next <= head {
        let seq = next;
        return Err(BackboneError::Damaged { session, seq });
    }
    Ok(records)
}

/// An entry of a log.
struct Entry {
    /// The number of its first record.
    first: Seq,
    /// In order; `None` for one that is not what was written.
    records: Vec<(Seq, Option<Record>)>,
    /// Bytes of its fields.
    bytes: usize,
}

fn entry_of(entry: &Value, session: SessionId) -> Option<Entry> {
    let [id, fields] = array(entry)? else {
        return None;
    };
    let last: Seq = text(id)?.strip_suffix("-0")?.parse().ok()?;
    let fields = array(fields)?;
    let bytes = fields.iter().filter_map(bytes).map(<[u8]>::len).sum();
    match fields {
        [name, whole] if text(name) == Some("run") => {
            let whole = Bytes::copy_from_slice(self::bytes(whole)?);
            let (run, rest) = run::read(&whole)?;
            let fits = (run.session, run.last) == (session, last) && rest.is_empty();
            fits.then(|| Entry {
                first: run.first(),
                records: run.records().collect(),
                bytes,
            })
        }
        fields => Some(Entry {
            first: last,
            records: vec![(last, alone(fields, session, last))],
            bytes,
        }),
    }
}

/// The record of an entry as they were written until December 2026, each by itself.
fn alone(fields: &[Value], session: SessionId, seq: Seq) -> Option<Record> {
    let [name, command, field, payload, check, crc] = fields else {
        return None;
    };
    if [text(name), text(field), text(check)] != [Some("command"), Some("payload"), Some("crc")] {
        return None;
    }
    let command: CommandId = text(command)?.parse().ok()?;
    let payload = bytes(payload)?;
    let sound = text(crc)? == row::crc_text(record_crc(session, seq, command, payload));
    sound.then(|| Record {
        seq,
        command,
        payload: Bytes::copy_from_slice(payload),
    })
}

/// The fields of a session's row, as they are asked for.
pub(super) const ROW_FIELDS: [&str; 6] = ["head", "index", "open", "tally", "summary", "crc"];

/// A session's row; `None` if there is none.
pub(super) fn indexed(
    value: &Value,
    session: SessionId,
    agency: &AgencyId,
) -> Result<Option<IndexedSession>, BackboneError> {
    let fields = array(value).ok_or_else(strange)?;
    if fields.iter().all(|field| *field == Value::Nil) {
        return Ok(None);
    }
    sound_row(fields, session, agency)
        .map(Some)
        .ok_or(BackboneError::Damaged { session, seq: 0 })
}

fn sound_row(fields: &[Value], session: SessionId, agency: &AgencyId) -> Option<IndexedSession> {
    let [head, index, open, tally, summary, crc] = fields else {
        return None;
    };
    let places = Places {
        index: text(index)?.to_owned(),
        open: text(open)?.to_owned(),
        tally: text(tally)?.to_owned(),
    };
    let summary = bytes(summary)?;
    let sound = text(crc)? == row::crc_text(row::row_crc(session, agency, &places, summary));
    let row = row::row(session, &places, Bytes::copy_from_slice(summary)).filter(|_| sound)?;
    Some(IndexedSession {
        session,
        agency: agency.clone(),
        head: number(head)?,
        row,
    })
}

/// The version of an agency's index and a page of it.
pub(super) fn listed(
    value: &Value,
    agency: &AgencyId,
) -> Result<(u64, Vec<IndexedSession>), BackboneError> {
    let [version, rows] = array(value).ok_or_else(strange)? else {
        return Err(strange());
    };
    let rows = array(rows).ok_or_else(strange)?.iter().map(|found| {
        let [id, fields] = array(found).ok_or_else(strange)? else {
            return Err(strange());
        };
        let session = text(id)
            .and_then(|id| id.parse().ok())
            .ok_or_else(|| failed("a member of the index names no session"))?;
        indexed(fields, session, agency)?.ok_or(BackboneError::Damaged { session, seq: 0 })
    });
    let version = match version {
        Value::Nil => 0,
        version => number(version).ok_or_else(strange)?,
    };
    Ok((version, rows.collect::<Result<_, _>>()?))
}

/// How many sessions stand where.
pub(super) fn tally(value: &Value) -> Result<Vec<Tally>, BackboneError> {
    let pairs: Vec<(&Value, &Value)> = match value {
        Value::Map(pairs) => pairs.iter().map(|(field, count)| (field, count)).collect(),
        Value::Array(flat) => flat
            .chunks_exact(2)
            .map(|pair| (&pair[0], &pair[1]))
            .collect(),
        _ => return Err(strange()),
    };
    let tally = |(field, count): (&Value, &Value)| {
        let (kind, queue) = text(field)?.split_once('/')?;
        let kind = StandingKind::from_word(kind).filter(|kind| *kind != StandingKind::Closed);
        let count = number(count).filter(|count| *count > 0)?;
        Some(Tally {
            queue: queue.parse().ok()?,
            kind: kind?,
            count,
        })
    };
    Ok(pairs.into_iter().filter_map(tally).collect())
}

/// What was claimed.
pub(super) fn claimed(value: &Value) -> Result<Option<Claimed>, BackboneError> {
    if *value == Value::Nil {
        return Ok(None);
    }
    let claimed = || {
        let [session, epoch, head] = array(value)? else {
            return None;
        };
        Some(Claimed {
            session: text(session)?.parse().ok()?,
            epoch: number(epoch)?,
            head: number(head)?,
        })
    };
    claimed().map(Some).ok_or_else(strange)
}

/// Yes or no.
pub(super) fn yes(value: &Value) -> Result<bool, BackboneError> {
    number(value).map(|number| number > 0).ok_or_else(strange)
}

/// The epoch of a lease that was taken.
pub(super) fn epoch(value: &Value) -> Result<Option<u64>, BackboneError> {
    match value {
        Value::Nil => Ok(None),
        value => number(value).map(Some).ok_or_else(strange),
    }
}

/// Leases by name and `epoch holder`. One that was just dropped has no holder any more.
pub(super) fn leases(value: &Value) -> Result<Vec<Lease>, BackboneError> {
    let lease = |found: &Value| {
        let [name, held] = array(found)? else {
            return None;
        };
        let (epoch, holder) = text(held)?.split_once(' ')?;
        Some(Lease {
            name: text(name)?.into(),
            holder: holder.into(),
            epoch: epoch.parse().ok()?,
        })
    };
    let found = array(value).ok_or_else(strange)?;
    Ok(found.iter().filter_map(lease).collect())
}

/// The agency under which a session is known.
pub(super) fn agency(value: &Value) -> Result<Option<AgencyId>, BackboneError> {
    match value {
        Value::Nil => Ok(None),
        Value::ServerError(error) => Err(fault::refusal(error).0),
        value => text(value)
            .and_then(|text| text.parse().ok())
            .map(Some)
            .ok_or_else(strange),
    }
}

/// A server's clock in milliseconds since 1970.
pub(super) fn time_ms(value: &Value) -> Option<u64> {
    let [seconds, micros] = array(value)? else {
        return None;
    };
    Some(number(seconds)? * 1_000 + number(micros)? / 1_000)
}

/// A message of a bell's channel.
#[derive(Debug, Clone)]
pub(super) enum Heard {
    /// What was appended, in its order.
    Appended(Vec<Rung>),
    /// From `publish`.
    Published(Bytes),
    /// Something that cannot be read, or that somebody could not say.
    Missed,
}

/// The message that says that rings were missed.
pub(super) const MISSED: &[u8] = b"m";

/// What a message says: `a` and what was appended; `p` and what was published; or that something was missed, which is also what
/// a message means that another version of the gateway wrote.
pub(super) fn heard(message: &[u8]) -> Heard {
    read_bell(message).unwrap_or(Heard::Missed)
}

fn read_bell(message: &[u8]) -> Option<Heard> {
    let (kind, said) = message.split_first()?;
    let mut rest = Bytes::copy_from_slice(said);
    match kind {
        b'p' => Some(Heard::Published(rest)),
        b'a' => {
            let mut appended = Vec::new();
            while !rest.is_empty() {
                let (run, next) = run::read(&rest)?;
                appended.push(rung(&run));
                rest = next;
            }
            Some(Heard::Appended(appended))
        }
        _ => None,
    }
}

fn rung(run: &Run) -> Rung {
    // Where one was changed on the way the log may be whole: let it be read.
    let sound: Option<Vec<Record>> = run.records().map(|(_, record)| record).collect();
    Rung {
        session: run.session,
        head: run.last,
        records: sound.unwrap_or_default().into(),
    }
}

/// Settings from `CONFIG GET`, and the lines of `INFO`.
pub(super) fn pairs(value: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    let pair = |(key, value): (&Value, &Value)| Some((text(key)?.into(), text(value)?.into()));
    match value {
        Value::Map(pairs) => pairs.iter().filter_map(|(k, v)| pair((k, v))).collect(),
        Value::Array(flat) => flat
            .chunks_exact(2)
            .filter_map(|two| pair((&two[0], &two[1])))
            .collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn session() -> SessionId {
        SessionId::from_u128(7).unwrap()
    }

    fn written(last: Seq, payloads: &[&str]) -> Vec<u8> {
        let command = CommandId::from_u128(3).unwrap();
        let records = payloads.iter().map(|payload| (command, payload.as_bytes()));
        let mut bytes = Vec::new();
        let before = last - payloads.len() as Seq;
        run::write(&mut bytes, session(), before, records);
        bytes
    }

    fn entry(last: Seq, payloads: &[&str]) -> Value {
        let run = Value::BulkString(written(last, payloads));
        let fields = Value::Array(vec![bulk("run"), run]);
        Value::Array(vec![bulk(&format!("{last}-0")), fields])
    }

    fn entry_alone(seq: Seq, payload: &str) -> Value {
        let command = CommandId::from_u128(3).unwrap();
        let crc = row::crc_text(record_crc(session(), seq, command, payload.as_bytes()));
        let fields = [
            "command",
            &command.to_string(),
            "payload",
            payload,
            "crc",
            &crc,
        ];
        Value::Array(vec![
            bulk(&format!("{seq}-0")),
            Value::Array(fields.map(bulk).to_vec()),
        ])
    }

    fn log(head: u64, entries: Vec<Value>) -> Value {
        Value::Array(vec![bulk(&head.to_string()), Value::Array(entries)])
    }

    fn damaged(value: &Value, after: Seq) -> Seq {
        match records(value, session(), after, 10) {
            Err(BackboneError::Damaged { seq, .. }) => seq,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_hole_a_flipped_bit_and_a_missing_end_are_damage() {
        let whole = log(3, vec![entry(2, &["b"]), entry(3, &["c"])]);
        assert_eq!(records(&whole, session(), 1, 10).unwrap().len(), 2);
        let hole = log(3, vec![entry(1, &["a"]), entry(3, &["c"])]);
        assert_eq!(damaged(&hole, 0), 2);
        assert_eq!(damaged(&log(3, vec![]), 2), 3);
        let over = log(1, vec![entry(1, &["a"]), entry(2, &["b"])]);
        assert_eq!(damaged(&over, 0), 2);
        let twice = log(4, vec![entry(3, &["a", "b", "c"]), entry(4, &["c", "d"])]);
        assert_eq!(damaged(&twice, 0), 4);
        let mut flipped = entry(3, &["a", "b", "c"]);
        if let Value::Array(parts) = &mut flipped
            && let Value::Array(fields) = &mut parts[1]
            && let Value::BulkString(run) = &mut fields[1]
        {
            let b = run.iter().rposition(|byte| *byte == b'b').unwrap();
            run[b] = b'x';
        }
        let flipped = log(3, vec![flipped]);
        assert_eq!(damaged(&flipped, 0), 2);
        // What is sound before it and behind it is still read.
        assert_eq!(records(&flipped, session(), 0, 1).unwrap().len(), 1);
        assert_eq!(records(&flipped, session(), 2, 10).unwrap().len(), 1);
    }

    #[test]
    fn a_page_begins_and_ends_in_the_middle_of_a_run() {
        let log = log(5, vec![entry(3, &["a", "b", "c"]), entry(5, &["d", "e"])]);
        let page = |after, limit| -> Vec<_> {
            let records = records(&log, session(), after, limit).unwrap();
            let each = records.into_iter();
            each.map(|record| (record.seq, record.payload)).collect()
        };
        let of = |seq, payload: &'static str| (seq, Bytes::from_static(payload.as_bytes()));
        assert_eq!(page(1, 3), [of(2, "b"), of(3, "c"), of(4, "d")]);
        assert_eq!(page(4, 9), [of(5, "e")]);
    }

    #[test]
    fn entries_of_one_record_each_as_they_once_were_are_read_beside_runs() {
        let mixed = log(
            4,
            vec![
                entry_alone(1, "a"),
                entry_alone(2, "b"),
                entry(4, &["c", "d"]),
            ],
        );
        assert_eq!(records(&mixed, session(), 0, 10).unwrap().len(), 4);
        let mut flipped = entry_alone(1, "a");
        if let Value::Array(parts) = &mut flipped
            && let Value::Array(fields) = &mut parts[1]
        {
            fields[3] = bulk("b");
        }
        assert_eq!(damaged(&log(1, vec![flipped]), 0), 1);
    }

    #[test]
    fn what_a_bell_says_is_understood_or_something_was_missed() {
        assert!(matches!(heard(b"ptyping"), Heard::Published(said) if said == "typing"));
        for unread in [&b""[..], b"a123", b"xyz", MISSED] {
            assert!(matches!(heard(unread), Heard::Missed));
        }
    }

    #[test]
    fn records_come_along_with_a_ring_and_one_that_was_changed_on_the_way_does_not() {
        let (first, second) = (written(12, &["one", "an other"]), written(12, &[]));
        let message = [&b"a"[..], &first, &second].concat();
        let Heard::Appended(rung) = heard(&message) else {
            panic!("not understood");
        };
        assert_eq!(rung.len(), 2);
        assert!(
            rung.iter()
                .all(|rung| (rung.session, rung.head) == (session(), 12))
        );
        let came: Vec<_> = rung[0]
            .records
            .iter()
            .map(|r| (r.seq, &r.payload[..]))
            .collect();
        assert_eq!(came, [(11, &b"one"[..]), (12, b"an other")]);
        assert!(rung[1].records.is_empty());

        let mut changed = message.clone();
        let other = first.len() - 1; // "othe", behind the kind of the message
        changed[other] = b'x';
        let Heard::Appended(rung) = heard(&changed) else {
            panic!("not understood");
        };
        assert!(rung[0].records.is_empty() && rung[0].head == 12);
        for cut in 1..first.len() {
            assert!(matches!(heard(&message[..=cut]), Heard::Missed), "{cut}");
        }
    }
}

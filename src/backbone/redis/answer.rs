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
use crate::backbone::bell::Rung;
use crate::backbone::checksum::record_crc;
use crate::backbone::{
    APPEND_MAX_RECORDS, Append, Appended, BackboneError, Claimed, Destroyed, IndexedSession, Lease,
    READ_MAX_BYTES, Record, Seq, StandingKind, Tally,
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

/// Bytes of a record's fields beside its payload: their names, the command and the checksum.
const RECORD_FIELDS_BYTES: usize = "command".len() + 32 + "payload".len() + "crc".len() + 8;

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
    let (mut records, mut size, mut seq) = (Vec::new(), 0, after);
    for entry in array(found).ok_or_else(strange)? {
        seq += 1;
        let damaged = BackboneError::Damaged { session, seq };
        // What is over the head is not in the log: an append that was cut short.
        if seq > head {
            return Err(damaged);
        }
        let record = record(entry, session, seq).ok_or(damaged)?;
        size += record.payload.len() + RECORD_FIELDS_BYTES;
        records.push(record);
    }
    // The library ends a page early only where it is full.
    if records.len() < limit && size < READ_MAX_BYTES && seq < head {
        let seq = seq + 1;
        return Err(BackboneError::Damaged { session, seq });
    }
    Ok(records)
}

fn record(entry: &Value, session: SessionId, seq: Seq) -> Option<Record> {
    let [id, fields] = array(entry)? else {
        return None;
    };
    if text(id)?.strip_suffix("-0")?.parse() != Ok(seq) {
        return None;
    }
    let [name, command, field, payload, check, crc] = array(fields)? else {
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
    match message.first()? {
        b'p' => Some(Heard::Published(Bytes::copy_from_slice(message.get(1..)?))),
        b'a' => {
            let all = Bytes::copy_from_slice(message);
            let mut rest = Unread { all: &all, at: 1 };
            let mut appended = Vec::new();
            while rest.at < all.len() {
                appended.push(rung(&mut rest)?);
            }
            Some(Heard::Appended(appended))
        }
        _ => None,
    }
}

/// One append: session and command, 32 digits each, the head and a space, how many records came along and a space; of each of
/// them its checksum, 8 digits, its length and a space; and their payloads.
fn rung(rest: &mut Unread<'_>) -> Option<Rung> {
    let session: SessionId = rest.text(32)?.parse().ok()?;
    let command: CommandId = rest.text(32)?.parse().ok()?;
    let head: Seq = rest.number()?;
    let count: usize = rest.number()?;
    let first = head.checked_sub(count as u64)?.checked_add(1)?;
    let mut said = Vec::with_capacity(count.min(APPEND_MAX_RECORDS));
    for _ in 0..count {
        let crc = u32::from_str_radix(rest.text(8)?, 16).ok()?;
        let length: usize = rest.number()?;
        said.push((crc, length));
    }
    let mut sound = true;
    let mut records = Vec::with_capacity(said.len());
    for (seq, (crc, length)) in (first..).zip(said) {
        let payload = rest.payload(length)?;
        sound &= crc == record_crc(session, seq, command, &payload);
        records.push(Record {
            seq,
            command,
            payload,
        });
    }
    if !sound {
        // The log may be whole: let it be read.
        records.clear();
    }
    Some(Rung {
        session,
        head,
        records: records.into(),
    })
}

/// What of a message is not read yet.
struct Unread<'a> {
    all: &'a Bytes,
    at: usize,
}

impl<'a> Unread<'a> {
    /// The next bytes, which are read by that.
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(count)?;
        let taken = self.all.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn text(&mut self, count: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(count)?).ok()
    }

    /// Up to the next space, which is left out.
    fn number<T: std::str::FromStr>(&mut self) -> Option<T> {
        let rest = self.all.get(self.at..)?;
        // No number is longer.
        let end = rest.iter().take(21).position(|byte| *byte == b' ')?;
        let number = self.text(end)?.parse().ok()?;
        self.take(1)?;
        Some(number)
    }

    fn payload(&mut self, count: usize) -> Option<Bytes> {
        self.take(count).map(|taken| self.all.slice_ref(taken))
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

    fn entry(seq: Seq, payload: &str) -> Value {
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

    #[test]
    fn a_hole_a_flipped_bit_and_a_missing_end_are_damage() {
        let whole = log(3, vec![entry(2, "b"), entry(3, "c")]);
        assert_eq!(records(&whole, session(), 1, 10).unwrap().len(), 2);
        let damaged = |value: &Value, after| match records(value, session(), after, 10) {
            Err(BackboneError::Damaged { seq, .. }) => seq,
            other => panic!("{other:?}"),
        };
        assert_eq!(damaged(&log(3, vec![entry(1, "a"), entry(3, "c")]), 0), 2);
        assert_eq!(damaged(&log(3, vec![]), 2), 3);
        assert_eq!(damaged(&log(1, vec![entry(1, "a"), entry(2, "b")]), 0), 2);
        let mut flipped = entry(1, "a");
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

    fn ringing(payloads: &[&str]) -> String {
        let (id, command) = (session(), CommandId::from_u128(3).unwrap());
        let mut text = format!("{id}{command}12 {} ", payloads.len());
        for (seq, payload) in (13 - payloads.len() as u64..).zip(payloads) {
            let crc = row::crc_text(record_crc(id, seq, command, payload.as_bytes()));
            text += &format!("{crc}{} ", payload.len());
        }
        text + &payloads.concat()
    }

    #[test]
    fn records_come_along_with_a_ring_and_one_that_was_changed_on_the_way_does_not() {
        let message = format!("a{}{}", ringing(&["one", "an other"]), ringing(&[]));
        let Heard::Appended(rung) = heard(message.as_bytes()) else {
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

        let changed = message.replace("other", "otter");
        let Heard::Appended(rung) = heard(changed.as_bytes()) else {
            panic!("not understood");
        };
        assert!(rung[0].records.is_empty() && rung[0].head == 12);
        for cut in 1..message.len() - ringing(&[]).len() {
            assert!(match heard(&message.as_bytes()[..=cut]) {
                Heard::Appended(rung) => rung.iter().all(|one| one.head == 12),
                other => matches!(other, Heard::Missed),
            });
        }
    }
}

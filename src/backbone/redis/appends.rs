//! The call that appends: many appends of one agency at once; and what the bell says of them.
//!
//! Owns: which keys and arguments that function gets, and the words of a ring. Must not: send anything, or look into an answer.
//! Called by: `handle`.

use std::fmt;

use bytes::Bytes;
use redis::{Cmd, RedisWrite as _};

use super::keys::AgencyKeys;
use super::library::LIBRARY;
use super::row;
use crate::backbone::checksum::record_crc;
use crate::backbone::{Append, Appended, IndexRow, Seq};

/// Arguments of an append beside its records, and keys; for the size of a command.
const WORDS: usize = 16;
/// Bytes of these words, about.
const WORDS_BYTES: usize = 620;
/// Bytes of an append's records that travel with the ring. Longer ones are read from the log by those who need them: every node
/// hears every ring.
const RIDE_MAX_BYTES: usize = 4_096;
/// Bytes after which a message of the bell ends and the next one begins, as in the function.
const RING_MAX_BYTES: usize = 65_536;

/// About how many bytes an append has on its way to a server.
pub(super) fn bytes(append: &Append) -> usize {
    let payload: usize = append.records.iter().map(Bytes::len).sum();
    let summary = append.index.as_ref().map_or(0, |row| row.summary.len());
    WORDS_BYTES + payload + summary
}

/// One call for these appends, all of the agency of these keys, in their order. `rings`: the function tells of them by itself.
pub(super) fn command(keys: &AgencyKeys, appends: &[&Append], rings: bool) -> Cmd {
    let records: usize = appends.iter().map(|append| append.records.len()).sum();
    let words = 8 + WORDS * appends.len() + 3 * records;
    let size = appends.iter().map(|append| bytes(append)).sum();
    let mut command = Cmd::with_capacity(words, size);
    command.arg("FCALL").arg(LIBRARY.append.as_str());
    command.arg(4 + 2 * appends.len());
    command.arg(keys.index()).arg(keys.open());
    command.arg(keys.figures()).arg(keys.claims());
    for append in appends {
        let session = append.session;
        command.arg(keys.session(session)).arg(keys.log(session));
    }
    command.arg(if rings { keys.bell() } else { String::new() });
    for append in appends {
        add(&mut command, append);
    }
    command
}

fn add(command: &mut Cmd, append: &Append) {
    let (first, last) = place(append);
    let crcs = crcs(append);
    command.arg(append.expected).arg(last);
    command.write_arg_fmt(format_args!("{first}-{last}"));
    command.write_arg_fmt(append.command);
    match append.claim_epoch {
        Some(epoch) => command.arg(epoch),
        None => command.arg(""),
    };
    command.write_arg_fmt(append.session);
    command.write_arg_fmt(Rung {
        append,
        last,
        crcs: &crcs,
    });
    command.arg(append.records.len());
    match &append.index {
        Some(index) => add_row(command.arg("row"), append, index),
        None => drop(command.arg("")),
    }
    for (at, (record, crc)) in append.records.iter().zip(crcs).enumerate() {
        command.write_arg_fmt(format_args!("{}-0", number(append, at + 1)));
        command.arg(&record[..]);
        command.write_arg_fmt(row::Crc(crc));
    }
}

/// Where an append's records are once it is in the log.
pub(super) const fn place(append: &Append) -> (Seq, Seq) {
    (number(append, 1), number(append, append.records.len()))
}

/// The number of an append's record, counted from one. Past the end of all numbers it is a conflict anyway.
const fn number(append: &Append, count: usize) -> Seq {
    append.expected.saturating_add(count as Seq)
}

fn crcs(append: &Append) -> Vec<u32> {
    let crc = |(at, record): (usize, &Bytes)| {
        let seq = number(append, at + 1);
        record_crc(append.session, seq, append.command, record)
    };
    append.records.iter().enumerate().map(crc).collect()
}

/// The messages of the bell for what became of these appends: those that are in the log ring, with their records unless they
/// were there before or are too long.
pub(super) fn rings<'a>(done: impl Iterator<Item = (&'a Append, &'a Appended)>) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for (append, outcome) in done {
        let (last, comes_along) = match outcome {
            Appended::Stored { last, .. } => {
                let crcs = &crcs(append);
                let last = *last;
                (last, Rung { append, last, crcs }.to_string())
            }
            Appended::Duplicate { last, .. } => (*last, String::new()),
            Appended::Conflict { .. } | Appended::Kept { .. } => continue,
        };
        if messages
            .last()
            .is_none_or(|last| last.len() > RING_MAX_BYTES)
        {
            messages.push(b"a".to_vec());
        }
        let Some(message) = messages.last_mut() else {
            continue;
        };
        if comes_along.is_empty() {
            let only_head = format!("{}{}{last} 0 ", append.session, append.command);
            message.extend_from_slice(only_head.as_bytes());
        } else {
            message.extend_from_slice(comes_along.as_bytes());
            append
                .records
                .iter()
                .for_each(|record| message.extend_from_slice(record));
        }
    }
    messages
}

/// What the bell says of an append before its records, as [`super::answer::heard`] reads it; empty where these are too long to
/// come along.
struct Rung<'a> {
    append: &'a Append,
    last: Seq,
    crcs: &'a [u32],
}

impl fmt::Display for Rung<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { append, last, crcs } = self;
        let bytes: usize = append.records.iter().map(Bytes::len).sum();
        if bytes > RIDE_MAX_BYTES {
            return Ok(());
        }
        let (session, command, count) = (append.session, append.command, crcs.len());
        write!(f, "{session}{command}{last} {count} ")?;
        for (record, crc) in append.records.iter().zip(*crcs) {
            write!(f, "{}{} ", row::Crc(*crc), record.len())?;
        }
        Ok(())
    }
}

fn add_row(command: &mut Cmd, append: &Append, index: &IndexRow) {
    let places = row::places(append.session, index);
    let crc = row::row_crc(append.session, &append.agency, &places, &index.summary);
    command
        .arg(places.index)
        .arg(places.open)
        .arg(places.tally)
        .arg(&index.summary[..])
        .arg(row::crc_text(crc));
}

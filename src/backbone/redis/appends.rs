//! The call that appends: many appends of one agency at once.
//!
//! Owns: which keys and arguments that function gets. Must not: send it, or look into its answer. Called by: `handle`.

use bytes::Bytes;
use redis::Cmd;

use super::keys::AgencyKeys;
use super::library::LIBRARY;
use super::row;
use crate::backbone::checksum::record_crc;
use crate::backbone::{Append, IndexRow, Seq};

/// Arguments of an append beside its records, and keys; for the size of a command.
const WORDS: usize = 15;
/// Bytes of these words, about.
const WORDS_BYTES: usize = 620;
/// Bytes of an append's records that travel with the ring. Longer ones are read from the log by those who need them: every node
/// hears every ring.
const RIDE_MAX_BYTES: usize = 4_096;

/// About how many bytes an append has on its way to a server.
pub(super) fn bytes(append: &Append) -> usize {
    let payload: usize = append.records.iter().map(Bytes::len).sum();
    let summary = append.index.as_ref().map_or(0, |row| row.summary.len());
    WORDS_BYTES + payload + summary
}

/// One call for these appends, all of the agency of these keys, in their order.
pub(super) fn command(keys: &AgencyKeys, appends: &[&Append]) -> Cmd {
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
    command.arg(keys.bell());
    for append in appends {
        add(&mut command, append);
    }
    command
}

fn add(command: &mut Cmd, append: &Append) {
    // Past the end of all numbers it is a conflict anyway.
    let after = |count: usize| append.expected.saturating_add(count as Seq);
    let (first, last) = (after(1), after(append.records.len()));
    let crc = |(at, record): (usize, &Bytes)| {
        row::crc_text(record_crc(
            append.session,
            after(at + 1),
            append.command,
            record,
        ))
    };
    let crcs: Vec<String> = append.records.iter().enumerate().map(crc).collect();
    command
        .arg(append.expected)
        .arg(last)
        .arg(format!("{first}-{last}"))
        .arg(append.command.to_string())
        .arg(
            append
                .claim_epoch
                .map_or_else(String::new, |epoch| epoch.to_string()),
        )
        .arg(append.session.to_string());
    match &append.index {
        Some(index) => add_row(command, append, index),
        None => {
            for _ in 0..5 {
                command.arg("");
            }
        }
    }
    command.arg(ring(append, last, &crcs));
    command.arg(append.records.len());
    for (at, (record, crc)) in append.records.iter().zip(crcs).enumerate() {
        let number = format!("{}-0", after(at + 1));
        command.arg(number).arg(&record[..]).arg(crc);
    }
}

/// What the bell says of an append before its records, as [`super::answer::heard`] reads it; empty where these are too long to
/// come along.
fn ring(append: &Append, last: Seq, crcs: &[String]) -> String {
    let bytes: usize = append.records.iter().map(Bytes::len).sum();
    if bytes > RIDE_MAX_BYTES {
        return String::new();
    }
    let mut text = format!("{}{}{last} {} ", append.session, append.command, crcs.len());
    for (record, crc) in append.records.iter().zip(crcs) {
        text += crc;
        text += &record.len().to_string();
        text.push(' ');
    }
    text
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

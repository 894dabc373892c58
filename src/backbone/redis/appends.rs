//! The call that appends: many appends of one agency at once; and what the bell says of them.
//!
//! Owns: which appends make a run, which keys and arguments that function gets, and the messages of a bell that the function does not
//! ring. Must not: send anything, or look into an answer. Called by: `writes`.

use std::collections::HashMap;

use bytes::Bytes;
use callbox_proto::ids::SessionId;
use redis::{Cmd, RedisWrite as _};

use super::keys::{AgencyKeys, CommandField};
use super::library::LIBRARY;
use super::row;
use super::run;
use crate::backbone::{Append, Appended, IndexRow, Seq};

/// Arguments of a run beside its commands, and keys; for the size of a call.
const WORDS: usize = 14;
/// Bytes of an append's words, about.
const WORDS_BYTES: usize = 400;
/// Bytes of a run that travel with the ring. Longer ones are read from the log by those who need them: every node hears every ring.
/// No run of several appends is longer.
const RIDE_MAX_BYTES: usize = 5 * 1_024;
/// Bytes after which a message of the bell ends and the next one begins, as in the function.
const RING_MAX_BYTES: usize = 65_536;

/// About how many bytes an append has on its way to a server.
pub(super) fn bytes(append: &Append) -> usize {
    let summary = append.index.as_ref().map_or(0, |row| row.summary.len());
    WORDS_BYTES + run_bytes(append) + summary
}

/// Bytes of an append's records in a run.
fn run_bytes(append: &Append) -> usize {
    let each = |record: &Bytes| run::RECORD_HEAD_BYTES + record.len();
    append.records.iter().map(each).sum()
}

/// The places of these appends, put together where appends of one session go on from each other. An append that moves its session's row or
/// ends a claim is a run of its own.
pub(super) fn runs(batch: &[Append], places: &[usize]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Growing> = Vec::with_capacity(places.len());
    let mut latest: HashMap<SessionId, usize> = HashMap::with_capacity(places.len());
    for &at in places {
        let append = &batch[at];
        let open = latest.get(&append.session).map(|open| &mut runs[*open]);
        let twice = |run: &Growing| {
            run.places
                .iter()
                .any(|at| batch[*at].command == append.command)
        };
        if let Some(run) = open.filter(|run| run.takes(append) && !twice(run)) {
            run.add(at, append);
            continue;
        }
        latest.insert(append.session, runs.len());
        let mut run = Growing {
            places: Vec::new(),
            end: append.expected,
            bytes: run::HEAD_BYTES,
            takes_more: append.index.is_none() && append.claim_epoch.is_none(),
        };
        run.add(at, append);
        runs.push(run);
    }
    runs.into_iter().map(|run| run.places).collect()
}

/// A run that may get more appends.
struct Growing {
    places: Vec<usize>,
    /// The last number that it has so far.
    end: Seq,
    bytes: usize,
    takes_more: bool,
}

impl Growing {
    fn takes(&self, append: &Append) -> bool {
        self.takes_more
            && append.index.is_none()
            && append.claim_epoch.is_none()
            && append.expected == self.end
            && self.bytes + run_bytes(append) <= RIDE_MAX_BYTES
    }

    fn add(&mut self, at: usize, append: &Append) {
        self.places.push(at);
        self.end = place(append).1;
        self.bytes += run_bytes(append);
    }
}

/// One call for these runs, all of the agency of these keys, in their order. `rings`: the function tells of them by itself.
pub(super) fn command(
    keys: &AgencyKeys,
    batch: &[Append],
    runs: &[Vec<usize>],
    rings: bool,
) -> Cmd {
    let of_run = |run: &[usize]| run.iter().map(|at| &batch[*at]).collect::<Vec<_>>();
    let runs: Vec<Vec<&Append>> = runs.iter().map(|run| of_run(run)).collect();
    let appends = || runs.iter().flatten().copied();
    let words = 8 + WORDS * runs.len() + 2 * appends().count();
    let mut command = Cmd::with_capacity(words, appends().map(bytes).sum());
    command.arg("FCALL").arg(LIBRARY.append.as_str());
    command.arg(4 + 2 * runs.len());
    command.arg(keys.index()).arg(keys.open());
    command.arg(keys.figures()).arg(keys.claims());
    for session in runs.iter().filter_map(|run| Some(run.first()?.session)) {
        command.arg(keys.session(session)).arg(keys.log(session));
    }
    command.arg(if rings { keys.bell() } else { String::new() });
    let mut bytes = Vec::new();
    for run in &runs {
        add(&mut command, run, &mut bytes);
    }
    command
}

fn add(command: &mut Cmd, run: &[&Append], bytes: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else {
        return;
    };
    let (_, end) = place(last);
    write(bytes, run);
    command.arg(first.expected).arg(end).arg(&bytes[..]);
    if bytes.len() > RIDE_MAX_BYTES {
        write_head(bytes, first.session, end);
        command.arg(&bytes[..]);
    } else {
        command.arg("");
    }
    command.arg(run.len());
    match first.claim_epoch {
        Some(epoch) => command.arg(epoch),
        None => command.arg(""),
    };
    match &first.index {
        Some(_) => command.write_arg_fmt(first.session),
        None => drop(command.arg("")),
    }
    for append in run {
        let (first, last) = place(append);
        command.write_arg_fmt(CommandField(append.command));
        command.write_arg_fmt(format_args!("{first}-{last}"));
    }
    if let Some(index) = &first.index {
        add_row(command, first, index);
    }
}

/// A run of these appends in place of what the bytes were.
fn write(bytes: &mut Vec<u8>, run: &[&Append]) {
    bytes.clear();
    let Some(first) = run.first() else { return };
    run::write(
        bytes,
        first.session,
        first.expected,
        run.iter().flat_map(|append| {
            let records = append.records.iter();
            records.map(|record| (append.command, &record[..]))
        }),
    );
}

/// A run that only says how far the log goes, in place of what the bytes were.
fn write_head(bytes: &mut Vec<u8>, session: SessionId, end: Seq) {
    bytes.clear();
    run::write(bytes, session, end, std::iter::empty());
}

/// Where an append's records are once it is in the log. Past the end of all numbers it is a conflict anyway.
pub(super) const fn place(append: &Append) -> (Seq, Seq) {
    let count = append.records.len() as Seq;
    (
        append.expected.saturating_add(1),
        append.expected.saturating_add(count),
    )
}

/// The messages of the bell for what became of these appends: those that are in the log ring, with their records unless they
/// were there before or are too long.
pub(super) fn rings<'a>(done: impl Iterator<Item = (&'a Append, &'a Appended)>) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut bytes = Vec::new();
    for (append, outcome) in done {
        match outcome {
            Appended::Stored { last, .. } => {
                write(&mut bytes, &[append]);
                if bytes.len() > RIDE_MAX_BYTES {
                    write_head(&mut bytes, append.session, *last);
                }
            }
            Appended::Duplicate { last, .. } => write_head(&mut bytes, append.session, *last),
            Appended::Conflict { .. } | Appended::Kept { .. } => continue,
        }
        match messages.last_mut() {
            Some(message) if message.len() <= RING_MAX_BYTES => message.extend_from_slice(&bytes),
            _ => messages.push([&b"a"[..], &bytes].concat()),
        }
    }
    messages
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

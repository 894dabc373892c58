//! What is kept for a tier that does not answer: logs that start at a head of that tier's, until they are there.
//!
//! Owns: the table of adopted logs, reading them as appends again, and dropping them. Must not: know the tier. Called by:
//! the ledger (writes, drops), the handle (reads).

use callbox_proto::ids::{AgencyId, CommandId, SessionId};
use rusqlite::{Connection, OptionalExtension, params};

use super::check::{self, INDEXED_COLUMNS, Indexed};
use super::fault::Fault;
use super::hot::Adopted;
use super::ledger::command_of;
use super::{lookup, records};
use crate::backbone::checksum::record_crc;
use crate::backbone::{
    Append, BackboneError, IndexRow, IndexedSession, READ_MAX_BYTES, READ_MAX_ROWS, Seq,
};

/// A log that was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLog {
    /// The session as it stands here.
    pub session: IndexedSession,
    /// Its records here begin after this one.
    pub base: Seq,
    /// When it was adopted, in ms since 1970.
    pub since_ms: u64,
}

/// Some of them.
#[derive(Debug, Clone, Default)]
pub struct KeptPage {
    /// The logs, in the order they were adopted.
    pub logs: Vec<KeptLog>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<i64>,
}

fn crc(no: i64, base: Seq, since_ms: u64, opening: Option<&[u8]>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&no.to_be_bytes());
    hasher.update(&base.to_be_bytes());
    hasher.update(&since_ms.to_be_bytes());
    hasher.update(opening.unwrap_or_default());
    hasher.finalize()
}

/// Writes how a log was adopted.
pub(super) fn write(connection: &Connection, no: i64, adopted: &Adopted) -> Result<(), Fault> {
    let Adopted { base, since_ms, .. } = *adopted;
    let opening = adopted.opening.as_ref().map(encode);
    let crc = crc(no, base, since_ms, opening.as_deref());
    let text = "INSERT INTO kept (no, base, since_ms, crc, opening) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(text)?;
    insert.execute(params![no, base, since_ms, crc, opening])?;
    Ok(())
}

/// A row in bytes: lengths of queue and standing, both, rank, lane, summary.
fn encode(row: &IndexRow) -> Vec<u8> {
    let place = check::place(&row.standing);
    let (queue, kind) = (row.queue.as_str().as_bytes(), place.kind_text.as_bytes());
    let mut bytes = Vec::with_capacity(queue.len() + kind.len() + row.summary.len() + 16);
    for text in [queue, kind] {
        // Queue ids and standings are far shorter; a longer one would not be read back and count as damage.
        bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(text);
    }
    bytes.extend_from_slice(&place.rank.to_be_bytes());
    bytes.push(u8::from(place.urgent));
    bytes.extend_from_slice(&row.summary);
    bytes
}

fn decode(bytes: &[u8]) -> Option<IndexRow> {
    let (queue, rest) = text(bytes)?;
    let (kind, rest) = text(rest)?;
    let (rank, rest) = rest.split_at_checked(8)?;
    let (urgent, summary) = rest.split_first()?;
    let rank = i64::from_be_bytes(rank.try_into().ok()?);
    Some(IndexRow {
        queue: queue.parse().ok()?,
        standing: check::standing(kind, rank, *urgent != 0)?,
        summary: bytes::Bytes::copy_from_slice(summary),
    })
}

fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

struct Start {
    base: Seq,
    since_ms: u64,
    opening: Option<IndexRow>,
}

fn start(connection: &Connection, no: i64) -> Result<Option<Start>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT base, since_ms, crc, opening FROM kept WHERE no = ?1")?;
    let found: Option<(Seq, u64, u32, Option<Vec<u8>>)> = statement
        .query_row([no], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .optional()?;
    let Some((base, since_ms, stored, opening)) = found else {
        return Ok(None);
    };
    let damaged = || Fault::Damaged("how a log was adopted".into());
    if crc(no, base, since_ms, opening.as_deref()) != stored {
        return Err(damaged());
    }
    let opening = match opening {
        Some(bytes) => Some(decode(&bytes).ok_or_else(damaged)?),
        None => None,
    };
    Ok(Some(Start {
        base,
        since_ms,
        opening,
    }))
}

/// The place before the first record of a log: 0, unless it was adopted.
pub(super) fn base(connection: &Connection, no: i64) -> Result<Seq, Fault> {
    Ok(start(connection, no)?.map_or(0, |start| start.base))
}

/// A page of the adopted logs.
pub(super) fn logs(
    connection: &Connection,
    after: i64,
    limit: usize,
) -> Result<KeptPage, BackboneError> {
    read_logs(connection, after, limit).map_err(|fault| fault.for_caller())
}

fn read_logs(connection: &Connection, after: i64, limit: usize) -> Result<KeptPage, Fault> {
    let _one_view = connection.unchecked_transaction()?;
    let text = format!(
        "SELECT {INDEXED_COLUMNS} FROM kept k JOIN session_index i ON i.no = k.no JOIN log_head h ON h.no = k.no
         WHERE k.no > ?1 ORDER BY k.no LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&text)?;
    let mut rows = statement.query(params![after, limit])?;
    let (mut page, mut read) = (KeptPage::default(), 0);
    while let Some(row) = rows.next()? {
        let at: i64 = row.get(0)?;
        read += 1;
        page.next = (read == limit).then_some(at);
        match check::indexed(row)? {
            Indexed::Sound { no, session, .. } => {
                if let Some(start) = start(connection, no)? {
                    page.logs.push(KeptLog {
                        session,
                        base: start.base,
                        since_ms: start.since_ms,
                    });
                }
            }
            Indexed::Damaged(session) => {
                tracing::error!(
                    ?session,
                    "a kept session is damaged and cannot be brought to the shared tier"
                );
            }
        }
    }
    Ok(page)
}

/// The kept commands of a session after a place, as appends.
pub(super) fn appends(
    connection: &Connection,
    session: SessionId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Append>, BackboneError> {
    read_appends(connection, session, after, limit).map_err(|fault| match fault {
        Fault::Damaged(_) => BackboneError::Damaged {
            session,
            seq: after + 1,
        },
        fault => fault.for_caller(),
    })
}

fn read_appends(
    connection: &Connection,
    session: SessionId,
    after: Seq,
    limit: usize,
) -> Result<Vec<Append>, Fault> {
    let _one_view = connection.unchecked_transaction()?;
    let (no, log, now) = match lookup::session(connection, session)? {
        None => return Ok(Vec::new()),
        Some(Indexed::Damaged(_)) => return Err(Fault::Damaged("a kept session".into())),
        Some(Indexed::Sound { no, log, session }) => (no, log, session),
    };
    let Some(start) = start(connection, no)? else {
        return Ok(Vec::new());
    };
    let mut found: Vec<Append> = Vec::new();
    let (mut seq, mut bytes) = (after.max(start.base), 0);
    'pages: while seq < log.head {
        let places = (seq, seq.saturating_add(READ_MAX_ROWS as Seq));
        let page = records::find(connection, no, log, places)?;
        if page.first != seq + 1 {
            return Err(damaged());
        }
        for id in page.ids {
            let (command, payload) = record(connection, id, session, seq + 1)?;
            let another = found.last().is_none_or(|append| append.command != command);
            if another && (found.len() >= limit || bytes >= READ_MAX_BYTES) {
                break 'pages;
            }
            if another {
                found.push(Append {
                    agency: now.agency.clone(),
                    session,
                    expected: seq,
                    command,
                    records: Vec::new(),
                    index: start.opening.clone().filter(|_| seq == 0),
                    claim_epoch: None,
                });
            }
            bytes += payload.len();
            seq += 1;
            if let Some(append) = found.last_mut() {
                append.records.push(payload);
            }
        }
    }
    if seq == now.head
        && let Some(last) = found.last_mut()
    {
        last.index = Some(now.row);
    }
    Ok(found)
}

/// A record with its command, if it is the expected one.
fn record(
    connection: &Connection,
    id: i64,
    session: SessionId,
    expected: Seq,
) -> Result<(CommandId, bytes::Bytes), Fault> {
    let found = records::at(connection, id, |row| {
        let (seq, command): (Seq, CommandId) = (row.get(0)?, command_of(row.get(1)?)?);
        let blob = row.get_ref(3)?.as_blob();
        let bytes = blob.map_err(|_| Fault::Damaged("a payload of the wrong kind".into()))?;
        let crc = record_crc(session, seq, command, bytes);
        let sound = seq == expected && row.get::<_, u32>(2)? == crc;
        Ok(sound.then(|| (command, bytes::Bytes::copy_from_slice(bytes))))
    })?;
    found.flatten().ok_or_else(damaged)
}

fn damaged() -> Fault {
    Fault::Damaged("a kept record".into())
}

/// Deletes an adopted log that ends at `head`; answers its agency, `None` where it ends elsewhere or is none.
pub(super) fn drop_log(
    connection: &Connection,
    session: SessionId,
    head: Seq,
) -> Result<Option<AgencyId>, Fault> {
    let Some(Indexed::Sound {
        no,
        log,
        session: now,
    }) = lookup::session(connection, session)?
    else {
        return Ok(None);
    };
    if now.head != head || start(connection, no)?.is_none() {
        return Ok(None);
    }
    records::delete(connection, no, log)?;
    for table in ["run", "log_head", "session_index", "kept"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE no = ?1"))?
            .execute([no])?;
    }
    Ok(Some(now.agency))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::Standing;

    #[test]
    fn a_row_is_read_back_as_it_was_and_half_a_row_is_none() {
        let row = IndexRow {
            queue: "main".parse().unwrap(),
            standing: Standing::Waiting {
                rank: -5,
                urgent: true,
            },
            summary: bytes::Bytes::from_static(b"summary"),
        };
        let bytes = encode(&row);
        assert_eq!(decode(&bytes), Some(row));
        for length in 0..bytes.len() - 7 {
            assert_eq!(decode(&bytes[..length]), None);
        }
    }
}

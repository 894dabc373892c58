//! What this node wrote and read of the shared tier lately, for the time when that does not answer.
//!
//! Owns: rows and records in memory, each with a bound in bytes, least recently used first to go. Must not: be asked while the
//! tier answers: what is here may be outdated. Called by: the island.

use std::collections::{BTreeMap, HashMap, VecDeque};

use callbox_proto::ids::{AgencyId, CommandId, SessionId};

use crate::backbone::{
    Append, IndexCursor, IndexRow, IndexedSession, READ_MAX_BYTES, Record, Seq, Standing,
    StandingKind,
};

/// Part of the bound for rows: a session cannot be served without its row, and one costs far less than its records.
const ROWS_SHARE: usize = 3;
/// What an entry costs beside its bytes: keys in two maps and allocations.
const ENTRY_BYTES: usize = 200;
/// What a record costs beside its payload.
const RECORD_BYTES: usize = 64;
/// Bytes of records kept of one session: the newest. More than a long report has.
const LOG_MAX_BYTES: usize = 1024 * 1024;

/// A map with a bound in bytes that forgets what was used longest ago.
#[derive(Debug)]
struct Lru<V> {
    slots: HashMap<SessionId, Slot<V>>,
    order: BTreeMap<u64, SessionId>,
    bytes: usize,
    max_bytes: usize,
    tick: u64,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    bytes: usize,
    used: u64,
}

impl<V> Lru<V> {
    fn new(max_bytes: usize) -> Self {
        Self {
            slots: HashMap::new(),
            order: BTreeMap::new(),
            bytes: 0,
            max_bytes,
            tick: 0,
        }
    }

    fn get(&self, session: SessionId) -> Option<&V> {
        self.slots.get(&session).map(|slot| &slot.value)
    }

    fn put(&mut self, session: SessionId, value: V, bytes: usize) {
        self.remove(session);
        let bytes = bytes + ENTRY_BYTES;
        self.tick += 1;
        self.order.insert(self.tick, session);
        self.bytes += bytes;
        let used = self.tick;
        self.slots.insert(session, Slot { value, bytes, used });
        while self.bytes > self.max_bytes {
            let Some((_, oldest)) = self.order.pop_first() else {
                return;
            };
            if let Some(slot) = self.slots.remove(&oldest) {
                self.bytes -= slot.bytes;
            }
        }
    }

    fn remove(&mut self, session: SessionId) -> Option<V> {
        let slot = self.slots.remove(&session)?;
        self.order.remove(&slot.used);
        self.bytes -= slot.bytes;
        Some(slot.value)
    }
}

#[derive(Debug)]
struct Log {
    records: VecDeque<Record>,
    bytes: usize,
}

impl Log {
    fn first(&self) -> Seq {
        self.records.front().map_or(0, |record| record.seq)
    }

    fn end(&self) -> Seq {
        self.records.back().map_or(0, |record| record.seq)
    }

    fn push(&mut self, record: Record) {
        self.bytes += cost(&record);
        self.records.push_back(record);
        while self.bytes > LOG_MAX_BYTES && self.records.len() > 1 {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes -= cost(&oldest);
            }
        }
    }
}

fn cost(record: &Record) -> usize {
    record.payload.len() + RECORD_BYTES
}

#[derive(Debug, Clone)]
struct Row {
    session: IndexedSession,
    /// Head of the log as last heard of, perhaps beyond what is here.
    heard: Seq,
}

/// The cache.
#[derive(Debug)]
pub(super) struct Cache {
    rows: Lru<Row>,
    logs: Lru<Log>,
}

impl Cache {
    pub(super) fn new(max_bytes: usize) -> Self {
        let rows = max_bytes / ROWS_SHARE;
        Self {
            rows: Lru::new(rows),
            logs: Lru::new(max_bytes.saturating_sub(rows)),
        }
    }

    /// Bytes held, for the gauge.
    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes + self.logs.bytes
    }

    /// This node's own append is in the tier, ending at `last`.
    pub(super) fn wrote(&mut self, append: &Append, last: Seq) {
        let first = (last + 1).saturating_sub(append.records.len() as Seq);
        let records = (first..).zip(&append.records).map(|(seq, payload)| Record {
            seq,
            command: append.command,
            payload: payload.clone(),
        });
        self.extend(append.session, records.collect());
        if let Some(row) = &append.index {
            self.put_row(append.session, append.agency.clone(), row.clone(), last);
        }
    }

    /// A row was read from the tier.
    pub(super) fn saw_row(&mut self, session: &IndexedSession) {
        let IndexedSession {
            session,
            agency,
            head,
            row,
        } = session;
        self.put_row(*session, agency.clone(), row.clone(), *head);
    }

    fn put_row(&mut self, session: SessionId, agency: AgencyId, row: IndexRow, head: Seq) {
        let bytes = row.summary.len() + row.queue.as_str().len();
        let heard = self.rows.get(session).map_or(0, |known| known.heard);
        let indexed = IndexedSession {
            session,
            agency,
            head,
            row,
        };
        let row = Row {
            session: indexed,
            heard: heard.max(head),
        };
        self.rows.put(session, row, bytes);
    }

    /// Records were read from the tier, in order and without holes.
    pub(super) fn saw_records(&mut self, session: SessionId, records: &[Record]) {
        self.extend(session, records.to_vec());
    }

    fn extend(&mut self, session: SessionId, records: Vec<Record>) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        let (first, last) = (first.seq, last.seq);
        let known = self.logs.remove(session);
        let log = match known {
            Some(mut log) if first <= log.end() + 1 && log.first() <= last + 1 => {
                let (start, end) = (log.first(), log.end());
                let (before, after): (Vec<_>, Vec<_>) = records
                    .into_iter()
                    .filter(|record| record.seq < start || record.seq > end)
                    .partition(|record| record.seq < start);
                for record in before.into_iter().rev() {
                    if log.bytes + cost(&record) > LOG_MAX_BYTES {
                        break;
                    }
                    log.bytes += cost(&record);
                    log.records.push_front(record);
                }
                after.into_iter().for_each(|record| log.push(record));
                log
            }
            // The newer part is what is asked for.
            Some(log) if log.first() > last => log,
            _ => {
                let mut log = Log {
                    records: VecDeque::new(),
                    bytes: 0,
                };
                records.into_iter().for_each(|record| log.push(record));
                log
            }
        };
        let bytes = log.bytes;
        self.logs.put(session, log, bytes);
    }

    /// The bell rang: the log has records up to `head`, some of which came along. They are kept where the log is here already:
    /// what nobody here reads would only push out what somebody does.
    pub(super) fn rang(&mut self, session: SessionId, head: Seq, records: &[Record]) {
        if let Some(slot) = self.rows.slots.get_mut(&session) {
            slot.value.heard = slot.value.heard.max(head);
        }
        if self.logs.get(session).is_some_and(|log| log.end() < head) {
            self.extend(session, records.to_vec());
        }
    }

    /// What is known of a session is not to be known any more.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.rows.remove(session);
        self.logs.remove(session);
    }

    /// A session as far as it is known here.
    pub(super) fn session(&self, session: SessionId) -> Option<IndexedSession> {
        let mut found = self.rows.get(session)?.session.clone();
        let end = self.logs.get(session).map_or(0, Log::end);
        found.head = found.head.max(end);
        Some(found)
    }

    /// A page of a log; `None` where it is not known here.
    pub(super) fn read(&self, session: SessionId, after: Seq, limit: usize) -> Option<Vec<Record>> {
        let head = self.session(session).map_or(0, |known| known.head);
        let Some(log) = self.logs.get(session) else {
            return (head > 0 && after >= head).then(Vec::new);
        };
        if after >= log.end() {
            return (after >= head).then(Vec::new);
        }
        if after + 1 < log.first() {
            return None;
        }
        let skip = usize::try_from(after + 1 - log.first()).ok()?;
        let mut bytes = 0;
        let page = log.records.iter().skip(skip).take(limit);
        let fits = |record: &&Record| {
            let has_room = bytes < READ_MAX_BYTES;
            bytes += record.payload.len();
            has_room
        };
        Some(page.take_while(fits).cloned().collect())
    }

    /// The records of a command, if they are here.
    pub(super) fn find_command(
        &self,
        session: SessionId,
        command: CommandId,
    ) -> Option<(Seq, Seq)> {
        let log = self.logs.get(session)?;
        let mut of_command = log
            .records
            .iter()
            .filter(|record| record.command == command)
            .map(|record| record.seq);
        let first = of_command.next()?;
        Some((first, of_command.next_back().unwrap_or(first)))
    }

    /// Rows of one kind after a place, in the order of the index.
    pub(super) fn rows(
        &self,
        agency: &AgencyId,
        kind: StandingKind,
        after: Option<IndexCursor>,
    ) -> Vec<IndexedSession> {
        let all = self.rows.slots.values().map(|slot| &slot.value.session);
        let mut rows: Vec<_> = all
            .filter(|row| row.agency == *agency && row.row.standing.kind() == kind)
            .filter(|row| after.is_none_or(|after| place(row) > (after.rank, after.session)))
            .cloned()
            .collect();
        rows.sort_by_key(place);
        rows
    }

    /// Sessions that wait as far as is known, by (rank, id), urgent or not. Those that somebody else has moved on are left out.
    pub(super) fn waiting(
        &self,
        agency: &AgencyId,
    ) -> impl Iterator<Item = (&IndexedSession, i64, bool)> {
        let agency = agency.clone();
        self.rows.slots.values().filter_map(move |slot| {
            let row = &slot.value;
            let Standing::Waiting { rank, urgent } = row.session.row.standing else {
                return None;
            };
            let end = self.logs.get(row.session.session).map_or(0, Log::end);
            let known = row.heard <= row.session.head.max(end);
            (known && row.session.agency == agency).then_some((&row.session, rank, urgent))
        })
    }
}

/// Where a row stands in the order of its kind.
pub(super) const fn place(row: &IndexedSession) -> (i64, SessionId) {
    (row.row.standing.rank(), row.session)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn session(number: u128) -> SessionId {
        SessionId::from_u128(number).unwrap()
    }

    fn append(number: u128, expected: Seq, records: usize) -> Append {
        Append {
            agency: "demo.example".parse().unwrap(),
            session: session(number),
            expected,
            command: CommandId::from_u128(u128::from(expected) + 1).unwrap(),
            records: vec![Bytes::from_static(b"something"); records],
            index: Some(IndexRow {
                queue: "main".parse().unwrap(),
                standing: Standing::Waiting {
                    rank: 1,
                    urgent: false,
                },
                summary: Bytes::new(),
            }),
            claim_epoch: None,
        }
    }

    #[test]
    fn what_was_written_is_read_back_in_pages() {
        let mut cache = Cache::new(1 << 20);
        cache.wrote(&append(1, 0, 2), 2);
        cache.wrote(&append(1, 2, 3), 5);
        let page = cache.read(session(1), 1, 2).unwrap();
        assert_eq!(page.iter().map(|r| r.seq).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(cache.read(session(1), 5, 9), Some(Vec::new()));
        assert_eq!(cache.session(session(1)).unwrap().head, 5);
        let command = CommandId::from_u128(3).unwrap();
        assert_eq!(cache.find_command(session(1), command), Some((3, 5)));
        assert_eq!(cache.read(session(2), 0, 9), None);
    }

    #[test]
    fn a_page_read_before_what_is_known_is_put_in_front_of_it() {
        let mut cache = Cache::new(1 << 20);
        cache.wrote(&append(1, 4, 1), 5);
        assert_eq!(cache.read(session(1), 0, 9), None);
        let record = |seq| Record {
            seq,
            command: CommandId::from_u128(9).unwrap(),
            payload: Bytes::new(),
        };
        let page: Vec<_> = (1..=4).map(record).collect();
        cache.saw_records(session(1), &page);
        assert_eq!(cache.read(session(1), 0, 9).unwrap().len(), 5);
    }

    #[test]
    fn over_the_bound_what_was_used_longest_ago_goes_first() {
        let mut cache = Cache::new(30_000);
        for number in 1..=200 {
            cache.wrote(&append(number, 0, 1), 1);
        }
        assert!(cache.bytes() <= 30_000);
        assert!(cache.session(session(1)).is_none());
        assert!(cache.session(session(200)).is_some());
    }

    #[test]
    fn what_somebody_else_moved_on_is_not_offered() {
        let mut cache = Cache::new(1 << 20);
        let one = append(1, 0, 1);
        cache.wrote(&one, 1);
        assert_eq!(cache.waiting(&one.agency).count(), 1);
        cache.rang(session(1), 2, &[]);
        assert_eq!(cache.waiting(&one.agency).count(), 0);
    }
}

//! What a node kept while it was cut off finds its place in a log that others went on with.
//!
//! Owns: reading that log, and the encoding on both sides of the rule in `callbox_domain::session::Rebasing`. Must not: write.
//! Called by: the backbone's drain.

use std::collections::HashMap;

use async_trait::async_trait;
use callbox_domain::session::{Rebasing, Session};
use callbox_proto::event::{Actor, Stored};
use callbox_proto::ids::{CommandId, SessionId};

use super::index;
use crate::backbone::{Append, Backbone, BackboneError, READ_MAX_ROWS, Rebase, Record, Seq};

/// The rebasing of sessions.
#[derive(Debug, Clone, Copy, Default)]
pub struct SessionRebase;

/// A session's log as others have it.
#[derive(Default)]
struct Theirs {
    /// The session where the sides parted.
    fork: Option<Session>,
    now: Option<Session>,
    /// Where the commands asked for are.
    known: HashMap<CommandId, (Seq, Seq)>,
    /// The resident wrote there after the fork.
    resident_wrote: bool,
}

#[async_trait]
impl Rebase for SessionRebase {
    async fn rebase(
        &self,
        shared: &dyn Backbone,
        kept: Vec<Append>,
    ) -> Result<Vec<Append>, BackboneError> {
        let Some(first) = kept.first() else {
            return Ok(kept);
        };
        let (session, base) = (first.session, first.expected);
        let mut theirs = Theirs::default();
        for append in &kept {
            theirs.known.insert(append.command, (0, 0));
        }
        theirs.read(shared, session, base).await?;
        let Some(now) = theirs.now else {
            // The log is not there: a new one begins as it was kept, a lost one cannot be gone on with.
            return if base == 0 {
                Ok(kept)
            } else {
                Err(BackboneError::NoSuchSession)
            };
        };
        let mut rebasing = Rebasing::new(theirs.fork, now, theirs.resident_wrote);
        let mut moved = Vec::with_capacity(kept.len());
        for append in kept {
            let entries = entries(&append)?;
            match theirs.known.get(&append.command) {
                Some(&(first, last)) if first > 0 => rebasing.known(&entries, first, last),
                _ => moved.push(place(&mut rebasing, append, &entries)),
            }
        }
        Ok(moved)
    }
}

impl Theirs {
    async fn read(
        &mut self,
        shared: &dyn Backbone,
        session: SessionId,
        base: Seq,
    ) -> Result<(), BackboneError> {
        let mut after = 0;
        loop {
            let page = shared.read(session, after, READ_MAX_ROWS).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.seq;
            for record in &page {
                self.take(session, record, base)?;
            }
        }
    }

    fn take(
        &mut self,
        session: SessionId,
        record: &Record,
        base: Seq,
    ) -> Result<(), BackboneError> {
        let entry = index::entry(session, record)?;
        match &mut self.now {
            Some(now) => now.apply(record.seq, &entry),
            none => *none = Session::begin(&entry),
        }
        if record.seq == base {
            self.fork = self.now.clone();
        }
        match self.known.get_mut(&record.command) {
            Some((first, last)) => {
                if *first == 0 {
                    *first = record.seq;
                }
                *last = record.seq;
            }
            None => self.resident_wrote |= record.seq > base && entry.by == Actor::Resident,
        }
        Ok(())
    }
}

fn entries(append: &Append) -> Result<Vec<Stored>, BackboneError> {
    (append.expected + 1..)
        .zip(&append.records)
        .map(|(seq, payload)| {
            let record = Record {
                seq,
                command: append.command,
                payload: payload.clone(),
            };
            index::entry(append.session, &record)
        })
        .collect()
}

fn place(rebasing: &mut Rebasing, append: Append, entries: &[Stored]) -> Append {
    let expected = rebasing.session().head;
    let placed = rebasing.place(entries);
    Append {
        expected,
        records: placed.iter().map(index::record).collect(),
        index: Some(index::row(rebasing.session())),
        claim_epoch: None,
        ..append
    }
}

//! Destroying what a session holds: a stream cannot be changed in place, so a copy takes its place.
//!
//! Owns: making the copy page by page, and the one call that puts it where the log was. Must not: know what is left of a record. Called by:
//! `handle`.
//!
//! The copy is made beside the log, under a name of its own attempt, and ends by itself when it is cut. The function that puts it there
//! compares the head: an append that came in between makes it a conflict.

use std::sync::Arc;

use redis::Value;

use super::answer;
use super::handle::Redis;
use super::keys::AgencyKeys;
use super::library::LIBRARY;
use super::link::failed;
use super::row;
use super::run;
use super::writes::Write;
use crate::backbone::{
    Backbone as _, BackboneError, Destroy, Destroyed, IndexRow, Record, Remains, Seq, contract,
};

/// Records that are copied by one call: at some µs each, others wait a few ms for it.
const PAGE_RECORDS: usize = 200;
/// How long a copy lives that nobody goes on with: far longer than the next page of it takes.
const COPY_LIFE_MS: u64 = 10 * 60 * 1_000;

impl Redis {
    /// Makes the copy and puts it in the place of the log.
    pub(super) async fn destroy_all(
        &self,
        destroy: Destroy,
        remains: Arc<dyn Remains>,
    ) -> Result<Destroyed, BackboneError> {
        destroy.check_bounds()?;
        let Destroy {
            agency,
            session,
            expected,
            summary,
        } = destroy;
        let known = self.find_session(session).await?;
        let known = known.filter(|known| known.agency == agency);
        let known = known.ok_or(BackboneError::NoSuchSession)?;
        if known.head != expected {
            return Ok(Destroyed::Conflict { head: known.head });
        }
        let keys = self.keys(&agency);
        let copy = keys.copy(session, rand::random());
        let mut after: Seq = 0;
        loop {
            let page = self.read(session, after, PAGE_RECORDS).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            self.copy_page(&keys, &copy, session, page, &*remains)
                .await?;
        }
        let row = IndexRow {
            summary,
            ..known.row
        };
        let places = row::places(session, &row);
        let crc = row::row_crc(session, &agency, &places, &row.summary);
        let mut command = redis::cmd("FCALL");
        command.arg(LIBRARY.replace.as_str()).arg(4);
        command.arg(keys.session(session)).arg(keys.log(session));
        command.arg(&copy).arg(keys.figures());
        command.arg(expected).arg(&row.summary[..]);
        command.arg(row::crc_text(crc));
        let bytes = row.summary.len();
        let answer = self.write_one(&keys, command, 1, bytes).await?;
        answer::replaced(&answer)
    }

    async fn copy_page(
        &self,
        keys: &AgencyKeys,
        copy: &str,
        session: callbox_proto::ids::SessionId,
        mut page: Vec<Record>,
        remains: &dyn Remains,
    ) -> Result<(), BackboneError> {
        let left = contract::remains_of(&page, remains)?;
        let mut left = left.into_iter().peekable();
        for record in &mut page {
            if let Some((_, payload)) = left.next_if(|(seq, _)| *seq == record.seq) {
                record.payload = payload;
            }
        }
        let bytes = page.iter().map(|record| record.payload.len() + 100).sum();
        let mut command = redis::cmd("FCALL");
        command.arg(LIBRARY.copy.as_str()).arg(1).arg(copy);
        command.arg(COPY_LIFE_MS);
        let mut run = Vec::new();
        for record in &page {
            let before = record.seq - 1;
            run.clear();
            let alone = std::iter::once((record.command, &record.payload[..]));
            run::write(&mut run, session, before, alone);
            command.arg(format!("{}-0", record.seq)).arg(&run[..]);
        }
        match self.write_one(keys, command, page.len(), bytes).await? {
            Value::Int(_) => Ok(()),
            _ => Err(failed("the shared tier answered something else")),
        }
    }

    /// One command of this agency among what is written, counted on replicas as appends are.
    async fn write_one(
        &self,
        keys: &AgencyKeys,
        command: redis::Cmd,
        steps: usize,
        bytes: usize,
    ) -> Result<Value, BackboneError> {
        let write = Write {
            key: keys.bell(),
            command,
            steps,
            bytes,
            beat: Some(keys.beat()),
        };
        let answer = self.write(vec![write]).await.pop();
        match answer.unwrap_or_else(|| Err(failed("the shared tier answered less")))? {
            Value::ServerError(error) => Err(super::fault::refusal(&error).0),
            answer => Ok(answer),
        }
    }
}

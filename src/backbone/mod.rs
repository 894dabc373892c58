//! The backbone: session logs, the queue index, the bell and leases, as one contract.
//!
//! Owns: the contract below, in prose first. Must not: know what a record means, decide anything, or be imported by
//! `domain`. Called by `node` only; implementations are named only where the program is put together.
//!
//! # The contract
//!
//! **Log.** Each session has one log of records, numbered 1, 2, 3 … without holes. [`Backbone::append`] takes batches and
//! answers every append of the batch by itself, in order. An append carries the sequence number its decision was based on
//! (`expected`) and the id of the command that caused it. When it answers [`Appended::Stored`], the records *and* the
//! index row are durable as far as this backbone promises ([`Backbone::guarantee`]), both or neither. The outcomes:
//! - the command id is already in this session's log: [`Appended::Duplicate`] with the sequence numbers it got then,
//!   whatever `expected` says. Command ids are remembered as long as the log is.
//! - the log's head is not `expected`: [`Appended::Conflict`] with the head; nothing was written; read, decide again.
//! - else the records got `expected + 1 …` and the index row is the given one.
//!
//! Several appends to one session in one batch are taken in order, each seeing the ones before it. One that goes on from the one
//! before (`expected` is where that one would have ended) is a conflict unless that one came out as decided: stored, or there before
//! with the very same numbers. So it is never written behind records of others that happen to have the numbers it expects.
//! The agency of a session is the one of its first append; an append under another agency finds no such session.
//! An error means *unknown*: perhaps written, perhaps not. Whoever gets one sends the same command id again.
//! A record whose checksum does not match is never returned: reading answers [`BackboneError::Damaged`] naming the place.
//!
//! **Index.** One row per session says where it stands ([`Standing`]). Waiting sessions are ordered by (`rank`, session id),
//! lowest first; the rank is fixed when the row is written and never recomputed as time passes.
//! Every change of an agency's index raises that agency's version by one or more, and a snapshot names its version.
//! [`Backbone::tally`] counts who stands where without looking at rows, so that figures kept elsewhere can be compared.
//!
//! **Claims.** [`Backbone::claim`] reserves the first waiting session that no other live claim holds, with a deadline by the
//! backbone's clock and an epoch that grows with each claim of that session. A claim is a reservation, not ownership: ownership
//! is a record in the log. An append after which the session no longer waits ends the claim; a new rank or queue does not.
//! A claim that is released or overdue leaves the session where it stood, with its rank. An append carrying an outdated
//! epoch is refused as a conflict. Epochs grow across restarts, too.
//!
//! **Leases.** A named lease has one holder until its deadline (backbone's clock); its epoch grows with each new holder.
//! Anyone may ask which leases are overdue and take them over. After its deadline a lease has no holder: it cannot be
//! prolonged, only taken again, with a new epoch.
//!
//! **Bell.** Every stored append rings the agency's bell with (session, head); appends stored together may share one ring. A
//! subscriber may miss rings (and is then told [`Ring::Missed`]), but is never rung for what is not in the log. A ring may bring
//! the records it tells of; they are exactly those of the log. Nothing is rung for, read or listed that is less durable than
//! what [`Appended::Stored`] is answered for: an append that ended as unknown may show only once it is.
//! [`Backbone::publish`] carries what may be lost, and losing it is not told.
//!
//! **Islands.** A backbone over a shared tier may answer [`Appended::Kept`] when that tier does not answer in time: the
//! records and the row are durable on this node, under the command's id, and read back from here with provisional numbers.
//! [`Backbone::kept_after`] says from where on. When the tier answers again they are brought there in the session's order, each
//! command under its own id, so that what had arrived after all is not there twice. Then the node that kept them, and only
//! it, is told: [`Ring::Confirmed`] where the numbers stayed, [`Ring::Rewound`] where others had gone on with the log
//! and [`Rebase`] gave the kept commands a new place. Whoever missed rings asks [`Backbone::kept_after`] again.
//!
//! **Destruction.** [`Backbone::destroy`] replaces what records of a session hold by what [`Remains`] says is left of them, and the summary
//! of its row, where the log's head is as expected; another head is [`Destroyed::Conflict`]. Numbers, commands, the head and where the
//! session stands stay as they are, so that a command of it is a duplicate afterwards as before. It is no append and does not ring. It may
//! go in pages: whoever reads meanwhile gets each record as it was or as what is left of it, never anything else. After
//! [`Destroyed::Done`], which is as durable as [`Appended::Stored`], no call on any handle answers what was there before, and nothing of
//! it lies in the files or keys of a store that are in use; copies, backups and what a disk has freed are not the store's. Cut in the
//! middle it is done again from the beginning: what is left of what is left is the same. An error means *unknown*, as for appends.
//! What is kept on an island is never destroyed there; where the tier does not answer, or a session is kept, it is an error.
//!
//! **Bounds.** A batch has at most [`BATCH_MAX_APPENDS`] appends, an append at most [`APPEND_MAX_RECORDS`] records of
//! [`RECORD_MAX_BYTES`], a log at most [`LOG_MAX_RECORDS`]; what is over is refused with [`BackboneError::OverBound`], never cut.

mod astray;
mod bell;
mod checksum;
pub mod contract;
pub mod embedded;
pub mod island;
pub mod redis;

pub use contract::*;

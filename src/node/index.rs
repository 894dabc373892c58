//! Sessions as the backbone keeps them: records, index rows and back.
//!
//! Owns: the encoding of entries and of the state beside the index row. Must not: touch the backbone. Called by: `sessions`,
//! `follow`, `lists`, `recovery`.

use bytes::Bytes;
use callbox_domain::policy::Material;
use callbox_domain::queue;
use callbox_domain::session::Session;
use callbox_proto::codec::to_msgpack;
use callbox_proto::event::{Event, Stored};
use callbox_proto::ids::{QueueId, SessionId, StaffId};
use callbox_proto::vocabulary::{Millis, Standing as Stands};
use serde::Deserialize;

use crate::backbone::{BackboneError, IndexRow, Record, Standing};

/// One entry as a record.
///
/// # Panics
/// Never for our types: they are maps with text keys.
#[must_use]
pub fn record(entry: &Stored) -> Bytes {
    to_msgpack(entry)
        .expect("an entry is a map of plain values")
        .into()
}

/// A record as an entry.
///
/// # Errors
/// [`BackboneError::Newer`] when it is an entry that this program does not know, [`BackboneError::Damaged`] when it is none.
pub fn entry(session: SessionId, record: &Record) -> Result<Stored, BackboneError> {
    let seq = record.seq;
    rmp_serde::from_slice(&record.payload).map_err(|_| {
        match rmp_serde::from_slice::<AnyEntry>(&record.payload) {
            Ok(_) => BackboneError::Newer { session, seq },
            Err(_) => BackboneError::Damaged { session, seq },
        }
    })
}

/// What entries of every version have.
#[derive(Deserialize)]
struct AnyEntry {
    #[serde(rename = "at_ms")]
    _at_ms: Millis,
    #[serde(rename = "event")]
    _event: AnyEvent,
}

/// What events of every version have.
#[derive(Deserialize)]
struct AnyEvent {
    #[serde(rename = "kind")]
    _kind: String,
}

/// Rank of a finished session that entered its queue then.
#[must_use]
pub fn newest_first(entered_ms: Millis) -> i64 {
    i64::try_from(entered_ms).map_or(i64::MIN, |entered_ms| -entered_ms)
}

/// Bytes that an entry of the gateway about a deletion does not reach.
const SHORT_BYTES: usize = 256;
/// How far before all others finished sessions stand that something is left to do for: earlier than any time is.
const WORK_FIRST: i64 = 1 << 50;

/// Rank of a finished session: newest first, and before them those with something that is deleted and to be destroyed. So they are found by
/// one look at the beginning of the list, also after a stop.
#[must_use]
pub fn closed_rank(session: &Session) -> i64 {
    let rank = newest_first(session.entered_ms);
    let custody = &session.custody;
    let has_work = Material::ALL.map(|material| custody.has_to_destroy(material));
    match has_work.contains(&true) {
        true => rank.saturating_sub(WORK_FIRST),
        false => rank,
    }
}

/// Whether a record says that words of its session are deleted or destroyed; asked of every record that others append, so that it is not
/// read for it.
#[must_use]
pub fn tells_of_deleted_words(record: &Record) -> bool {
    let kind = b"words_de";
    let is_short = record.payload.len() <= SHORT_BYTES;
    is_short && record.payload.windows(kind.len()).any(|part| part == kind)
}

/// The index row of a state. The whole state is its summary: it is small (bounded photos), and with it reading a
/// session back needs only the records since.
///
/// # Panics
/// Never for our types.
#[must_use]
pub fn row(session: &Session) -> IndexRow {
    let standing = match session.standing {
        Stands::Waiting => Standing::Waiting {
            rank: session.rank(),
            urgent: queue::urgent(session.priority),
        },
        Stands::Owned => Standing::Owned,
        Stands::Abandoned => Standing::Abandoned,
        Stands::Closed => Standing::Closed {
            rank: closed_rank(session),
        },
    };
    IndexRow {
        queue: lane(session),
        standing,
        summary: to_msgpack(session)
            .expect("a state is a map of plain values")
            .into(),
    }
}

/// The state beside an index row; `None` when it was written by a version that kept something else.
#[must_use]
pub fn session(row: &IndexRow) -> Option<Session> {
    rmp_serde::from_slice(&row.summary).ok()
}

/// Where it can be taken from: its queue, or, after a transfer to a person, that person's own lane.
fn lane(session: &Session) -> QueueId {
    match &session.reserved_for {
        Some(staff) => personal_lane(staff).unwrap_or_else(|| session.queue.clone()),
        None => session.queue.clone(),
    }
}

/// The lane of what was handed to one person. Names too long for it (over 61 characters) have none.
#[must_use]
pub fn personal_lane(staff: &StaffId) -> Option<QueueId> {
    format!("to.{staff}").parse().ok()
}

/// Whether an event changes what lists show, so that the index row has to be written with it. A place is listed when the state says that it
/// is another one.
#[must_use]
pub const fn shows_in_lists(event: &Event) -> bool {
    !matches!(
        event,
        Event::Located { .. }
            | Event::Text { .. }
            | Event::FieldAnswered { .. }
            | Event::ServiceLocated { .. }
            | Event::PhotoPreviewed { .. }
            | Event::PhotoPreviewRefused { .. }
            | Event::PhotoStored { .. }
            | Event::PhotoRefused { .. }
            | Event::PhotoRevealed { .. }
            | Event::PhotoFetched { .. }
            | Event::Asked { .. }
            | Event::Consented { .. }
            | Event::Note { .. }
            | Event::Watched { .. }
            | Event::Seen { .. }
            | Event::ResponderLinkMade { .. }
            | Event::ResponderLinkOpened { .. }
            | Event::ResponderLinkRevoked { .. }
            | Event::Exported { .. }
    )
}

#[cfg(test)]
mod tests {
    use callbox_proto::bounds::{
        CONTACT_MAX_CHARS, HOLDS_MAX, PHOTOS_MAX, REASON_MAX_CHARS, RESPONDER_LINKS_MAX,
        RULES_FIRED_MAX, SUSPICION_REASONS_MAX,
    };
    use callbox_proto::event::Actor;
    use callbox_proto::ids::{CommandId, IncidentId, ResidentId};
    use callbox_proto::vocabulary::{
        Category, Custodial, DeletionCause, DeviceCan, Millis, Priority, RuleFired, Suspicion,
        SuspicionReason,
    };

    use callbox_domain::suspicion::SKETCH_MAX_WORDS;

    use super::*;
    use crate::backbone::SUMMARY_MAX_BYTES;

    /// The longest character in UTF-8.
    const LONG: &str = "🚒";
    /// A moment far from now, so that numbers take all their bytes.
    const AT_MS: Millis = 1 << 50;

    /// A session with as much of everything as one may have.
    fn largest() -> Session {
        let stored = |event| Stored {
            at_ms: AT_MS,
            by: Actor::Resident,
            event,
            resident_prev: 0,
            destroyed: false,
        };
        let name = "x".repeat(64);
        let opened = Event::Opened {
            agency: name.parse().unwrap(),
            queue: name.parse().unwrap(),
            category: Category::PropertyCrime,
            language: "x".repeat(35),
            silent: true,
            test: true,
            device: DeviceCan::default(),
            contact: Some(LONG.repeat(CONTACT_MAX_CHARS)),
            resident: ResidentId::from_u128(u128::MAX).unwrap(),
        };
        let mut session = Session::begin(&stored(opened)).unwrap();
        let rule = RuleFired {
            rule: LONG.repeat(64),
            priority: Priority::LIFE_AT_RISK,
            because: LONG.repeat(200),
        };
        let reason = SuspicionReason {
            rule: "x".repeat(64),
            points: 100,
            because: LONG.repeat(100),
            outside_km: Some(u32::MAX),
            sessions: Some(u32::MAX),
        };
        let mut events = vec![
            Event::Triaged {
                priority: Priority::LIFE_AT_RISK,
                rules: vec![rule; RULES_FIRED_MAX],
                version: String::new(),
                deadline_ms: AT_MS,
            },
            Event::PriorityChanged {
                priority: Priority::LIFE_AT_RISK,
                reason: LONG.repeat(REASON_MAX_CHARS),
                deadline_ms: AT_MS,
            },
            Event::Linked {
                incident: IncidentId::from_u128(u128::MAX).unwrap(),
                moved_from: None,
            },
            Event::Text {
                text: (0..1_000).map(|n| format!("{n} ")).collect(),
                age_ms: 0,
            },
            Event::Suspected {
                suspicion: Suspicion {
                    number: 100,
                    reasons: vec![reason; SUSPICION_REASONS_MAX],
                },
                version: String::new(),
            },
        ];
        for n in 1..=PHOTOS_MAX as u128 {
            let photo = CommandId::from_u128(u128::MAX - n).unwrap();
            events.push(Event::PhotoAnnounced {
                photo,
                media_type: String::new(),
                size_bytes: 50 << 20,
                preview: true,
                age_ms: 0,
            });
        }
        for n in 1..=HOLDS_MAX as u128 {
            events.push(Event::HoldPlaced {
                hold: CommandId::from_u128(u128::MAX - n).unwrap(),
                reason: String::new(),
            });
        }
        for what in [Custodial::Export, Custodial::DeletePhotos] {
            events.push(Event::CustodyRequested {
                request: CommandId::from_u128(u128::MAX).unwrap(),
                what,
                reason: String::new(),
                ends_ms: AT_MS,
            });
        }
        for n in 1..=RESPONDER_LINKS_MAX as u128 {
            events.push(Event::ResponderLinkMade {
                link: CommandId::from_u128(u128::MAX - n).unwrap(),
                digest: "f".repeat(64),
                ends_ms: AT_MS,
                note: String::new(),
            });
            let link = CommandId::from_u128(u128::MAX - n).unwrap();
            events.push(Event::ResponderLinkRevoked { link });
        }
        for (seq, event) in (AT_MS..).zip(events) {
            session.apply(seq, &stored(event));
        }
        session
    }

    #[test]
    fn a_session_with_something_to_destroy_stands_before_the_newest_one_and_then_in_its_own_place()
    {
        let mut session = largest();
        let deleted = Event::PhotosDeleted {
            cause: DeletionCause::Agreed,
            request: None,
            days: None,
            photos: 1,
        };
        let words = Event::WordsDeleted {
            cause: DeletionCause::Retention,
            days: Some(1),
            up_to: 1,
            sha256: "ab".repeat(32),
        };
        let own = closed_rank(&session);
        for (event, stands_first) in [
            (deleted, true),
            (words, true),
            (Event::PhotosDestroyed { shared: 0 }, true),
            (Event::WordsDestroyed { entries: 9 }, false),
        ] {
            let entry = Stored {
                at_ms: 1,
                by: Actor::Gateway,
                event,
                resident_prev: 0,
                destroyed: false,
            };
            session.apply(session.head + 1, &entry);
            let newest = newest_first(AT_MS);
            assert_eq!(closed_rank(&session) < newest, stands_first);
        }
        assert_eq!(closed_rank(&session), own);
    }

    #[test]
    fn the_largest_state_of_a_session_fits_an_index_row() {
        let session = largest();
        assert_eq!(session.photos.len(), PHOTOS_MAX);
        assert_eq!(session.responder_links.len(), RESPONDER_LINKS_MAX);
        assert_eq!(session.words.len(), SKETCH_MAX_WORDS);
        let bytes = row(&session).summary.len();
        assert!(bytes <= SUMMARY_MAX_BYTES, "{bytes} bytes");
    }

    #[test]
    fn an_entry_of_a_newer_version_is_called_that_and_bytes_that_are_no_entry_damaged() {
        let session = SessionId::from_u128(1).unwrap();
        let read = |payload: &[u8]| {
            let record = Record {
                seq: 7,
                command: CommandId::from_u128(2).unwrap(),
                payload: Bytes::copy_from_slice(payload),
            };
            entry(session, &record)
        };
        let newer = serde_json::json!({
            "at_ms": 5, "by": {"kind": "drone"}, "event": {"kind": "landed", "where": [1, 2]}, "resident_prev": 0,
        });
        let newer = rmp_serde::to_vec_named(&newer).unwrap();
        assert_eq!(read(&newer), Err(BackboneError::Newer { session, seq: 7 }));
        let damaged = Err(BackboneError::Damaged { session, seq: 7 });
        assert_eq!(read(b"no entry"), damaged);
        assert_eq!(read(&newer[..newer.len() - 1]), damaged);
    }
}

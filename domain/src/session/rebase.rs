//! Two nodes went on with one session, each without the other: what one of them kept finds its place behind what the other wrote.
//!
//! Owns: the rule for each event. Pure, total: whatever was kept comes out, in its order, one entry for one entry.
//! Must not: decide anew, drop or merge: what no longer holds stands in the log as [`Event::Overruled`], so that both sides
//! see what happened on the other. Called by: `node`, for sessions that a drain finds moved on.

use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::vocabulary::{Seq, Standing};

use super::Session;
use crate::policy::Material;

/// The rebasing of one session.
#[derive(Debug)]
pub struct Rebasing {
    /// The session as this side had it.
    ours: Option<Session>,
    /// The session as it is now, with what was placed so far.
    now: Session,
    /// Last entry both sides had.
    fork: Seq,
    /// Where this side's entries stand now: (old, new), in order.
    places: Vec<(Seq, Seq)>,
    /// The resident wrote on the other side: what a person saw here does not cover it.
    resident_elsewhere: bool,
}

impl Rebasing {
    /// `fork` is the session where the sides parted (`None`: before it began), `theirs` as the other side left it.
    #[must_use]
    pub fn new(fork: Option<Session>, theirs: Session, resident_elsewhere: bool) -> Self {
        Self {
            fork: fork.as_ref().map_or(0, |session| session.head),
            ours: fork,
            now: theirs,
            places: Vec::new(),
            resident_elsewhere,
        }
    }

    /// The session with everything placed so far.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.now
    }

    /// A command of this side that is in the log already, from `first` to `last`.
    pub fn known(&mut self, entries: &[Stored], first: Seq, last: Seq) {
        for (place, entry) in (first..).zip(entries) {
            let old = self.follow(entry);
            self.places.push((old, place.min(last)));
        }
    }

    /// Gives a command's entries their places; they are to be appended at the end of the log, together.
    pub fn place(&mut self, entries: &[Stored]) -> Vec<Stored> {
        entries.iter().map(|entry| self.place_one(entry)).collect()
    }

    fn place_one(&mut self, entry: &Stored) -> Stored {
        let event = if self.holds(entry) {
            self.renumbered(&entry.event)
        } else {
            overruled(&entry.event)
        };
        let placed = Stored {
            at_ms: entry.at_ms,
            by: entry.by.clone(),
            event,
            resident_prev: self.now.resident_head,
            destroyed: entry.destroyed,
        };
        let old = self.follow(entry);
        let seq = self.now.head + 1;
        self.places.push((old, seq));
        self.now.apply(seq, &placed);
        placed
    }

    /// Goes on with this side's own state; answers the entry's old number.
    fn follow(&mut self, entry: &Stored) -> Seq {
        match &mut self.ours {
            Some(ours) => {
                let seq = ours.head + 1;
                ours.apply(seq, entry);
                seq
            }
            none => {
                *none = Session::begin(entry);
                1
            }
        }
    }

    /// Whether an event of this side still means on the other what it meant here.
    fn holds(&self, entry: &Stored) -> bool {
        let now = &self.now;
        let open = now.standing != Standing::Closed;
        match &entry.event {
            // Whoever talks to the resident by now keeps the session.
            Event::Taken => match (&now.owner, &entry.by) {
                (Some(owner), Actor::Staff { staff, .. }) => open && staff.as_ref() == Some(owner),
                (Some(_), _) => false,
                (None, _) => open,
            },
            Event::Released { .. } | Event::Transferred { .. } | Event::Closed { .. } => {
                open && self.stands_alike()
            }
            Event::Abandoned => now.standing == Standing::Waiting,
            Event::MediaStarted { .. }
            | Event::MediaEnded { .. }
            | Event::Asked { .. }
            | Event::CategoryChanged { .. } => open,
            Event::Consented { granted, .. } => open || !*granted,
            // Where the other side has put it on hold, or taken back what was asked for, nothing is destroyed.
            Event::PhotosDeleted { request, .. } => {
                let custody = &now.custody;
                let asked = request.is_none_or(|request| custody.knows(request));
                !open && asked && !custody.is_held() && !custody.is_deleted(Material::Photos)
            }
            Event::PhotosDestroyed { .. } => now.custody.is_deleted(Material::Photos),
            Event::WordsDeleted { .. } => now.has_to_delete(Material::Words),
            Event::WordsDestroyed { .. } => now.custody.is_deleted(Material::Words),
            // Where the other side has said something else of the same event, that stands.
            Event::Linked { incident, .. } => {
                now.incident == Some(*incident) || self.belongs_alike()
            }
            Event::Unlinked { incident } => now.incident.is_none_or(|now| now == *incident),
            // There is one opening in a log, and one device that opens a link.
            Event::Opened { .. } | Event::ReportLinkMade { .. } => false,
            Event::ReportLinkOpened { .. } => open && now.awaited_until_ms().is_some(),
            Event::ReportLinkRevoked => now.awaited_until_ms().is_some(),
            _ => true,
        }
    }

    /// Whether both sides agree on where the session stands and who owns it.
    fn stands_alike(&self) -> bool {
        self.ours
            .as_ref()
            .is_some_and(|ours| ours.standing == self.now.standing && ours.owner == self.now.owner)
    }

    /// Whether both sides agree on the incident it belongs to.
    fn belongs_alike(&self) -> bool {
        self.ours
            .as_ref()
            .is_some_and(|ours| ours.incident == self.now.incident)
    }

    /// The event with what it says of other entries, and of the priority, as it is now.
    fn renumbered(&self, event: &Event) -> Event {
        match event {
            Event::Seen { up_to } => Event::Seen {
                up_to: if self.resident_elsewhere {
                    (*up_to).min(self.fork)
                } else {
                    self.new_place(*up_to)
                },
            },
            Event::ServiceLocated { location, from } => Event::ServiceLocated {
                location: location.clone(),
                from: from.map(|from| self.new_place(from)),
            },
            Event::CategoryChanged { category, .. } => Event::CategoryChanged {
                from: self.now.category,
                category: *category,
            },
            // Triage only raises, and never against a person's decision.
            Event::Triaged {
                priority,
                rules,
                version,
                deadline_ms,
            } => {
                let raises = *priority < self.now.priority && self.now.priority_reason.is_none();
                Event::Triaged {
                    priority: if raises { *priority } else { self.now.priority },
                    rules: rules.clone(),
                    version: version.clone(),
                    deadline_ms: if raises {
                        *deadline_ms
                    } else {
                        self.now.deadline_ms
                    },
                }
            }
            other => other.clone(),
        }
    }

    fn new_place(&self, old: Seq) -> Seq {
        let found = self.places.binary_search_by_key(&old, |(old, _)| *old);
        found.map_or_else(
            |_| old.min(self.fork),
            |at| self.places.get(at).map_or(old, |(_, new)| *new),
        )
    }
}

/// The event as something that happened and no longer counts.
fn overruled(event: &Event) -> Event {
    match event {
        Event::Overruled { .. } => event.clone(),
        other => Event::Overruled {
            event: Box::new(other.clone()),
        },
    }
}

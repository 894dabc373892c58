//! How each fact changes a session. Total: a log that was decided under other rules still folds.
//!
//! Owns: the fold. Must not: refuse or decide: what stands in a log has happened. Called by: `node` with what was
//! decided, replay, `rebase`.

use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::ids::{AgencyId, CommandId, QueueId, ResidentId};
use callbox_proto::vocabulary::{
    Category, Content, DeviceCan, Millis, Priority, Seq, Standing, TransferTarget,
};

use super::report_link::{NOBODY, ReportLink};
use super::{Custody, Media, PHOTOS_MAX, Photo, PhotoState, Session, place};
use crate::policy::Material;
use crate::suspicion;
use crate::triage::DURESS_RULE;

/// The language of somebody who has said nothing yet: "undetermined" of BCP 47.
const UNKNOWN_LANGUAGE: &str = "und";

/// Messages among which the first words are looked for that say enough: a conversation is not compared.
const SKETCHED_MAX: u32 = 3;

impl Session {
    /// The state after the first entry of a log; `None` if that is not an opening.
    #[must_use]
    pub fn begin(entry: &Stored) -> Option<Self> {
        match &entry.event {
            Event::Opened {
                agency,
                queue,
                category,
                language,
                silent,
                device,
                resident,
                test,
                contact,
            } => Some(Self {
                category: *category,
                language: language.as_str().into(),
                silent: *silent,
                device: *device,
                test: *test,
                contact: contact.as_deref().map(Into::into),
                ..Self::blank(agency, queue, *resident, entry.at_ms)
            }),
            Event::ReportLinkMade {
                agency,
                queue,
                digest,
                ends_ms,
            } => {
                let nobody = ResidentId::from_u128(NOBODY)?;
                let link = ReportLink {
                    digest: digest.as_str().into(),
                    ends_ms: *ends_ms,
                    opened: false,
                    revoked: false,
                };
                Some(Self {
                    report_link: Some(link),
                    ..Self::blank(agency, queue, nobody, entry.at_ms)
                })
            }
            _ => None,
        }
    }

    /// A session of which nothing more is known.
    fn blank(agency: &AgencyId, queue: &QueueId, resident: ResidentId, at_ms: Millis) -> Self {
        Self {
            agency: agency.clone(),
            resident,
            queue: queue.clone(),
            standing: Standing::Waiting,
            category: Category::Other,
            category_changes: 0,
            language: UNKNOWN_LANGUAGE.into(),
            silent: false,
            device: DeviceCan::default(),
            priority: Priority::PROMPT,
            rules: Vec::new(),
            priority_reason: None,
            entered_ms: at_ms,
            deadline_ms: at_ms,
            owner: None,
            reserved_for: None,
            answered_ms: None,
            located: false,
            messages: 0,
            photos: Vec::new(),
            granted: Media::default(),
            live: Media::default(),
            seen: 0,
            left: false,
            quick_exit: false,
            test: false,
            duress: false,
            place: None,
            incident: None,
            contact: None,
            responder_links: Vec::new(),
            custody: Custody::default(),
            report_link: None,
            words: Vec::new(),
            suspicion: None,
            head: 1,
            resident_head: 1,
        }
    }

    /// Folds the next entry in. `seq` is its place in the log.
    pub fn apply(&mut self, seq: Seq, entry: &Stored) {
        self.head = seq;
        if entry.event.visible_to_resident() {
            self.resident_head = seq;
        }
        self.change(seq, entry);
        if self.custody.is_deleted(Material::Words) {
            self.forget_words();
        }
    }

    fn change(&mut self, seq: Seq, entry: &Stored) {
        if entry.event.brings_words() {
            self.custody.words_came(seq);
        }
        match &entry.event {
            Event::Triaged {
                priority,
                rules,
                deadline_ms,
                ..
            } => {
                self.priority = *priority;
                self.rules.clone_from(rules);
                self.duress |= rules.iter().any(|fired| fired.rule == DURESS_RULE);
                self.deadline_ms = *deadline_ms;
            }
            Event::PriorityChanged {
                priority,
                reason,
                deadline_ms,
            } => {
                self.priority = *priority;
                self.priority_reason = Some(reason.as_str().into());
                self.deadline_ms = *deadline_ms;
            }
            Event::CategoryChanged { category, .. } => {
                self.category = *category;
                self.category_changes = self.category_changes.saturating_add(1);
            }
            Event::Destroyed {
                was: Content::Text | Content::FieldAnswered,
            } if entry.by == Actor::Resident => {
                self.messages = self.messages.saturating_add(1);
            }
            Event::Text { text, .. } => {
                if entry.by == Actor::Resident {
                    self.messages = self.messages.saturating_add(1);
                    if self.words.is_empty() && self.messages <= SKETCHED_MAX {
                        self.words = suspicion::sketch(text);
                    }
                }
            }
            // An answer is read as a text is.
            Event::FieldAnswered { .. } => self.messages = self.messages.saturating_add(1),
            Event::Located { location } => {
                self.located = true;
                self.place = place::after(self.place, location, false);
            }
            Event::ServiceLocated { location, .. } => {
                self.place = place::after(self.place, location, true);
            }
            Event::PhotoAnnounced {
                photo, size_bytes, ..
            } => {
                self.custody.photo_came();
                // More than the bound come only from two nodes that went on without each other; the log has them all.
                if self.photos.len() < PHOTOS_MAX {
                    self.photos.push(Photo {
                        id: *photo,
                        state: PhotoState::Announced,
                        size_bytes: *size_bytes,
                        preview: false,
                        preview_refused: false,
                    });
                }
            }
            Event::PhotoPreviewed { photo } => {
                self.custody.photo_came();
                if let Some(photo) = self.photos.iter_mut().find(|p| p.id == *photo) {
                    photo.preview = true;
                }
            }
            Event::PhotoPreviewRefused { photo, .. } => {
                if let Some(photo) = self.photos.iter_mut().find(|p| p.id == *photo) {
                    photo.preview_refused = true;
                }
            }
            Event::PhotoStored { photo, copy, .. } => {
                self.custody.photo_came();
                let kept = if *copy {
                    PhotoState::Copied
                } else {
                    PhotoState::Kept
                };
                self.set_photo(*photo, kept);
            }
            Event::PhotoRefused { photo, .. } => self.set_photo(*photo, PhotoState::Refused),
            Event::Consented {
                medium, granted, ..
            } => self.granted.set(*medium, *granted),
            Event::ContactGiven { contact } => self.contact = Some(contact.as_str().into()),
            Event::MediaStarted { medium } => self.live.set(*medium, true),
            Event::MediaEnded { medium, .. } => self.live.set(*medium, false),
            Event::Seen { up_to } => self.seen = self.seen.max(*up_to),
            Event::Linked { incident, .. } => self.incident = Some(*incident),
            Event::Unlinked { incident } => {
                self.incident = self.incident.filter(|now| now != incident);
            }
            Event::ReportLinkOpened {
                category,
                language,
                silent,
                device,
                resident,
                contact,
            } => {
                self.resident = *resident;
                self.category = *category;
                self.language = language.as_str().into();
                self.silent = *silent;
                self.device = *device;
                self.contact = contact.as_deref().map(Into::into);
                if let Some(link) = &mut self.report_link {
                    link.opened = true;
                }
            }
            Event::ReportLinkRevoked => {
                if let Some(link) = &mut self.report_link {
                    link.revoked = true;
                }
            }
            Event::Suspected { suspicion, .. } => {
                self.suspicion = Some(suspicion.clone()).filter(|found| found.number > 0);
            }
            Event::ResponderLinkMade { .. }
            | Event::ResponderLinkOpened { .. }
            | Event::ResponderLinkRevoked { .. } => self.change_links(&entry.event),
            Event::HoldPlaced { .. }
            | Event::HoldLifted { .. }
            | Event::CustodyRequested { .. }
            | Event::CustodyAgreed { .. }
            | Event::CustodyDeclined { .. }
            | Event::PhotosDeleted { .. }
            | Event::PhotosDestroyed { .. }
            | Event::WordsDeleted { .. }
            | Event::WordsDestroyed { .. } => self.custody.change(seq, entry),
            _ => self.move_on(entry),
        }
    }

    /// Facts that change where the session stands.
    fn move_on(&mut self, entry: &Stored) {
        match &entry.event {
            Event::Taken => {
                self.standing = Standing::Owned;
                self.reserved_for = None;
                self.answered_ms.get_or_insert(entry.at_ms);
                if let Actor::Staff { staff, .. } = &entry.by {
                    self.owner.clone_from(staff);
                }
            }
            Event::Released { .. } => self.wait_again(),
            Event::Transferred { target, queue, .. } => {
                self.wait_again();
                self.queue = queue.clone();
                if let TransferTarget::Person { staff } = target {
                    self.reserved_for = Some(staff.clone());
                }
            }
            Event::Left { quick_exit } => {
                self.left = true;
                self.quick_exit = *quick_exit;
                self.live = Media::default();
                self.granted = Media::default();
            }
            Event::Abandoned => self.standing = Standing::Abandoned,
            Event::Returned => {
                self.left = false;
                self.quick_exit = false;
                if self.standing == Standing::Abandoned {
                    self.wait_again();
                }
            }
            Event::Closed { .. } => {
                self.standing = Standing::Closed;
                self.live = Media::default();
                self.granted = Media::default();
            }
            _ => {}
        }
    }

    fn wait_again(&mut self) {
        self.standing = Standing::Waiting;
        self.owner = None;
        self.reserved_for = None;
    }

    fn set_photo(&mut self, id: CommandId, state: PhotoState) {
        if let Some(photo) = self.photos.iter_mut().find(|photo| photo.id == id) {
            photo.state = state;
        }
    }
}

//! What follows from what the gateway itself has seen.
//!
//! Owns: [`GatewayCommand`] and which of them still matter. Must not: look at anything but the session. Called by: [`super::decide`].

use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Event, MediaEnd, ReleaseReason};
use callbox_proto::ids::{CommandId, StaffId};
use callbox_proto::vocabulary::{DeletionCause, Medium, Millis, Seq, Standing, Suspicion};

use super::{Context, PhotoState, Session, custody};
use crate::policy::Material;

/// What the gateway itself adds to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayCommand {
    /// A preview was re-encoded and kept.
    PreviewKept {
        /// Which photo.
        photo: CommandId,
    },
    /// A preview cannot be shown.
    PreviewRefused {
        /// Which photo.
        photo: CommandId,
    },
    /// An original is sealed.
    PhotoSealed {
        /// Which photo.
        photo: CommandId,
        /// SHA-256, hexadecimal.
        sha256: String,
        /// Bytes.
        size_bytes: u64,
        /// Type by content.
        media_type: String,
        /// Whether a copy can be shown.
        copy: bool,
    },
    /// An original was refused.
    PhotoRefused {
        /// Which photo.
        photo: CommandId,
        /// Why.
        code: ErrorCode,
    },
    /// First packet of live media.
    MediaStarted(Medium),
    /// Live media ended.
    MediaEnded(Medium, MediaEnd),
    /// The owner's console is lost. Names the owner: by the time it is decided somebody else may have the session.
    ConsoleLost {
        /// Who owned it.
        owner: StaffId,
    },
    /// The resident's link has been away too long.
    ResidentGone,
    /// The resident came back after leaving.
    ResidentBack,
    /// The agency's time for photos may be over.
    PhotosExpired {
        /// When the session was closed, as its log says.
        closed_ms: Millis,
    },
    /// The agency's time for what was written may be over.
    WordsExpired {
        /// When the session was closed, as its log says.
        closed_ms: Millis,
        /// The last entry that the digest is of.
        up_to: Seq,
        /// SHA-256 of the log up to there, as [`Event::WordsDeleted`] has it.
        sha256: String,
    },
    /// The bytes of deleted photos are gone.
    PhotosDestroyed {
        /// Originals whose content other sessions have too.
        shared: u32,
    },
    /// What was written is destroyed.
    WordsDestroyed {
        /// Entries that lost something.
        entries: u32,
    },
    /// It was held against the rules of suspicion.
    Judged {
        /// What came of it.
        suspicion: Suspicion,
        /// The version of the rules.
        version: String,
    },
}

/// What the gateway saw is a fact, unless it no longer matters.
pub(super) fn decide(
    session: &Session,
    context: Context<'_>,
    command: &GatewayCommand,
) -> Vec<Event> {
    let waits_for_original =
        |photo| session.photo(photo).map(|p| p.state) == Some(PhotoState::Announced);
    match command {
        // What arrives late of deleted photos is destroyed by whoever brought it.
        GatewayCommand::PreviewKept { .. }
        | GatewayCommand::PreviewRefused { .. }
        | GatewayCommand::PhotoSealed { .. }
        | GatewayCommand::PhotoRefused { .. }
            if session.custody.is_deleted(Material::Photos) =>
        {
            Vec::new()
        }
        GatewayCommand::PhotosExpired { closed_ms } => {
            custody::expire(session, context, Material::Photos, *closed_ms, |days| {
                custody::photos_deleted(session, DeletionCause::Retention, None, days)
            })
        }
        GatewayCommand::WordsExpired {
            closed_ms,
            up_to,
            sha256,
        } => custody::expire(session, context, Material::Words, *closed_ms, |days| {
            Event::WordsDeleted {
                cause: DeletionCause::Retention,
                days,
                up_to: *up_to,
                sha256: sha256.clone(),
            }
        }),
        GatewayCommand::PhotosDestroyed { shared }
            if session.custody.has_to_destroy(Material::Photos) =>
        {
            vec![Event::PhotosDestroyed { shared: *shared }]
        }
        GatewayCommand::WordsDestroyed { entries }
            if session.custody.has_to_destroy(Material::Words) =>
        {
            vec![Event::WordsDestroyed { entries: *entries }]
        }
        GatewayCommand::PreviewKept { photo } => match session.photo(*photo) {
            Some(known) if !known.preview => vec![Event::PhotoPreviewed { photo: *photo }],
            _ => Vec::new(),
        },
        GatewayCommand::PreviewRefused { photo } => match session.photo(*photo) {
            Some(known) if !known.preview && !known.preview_refused => {
                vec![Event::PhotoPreviewRefused {
                    photo: *photo,
                    code: ErrorCode::PreviewRefused,
                }]
            }
            _ => Vec::new(),
        },
        GatewayCommand::PhotoSealed {
            photo,
            sha256,
            size_bytes,
            media_type,
            copy,
        } if waits_for_original(*photo) => vec![Event::PhotoStored {
            photo: *photo,
            sha256: sha256.clone(),
            size_bytes: *size_bytes,
            media_type: media_type.clone(),
            copy: *copy,
        }],
        GatewayCommand::PhotoRefused { photo, code } if waits_for_original(*photo) => {
            vec![Event::PhotoRefused {
                photo: *photo,
                code: *code,
            }]
        }
        GatewayCommand::MediaStarted(medium) if may_start(session, *medium) => {
            vec![Event::MediaStarted { medium: *medium }]
        }
        GatewayCommand::MediaEnded(medium, reason) if session.live.has(*medium) => {
            vec![Event::MediaEnded {
                medium: *medium,
                reason: *reason,
            }]
        }
        // A link that was sent stays its maker's: there is nobody to be offered to others.
        GatewayCommand::ConsoleLost { .. } if session.awaited_until_ms().is_some() => Vec::new(),
        GatewayCommand::ConsoleLost { owner }
            if session.standing == Standing::Owned && session.is_owned_by(owner) =>
        {
            let mut events = vec![Event::Released {
                reason: ReleaseReason::ConsoleLost,
            }];
            if session.left {
                events.push(Event::Abandoned);
            }
            events
        }
        GatewayCommand::ResidentGone if session.standing == Standing::Waiting => {
            vec![Event::Abandoned]
        }
        GatewayCommand::Judged { suspicion, version }
            if session.standing != Standing::Closed
                && *suspicion != session.suspicion.clone().unwrap_or_default() =>
        {
            vec![Event::Suspected {
                suspicion: suspicion.clone(),
                version: version.clone(),
            }]
        }
        GatewayCommand::ResidentBack if session.left || session.standing == Standing::Abandoned => {
            if session.standing == Standing::Closed {
                Vec::new()
            } else {
                vec![Event::Returned]
            }
        }
        _ => Vec::new(),
    }
}

fn may_start(session: &Session, medium: Medium) -> bool {
    session.granted.has(medium) && !session.live.has(medium) && session.standing != Standing::Closed
}

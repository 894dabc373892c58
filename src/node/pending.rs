//! Commands on their way: what is to be decided, and where the answer goes.
//!
//! Owns: the command with its sender's address. Must not: decide. Called by: `sessions`, `appender`.

use std::sync::Arc;

use callbox_domain::session::{Command, GatewayCommand, PhotoFetch, Refusal};
use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Actor;
use callbox_proto::ids::{AgencyId, CommandId, ResidentId, SessionId, StaffId};
use callbox_proto::message::{ErrorMessage, ToResident, ToStaff};
use callbox_proto::vocabulary::{Role, Rung, Seq};
use tokio::sync::oneshot;

use super::frame::tell;
use super::outbox::Outbox;

/// A wish with everything needed to decide it, now or again.
#[derive(Debug)]
pub struct Pending {
    /// The command's id.
    pub id: CommandId,
    /// What is wished.
    pub wish: Wish,
    /// Epoch of the claim this completes, if it completes one.
    pub claim_epoch: Option<u64>,
    /// Where the answer goes.
    pub reply: Reply,
    /// How often it was decided in vain.
    pub attempts: u32,
    /// Its place among the commands of its session, given when it is submitted: whatever has to be decided again is decided
    /// in the order in which it came.
    pub arrived: u64,
}

/// What is wished, owned.
#[derive(Debug)]
pub enum Wish {
    /// A new session.
    Open {
        /// Whose it will be.
        agency: AgencyId,
        /// The device.
        resident: ResidentId,
        /// How it begins.
        opening: Box<Opening>,
    },
    /// A new session that a person makes a link to.
    MakeLink {
        /// Whose it will be.
        agency: AgencyId,
        /// Who makes it.
        staff: StaffId,
        /// In which role.
        role: Role,
        /// SHA-256 of the link's secret, hexadecimal.
        digest: String,
    },
    /// By a device that opens the session a person made a link to.
    OpenByLink {
        /// The device.
        resident: ResidentId,
        /// SHA-256 of the link's secret, hexadecimal.
        digest: String,
        /// How it begins.
        opening: Box<Opening>,
    },
    /// By the resident.
    Resident(Box<ResidentCommand>),
    /// By a person.
    Staff {
        /// Who.
        staff: StaffId,
        /// In which role.
        role: Role,
        /// What.
        command: Box<StaffCommand>,
    },
    /// By somebody with a link for responders.
    OpenLink {
        /// SHA-256 of the link's secret, hexadecimal.
        digest: String,
        /// The name or unit that was typed.
        name: String,
    },
    /// By a person, over HTTP: fetches an export.
    FetchExport {
        /// Who.
        staff: StaffId,
        /// In which role.
        role: Role,
        /// By which request.
        request: CommandId,
    },
    /// By whoever is about to be sent a photo, over HTTP.
    FetchPhoto {
        /// Who.
        by: Actor,
        /// Which.
        fetch: PhotoFetch,
    },
    /// By the gateway.
    Gateway(Box<GatewayCommand>),
}

impl Wish {
    /// Who is behind the events that follow.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Open { .. } | Self::OpenByLink { .. } | Self::Resident(_) => Actor::Resident,
            Self::Staff { staff, role, .. }
            | Self::MakeLink { staff, role, .. }
            | Self::FetchExport { staff, role, .. } => Actor::staff(*role, staff.clone()),
            Self::OpenLink { .. } => Actor::responder(),
            Self::FetchPhoto { by, .. } => by.clone(),
            Self::Gateway(_) => Actor::Gateway,
        }
    }

    /// The wish as the domain decides it; `None` for what begins a session, which has no state to be decided on.
    #[must_use]
    pub fn command(&self) -> Option<Command<'_>> {
        match self {
            Self::Open { .. } | Self::MakeLink { .. } => None,
            Self::OpenByLink {
                resident,
                digest,
                opening,
            } => Some(Command::OpenByLink {
                resident: *resident,
                digest,
                opening,
            }),
            Self::Resident(command) => Some(Command::Resident(command)),
            Self::Staff {
                staff,
                role,
                command,
            } => Some(Command::Staff {
                staff,
                role: *role,
                command,
            }),
            Self::OpenLink { digest, name } => Some(Command::OpenLink { digest, name }),
            Self::FetchExport { staff, request, .. } => Some(Command::FetchExport {
                staff,
                request: *request,
            }),
            Self::FetchPhoto { fetch, .. } => Some(Command::FetchPhoto(fetch)),
            Self::Gateway(command) => Some(Command::Gateway(command)),
        }
    }
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// Its first entry (the head, if nothing had to change).
    pub first: Seq,
    /// Its last entry.
    pub last: Seq,
    /// How safe it is.
    pub rung: Rung,
}

/// Where the answer goes.
#[derive(Debug)]
pub enum Reply {
    /// To the resident's connection.
    Resident(Arc<Outbox>),
    /// To a person's connection.
    Staff(Arc<Outbox>),
    /// To code that waits.
    Wait(oneshot::Sender<Result<Done, Refusal>>),
    /// Nobody asked.
    Nobody,
}

impl Reply {
    /// The connection it goes to.
    pub(super) const fn outbox(&self) -> Option<&Arc<Outbox>> {
        match self {
            Self::Resident(outbox) | Self::Staff(outbox) => Some(outbox),
            Self::Wait(_) | Self::Nobody => None,
        }
    }

    /// The command is durable.
    pub fn done(self, session: SessionId, id: CommandId, done: Done) {
        let Done { first, last, rung } = done;
        match self {
            Self::Resident(outbox) => tell(
                &outbox,
                &ToResident::Receipt {
                    id,
                    rung,
                    first,
                    last,
                },
            ),
            Self::Staff(outbox) => tell(
                &outbox,
                &ToStaff::Receipt {
                    id,
                    session,
                    rung,
                    first,
                    last,
                },
            ),
            Self::Wait(sender) => drop(sender.send(Ok(done))),
            Self::Nobody => {}
        }
    }

    /// The command was refused.
    pub fn refused(self, id: CommandId, refusal: Refusal) {
        match self {
            Self::Resident(outbox) => {
                tell(&outbox, &ToResident::Error(error(Some(id), refusal)));
            }
            Self::Staff(outbox) => tell(&outbox, &ToStaff::Error(error(Some(id), refusal))),
            Self::Wait(sender) => drop(sender.send(Err(refusal))),
            Self::Nobody => {}
        }
    }
}

/// A refusal as a message.
#[must_use]
pub fn error(id: Option<CommandId>, refusal: Refusal) -> ErrorMessage {
    ErrorMessage {
        owner: refusal.owner,
        ..ErrorMessage::new(id, refusal.code)
    }
}

/// A plain code as a message to a resident.
#[must_use]
pub fn resident_error(id: Option<CommandId>, code: ErrorCode) -> ToResident {
    ToResident::Error(ErrorMessage::new(id, code))
}

/// A plain code as a message to staff.
#[must_use]
pub fn staff_error(id: Option<CommandId>, code: ErrorCode) -> ToStaff {
    ToStaff::Error(ErrorMessage::new(id, code))
}

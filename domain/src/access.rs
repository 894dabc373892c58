//! Who may do what: the one table of roles and actions.
//!
//! Owns: every action of residents, staff, responders and HTTP routes, who has a right to it, and the check of a caller against a
//! session. Must not: know phases of a connection or states of a session (a second `hello` and a closed session are refused
//! elsewhere). Called by: the node before every command and message, and the HTTP edge before every route.
//!
//! The table is one exhaustive match: an action without a row does not compile, nor does a message, command or route without
//! an action. `domain/tests/access_matrix.txt` is the table and all its outcomes as a page, compared by a test, so that a
//! change of rights is seen in review.

mod kinds;
mod matrix;
mod route;

use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, ResidentId, SessionId, StaffId};
use callbox_proto::vocabulary::Role;

use crate::session::Session;

pub use kinds::{
    action_of_resident_command, action_of_resident_message, action_of_responder_message,
    action_of_staff_command, action_of_staff_message,
};
pub use matrix::matrix_markdown;
pub use route::{Method, Route};

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// No right.
    Never,
    /// A session of one's own: the resident's, the one this person owns, or the one a responder's link leads to.
    Own,
    /// Any session of the own agency, and its lists. Where no session is concerned, [`may_at_all`] says it all.
    Agency,
    /// A right that touches nobody's session, or only what the caller is given with it.
    Always,
}

/// Who is asking, as far as the table is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Not signed in, no key shown.
    Nobody,
    /// In this role.
    Role(Role),
}

impl Who {
    /// Everybody there is, in the order of the table's columns.
    pub const ALL: [Self; 8] = [
        Self::Nobody,
        Self::Role(Role::Resident),
        Self::Role(Role::Telecommunicator),
        Self::Role(Role::Supervisor),
        Self::Role(Role::Auditor),
        Self::Role(Role::Administrator),
        Self::Role(Role::Wallboard),
        Self::Role(Role::Responder),
    ];
}

impl From<Role> for Who {
    fn from(role: Role) -> Self {
        Self::Role(role)
    }
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Something somebody may want to do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$doc])* $name,)+
            /// Reaching a route over HTTP.
            Http(Route),
        }

        impl Action {
            /// Every action but the routes, which are in [`Route::ALL`].
            const NOT_HTTP: &[Self] = &[$(Self::$name),+];
        }
    };
}

actions! {
    /// Resident: shows the device's key.
    ResidentHello,
    /// Resident: opens a session.
    Open,
    /// Resident: opens the session that a person made a link to.
    OpenByLink,
    /// Resident: goes on with a session after a break.
    Resume,
    /// Resident: writes.
    ResidentText,
    /// Resident: sends a place.
    Locate,
    /// Resident: announces a photo.
    AnnouncePhoto,
    /// Resident: grants or stops a medium.
    Consent,
    /// Resident: says how to be reached.
    GiveContact,
    /// Resident: answers a question of the agency's own.
    AnswerField,
    /// Resident: corrects the category.
    SetCategory,
    /// Resident: leaves.
    Leave,
    /// Resident: types in real time.
    ResidentRealTimeText,
    /// Resident: offers live media.
    ResidentMediaOffer,
    /// Resident: tells what arrived.
    ResidentDelivered,
    /// Resident: tells what was read.
    ResidentSeen,
    /// Resident: asks for a fresh upload token.
    RefreshToken,
    /// Resident: asks whether the link is alive.
    ResidentPing,
    /// Staff: shows the token.
    StaffHello,
    /// Staff: registers for queues.
    Register,
    /// Staff: says whether they can take sessions.
    SetAgentState,
    /// Staff: is sent the list of sessions that wait, are owned or were abandoned.
    ListSessions,
    /// Staff: is sent who can be handed a session.
    SeeColleagues,
    /// Staff: is sent the board of queues and people.
    SeeBoard,
    /// Staff: has a node send its clients to other nodes, or keep them.
    Drain,
    /// Staff: asks for finished sessions.
    ListClosed,
    /// Staff: takes the next session of the registered queues.
    TakeNext,
    /// Staff: makes a link with which somebody reports.
    MakeReportLink,
    /// Staff: ends such a link before it is opened.
    RevokeReportLink,
    /// Staff: takes this session, waiting or abandoned.
    Take,
    /// Staff: gives a session back to its queue, or takes it away from its owner.
    Release,
    /// Staff: hands a session on.
    Transfer,
    /// Staff: finishes a session.
    Close,
    /// Staff: writes to the resident.
    StaffText,
    /// Staff: asks the resident for something.
    Ask,
    /// Staff: writes a note among staff.
    Note,
    /// Staff: changes the priority.
    SetPriority,
    /// Staff: sets where help should go.
    SetServiceLocation,
    /// Staff: looks at a photo that is covered.
    Reveal,
    /// Staff: has read.
    StaffSeen,
    /// Staff: watches without owning.
    Watch,
    /// Staff: says that a session reports the same event as another one.
    Link,
    /// Staff: takes a session out of its incident.
    Unlink,
    /// Staff: makes a link with which responders follow a session.
    MakeResponderLink,
    /// Staff: ends a link for responders.
    RevokeResponderLink,
    /// Staff: puts a session on hold.
    PlaceHold,
    /// Staff: lifts a hold.
    LiftHold,
    /// Staff: asks for what takes two persons.
    RequestCustody,
    /// Staff: agrees to what somebody else asked for.
    AgreeCustody,
    /// Staff: declines it.
    DeclineCustody,
    /// Staff: follows a session's log. A supervisor watches first.
    Follow,
    /// Staff: stops following.
    Unfollow,
    /// Staff: tells what arrived. Has no id and may come late: a refused one is dropped without an error.
    StaffDelivered,
    /// Staff: types in real time to the resident.
    StaffRealTimeText,
    /// Staff: receives live media.
    ReceiveMedia,
    /// Staff: talks to the resident.
    Talk,
    /// Staff: stops receiving live media.
    MediaStop,
    /// Staff: tells what alarms and pictures were asked of the person.
    Tally,
    /// Staff: asks whether the link is alive.
    StaffPing,
    /// Staff: shows a fresh token, so that the link lives on.
    StaffRenew,
    /// Responder: shows the token of a link, and follows its session.
    ResponderHello,
    /// Responder: receives live media.
    ResponderReceiveMedia,
    /// Responder: stops receiving live media.
    ResponderMediaStop,
    /// Responder: asks whether the link is alive.
    ResponderPing,
}

impl Action {
    /// Every action, routes last.
    pub fn all() -> impl Iterator<Item = Self> {
        let routes = Route::ALL.iter().map(|route| Self::Http(*route));
        Self::NOT_HTTP.iter().copied().chain(routes)
    }
}

/// One row: what each of [`Who::ALL`] may.
type Row = [Access; 8];

#[rustfmt::skip]
const fn row(action: Action) -> Row {
    use self::Action as A;
    use self::Route as R;
    use self::Access::{Agency, Always, Never as No, Own};
    match action {
        //                                   nobody  resident telecom. superv.  auditor  admin. wallboard responder
        A::ResidentHello                => [Always, Always,  No,      No,      No,      No,     No    , No    ],
        A::Open                         => [No,     Always,  No,      No,      No,      No,     No    , No    ],
        // Whose session it is is decided by the link's secret, not by who was there before: no device was.
        A::OpenByLink                   => [No,     Always,  No,      No,      No,      No,     No    , No    ],
        A::Resume                       => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::ResidentText                 => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Locate                       => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::AnnouncePhoto                => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Consent                      => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::GiveContact                  => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::AnswerField                  => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::SetCategory                  => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Leave                        => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::ResidentRealTimeText         => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::ResidentMediaOffer           => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::ResidentDelivered            => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::ResidentSeen                 => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::RefreshToken                 => [No,     Always,  No,      No,      No,      No,     No    , No    ],
        A::ResidentPing                 => [No,     Always,  No,      No,      No,      No,     No    , No    ],

        A::StaffHello                   => [Always, No,      Always,  Always,  Always,  Always, Always, No    ],
        A::Register                     => [No,     No,      Always,  Always,  No,      No,     No    , No    ],
        A::SetAgentState                => [No,     No,      Always,  Always,  No,      No,     No    , No    ],
        A::ListSessions                 => [No,     No,      Agency,  Agency,  Agency,  No,     No    , No    ],
        A::SeeColleagues                => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::SeeBoard                     => [No,     No,      No,      Agency,  No,      Agency, Agency, No    ],
        A::Drain                        => [No,     No,      No,      No,      No,      Always, No    , No    ],
        A::ListClosed                   => [No,     No,      No,      Agency,  Agency,  No,     No    , No    ],
        A::TakeNext                     => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::MakeReportLink               => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::RevokeReportLink             => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::Take                         => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::Release                      => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::Transfer                     => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::Close                        => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::StaffText                    => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::Ask                          => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::Note                         => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::SetPriority                  => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::SetServiceLocation           => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::Reveal                       => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::StaffSeen                    => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::Watch                        => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::Link                         => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::Unlink                       => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::MakeResponderLink            => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::RevokeResponderLink          => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::PlaceHold                    => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::LiftHold                     => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::RequestCustody               => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::AgreeCustody                 => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::DeclineCustody               => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
        A::Follow                       => [No,     No,      Own,     Agency,  Agency,  No,     No    , No    ],
        A::Unfollow                     => [No,     No,      Agency,  Agency,  Agency,  No,     No    , No    ],
        A::StaffDelivered               => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::StaffRealTimeText            => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::ReceiveMedia                 => [No,     No,      Own,     Agency,  No,      No,     No    , No    ],
        A::Talk                         => [No,     No,      Own,     Own,     No,      No,     No    , No    ],
        A::MediaStop                    => [No,     No,      Agency,  Agency,  No,      No,     No    , No    ],
        A::Tally                        => [No,     No,      Always,  Always,  No,      No,     No    , No    ],
        A::StaffPing                    => [No,     No,      Always,  Always,  Always,  Always, Always, No    ],
        A::StaffRenew                   => [No,     No,      Always,  Always,  Always,  Always, Always, No    ],

        A::ResponderHello               => [Always, No,      No,      No,      No,      No,     No    , Own   ],
        A::ResponderReceiveMedia        => [No,     No,      No,      No,      No,      No,     No    , Own   ],
        A::ResponderMediaStop           => [No,     No,      No,      No,      No,      No,     No    , Own   ],
        A::ResponderPing                => [No,     No,      No,      No,      No,      No,     No    , Always],

        A::Http(R::ResidentPage)        => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ConsolePage)         => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ConsoleBare)          => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ConsoleView)          => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::SupervisorPage)      => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::SupervisorBare)       => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::SupervisorView)       => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ResponderPage)       => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ResponderBare)       => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        // Which agency is meant is no right: the pages are the same, and say so.
        A::Http(R::AgencyResidentPage)    => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyResidentBare)    => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyConsolePage)     => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyConsoleBare)     => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyConsoleView)     => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencySupervisorPage)  => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencySupervisorBare)  => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencySupervisorView)  => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyResponderPage) => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyResponderBare) => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyManifest)        => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::RootFile)             => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::Asset)               => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyInfo)          => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::AgencyInfoOf)          => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::SignIn)              => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        // The first and the last step prove who somebody is, as a passphrase does; between them the provider decides.
        A::Http(R::BeginProviderSignIn) => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ProviderReturn)      => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::EndProviderSignIn)   => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::RefreshSignIn)       => [No,     No,      Always,  Always,  Always,  Always, Always, No    ],
        A::Http(R::OpenWallboard)       => [No,     No,      No,      Always,  No,      No,     No    , No    ],
        // Whoever has the secret of a link is asked for a name, and is a responder then.
        A::Http(R::OpenResponderLink)   => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        // A socket starts as nobody's: its first message says who is there.
        A::Http(R::ResidentSocket)      => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::StaffSocket)         => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::ResponderSocket)     => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        // Says only what the server can do (tus discovery).
        A::Http(R::UploadOptions)       => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::UploadOptionsOfOne)   => [Always, Always,  Always,  Always,  Always,  Always, Always, Always],
        A::Http(R::UploadCreate)        => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Http(R::UploadHead)          => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Http(R::UploadPatch)         => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Http(R::UploadDelete)        => [No,     Own,     No,      No,      No,      No,     No    , No    ],
        A::Http(R::PhotoPreview)        => [No,     No,      Own,     Agency,  Agency,  No,     No    , Own   ],
        A::Http(R::PhotoCopy)           => [No,     No,      Own,     Agency,  Agency,  No,     No    , Own   ],
        A::Http(R::PhotoOriginal)       => [No,     No,      Own,     Agency,  Agency,  No,     No    , No    ],
        // The two persons of the request are looked for where it is decided.
        A::Http(R::FetchExport)         => [No,     No,      No,      Agency,  No,      No,     No    , No    ],
    }
}

/// How far somebody's right to an action reaches.
#[must_use]
pub fn allowed(who: impl Into<Who>, action: Action) -> Access {
    let row = row(action);
    match who.into() {
        Who::Nobody => row[0],
        Who::Role(Role::Resident) => row[1],
        Who::Role(Role::Telecommunicator) => row[2],
        Who::Role(Role::Supervisor) => row[3],
        Who::Role(Role::Auditor) => row[4],
        Who::Role(Role::Administrator) => row[5],
        Who::Role(Role::Wallboard) => row[6],
        Who::Role(Role::Responder) => row[7],
    }
}

/// Who is asking, with name and agency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Not signed in, no key shown.
    Nobody,
    /// A resident whose key was shown.
    Resident {
        /// The agency reached.
        agency: AgencyId,
        /// Who.
        resident: ResidentId,
    },
    /// A signed-in person of an agency.
    Staff {
        /// In which role; [`Role::Resident`] and [`Role::Responder`] are nobody here.
        role: Role,
        /// Whose.
        agency: AgencyId,
        /// Who.
        staff: StaffId,
    },
    /// Somebody who opened a link for responders.
    Responder {
        /// Whose session it leads to.
        agency: AgencyId,
        /// The only session there is for them.
        session: SessionId,
    },
}

impl Caller {
    /// The caller's column in the table.
    #[must_use]
    pub fn who(&self) -> Who {
        match self {
            Self::Nobody
            | Self::Staff {
                role: Role::Resident | Role::Responder,
                ..
            } => Who::Nobody,
            Self::Resident { .. } => Role::Resident.into(),
            Self::Responder { .. } => Role::Responder.into(),
            Self::Staff { role, .. } => (*role).into(),
        }
    }

    fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::Nobody => None,
            Self::Resident { agency, .. }
            | Self::Staff { agency, .. }
            | Self::Responder { agency, .. } => Some(agency),
        }
    }
}

/// The session an action is about, as far as rights are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Whose session it is.
    pub agency: AgencyId,
    /// Who owns it now; for a closed session, who owned it last if that is kept.
    pub owner: Option<StaffId>,
    /// Whose report it is.
    pub resident: ResidentId,
    /// Which session.
    pub session: SessionId,
}

impl Target {
    /// A session as it is now.
    #[must_use]
    pub fn of(session: SessionId, state: &Session) -> Self {
        Self {
            agency: state.agency.clone(),
            owner: state.owner.clone(),
            resident: state.resident,
            session,
        }
    }
}

/// Why an action is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Nobody is signed in.
    #[error("not signed in")]
    NotSignedIn,
    /// The role has no such right, whatever the session.
    #[error("the role has no such right")]
    NotAllowed,
    /// Not there, of another agency, or another resident's: all look the same.
    #[error("no such session")]
    NoSuchSession,
    /// Only its owner may.
    #[error("somebody else, or nobody, owns the session")]
    NotOwner,
}

impl Refusal {
    /// The public code.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::NotSignedIn => ErrorCode::TokenInvalid,
            Self::NotAllowed => ErrorCode::NotAllowed,
            Self::NoSuchSession => ErrorCode::NoSuchSession,
            Self::NotOwner => ErrorCode::NotOwner,
        }
    }
}

/// Whether the caller has the right at all, before a session is looked up or where none is concerned (`open`, lists, pages).
///
/// # Errors
/// [`Refusal::NotSignedIn`] or [`Refusal::NotAllowed`].
pub fn may_at_all(caller: &Caller, action: Action) -> Result<(), Refusal> {
    match (allowed(caller.who(), action), caller.who()) {
        (Access::Own | Access::Agency | Access::Always, _) => Ok(()),
        (Access::Never, Who::Nobody) => Err(Refusal::NotSignedIn),
        (Access::Never, Who::Role(_)) => Err(Refusal::NotAllowed),
    }
}

/// Whether the caller may do this to this session. A session that is not there is [`Refusal::NoSuchSession`], after
/// [`may_at_all`] has been asked: so nobody learns from the answer whether a session exists.
///
/// # Errors
/// Why not.
pub fn may(caller: &Caller, action: Action, target: &Target) -> Result<(), Refusal> {
    may_at_all(caller, action)?;
    let access = allowed(caller.who(), action);
    if access == Access::Always {
        return Ok(());
    }
    if caller.agency() != Some(&target.agency) {
        return Err(Refusal::NoSuchSession);
    }
    match caller {
        Caller::Resident { resident, .. } if *resident != target.resident => {
            Err(Refusal::NoSuchSession)
        }
        Caller::Responder { session, .. } if *session != target.session => {
            Err(Refusal::NoSuchSession)
        }
        Caller::Staff { staff, .. }
            if access == Access::Own && target.owner.as_ref() != Some(staff) =>
        {
            Err(Refusal::NotOwner)
        }
        _ => Ok(()),
    }
}

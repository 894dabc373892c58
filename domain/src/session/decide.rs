//! The wishes there are, and which room answers each. Pure: the same state, context and command give the same events.
//!
//! Owns: [`Command`]. Must not: ask who is allowed to (that is [`crate::access`]), or change the state: [`Session::apply`] does that with the
//! events. Called by: `node`, for every command.

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::event::Event;
use callbox_proto::ids::{CommandId, ResidentId, StaffId};
use callbox_proto::vocabulary::Role;

use super::{
    Context, GatewayCommand, PhotoFetch, Refusal, Session, by_gateway, by_resident, by_staff,
    custody, report_link, responder,
};

/// A wish to change a session; who may wish it was asked before.
#[derive(Debug, Clone, Copy)]
pub enum Command<'a> {
    /// By the session's resident.
    Resident(&'a ResidentCommand),
    /// By a person of the agency.
    Staff {
        /// Who.
        staff: &'a StaffId,
        /// In which role.
        role: Role,
        /// What.
        command: &'a StaffCommand,
    },
    /// By a device that opens the session with the link that a person made.
    OpenByLink {
        /// The device.
        resident: ResidentId,
        /// SHA-256 of the link's secret, hexadecimal.
        digest: &'a str,
        /// How it begins.
        opening: &'a Opening,
    },
    /// By somebody with a link for responders.
    OpenLink {
        /// SHA-256 of the link's secret, hexadecimal.
        digest: &'a str,
        /// The name or unit that was typed.
        name: &'a str,
    },
    /// By a person of the agency, over HTTP: fetches an export.
    FetchExport {
        /// Who.
        staff: &'a StaffId,
        /// By which request.
        request: CommandId,
    },
    /// By whoever is about to be sent a photo, over HTTP.
    FetchPhoto(&'a PhotoFetch),
    /// By the gateway, on what it has seen.
    Gateway(&'a GatewayCommand),
}

/// The events that follow from a command; none where nothing changes.
///
/// # Errors
/// The public code of why not, with the owner where somebody else has the session.
pub fn decide(
    session: &Session,
    context: Context<'_>,
    command: Command<'_>,
) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Resident(command) => by_resident::decide(session, context, command),
        Command::Staff {
            staff,
            role,
            command,
        } => by_staff::decide(session, context, staff, role, command),
        Command::OpenByLink {
            resident,
            digest,
            opening,
        } => report_link::open(session, context, resident, digest, opening),
        Command::OpenLink { digest, name } => {
            responder::open(session, context, digest, name).map_err(Refusal::from)
        }
        Command::FetchExport { staff, request } => {
            Ok(custody::fetch_export(session, context, staff, request)?)
        }
        Command::FetchPhoto(fetch) => Ok(vec![by_staff::fetch_photo(session, fetch)?]),
        Command::Gateway(command) => Ok(by_gateway::decide(session, context, command)),
    }
}

//! Links with which somebody reports, on this node: making one, and the device that opens it.
//!
//! Owns: the id of the session that a link leads to, and that a session whose maker is gone is offered to others once somebody is there.
//! Must not: decide who opens (that is `callbox_domain::session`), or have a secret: digests arrive. Called by: `transport`, for staff and for
//! residents.

use std::sync::Arc;

use callbox_domain::session::{GatewayCommand, Refusal};
use callbox_proto::command::Opening;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, ResidentId, SessionId};
use sha2::{Digest, Sha256};

use super::Node;
use super::cell::Cell;
use super::pending::{Done, Wish};
use super::staff::Person;

/// The session that this command of this person begins: the same again begins nothing new.
fn session_of_link(person: &Person, command: CommandId) -> SessionId {
    let mut hash = Sha256::new();
    hash.update(b"callbox-report-link-v1");
    for name in [person.agency.id().as_str(), person.staff.as_str()] {
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
    }
    hash.update(command.as_u128().to_be_bytes());
    SessionId::from_sha256(hash.finalize().into())
}

impl Node {
    /// A person makes a link. Answers the session that it will open, which is theirs from now on.
    ///
    /// # Errors
    /// The refusal.
    pub async fn make_report_link(
        self: &Arc<Self>,
        person: &Person,
        id: CommandId,
        digest: String,
    ) -> Result<(SessionId, Done), Refusal> {
        let session = session_of_link(person, id);
        let cell = self.cells.get_or_insert(session);
        let wish = Wish::MakeLink {
            agency: person.agency.id().clone(),
            staff: person.staff.clone(),
            role: person.role,
            digest,
        };
        let done = self.ask(&cell, id, wish).await?;
        tracing::info!(agency = %person.agency.id(), %session, "a link to report was made");
        Ok((session, done))
    }

    /// A device opens the session that a link leads to. Sent again, and by the same device once more, it is the same opening.
    ///
    /// # Errors
    /// [`ErrorCode::NoSuchLink`] for a session or a secret that is none, or why the link does not open.
    pub async fn open_by_link(
        self: &Arc<Self>,
        agency: &AgencyId,
        resident: ResidentId,
        id: CommandId,
        session: SessionId,
        (digest, opening): (String, Opening),
    ) -> Result<(Arc<Cell>, Done), ErrorCode> {
        let cell = self.linked_session(session).await?;
        if !cell.lock().is_of(agency) {
            return Err(ErrorCode::NoSuchLink);
        }
        let wish = Wish::OpenByLink {
            resident,
            digest,
            opening: Box::new(opening),
        };
        let asked = self.ask(&cell, id, wish).await;
        let done = asked.map_err(|refusal| refusal.code)?;
        // An id that was used before is answered with what it did then, which need not be an opening by this device.
        let (is_theirs, owner) = {
            let inner = cell.lock();
            let state = inner.session.as_ref().ok_or(ErrorCode::NoSuchLink)?;
            (state.resident == resident, state.owner.clone())
        };
        if !is_theirs {
            return Err(ErrorCode::LinkUsed);
        }
        tracing::info!(%agency, %session, "a link to report was opened");
        // Its maker may have gone home meanwhile: now there is somebody to be offered to others.
        let known = self.agency(agency);
        if let Some(owner) = owner
            && known.is_some_and(|known| known.role_now(&owner).is_none())
        {
            self.note(&cell, GatewayCommand::ConsoleLost { owner });
        }
        Ok((cell, done))
    }
}

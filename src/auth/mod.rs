//! Identity: who somebody is, proved by a passphrase, a signed token or a device key.
//!
//! Owns: staff accounts, tokens and the check of device keys. Must not: decide what somebody may do (that is
//! `callbox_domain::access`). Called by: `transport` (hello), `http` (sign-in, uploads, photos), `app` (set-up).
//!
//! Other ways of proving a person (OIDC, passkeys) come in behind [`SignIn`]: they too end in a staff token.

pub mod device;
pub mod staff;
pub mod tokens;

use async_trait::async_trait;
use callbox_domain::access::{Access, Route, allowed};
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, CommandId, SessionId, StaffId};
use callbox_proto::vocabulary::Role;

/// A proved member of an agency's staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffIdentity {
    /// Whose.
    pub agency: AgencyId,
    /// Who.
    pub staff: StaffId,
    /// Name on the screen.
    pub name: String,
    /// Role.
    pub role: Role,
}

impl StaffIdentity {
    /// The wallboard that this person opens, which has nobody's name; `None` for somebody who may open none.
    #[must_use]
    pub fn wallboard(self) -> Option<Self> {
        let may = allowed(self.role, Route::OpenWallboard.action()) != Access::Never;
        may.then(|| Self {
            name: String::new(),
            role: Role::Wallboard,
            ..self
        })
    }
}

/// A link for responders that somebody opened: what their token stands for. It is nobody's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponderPass {
    /// Whose session it leads to.
    pub agency: AgencyId,
    /// The session.
    pub session: SessionId,
    /// The link.
    pub link: CommandId,
}

/// Proves a person by name and passphrase.
#[async_trait]
pub trait SignIn: Send + Sync + 'static {
    /// Who that is.
    ///
    /// # Errors
    /// [`ErrorCode::SignInRefused`] for a wrong name or passphrase (which one is not told), [`ErrorCode::SignInSlowed`]
    /// after too many wrong ones.
    async fn sign_in(
        &self,
        agency: &AgencyId,
        name: &StaffId,
        passphrase: &str,
    ) -> Result<StaffIdentity, ErrorCode>;

    /// Whether somebody who signed in earlier still may: their identity as it is now.
    fn still(&self, agency: &AgencyId, staff: &StaffId) -> Option<StaffIdentity>;

    /// Whom a token stands for now: a token outlives a change of role or an account that is gone, and the account decides. A
    /// wallboard lasts as long as the account of whoever opened it may open one.
    fn stands_for(&self, claimed: &StaffIdentity) -> Option<StaffIdentity> {
        let person = self.still(&claimed.agency, &claimed.staff)?;
        if claimed.role == Role::Wallboard {
            person.wallboard()
        } else {
            Some(person)
        }
    }
}

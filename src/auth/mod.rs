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
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, StaffId};
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
}

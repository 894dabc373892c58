//! An agency's people, whatever way they were proved.
//!
//! Owns: asking the right one whom a token stands for now. Must not: prove anybody itself. Called by: `http` and `transport` through
//! [`SignIn`].

use std::sync::Arc;

use async_trait::async_trait;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, StaffId};
use callbox_proto::vocabulary::{Millis, Role};

use super::provider::Providers;
use super::staff::Accounts;
use super::{SignIn, SignedInBy, StaffIdentity};
use crate::clock::Clock;

/// How long a wallboard lasts that was opened by somebody from a provider, in ms: a week. It hangs in a room, shows no names and may do
/// nothing; longer than a shift, because nobody sits at it, and not for ever, because nobody there can be asked.
const WALLBOARD_LASTS_MS: u64 = 7 * 24 * 3_600_000;

/// Those with an account here, and those who come from a provider.
pub struct People {
    accounts: Accounts,
    providers: Arc<Providers>,
    clock: Arc<dyn Clock>,
}

impl People {
    /// From both.
    #[must_use]
    pub fn new(accounts: Accounts, providers: Arc<Providers>, clock: Arc<dyn Clock>) -> Self {
        Self {
            accounts,
            providers,
            clock,
        }
    }
}

#[async_trait]
impl SignIn for People {
    async fn sign_in(
        &self,
        agency: &AgencyId,
        name: &StaffId,
        passphrase: &str,
    ) -> Result<StaffIdentity, ErrorCode> {
        self.accounts.sign_in(agency, name, passphrase).await
    }

    fn still(&self, agency: &AgencyId, staff: &StaffId) -> Option<StaffIdentity> {
        self.accounts.still(agency, staff)
    }

    /// Nobody here knows more of somebody from a provider than the token does: it counts until its end, which no renewal moves, and as
    /// long as the agency has a provider.
    fn stands_for(&self, claimed: &StaffIdentity) -> Option<StaffIdentity> {
        match claimed.by {
            SignedInBy::Passphrase => self.accounts.stands_for(claimed),
            SignedInBy::Provider { .. } => {
                let ends_ms = self.ends_ms(claimed)?;
                (self.clock.now_ms() < ends_ms).then(|| claimed.clone())
            }
        }
    }

    fn ends_ms(&self, who: &StaffIdentity) -> Option<Millis> {
        let at_ms = who.by.provider_s()?.saturating_mul(1_000);
        let Some(provider) = self.providers.of(&who.agency) else {
            return Some(0);
        };
        let lasts_ms = match who.role {
            Role::Wallboard => WALLBOARD_LASTS_MS,
            _ => provider.lasts_ms(),
        };
        Some(at_ms.saturating_add(lasts_ms))
    }
}

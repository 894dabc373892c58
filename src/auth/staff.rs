//! Staff accounts with passphrases.
//!
//! Owns: names with their passphrases, verified with argon2, and slowing down whoever guesses. Must not: print a passphrase.
//! Called by: `http` through [`SignIn`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use async_trait::async_trait;
use callbox_proto::error::ErrorCode;
use callbox_proto::ids::{AgencyId, StaffId};
use tokio::sync::Semaphore;

use super::{SignIn, StaffIdentity};
use crate::clock::Clock;
use crate::config::Passphrase;
use crate::node::lock;

/// Wrong passphrases for one name before a pause begins. Fat fingers at 4 a.m. take three or four.
const FREE_TRIES: u32 = 5;
/// Pause after that, in ms; doubles with each further wrong one up to the longest.
const FIRST_PAUSE_MS: u64 = 1_000;
/// Longest pause, in ms. A person is never locked out for good: that would let anybody lock a console.
const LONGEST_PAUSE_MS: u64 = 30_000;
/// Passphrases hashed at once: each takes 19 MiB and some 20 ms of a core.
const HASHING_AT_ONCE: usize = 2;
/// Longest passphrase, in bytes.
const PASSPHRASE_MAX_BYTES: usize = 1_024;

/// The accounts.
pub struct Accounts {
    people: HashMap<(AgencyId, StaffId), Account>,
    wrong: Mutex<HashMap<(AgencyId, StaffId), Wrong>>,
    hashing: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    /// Verified for names that do not exist, so that they take as long.
    nobody: Arc<Secret>,
}

struct Account {
    identity: StaffIdentity,
    secret: Arc<Secret>,
}

/// A passphrase of the configuration, hashed when somebody first signs in with its name: a dozen hashes would be nearly all that a
/// start of the gateway costs. That first try, right or wrong, takes as long as two.
struct Secret {
    passphrase: Passphrase,
    hash: OnceLock<PasswordHash>,
}

impl Secret {
    fn new(passphrase: Passphrase) -> Arc<Self> {
        let hash = OnceLock::new();
        Arc::new(Self { passphrase, hash })
    }

    /// Whether this is it. Takes 19 MiB and some 20 ms.
    fn is(&self, passphrase: &str) -> Result<bool, ErrorCode> {
        let hash = match self.hash.get() {
            Some(hash) => hash,
            None => {
                let made = Argon2::default().hash_password(self.passphrase.expose().as_bytes());
                let made = made.map_err(|error| {
                    tracing::error!(%error, "a passphrase cannot be hashed");
                    ErrorCode::Internal
                })?;
                // Two who try at once make two; the first one stays.
                self.hash.get_or_init(|| made)
            }
        };
        let verified = Argon2::default().verify_password(passphrase.as_bytes(), hash);
        Ok(verified.is_ok())
    }
}

#[derive(Default)]
struct Wrong {
    tries: u32,
    until_ms: u64,
}

impl Accounts {
    /// No accounts yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            people: HashMap::new(),
            wrong: Mutex::default(),
            hashing: Arc::new(Semaphore::new(HASHING_AT_ONCE)),
            clock,
            nobody: Secret::new(Passphrase::new("nobody's passphrase")),
        }
    }

    /// Adds an account.
    pub fn add(&mut self, identity: StaffIdentity, passphrase: Passphrase) {
        let key = (identity.agency.clone(), identity.staff.clone());
        let secret = Secret::new(passphrase);
        self.people.insert(key, Account { identity, secret });
    }

    fn pause(&self, key: &(AgencyId, StaffId)) -> bool {
        let now_ms = self.clock.monotonic_ms();
        lock(&self.wrong)
            .get(key)
            .is_some_and(|wrong| wrong.until_ms > now_ms)
    }

    fn was_wrong(&self, key: &(AgencyId, StaffId)) {
        if !self.people.contains_key(key) {
            return;
        }
        let now_ms = self.clock.monotonic_ms();
        let mut all = lock(&self.wrong);
        let wrong = all.entry(key.clone()).or_default();
        wrong.tries += 1;
        if let Some(over) = wrong.tries.checked_sub(FREE_TRIES) {
            let pause_ms = FIRST_PAUSE_MS
                .saturating_mul(1 << over.min(10))
                .min(LONGEST_PAUSE_MS);
            wrong.until_ms = now_ms + pause_ms;
        }
    }

    async fn verify(&self, secret: Arc<Secret>, passphrase: String) -> Result<bool, ErrorCode> {
        if self.hashing.available_permits() == 0 {
            metrics::counter!("callbox_sign_in_waits_total").increment(1);
        }
        let permit = Arc::clone(&self.hashing)
            .acquire_owned()
            .await
            .map_err(|_| ErrorCode::GoingDown)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            secret.is(&passphrase)
        })
        .await
        .map_err(|_| ErrorCode::Internal)?
    }
}

#[async_trait]
impl SignIn for Accounts {
    async fn sign_in(
        &self,
        agency: &AgencyId,
        name: &StaffId,
        passphrase: &str,
    ) -> Result<StaffIdentity, ErrorCode> {
        let key = (agency.clone(), name.clone());
        if self.pause(&key) {
            return Err(ErrorCode::SignInSlowed);
        }
        if passphrase.len() > PASSPHRASE_MAX_BYTES {
            return Err(ErrorCode::SignInRefused);
        }
        let account = self.people.get(&key);
        let secret = account.map_or(&self.nobody, |account| &account.secret);
        let right = self
            .verify(Arc::clone(secret), passphrase.to_owned())
            .await?;
        match account.filter(|_| right) {
            Some(account) => {
                lock(&self.wrong).remove(&key);
                Ok(account.identity.clone())
            }
            None => {
                self.was_wrong(&key);
                Err(ErrorCode::SignInRefused)
            }
        }
    }

    fn still(&self, agency: &AgencyId, staff: &StaffId) -> Option<StaffIdentity> {
        let account = self.people.get(&(agency.clone(), staff.clone()))?;
        Some(account.identity.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::SignedInBy;
    use crate::clock::ManualClock;
    use callbox_proto::vocabulary::Role;

    fn accounts(clock: &Arc<ManualClock>) -> Accounts {
        let mut accounts = Accounts::new(Arc::clone(clock) as Arc<dyn Clock>);
        let tina = StaffIdentity {
            agency: "demo.example".parse().unwrap(),
            staff: "tina".parse().unwrap(),
            name: "Tina".to_owned(),
            role: Role::Telecommunicator,
            by: SignedInBy::Passphrase,
        };
        accounts.add(tina, Passphrase::new("correct"));
        accounts
    }

    #[test]
    fn a_wallboard_lasts_as_long_as_a_supervisors_account() {
        let clock = Arc::new(ManualClock::at(0));
        let mut accounts = accounts(&clock);
        let of = |staff: &str, role| StaffIdentity {
            agency: "demo.example".parse().unwrap(),
            staff: staff.parse().unwrap(),
            name: staff.to_owned(),
            role,
            by: SignedInBy::Passphrase,
        };
        let wall = of("sue", Role::Wallboard);
        assert_eq!(accounts.stands_for(&wall), None, "there is no such account");
        accounts.add(of("sue", Role::Supervisor), Passphrase::new("correct"));
        let now = accounts.stands_for(&wall).unwrap();
        assert_eq!((now.role, now.name.as_str()), (Role::Wallboard, ""));
        assert_eq!(accounts.stands_for(&of("tina", Role::Wallboard)), None);
        let tina = accounts.stands_for(&of("tina", Role::Supervisor)).unwrap();
        assert_eq!(tina.role, Role::Telecommunicator, "the account decides");
    }

    #[tokio::test]
    async fn the_right_passphrase_signs_in_and_a_wrong_one_or_name_does_not() {
        let accounts = accounts(&Arc::new(ManualClock::at(0)));
        let (demo, other) = (
            "demo.example".parse().unwrap(),
            "other.example".parse().unwrap(),
        );
        let (tina, tim) = ("tina".parse().unwrap(), "tim".parse().unwrap());
        assert!(accounts.sign_in(&demo, &tina, "correct").await.is_ok());
        let refused = Err(ErrorCode::SignInRefused);
        assert_eq!(accounts.sign_in(&demo, &tina, "wrong").await, refused);
        assert_eq!(accounts.sign_in(&demo, &tim, "correct").await, refused);
        assert_eq!(accounts.sign_in(&other, &tina, "correct").await, refused);
    }

    #[tokio::test]
    async fn guessing_is_slowed_and_never_locks_somebody_out_for_good() {
        let clock = Arc::new(ManualClock::at(0));
        let accounts = accounts(&clock);
        let (demo, tina) = ("demo.example".parse().unwrap(), "tina".parse().unwrap());
        for _ in 0..FREE_TRIES {
            assert!(accounts.sign_in(&demo, &tina, "wrong").await.is_err());
        }
        let slowed = accounts.sign_in(&demo, &tina, "correct").await;
        assert_eq!(slowed, Err(ErrorCode::SignInSlowed));
        clock.pass(LONGEST_PAUSE_MS);
        assert!(accounts.sign_in(&demo, &tina, "correct").await.is_ok());
    }
}

//! Ids and seeded choices.

use callbox_proto::ids::CommandId;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Environment variable that repeats a run.
const SEED_VARIABLE: &str = "CALLBOX_TEST_SEED";

/// A command id that was never used.
pub fn fresh() -> CommandId {
    CommandId::from_u128(bits()).expect("not zero")
}

fn bits() -> u128 {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).expect("randomness");
    u128::from_be_bytes(bytes).max(1)
}

/// Choices that a printed number repeats (splitmix64).
#[derive(Debug, Clone)]
pub struct Seed(u64);

impl Seed {
    /// The seed of the environment, or a new one; printed, so that a failure can be run again.
    pub fn printed(test: &str) -> Self {
        let given = std::env::var(SEED_VARIABLE)
            .ok()
            .and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| bits() as u64);
        println!("{test}: {SEED_VARIABLE}={seed} repeats this run");
        Self(seed)
    }

    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` to just under `to`.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from)
    }

    /// A further source of choices that does not depend on how many are drawn from this one later.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }
}

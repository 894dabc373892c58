//! Names of keys and channels.
//!
//! Owns: the layout, told to operators in `docs/backbone-redis.md`. Must not: speak to a server. Called by: everything here
//! that does.

use std::fmt;

use callbox_proto::ids::{AgencyId, CommandId, SessionId};

/// Slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;

/// Makes the keys of one prefix.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
}

/// The keys of one agency: all in one slot, by the tag in braces.
#[derive(Debug, Clone)]
pub(super) struct AgencyKeys {
    /// `prefix:{agency}:`
    base: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    pub(super) fn agency(&self, agency: &AgencyId) -> AgencyKeys {
        AgencyKeys {
            base: format!("{}:{{{agency}}}:", self.prefix),
        }
    }

    /// The agency of a session, so that a session is found by its id alone.
    pub(super) fn agency_of(&self, session: SessionId) -> String {
        format!("{}:agency:{session}", self.prefix)
    }

    /// The leases: who holds them, their deadlines, and the counter of epochs.
    pub(super) fn leases(&self) -> [String; 3] {
        let base = format!("{}:{{leases}}", self.prefix);
        [
            format!("{base}:held"),
            format!("{base}:deadlines"),
            format!("{base}:epochs"),
        ]
    }

    /// The mark of this tier: made once, gone if the tier comes back without what it held.
    pub(super) fn epoch(&self) -> String {
        format!("{}:epoch", self.prefix)
    }

    /// Which agency a channel is the bell of.
    pub(super) fn agency_of_bell(&self, channel: &[u8]) -> Option<AgencyId> {
        let text = std::str::from_utf8(channel).ok()?;
        text.strip_prefix(self.prefix.as_str())?
            .strip_prefix(":{")?
            .strip_suffix("}:bell")?
            .parse()
            .ok()
    }
}

impl AgencyKeys {
    /// What the hashes of sessions begin with.
    pub(super) fn sessions(&self) -> String {
        format!("{}session:", self.base)
    }

    pub(super) fn session(&self, session: SessionId) -> String {
        format!("{}session:{session}", self.base)
    }

    pub(super) fn log(&self, session: SessionId) -> String {
        format!("{}log:{session}", self.base)
    }

    /// A copy of a log on its way; every attempt to make one has its own.
    pub(super) fn copy(&self, session: SessionId, attempt: u64) -> String {
        format!("{}copy:{session}:{attempt:016x}", self.base)
    }

    pub(super) fn index(&self) -> String {
        format!("{}index", self.base)
    }

    pub(super) fn open(&self) -> String {
        format!("{}open", self.base)
    }

    pub(super) fn figures(&self) -> String {
        format!("{}figures", self.base)
    }

    pub(super) fn claims(&self) -> String {
        format!("{}claims", self.base)
    }

    pub(super) fn bell(&self) -> String {
        format!("{}bell", self.base)
    }

    /// Written before every WAIT, so that there is a write of this connection to wait for.
    pub(super) fn beat(&self) -> String {
        format!("{}beat", self.base)
    }
}

/// The field of a session's hash that holds a command's place.
pub(super) struct CommandField(pub(super) CommandId);

impl fmt::Display for CommandField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c:{}", self.0)
    }
}

/// The slot of a key: CRC-16 (XMODEM) of what stands between the first braces, or of all of it.
pub(super) fn slot(key: &str) -> u16 {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.is_empty())
        .unwrap_or(key);
    let crc = tag.bytes().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            let shifted = crc << 1;
            if crc & 0x8000 == 0 {
                shifted
            } else {
                shifted ^ 0x1021
            }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_cluster_specification() {
        assert_eq!(slot("123456789"), 0x31c3 % SLOTS);
        assert_eq!(slot("foo"), 12182);
        assert_eq!(slot("{user1000}.following"), slot("{user1000}.followers"));
        assert_eq!(slot("foo{{bar}}zap"), slot("{bar"));
    }

    #[test]
    fn all_keys_of_an_agency_share_a_slot() {
        let agency: AgencyId = "demo.example".parse().unwrap();
        let session = SessionId::from_u128(7).unwrap();
        let keys = Keys::new("callbox");
        let of = keys.agency(&agency);
        let all = [
            of.session(session),
            of.log(session),
            of.copy(session, 9),
            of.index(),
            of.open(),
            of.figures(),
            of.claims(),
            of.bell(),
        ];
        assert!(all.iter().all(|key| slot(key) == slot("demo.example")));
        assert!(of.session(session).starts_with(&of.sessions()));
        assert_eq!(
            keys.agency_of_bell(of.bell().as_bytes()),
            Some(agency.clone())
        );
        assert_eq!(
            Keys::new("other").agency_of_bell(of.bell().as_bytes()),
            None
        );
    }
}

//! Section `agency`: who answers here, how fast, and the identities of the demo.

use serde::{Deserialize, Serialize};

use super::Passphrase;

/// The agency served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agency {
    /// The agency's id, a domain name. Default `demo.example`. Logs and records carry it: choose it once.
    pub id: String,
    /// The name that residents read above their report.
    pub name: String,
    /// The number of the emergency link on every resident's page. Default `911`.
    pub emergency_number: String,
    /// The neutral page that quick exit leads to. Default a weather site, as it looks ordinary in a history.
    pub exit_url: String,
    /// Targets for the time to answer, shown on the wall board. Defaults after NENA-STA-020.1.
    pub answer_targets: Vec<AnswerTarget>,
    /// Identities for trying the gateway.
    pub demo: Demo,
}

/// A share of sessions that should be answered within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerTarget {
    /// Seconds from entering the queue to the answer.
    pub within_s: u64,
    /// Share in percent.
    pub percent: u8,
}

/// The demo: people with published passphrases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Demo {
    /// Whether the demo's people can sign in. Default true, on the loopback address only. Switch it off as soon as
    /// the agency has its own people.
    pub enabled: bool,
    /// Whether the demo's people can sign in from elsewhere too. Default false: their passphrases are public.
    pub allow_remote: bool,
    /// The demo's people.
    pub users: Vec<DemoUser>,
}

/// One person of the demo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoUser {
    /// Sign-in name.
    pub name: String,
    /// What the person may do.
    pub role: DemoRole,
    /// Passphrase. Never printed except in the welcome text of a demo.
    pub passphrase: Passphrase,
}

/// What a person of the demo may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DemoRole {
    /// Answers sessions.
    Telecommunicator,
    /// Watches queues and people.
    Supervisor,
    /// Changes settings.
    Administrator,
    /// Reads the audit.
    Auditor,
}

impl DemoRole {
    /// The word for it, as on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Telecommunicator => "telecommunicator",
            Self::Supervisor => "supervisor",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
        }
    }
}

impl Default for Agency {
    fn default() -> Self {
        Self {
            id: "demo.example".to_owned(),
            name: "Demo Emergency Communications".to_owned(),
            emergency_number: "911".to_owned(),
            exit_url: "https://www.weather.gov/".to_owned(),
            answer_targets: vec![
                AnswerTarget {
                    within_s: 15,
                    percent: 90,
                },
                AnswerTarget {
                    within_s: 20,
                    percent: 95,
                },
            ],
            demo: Demo::default(),
        }
    }
}

impl Default for Demo {
    fn default() -> Self {
        let user = |name: &str, role, passphrase: &str| DemoUser {
            name: name.to_owned(),
            role,
            passphrase: Passphrase::new(passphrase),
        };
        Self {
            enabled: true,
            allow_remote: false,
            users: vec![
                user("tina", DemoRole::Telecommunicator, "maple-harbor-lantern-1"),
                user("tom", DemoRole::Telecommunicator, "maple-harbor-lantern-2"),
                user("sue", DemoRole::Supervisor, "maple-harbor-lantern-3"),
                user("ada", DemoRole::Administrator, "maple-harbor-lantern-4"),
                user("olga", DemoRole::Auditor, "maple-harbor-lantern-5"),
            ],
        }
    }
}

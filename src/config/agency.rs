//! Section `agency` and the list `agencies`: who answers here, how fast, and the identities of the demo.
//!
//! Owns: their keys and defaults. Must not: sign anybody in, or hold an identity that is not of the demo. Read by: `app`, for the agencies' policies and
//! the demo's accounts.

use std::path::PathBuf;

use callbox_domain::Sentence;
use callbox_domain::policy::REPORT_LINK_MS;
use callbox_domain::suspicion::Area;
use callbox_proto::vocabulary::Role;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Field, Map, Passphrase, SignIn, WebOrigin};

/// One agency that is served.
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
    /// What this reaches, in a sentence above every resident's report: once, or by language with English among them.
    pub banner: Sentence,
    /// A name of its own for the agency's pages: at this origin `/` is this agency's. Unset: the pages are at `/a/<id>/`, and
    /// those of `[agency]` at `/` of every other name. It is always allowed as `Origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_origin: Option<WebOrigin>,
    /// The agency's own rules of triage. Unset: those of `triage.rules_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules_file: Option<PathBuf>,
    /// The area that the agency answers for. Unset: no place speaks against a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<Area>,
    /// Where the map of its people stands, and what is behind it.
    pub map: Map,
    /// Its own questions to whoever reports. Default none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Seconds that a link with which somebody reports lives, until it is opened. Default 1,800: a call, and time to find the message.
    pub report_link_s: u64,
    /// Seconds after which a sound that nobody at the console has acknowledged comes again, for priorities 1 to 5. Default 10 for
    /// priority 1, else 30: oftener tires whoever hears it for twelve hours.
    pub sound_repeat_s: [u64; 5],
    /// How long evidence is kept.
    pub retention: Retention,
    /// The queues sessions wait in.
    pub queues: Vec<Queue>,
    /// The queue of sessions for which no rule of triage names another one. Default `emergency`.
    pub default_queue: String,
    /// Identities for trying the gateway.
    pub demo: Demo,
    /// The provider at which the agency's own people sign in. Unset: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignIn>,
}

/// How long evidence of closed sessions is kept, each kind by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Days after its end that a session's photos are kept: then originals, copies and previews are destroyed, unless a hold stands. 1 to
    /// 36,500. Unset: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photos_days: Option<u32>,
    /// Days after its end that what was written in a session is kept, and where people were: then it is destroyed, unless a hold stands. 1
    /// to 36,500. Unset: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words_days: Option<u32>,
}

/// A queue and what its people should reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Its id: 1 to 61 characters out of `a-z 0-9 . _ -`. Logs and rules carry it.
    pub id: String,
    /// Its name on the screen.
    pub name: String,
    /// Target wait in seconds for priorities 1 to 5. With the time of entry it makes the deadline by which sessions are
    /// ordered. Default 10, 15, 30, 120, 300: NENA-STA-020.1 asks for 15 s in 90 % of emergency calls.
    #[serde(default = "default_targets_s")]
    pub targets_s: [u64; 5],
    /// Share in percent to be answered within the target. Default 90, as NENA-STA-020.1.
    #[serde(default = "default_target_share_percent")]
    pub target_share_percent: u8,
}

const fn default_targets_s() -> [u64; 5] {
    [10, 15, 30, 120, 300]
}

const fn default_target_share_percent() -> u8 {
    90
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
    pub role: StaffRole,
    /// Passphrase. Never printed except in the welcome text of a demo.
    pub passphrase: Passphrase,
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaffRole {
    /// Answers sessions.
    Telecommunicator,
    /// Watches queues and people.
    Supervisor,
    /// Changes settings.
    Administrator,
    /// Reads the audit.
    Auditor,
}

impl StaffRole {
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

    /// The same on the wire.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Telecommunicator => Role::Telecommunicator,
            Self::Supervisor => Role::Supervisor,
            Self::Administrator => Role::Administrator,
            Self::Auditor => Role::Auditor,
        }
    }
}

impl Default for Agency {
    fn default() -> Self {
        Self {
            id: "demo.example".to_owned(),
            name: "Demo Emergency Communications".to_owned(),
            emergency_number: default_emergency_number(),
            exit_url: default_exit_url(),
            banner: Sentence::from([
                (
                    "ar",
                    "تصل هذه الصفحة إلى مركز طوارئ تجريبي. لن يُرسَل أحد: إنها للتجربة فقط.",
                ),
                (
                    "en",
                    "This reaches the demo dispatch centre. Nobody is sent: it is for trying only.",
                ),
                (
                    "es",
                    "Esta página llega al centro de emergencias de demostración. No se envía a nadie: es solo para probar.",
                ),
                (
                    "fr",
                    "Cette page mène au centre d’urgence de démonstration. Aucun secours n’est envoyé : c’est seulement pour essayer.",
                ),
            ]),
            public_origin: None,
            rules_file: None,
            area: None,
            map: Map::default(),
            fields: Vec::new(),
            report_link_s: default_report_link_s(),
            sound_repeat_s: default_sound_repeat_s(),
            retention: Retention::default(),
            queues: default_queues(),
            default_queue: default_queue(),
            demo: Demo::default(),
            sign_in: None,
        }
    }
}

/// An agency of `[[agencies]]` as it is written: what residents read must be said, because a default would be another
/// agency's, and nobody with a public passphrase can sign in unless that is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FurtherAgency {
    id: String,
    name: String,
    #[serde(default = "default_emergency_number")]
    emergency_number: String,
    #[serde(default = "default_exit_url")]
    exit_url: String,
    banner: Sentence,
    #[serde(default)]
    public_origin: Option<WebOrigin>,
    #[serde(default)]
    rules_file: Option<PathBuf>,
    #[serde(default)]
    area: Option<Area>,
    #[serde(default)]
    map: Map,
    #[serde(default)]
    fields: Vec<Field>,
    #[serde(default = "default_report_link_s")]
    report_link_s: u64,
    #[serde(default = "default_sound_repeat_s")]
    sound_repeat_s: [u64; 5],
    #[serde(default)]
    retention: Retention,
    #[serde(default = "default_queues")]
    queues: Vec<Queue>,
    #[serde(default = "default_queue")]
    default_queue: String,
    #[serde(default = "no_demo")]
    demo: Demo,
    #[serde(default)]
    sign_in: Option<SignIn>,
}

impl From<FurtherAgency> for Agency {
    fn from(written: FurtherAgency) -> Self {
        Self {
            id: written.id,
            name: written.name,
            emergency_number: written.emergency_number,
            exit_url: written.exit_url,
            banner: written.banner,
            public_origin: written.public_origin,
            rules_file: written.rules_file,
            area: written.area,
            map: written.map,
            fields: written.fields,
            report_link_s: written.report_link_s,
            sound_repeat_s: written.sound_repeat_s,
            retention: written.retention,
            queues: written.queues,
            default_queue: written.default_queue,
            demo: written.demo,
            sign_in: written.sign_in,
        }
    }
}

/// Reads `[[agencies]]`.
pub(super) fn further<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<Agency>, D::Error> {
    let written = Vec::<FurtherAgency>::deserialize(reader)?;
    Ok(written.into_iter().map(Agency::from).collect())
}

fn default_emergency_number() -> String {
    "911".to_owned()
}

fn default_exit_url() -> String {
    "https://www.weather.gov/".to_owned()
}

const fn default_report_link_s() -> u64 {
    REPORT_LINK_MS / 1_000
}

const fn default_sound_repeat_s() -> [u64; 5] {
    [10, 30, 30, 30, 30]
}

fn default_queues() -> Vec<Queue> {
    vec![
        queue("emergency", "Emergency"),
        queue("police", "Police"),
        queue("fire-medical", "Fire and medical"),
        queue("information", "Information"),
    ]
}

fn default_queue() -> String {
    "emergency".to_owned()
}

fn no_demo() -> Demo {
    Demo {
        enabled: false,
        ..Demo::default()
    }
}

fn queue(id: &str, name: &str) -> Queue {
    Queue {
        id: id.to_owned(),
        name: name.to_owned(),
        targets_s: default_targets_s(),
        target_share_percent: default_target_share_percent(),
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
                user("tina", StaffRole::Telecommunicator, "demo-tina-911"),
                user("tom", StaffRole::Telecommunicator, "demo-tom-911"),
                user("sue", StaffRole::Supervisor, "demo-sue-911"),
                user("sam", StaffRole::Supervisor, "demo-sam-911"),
                user("ada", StaffRole::Administrator, "demo-ada-911"),
                user("olga", StaffRole::Auditor, "demo-olga-911"),
            ],
        }
    }
}

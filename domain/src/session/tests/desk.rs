//! One session on a desk: commands go in, events are decided, applied and kept.

use callbox_proto::command::{Opening, ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event, Stored};
use callbox_proto::field::{FieldInfo, FieldKind, FieldOption, Labels};
use callbox_proto::ids::{CommandId, IncidentId, ResidentId, StaffId};
use callbox_proto::message::QueueInfo;
use callbox_proto::vocabulary::{Category, Location, LocationMethod, Role};

use crate::policy::Policy;
use crate::session::{
    Command, Context, GatewayCommand, PhotoFetch, Refusal, Session, decide, make_link, open,
};

/// When every session of the tests opens.
pub const OPENED_MS: u64 = 1_700_000_000_000;
pub const MAIN_TARGETS_MS: [u64; 5] = [10_000, 15_000, 60_000, 120_000, 600_000];
pub const FIRE_TARGETS_MS: [u64; 5] = [5_000, 10_000, 20_000, 40_000, 80_000];

const RULES: &str = r#"
version = "test-1"
[defaults]
fire = 2
[[rule]]
id = "no-breath"
because = "does not breathe"
priority = 1
words.en = ["not breathing"]
[[rule]]
id = "smoke"
because = "smoke"
priority = 2
queue = "fire"
words.en = ["smoke"]
[[rule]]
id = "question"
because = "a question"
priority = 5
words.en = ["opening hours"]
"#;

pub fn policy() -> Policy {
    let queue = |name: &str, targets_ms| QueueInfo {
        queue: name.parse().unwrap(),
        name: name.to_owned(),
        targets_ms,
        target_share_percent: 90,
    };
    let queues = vec![
        queue("main", MAIN_TARGETS_MS),
        queue("fire", FIRE_TARGETS_MS),
    ];
    let policy = Policy::new(
        queues,
        "main".parse().unwrap(),
        toml::from_str(RULES).unwrap(),
    );
    policy.unwrap().with_fields(fields())
}

/// One question of each kind, the last one for fires.
pub fn fields() -> Vec<FieldInfo> {
    let words = |english: &str, french: &str| -> Labels {
        let both = [("en", english), ("fr", french)];
        both.map(|(tag, words)| (tag.to_owned(), words.to_owned()))
            .into()
    };
    let field = |name: &str, label, answer, categories| FieldInfo {
        field: name.parse().unwrap(),
        label,
        answer,
        categories,
    };
    let ground = FieldOption {
        option: "ground".parse().unwrap(),
        label: words("Ground", "Rez-de-chaussée"),
    };
    let options = vec![ground];
    vec![
        field(
            "building",
            words("Which building?", "Quel bâtiment ?"),
            FieldKind::Text { max_chars: 20 },
            Vec::new(),
        ),
        field(
            "floor",
            words("Which floor?", "Quel étage ?"),
            FieldKind::Choice { options },
            Vec::new(),
        ),
        field(
            "gas",
            words("Do you smell gas?", "Sentez-vous du gaz ?"),
            FieldKind::YesNo {},
            vec![Category::Fire],
        ),
    ]
}

pub fn opening(text: &str) -> Opening {
    Opening {
        category: Category::Other,
        language: "en".to_owned(),
        silent: false,
        device: Default::default(),
        contact: None,
        text: Some(text.to_owned()),
        location: None,
        test: false,
    }
}

pub fn place() -> Location {
    Location {
        latitude: 52.5,
        longitude: 13.4,
        uncertainty_m: 12.0,
        method: LocationMethod::Gnss,
        age_ms: 1_000,
        words: None,
    }
}

pub fn staff(name: &str) -> StaffId {
    name.parse().unwrap()
}

pub fn id(number: u128) -> CommandId {
    CommandId::from_u128(number).unwrap()
}

pub fn incident(number: u128) -> IncidentId {
    IncidentId::from_u128(number).unwrap()
}

/// A session with its log.
#[derive(Clone)]
pub struct Desk {
    pub policy: Policy,
    pub session: Session,
    pub log: Vec<Stored>,
    pub now_ms: u64,
    commands: u128,
}

pub type Decided = Result<Vec<Event>, Refusal>;

impl Desk {
    pub fn open(text: &str) -> Self {
        Self::open_with(policy(), &opening(text)).unwrap()
    }

    pub fn open_with(policy: Policy, opening: &Opening) -> Result<Self, Refusal> {
        let context = Context {
            id: id(1),
            now_ms: OPENED_MS,
            policy: &policy,
        };
        let agency = "demo.example".parse().unwrap();
        let resident = ResidentId::from_u128(7).unwrap();
        let events = open(context, &agency, resident, opening)?;
        let first = stored(OPENED_MS, Actor::Resident, events[0].clone());
        let mut desk = Self {
            policy,
            session: Session::begin(&first).unwrap(),
            log: vec![first],
            now_ms: OPENED_MS,
            commands: 1,
        };
        desk.keep(&Actor::Resident, &events[1..]);
        Ok(desk)
    }

    /// A session that Tina has made a link to.
    pub fn with_link(digest: &str) -> Self {
        Self::try_with_link(digest).unwrap()
    }

    pub fn try_with_link(digest: &str) -> Result<Self, Refusal> {
        let policy = policy();
        let context = Context {
            id: id(1),
            now_ms: OPENED_MS,
            policy: &policy,
        };
        let agency = "demo.example".parse().unwrap();
        let events = make_link(context, &agency, digest)?;
        let tina = Actor::staff(Role::Telecommunicator, staff("tina"));
        let first = stored(OPENED_MS, tina.clone(), events[0].clone());
        let mut desk = Self {
            policy,
            session: Session::begin(&first).unwrap(),
            log: vec![first],
            now_ms: OPENED_MS,
            commands: 1,
        };
        desk.keep(&tina, &events[1..]);
        Ok(desk)
    }

    /// A device opens the session with the secret of this digest.
    pub fn opens_by_link(
        &mut self,
        resident: ResidentId,
        digest: &str,
        opening: &Opening,
    ) -> Decided {
        let decided = self.decide(Command::OpenByLink {
            resident,
            digest,
            opening,
        });
        self.kept(&Actor::Resident, decided)
    }

    /// A session that Tina owns.
    pub fn owned() -> Self {
        let mut desk = Self::open("hello");
        desk.by_tina(StaffCommand::Take {}).unwrap();
        desk
    }

    /// A session that Tina has closed.
    pub fn closed() -> Self {
        let mut desk = Self::owned();
        desk.by_tina(close()).unwrap();
        desk
    }

    pub fn later(&mut self, ms: u64) -> &mut Self {
        self.now_ms += ms;
        self
    }

    pub fn by_resident(&mut self, command: ResidentCommand) -> Decided {
        let decided = self.decide(Command::Resident(&command));
        self.kept(&Actor::Resident, decided)
    }

    pub fn by(&mut self, name: &str, role: Role, command: StaffCommand) -> Decided {
        let staff = staff(name);
        let decided = self.decide(Command::Staff {
            staff: &staff,
            role,
            command: &command,
        });
        self.kept(&Actor::staff(role, staff), decided)
    }

    pub fn by_tina(&mut self, command: StaffCommand) -> Decided {
        self.by("tina", Role::Telecommunicator, command)
    }

    pub fn by_sue(&mut self, command: StaffCommand) -> Decided {
        self.by("sue", Role::Supervisor, command)
    }

    /// Somebody opens the link whose secret has this digest.
    pub fn opens_link(&mut self, digest: &str, name: &str) -> Decided {
        let decided = self.decide(Command::OpenLink { digest, name });
        self.kept(&Actor::responder(), decided)
    }

    /// A person fetches an export.
    pub fn fetches_export(&mut self, name: &str, request: CommandId) -> Decided {
        let who = staff(name);
        let decided = self.decide(Command::FetchExport {
            staff: &who,
            request,
        });
        self.kept(&Actor::staff(Role::Supervisor, who), decided)
    }

    /// A person is about to be sent a photo.
    pub fn fetches_photo(&mut self, name: &str, fetch: &PhotoFetch) -> Decided {
        let decided = self.decide(Command::FetchPhoto(fetch));
        self.kept(&Actor::staff(Role::Auditor, staff(name)), decided)
    }

    pub fn by_gateway(&mut self, command: GatewayCommand) -> Vec<Event> {
        let decided = self.decide(Command::Gateway(&command));
        self.kept(&Actor::Gateway, decided).unwrap()
    }

    /// The id of the command that was decided last.
    pub fn last_id(&self) -> CommandId {
        id(self.commands)
    }

    fn decide(&mut self, command: Command<'_>) -> Decided {
        self.commands += 1;
        let context = Context {
            id: id(self.commands),
            now_ms: self.now_ms,
            policy: &self.policy,
        };
        decide(&self.session, context, command)
    }

    fn kept(&mut self, by: &Actor, decided: Decided) -> Decided {
        if let Ok(events) = &decided {
            self.keep(by, events);
        }
        decided
    }

    fn keep(&mut self, by: &Actor, events: &[Event]) {
        for event in events {
            let mut entry = stored(self.now_ms, by.clone(), event.clone());
            entry.resident_prev = self.session.resident_head;
            self.session.apply(self.session.head + 1, &entry);
            self.log.push(entry);
        }
    }
}

fn stored(at_ms: u64, by: Actor, event: Event) -> Stored {
    Stored {
        destroyed: false,
        at_ms,
        by,
        event,
        resident_prev: 0,
    }
}

/// The state as a log alone tells it.
pub fn fold(log: &[Stored]) -> Session {
    let mut session = Session::begin(&log[0]).unwrap();
    for (seq, entry) in (2..).zip(&log[1..]) {
        session.apply(seq, entry);
    }
    session
}

pub fn code(decided: Decided) -> ErrorCode {
    decided.unwrap_err().code
}

pub fn says(text: &str) -> ResidentCommand {
    ResidentCommand::Text {
        text: text.to_owned(),
        age_ms: 0,
    }
}

pub fn announces(size_bytes: u64) -> ResidentCommand {
    ResidentCommand::AnnouncePhoto {
        media_type: "image/jpeg".to_owned(),
        size_bytes,
        preview: None,
        age_ms: 0,
    }
}

pub fn close() -> StaffCommand {
    StaffCommand::Close {
        disposition: callbox_proto::vocabulary::Disposition::AdviceGiven,
        note: "advice".to_owned(),
    }
}

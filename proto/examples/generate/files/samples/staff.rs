//! Samples of what staff send and receive. Entries and most commands are added from the samples of events and commands.

use callbox_proto::command::StaffCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::message::{
    AreaInfo, Board, Colleague, ConfigFigures, ConfigRefusal, DeskInfo, DrainFigures, ErrorMessage,
    FromStaff, LongestWait, MapTiles, MapView, NodeFigures, PersonFigures, QueueFigures, QueueInfo,
    RowPlace, RowRequest, SessionRow, StateFigures, ToStaff,
};
use callbox_proto::vocabulary::{
    AgentReason, AgentState, Category, ConfigFault, Custodial, Medium, NodeState, Priority, Role,
    RuleFired, Rung, Standing, Watchers,
};

use super::resident::{SDP, agency, limits, typed, words};
use super::{Failure, NOW_MS, Named, id, name, samples};

pub fn sent() -> Result<Vec<Named<FromStaff>>, Failure> {
    let session = id(0x5e)?;
    let away = FromStaff::SetAgentState {
        state: AgentState::NotAvailable,
        reason: Some(AgentReason::WrapUp),
    };
    Ok(samples!(FromStaff {
        Hello => ["hello" = FromStaff::Hello { client: "console-web/0.1.0".into(), token: "eyJ.made-up.token".into() }],
        Renew => ["renew" = FromStaff::Renew { token: "eyJ.made-up.token".into() }],
        Register => [
            "register" = FromStaff::Register { queues: vec![name("main")?, name("fire")?] },
            "register_nothing" = FromStaff::Register { queues: Vec::new() },
        ],
        SetAgentState => [
            "set_agent_state" = FromStaff::SetAgentState { state: AgentState::Available, reason: None },
            "set_agent_state_away" = away,
        ],
        TakeNext => ["take_next" = FromStaff::TakeNext { id: id(0xc2)? }],
        MakeReportLink => ["make_report_link" = FromStaff::MakeReportLink { id: id(0xc4)?, digest: super::events::SHA256.into() }],
        Do => ["do" = FromStaff::Do { id: id(0xc1)?, session, command: StaffCommand::Take {} }],
        Follow => ["follow" = FromStaff::Follow { session, after: 0 }],
        Unfollow => ["unfollow" = FromStaff::Unfollow { session }],
        Delivered => ["delivered" = FromStaff::Delivered { session, up_to: 9 }],
        RealTimeText => ["real_time_text" = FromStaff::RealTimeText { session, typed: typed(0, 0, "Help")? }],
        MediaOffer => ["media_offer" = FromStaff::MediaOffer { id: id(0x0ffe5)?, session, sdp: SDP.into(), talk: true }],
        MediaStop => ["media_stop" = FromStaff::MediaStop { session }],
        ListClosed => [
            "list_closed" = FromStaff::ListClosed { id: id(0xc3)?, after: None },
            "list_closed_further" = FromStaff::ListClosed { id: id(0xc3)?, after: Some(session) },
        ],
        Drain => [
            "drain" = FromStaff::Drain { id: id(0xd1)?, node: "east".into(), within_s: 60, per_s: None },
            "drain_at_a_rate" = FromStaff::Drain { id: id(0xd1)?, node: "east".into(), within_s: 600, per_s: Some(50) },
        ],
        Undrain => ["undrain" = FromStaff::Undrain { id: id(0xd2)?, node: "east".into() }],
        Tally => ["tally" = FromStaff::Tally { alarms: 2, exposed_ms: 9_000 }],
        Ping => ["ping" = FromStaff::Ping { n: 1 }],
    }))
}

fn waiting() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        session: id(0x5e)?,
        queue: name("main")?,
        standing: Standing::Waiting,
        priority: Priority::LIFE_AT_RISK,
        rules: vec![RuleFired {
            rule: "smoke-inside".into(),
            priority: Priority::LIFE_AT_RISK,
            because: "smoke inside a building".into(),
        }],
        priority_reason: None,
        category: Category::Fire,
        language: "en".into(),
        silent: false,
        entered_ms: NOW_MS,
        deadline_ms: NOW_MS + 10_000,
        rank: -2_608_046_501_104,
        owner: None,
        reserved_for: None,
        answered_ms: None,
        located: true,
        photos: 1,
        messages: 2,
        live: Vec::new(),
        connected: true,
        quick_exit: false,
        test: false,
        duress: false,
        place: None,
        incident: None,
        contact: None,
        on_hold: false,
        requests: Vec::new(),
        suspicion: None,
        link_ends_ms: None,
    })
}

fn awaited() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        connected: false,
        link_ends_ms: Some(NOW_MS + 1_800_000),
        ..owned()?
    })
}

fn suspected() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        suspicion: Some(super::events::suspicion()),
        ..waiting()?
    })
}

fn abandoned() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        standing: Standing::Abandoned,
        connected: false,
        contact: Some("+1 555 0100".into()),
        ..waiting()?
    })
}

fn placed() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        test: true,
        duress: true,
        place: Some(RowPlace {
            latitude: 40.0001,
            longitude: -99.9998,
            uncertainty_m: 25.0,
            service: true,
        }),
        ..waiting()?
    })
}

fn linked() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        incident: Some(id(0x5f)?),
        on_hold: true,
        requests: vec![RowRequest {
            what: Custodial::Export,
            by: name("sue")?,
            agreed: false,
            ends_ms: NOW_MS + 3_600_000,
        }],
        ..placed()?
    })
}

fn owned() -> Result<SessionRow, Failure> {
    Ok(SessionRow {
        session: id(0x5f)?,
        standing: Standing::Owned,
        priority: Priority::PROMPT,
        priority_reason: Some("Barbecue, confirmed on video".into()),
        rank: 1_790_000_060_000,
        owner: Some(name("tina")?),
        reserved_for: Some(name("tom")?),
        answered_ms: Some(NOW_MS + 4_000),
        live: vec![Medium::Video, Medium::Audio],
        ..waiting()?
    })
}

fn board() -> Result<Board, Failure> {
    let quiet = QueueFigures {
        queue: name("fire")?,
        waiting: 0,
        waiting_by_priority: [0; 5],
        longest_since_ms: None,
        longest: Vec::new(),
        answered: 0,
        answered_in_target: 0,
        abandoned: 0,
        staffed: 0,
    };
    let busy = QueueFigures {
        queue: name("main")?,
        waiting: 3,
        waiting_by_priority: [1, 0, 2, 0, 0],
        longest_since_ms: Some(NOW_MS - 7_000),
        longest: vec![
            LongestWait {
                priority: Priority::LIFE_AT_RISK,
                since_ms: NOW_MS - 3_000,
            },
            LongestWait {
                priority: Priority::PROMPT,
                since_ms: NOW_MS - 7_000,
            },
        ],
        answered: 120,
        answered_in_target: 111,
        abandoned: 4,
        staffed: 2,
    };
    let tina = PersonFigures {
        staff: name("tina")?,
        name: "Tina".into(),
        role: Role::Telecommunicator,
        state: AgentState::Available,
        reason: None,
        since_ms: NOW_MS - 60_000,
        sessions: 1,
        alarms: 4,
        exposed_ms: 95_000,
    };
    let tom = PersonFigures {
        staff: name("tom")?,
        name: "Tom".into(),
        state: AgentState::NotAvailable,
        reason: Some(AgentReason::Break),
        sessions: 0,
        ..tina.clone()
    };
    let config = ConfigFigures {
        version: "3fa9c01b".into(),
        since_ms: NOW_MS - 600_000,
        ..ConfigFigures::default()
    };
    let east = NodeFigures {
        name: "east".into(),
        version: "0.1.0".into(),
        here: true,
        heard_ms: NOW_MS,
        connections: Some(812),
        sessions: Some(640),
        guarantee: "replicated".into(),
        disk_free_bytes: Some(61_000_000_000),
        config: Some(config.clone()),
        ..NodeFigures::default()
    };
    let west = NodeFigures {
        name: "west".into(),
        state: NodeState::Draining,
        here: false,
        heard_ms: NOW_MS - 1_200,
        connections: Some(120),
        guarantee: "island".into(),
        because: Some(
            "island: the shared tier does not answer; stored means on this node's disk".into(),
        ),
        kept: 41,
        kept_since_ms: Some(NOW_MS - 9_000),
        drain: Some(DrainFigures {
            began_with: 790,
            per_s: 50,
            left_ms: 41_000,
        }),
        differs: vec!["triage".into()],
        config: Some(ConfigFigures {
            needs_restart: vec!["session.heartbeat_s".into()],
            refused: Some(ConfigRefusal {
                at_ms: NOW_MS - 4_000,
                place: "callbox.toml:12".into(),
                key: Some("agency.exit_url".into()),
                fault: ConfigFault::OutOfBounds,
            }),
            ..config
        }),
        ..east.clone()
    };
    let north = NodeFigures {
        name: "north".into(),
        version: "0.1.0".into(),
        state: NodeState::Gone,
        heard_ms: NOW_MS - 90_000,
        guarantee: "replicated".into(),
        ..NodeFigures::default()
    };
    Ok(Board {
        now_ms: NOW_MS,
        queues: vec![busy, quiet],
        people: vec![tina, tom],
        states: vec![
            StateFigures {
                reason: None,
                people: 1,
            },
            StateFigures {
                reason: Some(AgentReason::Break),
                people: 1,
            },
        ],
        guarantee: "replicated".into(),
        nodes: vec![east, west, north],
    })
}

pub fn received() -> Result<Vec<Named<ToStaff>>, Failure> {
    let session = id(0x5e)?;
    let queue = QueueInfo {
        queue: name("main")?,
        name: "Main".into(),
        targets_ms: [10_000, 15_000, 20_000, 60_000, 300_000],
        target_share_percent: 90,
    };
    let desk = DeskInfo {
        sound_repeat_ms: [10_000, 30_000, 30_000, 30_000, 60_000],
        area: Some(AreaInfo {
            latitude: 37.1,
            longitude: -94.9,
            radius_km: 40.0,
        }),
        map_view: Some(MapView {
            latitude: 37.1,
            longitude: -94.9,
            zoom: 11,
        }),
        map_tiles: Some(MapTiles {
            template: "https://tiles.example/{z}/{x}/{y}.png".into(),
            max_zoom: 18,
            attribution: "Example maps".into(),
        }),
        rule_reasons: vec![words("smoke inside a building", "fumée dans un bâtiment")],
    };
    let mut taken = ErrorMessage::new(Some(id(0xc1)?), ErrorCode::AlreadyTaken);
    taken.owner = Some(name("tom")?);
    Ok(samples!(ToStaff {
        Welcome => ["welcome" = ToStaff::Welcome {
            connection: id(0xc0e)?,
            now_ms: NOW_MS,
            heartbeat_ms: 2_000,
            agency: agency()?,
            staff: name("tina")?,
            name: "Tina".into(),
            role: Role::Telecommunicator,
            queues: vec![queue.clone()],
            desk: Some(desk.clone()),
            limits: limits(),
        }],
        AgencyChanged => ["agency_changed" = ToStaff::AgencyChanged {
            agency: agency()?,
            queues: vec![queue],
            desk: DeskInfo {
                area: None,
                map_view: None,
                map_tiles: None,
                rule_reasons: Vec::new(),
                ..desk
            },
        }],
        Receipt => ["receipt" = ToStaff::Receipt { id: id(0xc2)?, session, rung: Rung::Safe, first: 6, last: 6 }],
        Sessions => ["sessions" = ToStaff::Sessions {
            version: 41,
            rows: vec![waiting()?, owned()?],
            waiting: 1,
            owned: 1,
            abandoned: 0,
            island: false,
        }],
        SessionsChanged => ["sessions_changed" = ToStaff::SessionsChanged {
            prev: 41,
            version: 43,
            changed: vec![waiting()?],
            gone: vec![id(0x5f)?],
            waiting: 1,
            owned: 0,
            abandoned: 0,
            island: true,
        }],
        History => ["history" = ToStaff::History { id: id(0xc3)?, rows: vec![owned()?], more: false }],
        Done => ["done" = ToStaff::Done { id: id(0xd1)? }],
        Session => [
            "session" = ToStaff::Session { row: waiting()?, head: 9, after: 0 },
            "session_placed" = ToStaff::Session { row: placed()?, head: 9, after: 0 },
            "session_linked" = ToStaff::Session { row: linked()?, head: 9, after: 0 },
            "session_abandoned" = ToStaff::Session { row: abandoned()?, head: 9, after: 0 },
            "session_awaited" = ToStaff::Session { row: awaited()?, head: 2, after: 0 },
            "session_suspected" = ToStaff::Session { row: suspected()?, head: 9, after: 0 },
        ],
        Entry => [
            "entry" = ToStaff::Entry {
                session,
                seq: 4,
                at_ms: NOW_MS,
                by: Actor::Resident,
                command: id(0xc0)?,
                event: Event::Text { text: "Hello".into(), age_ms: 0 },
                kept: false,
            },
            "entry_kept" = ToStaff::Entry {
                session,
                seq: 4,
                at_ms: NOW_MS,
                by: Actor::Resident,
                command: id(0xc0)?,
                event: Event::Text { text: "Hello".into(), age_ms: 0 },
                kept: true,
            },
        ],
        Safe => ["safe" = ToStaff::Safe { session, up_to: 12 }],
        Rewound => ["rewound" = ToStaff::Rewound { session, after: 10 }],
        RealTimeText => ["real_time_text" = ToStaff::RealTimeText {
            session,
            by: Actor::Resident,
            typed: typed(0, 0, "Ther")?,
        }],
        Presence => ["presence" = ToStaff::Presence { session, connected: true, delivered: 9, seen: 8 }],
        Live => ["live" = ToStaff::Live {
            session,
            video: true,
            audio: false,
            watching: Watchers { telecommunicators: 1, supervisors: 0, responders: 0 },
        }],
        MediaAnswer => ["media_answer" = ToStaff::MediaAnswer {
            id: id(0x0ffe5)?,
            session,
            sdp: SDP.into(),
            peer: id(0x9ee5)?,
        }],
        Colleagues => [
            "colleagues" = ToStaff::Colleagues {
                people: vec![
                    Colleague { staff: name("tom")?, name: "Tom".into(), state: AgentState::Available, reason: None },
                    Colleague {
                        staff: name("tina")?,
                        name: "Tina".into(),
                        state: AgentState::NotAvailable,
                        reason: Some(AgentReason::Break),
                    },
                ],
                more: 0,
            },
        ],
        Board => [
            "board" = ToStaff::Board(board()?),
            "board_on_a_wall" = ToStaff::Board(Board { people: Vec::new(), nodes: Vec::new(), ..board()? }),
        ],
        Reconnect => ["reconnect" = ToStaff::Reconnect { after_ms: 2_000 }],
        Error => [
            "error" = ToStaff::Error(taken),
            "error_later" = ToStaff::Error(ErrorMessage::new(Some(id(0xc2)?), ErrorCode::NothingWaits)),
        ],
        Pong => ["pong" = ToStaff::Pong { n: 1, spread_ms: 0 }],
    }))
}

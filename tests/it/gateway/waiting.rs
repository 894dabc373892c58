//! Waiting: who is answered next, who is counted as gone, and what supervisors see of it.

use std::time::Duration;

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::ids::SessionId;
use callbox_proto::message::{Board, FromStaff, QueueFigures, ToStaff};
use callbox_proto::vocabulary::{Category, Disposition, Priority, Standing};

use super::harness::{Console, Gateway, Resident, Topology, everywhere, fresh, opening, soon};

everywhere!(
    a_life_at_risk_overtakes_and_every_tenth_take_goes_to_the_most_overdue_other,
    a_priority_changed_with_a_reason_reorders_the_queue,
    words_that_come_later_raise_the_priority,
    a_resident_away_too_long_is_abandoned_and_waits_again_with_the_first_deadline,
    an_answered_resident_who_is_away_is_waited_for_only_once_the_session_is_given_back,
    an_abandoned_session_can_be_taken_to_contact_back,
    supervisors_see_queues_and_people_on_the_board,
    finished_sessions_are_listed_newest_first_page_by_page,
    an_answer_is_counted_once_by_the_targets_of_the_trade,
);

async fn a_life_at_risk_overtakes_and_every_tenth_take_goes_to_the_most_overdue_other(
    on: Topology,
) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let nothing = tina.try_take_next(fresh()).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::NothingWaits);
    let mut residents = Vec::new();
    let mut ordinary = Vec::new();
    for _ in 0..2 {
        ordinary.push(open(&gateway, &mut residents, Category::Other, "A dog barks").await);
    }
    let mut urgent = Vec::new();
    for _ in 0..11 {
        let words = "He is not breathing";
        urgent.push(open(&gateway, &mut residents, Category::Medical, words).await);
    }
    let mut taken = Vec::new();
    for _ in 0..13 {
        taken.push(tina.take_next().await);
    }
    let wanted = [&urgent[..9], &ordinary[..1], &urgent[9..], &ordinary[1..]].concat();
    assert_eq!(taken, wanted);
}

async fn a_priority_changed_with_a_reason_reorders_the_queue(on: Topology) {
    let gateway = on.start().await;
    let (tina, sue) = (gateway.console("tina").await, gateway.staff("sue").await);
    let mut residents = Vec::new();
    let first = open(&gateway, &mut residents, Category::Other, "A dog barks").await;
    let second = open(&gateway, &mut residents, Category::Other, "Someone knocks").await;
    let change = |reason: &str| StaffCommand::SetPriority {
        priority: Priority::LIFE_AT_RISK,
        reason: reason.to_owned(),
    };
    assert_eq!(
        sue.is_refused(second, change("")).await.code,
        ErrorCode::TextEmpty
    );
    sue.does(second, change("known danger")).await;
    let row = tina
        .row(second, |row| row.priority == Priority::LIFE_AT_RISK)
        .await;
    assert_eq!(row.priority_reason.as_deref(), Some("known danger"));
    let other = tina.row(first, |_| true).await;
    assert!(row.rank < other.rank);
    residents[1].says("It is nothing").await;
    assert_eq!(tina.take_next().await, second);
    assert_eq!(tina.take_next().await, first);
}

async fn words_that_come_later_raise_the_priority(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let ann = gateway.resident().await;
    let session = ann.open("Something is wrong with him").await;
    let before = tina.stands(session, Standing::Waiting).await;
    ann.says("He is not breathing").await;
    let after = tina
        .row(session, |row| row.priority == Priority::LIFE_AT_RISK)
        .await;
    assert_eq!(after.entered_ms, before.entered_ms);
    assert!(after.rank < before.rank);
}

async fn a_resident_away_too_long_is_abandoned_and_waits_again_with_the_first_deadline(
    on: Topology,
) {
    let gateway = on.with("session.resume_grace_s = 1").await;
    let tina = gateway.console("tina").await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let first = tina.row(session, |row| row.connected).await;
    let device = ann.device.clone();
    drop(ann);
    tina.row(session, |row| !row.connected).await;
    tina.stands(session, Standing::Abandoned).await;
    let ann = gateway.resident_again(&device).await;
    let (_, standing) = ann.resume(session, 0).await;
    assert_eq!(standing, Standing::Abandoned);
    ann.entry(|event| matches!(event, Event::Returned)).await;
    let again = tina.stands(session, Standing::Waiting).await;
    assert_eq!(
        (again.deadline_ms, again.rank),
        (first.deadline_ms, first.rank)
    );
    assert_eq!(tina.take_next().await, session);
}

async fn an_answered_resident_who_is_away_is_waited_for_only_once_the_session_is_given_back(
    on: Topology,
) {
    let gateway = on.with("session.resume_grace_s = 1").await;
    let tina = gateway.console("tina").await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    tina.takes(session).await;
    drop(ann);
    tina.row(session, |row| !row.connected).await;
    // A session that goes away after this one is abandoned first: being owned counts.
    let ben = gateway.resident().await;
    let other = ben.open("A cat as well").await;
    drop(ben);
    tina.stands(other, Standing::Abandoned).await;
    assert_eq!(tina.row(session, |_| true).await.standing, Standing::Owned);
    tina.does(session, StaffCommand::Release {}).await;
    tina.stands(session, Standing::Abandoned).await;
}

async fn an_abandoned_session_can_be_taken_to_contact_back(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    ann.does(ResidentCommand::Leave { quick_exit: false }).await;
    tina.stands(session, Standing::Abandoned).await;
    let nothing = tina.try_take_next(fresh()).await.unwrap_err();
    assert_eq!(nothing.code, ErrorCode::NothingWaits);
    tina.takes(session).await;
    tina.stands(session, Standing::Owned).await;
}

async fn supervisors_see_queues_and_people_on_the_board(on: Topology) {
    let gateway = on.start().await;
    let (tina, sue) = (gateway.console("tina").await, gateway.staff("sue").await);
    let mut residents = Vec::new();
    let session = open(&gateway, &mut residents, Category::Other, "A dog barks").await;
    let waiting = board(&sue, |board| emergency(board).0 == 1).await;
    assert_eq!(emergency(&waiting), (1, 0, 0, 1));
    let row = tina.stands(session, Standing::Waiting).await;
    let figures = of_emergency(&waiting);
    assert_eq!(figures.longest_since_ms, Some(row.entered_ms));
    assert_eq!(figures.answered_in_target, 0);
    let kept = if on == Topology::OneNode {
        "local_disk"
    } else {
        "shared_disk"
    };
    assert_eq!(waiting.guarantee, kept);
    tina.takes(session).await;
    let answered = board(&sue, |board| emergency(board).1 == 1).await;
    assert_eq!(emergency(&answered), (0, 1, 0, 1));
    let figures = of_emergency(&answered);
    assert_eq!(figures.longest_since_ms, None, "nobody waits");
    assert_eq!(figures.answered_in_target, 1);
    let person = answered.people.iter().find(|p| p.staff.as_str() == "tina");
    assert!(person.is_some());
    let second = open(&gateway, &mut residents, Category::Other, "A cat as well").await;
    residents[1]
        .does(ResidentCommand::Leave { quick_exit: false })
        .await;
    tina.stands(second, Standing::Abandoned).await;
    board(&sue, |board| emergency(board).2 == 1).await;
    tina.quiet().await;
    let boards = tina.wire.record().all();
    assert!(
        !boards.iter().any(|m| matches!(m, ToStaff::Board(_))),
        "only supervisors"
    );
}

async fn finished_sessions_are_listed_newest_first_page_by_page(on: Topology) {
    let gateway = on.start().await;
    let sue = gateway.console("sue").await;
    let mut closed = Vec::new();
    for _ in 0..103 {
        let resident = gateway.resident().await;
        let session = resident.open("A dog barks").await;
        sue.takes(session).await;
        let close = StaffCommand::Close {
            disposition: Disposition::Test,
            note: String::new(),
        };
        sue.does(session, close).await;
        closed.insert(0, session);
    }
    let (first, more) = history(&sue, None).await;
    assert_eq!((first.len(), more), (100, true));
    let (second, more) = history(&sue, first.last().copied()).await;
    assert_eq!((second.len(), more), (3, false));
    let listed: Vec<_> = first.into_iter().chain(second).collect();
    assert_eq!(listed, closed);
}

async fn an_answer_is_counted_once_by_the_targets_of_the_trade(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let mut residents = Vec::new();
    let mut sessions = Vec::new();
    for words in ["A dog barks", "A cat as well"] {
        sessions.push(open(&gateway, &mut residents, Category::Other, words).await);
    }
    assert_eq!(answers(&gateway, "_count").await, 0, "both wait");
    tina.takes(sessions[0]).await;
    counted(&gateway, 1).await;
    // Taken at once: within every target, and by one node only.
    for target in ["15", "20"] {
        let bucket = format!("_bucket{{le=\"{target}\"}}");
        assert_eq!(answers(&gateway, &bucket).await, 1, "{target} s");
    }
    tina.does(sessions[0], StaffCommand::Release {}).await;
    tina.takes(sessions[0]).await;
    tina.takes(sessions[1]).await;
    counted(&gateway, 2).await;
    let both = answers(&gateway, "_count").await;
    assert_eq!(both, 2, "taken again is not answered again");
}

/// Waits until at least so many answers are counted.
async fn counted(gateway: &Gateway, wanted: u64) {
    let counted = async {
        while answers(gateway, "_count").await < wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon(counted).await;
}

/// A figure of the time to answer, over all nodes; 0 where no node has it.
async fn answers(gateway: &Gateway, figure: &str) -> u64 {
    let mut nodes = vec![gateway.admin(), gateway.desk_admin()];
    nodes.dedup();
    let wanted = format!("callbox_time_to_answer_seconds{figure} ");
    let mut sum = 0;
    for node in nodes {
        let told = soon(reqwest::get(format!("http://{node}/metrics"))).await;
        let told = soon(told.unwrap().text()).await.unwrap();
        let found = told.lines().find_map(|line| line.strip_prefix(&wanted));
        sum += found.map_or(0, |number| number.parse::<u64>().unwrap());
    }
    sum
}

async fn history(sue: &Console, after: Option<SessionId>) -> (Vec<SessionId>, bool) {
    let id = fresh();
    sue.wire.send(&FromStaff::ListClosed { id, after });
    sue.wire
        .wait(|m| match m {
            ToStaff::History { id: of, rows, more } if *of == id => {
                Some((rows.iter().map(|row| row.session).collect(), *more))
            }
            _ => None,
        })
        .await
}

async fn open(
    gateway: &Gateway,
    residents: &mut Vec<Resident>,
    category: Category,
    words: &str,
) -> SessionId {
    let resident = gateway.resident().await;
    let (session, _) = resident.open_with(fresh(), &opening(category, words)).await;
    residents.push(resident);
    session
}

/// Waits for such a board.
async fn board(sue: &Console, wanted: impl Fn(&Board) -> bool) -> Board {
    sue.wire
        .wait(|m| match m {
            ToStaff::Board(board) if wanted(board) => Some(board.clone()),
            _ => None,
        })
        .await
}

/// Figures of the default queue.
fn of_emergency(board: &Board) -> &QueueFigures {
    let mut queues = board.queues.iter();
    queues.find(|f| f.queue.as_str() == "emergency").unwrap()
}

/// Waiting, answered, abandoned and staffed of the default queue.
fn emergency(board: &Board) -> (u64, u64, u64, u32) {
    let figures = of_emergency(board);
    (
        figures.waiting,
        figures.answered,
        figures.abandoned,
        figures.staffed,
    )
}

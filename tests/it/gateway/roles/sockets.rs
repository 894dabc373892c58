//! Every kind of message, for everybody, on a session of their own and on another's; and nothing before hello.

use std::collections::BTreeSet;

use callbox_domain::access::{
    self, Access, Action, Refusal, action_of_resident_message, action_of_staff_message, allowed,
};
use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::ids::SessionId;
use callbox_proto::message::{ErrorMessage, FromResident, FromStaff, ToResident, ToStaff};
use callbox_proto::vocabulary::Role;

use super::messages::{resident_messages, staff_messages};
use super::{all_staff, caller, example_session, target};
use crate::gateway::harness::{Console, Gateway, Wire};

/// Between them they may everything that staff may.
const STAFF_ROLES: [Role; 2] = [Role::Supervisor, Role::Administrator];

#[tokio::test]
async fn staff_may_over_the_wire_what_the_table_says() {
    let gateway = Gateway::start().await;
    let tom = gateway.console("tom").await;
    let mut tried = BTreeSet::new();
    for who in all_staff(&gateway).await {
        let (name, role) = (&who.who.name, who.who.role);
        for mine in [true, false] {
            if mine && !who.may_take() {
                continue;
            }
            for number in 0..staff_messages(example_session()).len() {
                let ann = gateway.resident().await;
                let session = ann.open("A dog barks").await;
                let owner = if mine { &who } else { &tom };
                owner.takes(session).await;
                let message = staff_messages(session).swap_remove(number);
                let action = action_of_staff_message(&message);
                tried.insert(action);
                if who.who.role == Role::Supervisor && !mine {
                    who.does(session, StaffCommand::Watch {}).await;
                }
                let answer = staff_answer(&who, session, &message, mine).await;
                let wanted = access::may(&caller(&who.who), action, &target(&who.who, mine));
                check(
                    &format!("{name} as {role:?}: {action:?} mine: {mine}"),
                    action,
                    wanted,
                    answer,
                );
            }
        }
    }
    let server_side = [
        Action::ListSessions,
        Action::SeeColleagues,
        Action::SeeBoard,
        Action::StaffHello,
    ];
    let of_staff = Action::all().filter(|action| {
        !matches!(action, Action::Http(_))
            && STAFF_ROLES
                .iter()
                .any(|role| allowed(*role, *action) != Access::Never)
            && !server_side.contains(action)
    });
    assert_eq!(tried, of_staff.collect(), "every action of staff was tried");
}

#[tokio::test]
async fn lists_colleagues_and_boards_come_to_those_who_may_see_them() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let sue = gateway.staff("sue").await;
    for name in ["tina", "olga", "ada"] {
        let who = gateway.staff(name).await;
        // Two boards of the supervisor that are made from now on lie between: time enough for everybody's first list.
        let made = |m: &ToStaff| match m {
            ToStaff::Board(board) => Some(board.now_ms),
            _ => None,
        };
        let mut newest = sue.wire.record().all().iter().filter_map(made).max();
        for _ in 0..2 {
            let next = sue.wire.wait(|m| made(m).filter(|at| Some(*at) > newest));
            newest = Some(next.await);
            who.ready_for_everything();
        }
        who.quiet().await;
        let all = who.wire.record().all();
        let lists = all.iter().any(|m| matches!(m, ToStaff::Sessions { .. }));
        let may = allowed(who.who.role, Action::ListSessions) != Access::Never;
        assert_eq!(lists, may, "{name}");
        let colleagues = |m: &ToStaff| matches!(m, ToStaff::Colleagues { .. });
        let may = allowed(who.who.role, Action::SeeColleagues) != Access::Never;
        assert_eq!(all.iter().any(colleagues), may, "{name}");
        let boards = all.iter().any(|m| matches!(m, ToStaff::Board(_)));
        let may = allowed(who.who.role, Action::SeeBoard) != Access::Never;
        assert_eq!(boards, may, "{name}");
    }
}

#[tokio::test]
async fn a_resident_reaches_no_session_but_their_own() {
    let gateway = Gateway::start().await;
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    let others = ben.open("A cat as well").await;
    let mut tried = BTreeSet::new();
    for message in resident_messages(others) {
        let action = action_of_resident_message(&message);
        tried.insert(action);
        // Nobody is bound to a session yet, so nothing can be done to one, and another's looks as if it were not there.
        ann.wire.send(&message);
        ann.quiet().await;
        let refused = ann.wire.record().all().iter().rev().find_map(|m| match m {
            ToResident::Error(error) => Some(error.code),
            _ => None,
        });
        match allowed(Role::Resident, action) {
            Access::Own if action == Action::Resume => {
                assert_eq!(refused, Some(ErrorCode::NoSuchSession), "{action:?}");
            }
            Access::Own => assert_eq!(refused, Some(ErrorCode::WrongOrder), "{action:?}"),
            _ => {}
        }
    }
    let of_residents = Action::all().filter(|action| {
        !matches!(action, Action::Http(_) | Action::ResidentHello)
            && allowed(Role::Resident, *action) != Access::Never
    });
    assert_eq!(
        tried,
        of_residents.collect(),
        "every action of residents was tried"
    );
    ben.says("Mine").await;
    ben.quiet().await;
    assert!(ben.entries().iter().all(|entry| entry.seq <= 4));
}

#[tokio::test]
async fn nobody_may_anything_before_hello() {
    let gateway = Gateway::start().await;
    for message in resident_messages(example_session()) {
        let wire: Wire<FromResident, ToResident> =
            Wire::connect(gateway.address(), "/ws/resident", Encoding::MessagePack).await;
        wire.send(&message);
        assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));
        let all = wire.record().all();
        assert!(matches!(
            &all[..],
            [ToResident::Challenge { .. }, ToResident::Error(_)]
        ));
    }
    for message in staff_messages(example_session()) {
        let wire: Wire<FromStaff, ToStaff> =
            Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
        wire.send(&message);
        assert_eq!(wire.closed().await, Some(CloseCode::Protocol.number()));
        assert!(matches!(&wire.record().all()[..], [ToStaff::Error(_)]));
    }
}

#[tokio::test]
async fn an_upload_token_opens_no_staff_socket() {
    let gateway = Gateway::start().await;
    let ann = gateway.resident().await;
    let wire: Wire<FromStaff, ToStaff> =
        Wire::connect(gateway.address(), "/ws/staff", Encoding::MessagePack).await;
    let (client, token) = (String::new(), ann.token.clone());
    wire.send(&FromStaff::Hello { client, token });
    assert_eq!(wire.closed().await, Some(CloseCode::SignInAgain.number()));
}

async fn staff_answer(
    who: &Console,
    session: SessionId,
    message: &FromStaff,
    mine: bool,
) -> Option<ErrorMessage> {
    let about_followed = matches!(
        message,
        FromStaff::RealTimeText { .. }
            | FromStaff::MediaOffer { .. }
            | FromStaff::Delivered { .. }
            | FromStaff::MediaStop { .. }
            | FromStaff::Unfollow { .. }
    );
    let supervises = who.who.role == Role::Supervisor;
    if about_followed && (mine || supervises || who.who.role == Role::Auditor) {
        who.follows(session, 0).await;
    }
    let before = who.wire.record().len();
    who.wire.send(message);
    match message {
        FromStaff::Do { id, .. } | FromStaff::TakeNext { id } => who.answer_or_error(*id).await,
        FromStaff::MediaOffer { id, .. }
        | FromStaff::MakeReportLink { id, .. }
        | FromStaff::Drain { id, .. }
        | FromStaff::Undrain { id, .. } => who.answer_or_error(*id).await,
        _ => {
            who.quiet().await;
            let all = who.wire.record().all();
            all[before..].iter().find_map(|m| match m {
                ToStaff::Error(error) => Some(error.clone()),
                _ => None,
            })
        }
    }
}

/// A refusal by right is told by its code; whatever else comes says that the right was there.
fn check(what: &str, action: Action, wanted: Result<(), Refusal>, answer: Option<ErrorMessage>) {
    let code = answer.map(|error| error.code);
    let by_right = [
        ErrorCode::NotAllowed,
        ErrorCode::NotOwner,
        ErrorCode::NoSuchSession,
    ];
    match wanted {
        Ok(()) => assert!(
            !code.is_some_and(|code| by_right.contains(&code)),
            "{what}: {code:?}"
        ),
        // Comes too late to complain about.
        Err(Refusal::NotOwner) if action == Action::StaffDelivered => assert_eq!(code, None),
        // Only what is followed can be written to or received, and it could not be followed.
        Err(Refusal::NotOwner) => assert!(
            matches!(code, Some(ErrorCode::NotOwner | ErrorCode::WrongOrder)),
            "{what}: {code:?}"
        ),
        Err(refusal) => assert_eq!(code, Some(refusal.code()), "{what}"),
    }
}

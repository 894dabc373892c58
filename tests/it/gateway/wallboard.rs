//! A wallboard: a screen for a room that a supervisor opens. What its token may not do is in `roles`.

use std::collections::HashSet;

use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::message::{FromStaff, ToStaff};
use callbox_proto::vocabulary::{AgentReason, Role, Standing};

use super::harness::{Gateway, soon};

#[tokio::test]
async fn a_wallboard_is_told_the_figures_and_nobodys_name() {
    let gateway = Gateway::start().await;
    let wall = gateway.wallboard("sue").await;
    let (_tina, _tom) = (gateway.console("tina").await, gateway.staff("tom").await);
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    let board = wall
        .wire
        .wait(|m| match m {
            ToStaff::Board(board) if board.queues.iter().any(|f| f.waiting == 1) => {
                let known: u32 = board.states.iter().map(|state| state.people).sum();
                (known == 2).then(|| board.clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(board.people, []);
    let states = board
        .states
        .iter()
        .map(|state| (state.reason, state.people));
    let just = Some(AgentReason::JustSignedIn);
    assert_eq!(states.collect::<Vec<_>>(), [(None, 1), (just, 1)]);
    let busy = board.queues.iter().find(|f| f.waiting == 1).unwrap();
    let longest = busy.longest.first().expect("one waits");
    assert_eq!(Some(longest.since_ms), busy.longest_since_ms);
    let told = wall.wire.record().all();
    let lists = told.iter().any(|m| matches!(m, ToStaff::Sessions { .. }));
    assert!(!lists, "no list of sessions");
    let said = serde_json::to_string(&told).unwrap();
    // Whole words: a rule's reason may say that somebody has fallen, « tombé ».
    let words: HashSet<_> = said.split(|c: char| !c.is_alphanumeric()).collect();
    for name in ["tina", "Tina", "tom", "Tom", "Sue"] {
        assert!(!words.contains(name), "{name}");
    }
}

#[tokio::test]
async fn only_a_supervisor_opens_a_wallboard() {
    let gateway = Gateway::start().await;
    for name in ["tina", "olga", "ada"] {
        let who = gateway.sign_in(name).await;
        let refused = who.opens_wallboard(gateway.desk()).await.unwrap_err();
        assert_eq!(refused, "not_allowed", "{name}");
    }
    let sue = gateway.sign_in("sue").await;
    let wall = sue.opens_wallboard(gateway.desk()).await.unwrap();
    assert_eq!((wall.role, wall.name.as_str()), (Role::Wallboard, "sue"));
    let again = wall.opens_wallboard(gateway.desk()).await.unwrap_err();
    assert_eq!(again, "not_allowed", "a wallboard opens no other");
}

#[tokio::test]
async fn a_wallboard_is_renewed_as_one_and_never_becomes_a_supervisor() {
    let gateway = Gateway::start().await;
    let (sue, wall) = (gateway.staff("sue").await, gateway.wallboard("sue").await);
    let fresh = wall.who.refreshes(gateway.desk()).await.unwrap();
    assert_eq!(fresh.role, Role::Wallboard);
    let errors = |who: &super::harness::Console| {
        let all = who.wire.record().all();
        let code = |m: &ToStaff| match m {
            ToStaff::Error(error) => Some(error.code),
            _ => None,
        };
        all.iter().filter_map(code).collect::<Vec<_>>()
    };
    let token = fresh.token.clone();
    wall.wire.send(&FromStaff::Renew { token });
    wall.quiet().await;
    assert_eq!(errors(&wall), [], "its own fresh token");
    let token = sue.who.token.clone();
    wall.wire.send(&FromStaff::Renew { token });
    wall.quiet().await;
    assert_eq!(errors(&wall), [ErrorCode::TokenInvalid]);
    let token = fresh.token;
    sue.wire.send(&FromStaff::Renew { token });
    sue.quiet().await;
    assert_eq!(errors(&sue), [ErrorCode::TokenInvalid]);
}

#[tokio::test]
async fn a_wallboard_keeps_nobody_signed_in() {
    let gateway = Gateway::start().await;
    let (sue, tina) = (gateway.console("sue").await, gateway.console("tina").await);
    let wall = gateway.wallboard("sue").await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    sue.takes(session).await;
    tina.stands(session, Standing::Owned).await;
    drop(sue);
    // The wallboard stays open under sue's account, and her session is offered again all the same.
    tina.stands(session, Standing::Waiting).await;
    wall.quiet().await;
}

#[tokio::test]
async fn the_oldest_of_too_many_wallboards_has_to_go() {
    let gateway = Gateway::start().await;
    let first = gateway.wallboard("sue").await;
    let mut rest = Vec::new();
    for _ in 0..64 {
        rest.push(gateway.wallboard("sue").await);
    }
    let code = soon(first.wire.closed()).await;
    assert_eq!(code, Some(CloseCode::Replaced.number()));
}

//! A telecommunicator's console whose link breaks or freezes while it owns a session: the session is offered again, a colleague has it,
//! and a supervisor, who is at another node where there are several, is told.

use callbox_proto::codec::Encoding;
use callbox_proto::command::StaffCommand;
use callbox_proto::event::{Event, ReleaseReason};
use callbox_proto::ids::SessionId;
use callbox_proto::message::Board;
use callbox_proto::vocabulary::Standing;

use super::harness::{Console, Gateway, Relay, Resident, Topology, everywhere, while_alive};

everywhere!(
    the_session_of_a_console_whose_link_is_closed_is_offered_again_and_the_supervisor_is_told,
    the_session_of_a_console_whose_link_is_frozen_is_offered_again_and_the_supervisor_is_told,
    a_supervisor_sees_that_an_owner_has_no_console_while_the_session_still_waits_for_them,
);

/// Ann's session is Tina's, whose link can be broken; Tom could take it, and Sue watches it.
struct Scene {
    ann: Resident,
    link: Relay,
    tina: Console,
    tom: Console,
    sue: Console,
    session: SessionId,
}

impl Scene {
    async fn new(gateway: &Gateway) -> Self {
        let ann = gateway.resident().await;
        let link = Relay::start(gateway.desk()).await;
        let who = gateway.sign_in("tina").await;
        let tina = Console::connect(link.address(), &who, Encoding::MessagePack).await;
        tina.ready_for_everything();
        let (tom, sue) = (gateway.console("tom").await, gateway.staff("sue").await);
        let session = ann.open("A dog barks").await;
        tina.takes(session).await;
        let all_see_it = async {
            sue.stands(session, Standing::Owned).await;
            sue.board(|board| owns(board, "tina") == Some(1)).await;
            sue.does(session, StaffCommand::Watch {}).await;
            sue.follows(session, 0).await;
        };
        while_alive(&[&tina, &tom, &sue], all_see_it).await;
        Self {
            ann,
            link,
            tina,
            tom,
            sue,
            session,
        }
    }

    /// The session is offered again and goes on with Tom, and Sue is told all of it.
    async fn goes_on_with_a_colleague(&self) {
        let (ann, tom, sue, session) = (&self.ann, &self.tom, &self.sue, self.session);
        let lost = |event: &Event| {
            let reason = ReleaseReason::ConsoleLost;
            *event == Event::Released { reason }
        };
        ann.entry(lost).await;
        // Somebody answered and nobody owns: that is what her page warns of.
        let row = sue.stands(session, Standing::Waiting).await;
        assert!(row.answered_ms.is_some(), "{row:?}");
        assert_eq!(row.owner, None);
        sue.entry(session, lost).await;
        sue.board(|board| owns(board, "tina").is_none()).await;
        tom.stands(session, Standing::Waiting).await;
        assert_eq!(tom.take_next().await, session);
        tom.says(session, "Still here").await;
        ann.reads("Still here").await;
        sue.reads(session, "Still here").await;
        let toms = Some("tom".parse().expect("a name"));
        sue.row(session, |row| row.owner == toms).await;
        sue.board(|board| owns(board, "tom") == Some(1)).await;
    }
}

/// How many sessions somebody owns who is signed in.
fn owns(board: &Board, name: &str) -> Option<u32> {
    let mut people = board.people.iter();
    let person = people.find(|person| person.staff.as_str() == name);
    person.map(|person| person.sessions)
}

async fn the_session_of_a_console_whose_link_is_closed_is_offered_again_and_the_supervisor_is_told(
    on: Topology,
) {
    let gateway = on.with("session.console_grace_ms = 500").await;
    let scene = Scene::new(&gateway).await;
    scene.link.cut();
    scene.goes_on_with_a_colleague().await;
}

async fn the_session_of_a_console_whose_link_is_frozen_is_offered_again_and_the_supervisor_is_told(
    on: Topology,
) {
    let settings = "session.heartbeat_s = 2\nsession.console_grace_ms = 500";
    let gateway = on.with(settings).await;
    let scene = Scene::new(&gateway).await;
    scene.link.freeze(true);
    let others = [&scene.tom, &scene.sue];
    while_alive(&others, scene.goes_on_with_a_colleague()).await;
    assert_eq!(scene.tina.wire.record().closed(), None, "she hears nothing");
}

async fn a_supervisor_sees_that_an_owner_has_no_console_while_the_session_still_waits_for_them(
    on: Topology,
) {
    let gateway = on.with("session.console_grace_ms = 600000").await;
    let scene = Scene::new(&gateway).await;
    let (sue, session) = (&scene.sue, scene.session);
    scene.link.cut();
    let board = sue.board(|board| owns(board, "tina").is_none()).await;
    let row = sue.stands(session, Standing::Owned).await;
    assert_eq!(
        row.owner,
        Some(scene.tina.who.name.parse().expect("a name"))
    );
    let answered_ms = row.answered_ms.expect("answered");
    assert!(answered_ms <= board.now_ms, "the board is the later word");
    let _tina = gateway.console("tina").await;
    sue.board(|board| owns(board, "tina") == Some(1)).await;
}

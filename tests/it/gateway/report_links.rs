//! Links with which somebody reports who called by voice: made at a console, opened once on one device, at whatever node it comes in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use callbox_proto::codec::Encoding;
use callbox_proto::command::{Opening, StaffCommand};
use callbox_proto::error::ErrorCode;
use callbox_proto::event::{Actor, Event};
use callbox_proto::ids::{CommandId, SessionId};
use callbox_proto::message::{FromResident, FromStaff, ToResident};
use callbox_proto::vocabulary::{Category, Role, Standing};

use super::harness::{Console, Device, Resident, Topology, everywhere, fresh, opening};
use super::photos::sha256;

everywhere!(
    a_link_opens_a_report_that_is_its_makers_from_the_first_word,
    a_link_opens_once_on_the_first_device_and_that_one_comes_back,
    of_two_devices_that_open_at_once_one_gets_in,
    a_link_that_was_revoked_or_is_wrong_opens_nothing_and_the_open_page_still_does,
    a_link_ends_by_its_time_unless_it_was_opened,
    a_link_that_is_made_again_under_its_id_is_one_link,
    a_report_whose_maker_has_gone_home_is_offered_to_others_once_it_is_opened,
    neither_logs_nor_records_hold_a_secret_and_a_restart_forgets_no_link,
);

/// A link as its maker has it.
struct Link {
    session: SessionId,
    secret: String,
}

fn secret() -> String {
    let halves = [fresh(), fresh()].map(|half| half.as_u128().to_be_bytes());
    URL_SAFE_NO_PAD.encode(halves.concat())
}

async fn makes(who: &Console) -> Link {
    let (id, secret) = (fresh(), secret());
    let digest = sha256(secret.as_bytes());
    who.wire.send(&FromStaff::MakeReportLink { id, digest });
    let (session, _) = who.answer(id).await.expect("made");
    Link { session, secret }
}

fn tap() -> Opening {
    opening(Category::Other, "")
}

/// Sends the opening, and waits for its answer.
async fn opens_with(
    who: &Resident,
    id: CommandId,
    link: &Link,
    opening: Opening,
) -> Result<(), ErrorCode> {
    who.wire.send(&FromResident::OpenByLink {
        id,
        session: link.session,
        secret: link.secret.clone(),
        opening,
    });
    let answer = who.answer(id).await;
    answer.map(drop).map_err(|error| error.code)
}

async fn opens(who: &Resident, link: &Link) -> Result<(), ErrorCode> {
    opens_with(who, fresh(), link, tap()).await
}

async fn a_link_opens_a_report_that_is_its_makers_from_the_first_word(on: Topology) {
    let gateway = on.start().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let link = makes(&tina).await;
    // It waits in nobody's queue: it is hers, and everybody reads that nobody is there yet.
    for who in [&tina, &tom] {
        let row = who.stands(link.session, Standing::Owned).await;
        assert_eq!(row.owner, Some("tina".parse().unwrap()));
        assert!(row.link_ends_ms.is_some());
    }
    tina.follows(link.session, 0).await;
    let ann = gateway.resident().await;
    let smoke = opening(Category::Fire, "there is smoke in the cellar");
    opens_with(&ann, fresh(), &link, smoke)
        .await
        .expect("opened");
    tina.reads(link.session, "there is smoke in the cellar")
        .await;
    let row = tina
        .row(link.session, |row| row.link_ends_ms.is_none())
        .await;
    assert_eq!(
        (row.standing, row.category),
        (Standing::Owned, Category::Fire)
    );
    tina.says(link.session, "I see it").await;
    ann.reads("I see it").await;
    // The log says who made it and when it was opened; the resident reads the role, and no name and no digest.
    let made = |event: &Event| matches!(event, Event::ReportLinkMade { .. });
    let entry = tina.entry(link.session, made).await;
    let tinas = Actor::staff(Role::Telecommunicator, "tina".parse().unwrap());
    assert_eq!(entry.by, tinas);
    let told = ann.entry(made).await;
    assert!(matches!(told.by, Actor::Staff { staff: None, .. }));
    assert!(matches!(told.event, Event::ReportLinkMade { digest, .. } if digest.is_empty()));
}

async fn a_link_opens_once_on_the_first_device_and_that_one_comes_back(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let link = makes(&tina).await;
    let (ann, id) = (gateway.resident().await, fresh());
    opens_with(&ann, id, &link, tap()).await.expect("opened");
    // A frame that was sent again, and the link opened once more on the same phone, are the same opening.
    opens_with(&ann, id, &link, tap()).await.expect("the same");
    let again = gateway.resident_again(&ann.device).await;
    opens(&again, &link).await.expect("the same device");
    again.says("here I am").await;
    let eve = gateway.resident().await;
    assert_eq!(opens(&eve, &link).await, Err(ErrorCode::LinkUsed));
    // Nor does she get in by the session's name.
    eve.wire.send(&FromResident::Resume {
        session: link.session,
        after: 0,
    });
    let refused = |m: &ToResident| match m {
        ToResident::Error(error) if error.id.is_none() => Some(error.code),
        _ => None,
    };
    assert_eq!(eve.wire.wait(refused).await, ErrorCode::NoSuchSession);
    tina.follows(link.session, 0).await;
    tina.reads(link.session, "here I am").await;
    let openings = tina.entries(link.session).into_iter();
    let opened = |event: &Event| matches!(event, Event::ReportLinkOpened { .. });
    assert_eq!(openings.filter(|entry| opened(&entry.event)).count(), 1);
}

async fn of_two_devices_that_open_at_once_one_gets_in(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    for _ in 0..5 {
        let link = makes(&tina).await;
        // One of them at the other node, where there is one.
        let ann = gateway.resident().await;
        let ben = Resident::connect(gateway.desk(), Device::new(), Encoding::Json).await;
        let answers = tokio::join!(opens(&ann, &link), opens(&ben, &link));
        let got_in = [answers.0, answers.1];
        assert_eq!(got_in.iter().filter(|a| a.is_ok()).count(), 1, "{got_in:?}");
        assert!(got_in.contains(&Err(ErrorCode::LinkUsed)), "{got_in:?}");
    }
}

async fn a_link_that_was_revoked_or_is_wrong_opens_nothing_and_the_open_page_still_does(
    on: Topology,
) {
    let gateway = on.start().await;
    let (tina, tom) = (gateway.console("tina").await, gateway.console("tom").await);
    let link = makes(&tina).await;
    let ann = gateway.resident().await;
    for wrong in [
        Link {
            secret: secret(),
            ..link
        },
        Link {
            secret: "short".to_owned(),
            ..link
        },
        Link {
            session: SessionId::from_u128(fresh().as_u128()).unwrap(),
            secret: link.secret.clone(),
        },
    ] {
        assert_eq!(opens(&ann, &wrong).await, Err(ErrorCode::NoSuchLink));
    }
    // A colleague takes nothing back; a supervisor may.
    let revoke = || StaffCommand::RevokeReportLink {};
    let refused = tom.is_refused(link.session, revoke()).await;
    assert_eq!(refused.code, ErrorCode::NotOwner);
    let sue = gateway.staff("sue").await;
    sue.does(link.session, revoke()).await;
    tina.gone(link.session).await;
    assert_eq!(opens(&ann, &link).await, Err(ErrorCode::LinkRevoked));
    let own = ann.open("I was told to use a link").await;
    tina.stands(own, Standing::Waiting).await;
    // An auditor and a resident make none.
    let olga = gateway.staff("olga").await;
    let id = fresh();
    let digest = sha256(b"x");
    olga.wire.send(&FromStaff::MakeReportLink { id, digest });
    let code = olga.answer(id).await.unwrap_err().code;
    assert_eq!(code, ErrorCode::NotAllowed);
}

async fn a_link_ends_by_its_time_unless_it_was_opened(on: Topology) {
    let gateway = on.with("agency.report_link_s = 2\n").await;
    let tina = gateway.console("tina").await;
    let (first, second) = (makes(&tina).await, makes(&tina).await);
    let (ann, ben) = (gateway.resident().await, gateway.resident().await);
    opens(&ann, &first).await.expect("in time");
    // Each try is a refusal until then or an opening: of the second link, which nobody opened in time, only the wrong secret is tried.
    let wrong = Link {
        secret: secret(),
        ..second
    };
    let row = tina
        .row(second.session, |row| row.link_ends_ms.is_some())
        .await;
    let ends_ms = row.link_ends_ms.expect("awaited");
    let now_ms = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    while now_ms().expect("after 1970").as_millis() < u128::from(ends_ms) + 100 {
        assert_eq!(opens(&ben, &wrong).await, Err(ErrorCode::NoSuchLink));
        // Slower than what a link may send.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(opens(&ben, &second).await, Err(ErrorCode::LinkExpired));
    let back = gateway.resident_again(&ann.device).await;
    opens(&back, &first).await.expect("hers, however late");
    back.says("still here").await;
}

async fn a_link_that_is_made_again_under_its_id_is_one_link(on: Topology) {
    let gateway = on.start().await;
    let tina = gateway.console("tina").await;
    let (id, secret) = (fresh(), secret());
    let digest = sha256(secret.as_bytes());
    let mut sessions = Vec::new();
    for _ in 0..2 {
        tina.wire.send(&FromStaff::MakeReportLink {
            id,
            digest: digest.clone(),
        });
        sessions.push(tina.answer(id).await.expect("made"));
    }
    assert_eq!(sessions[0], sessions[1]);
    let ann = gateway.resident().await;
    let session = sessions[0].0;
    opens(&ann, &Link { session, secret })
        .await
        .expect("opened");
    // Nor does revoking count twice, and once it is opened there is nothing to revoke.
    let revoke = StaffCommand::RevokeReportLink {};
    let refused = tina.is_refused(session, revoke.clone()).await;
    assert_eq!(refused.code, ErrorCode::LinkUsed);
    let (other, id) = (makes(&tina).await.session, fresh());
    tina.submit(id, other, revoke.clone());
    let first = tina.answer(id).await.expect("revoked");
    tina.submit(id, other, revoke);
    assert_eq!(tina.answer(id).await.expect("the same"), first);
}

async fn a_report_whose_maker_has_gone_home_is_offered_to_others_once_it_is_opened(on: Topology) {
    let gateway = on.start().await;
    let tom = gateway.console("tom").await;
    let link = {
        let tina = gateway.console("tina").await;
        makes(&tina).await
    };
    // She is gone, and the link stays hers: there is nobody to be offered to others.
    let quiet = gateway.resident().await;
    let other = quiet.open("A dog barks").await;
    assert_eq!(tom.take_next().await, other);
    let ann = gateway.resident().await;
    opens(&ann, &link).await.expect("opened");
    tom.stands(link.session, Standing::Waiting).await;
    assert_eq!(tom.take_next().await, link.session);
}

async fn neither_logs_nor_records_hold_a_secret_and_a_restart_forgets_no_link(on: Topology) {
    let mut gateway = on.start().await;
    let (open, revoked) = {
        let tina = gateway.console("tina").await;
        let (open, revoked) = (makes(&tina).await, makes(&tina).await);
        tina.does(revoked.session, StaffCommand::RevokeReportLink {})
            .await;
        tina.follows(open.session, 0).await;
        let seen = format!("{:?}", tina.entries(open.session));
        assert!(!seen.contains(&open.secret));
        (open, revoked)
    };
    gateway.restart().await;
    let ann = gateway.resident().await;
    assert_eq!(opens(&ann, &revoked).await, Err(ErrorCode::LinkRevoked));
    opens(&ann, &open).await.expect("opened");
    let tina = gateway.console("tina").await;
    let row = tina
        .row(open.session, |row| row.link_ends_ms.is_none())
        .await;
    assert_ne!(row.standing, Standing::Closed);
    let mut log = gateway.log();
    if on != Topology::OneNode {
        log.push_str(&gateway.last().log());
    }
    let id = open.session.to_string();
    assert!(log.contains(&id), "the id is logged");
    for link in [&open, &revoked] {
        assert!(!log.contains(&link.secret), "the secret is not");
    }
}

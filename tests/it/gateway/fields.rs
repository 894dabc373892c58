//! An agency's own questions: asked of who reports, answered or not, in the record as they were asked.

use callbox_proto::command::ResidentCommand;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::field::{FieldAnswer, FieldInfo};
use callbox_proto::message::{ToResident, ToResponder, ToStaff};

use super::harness::responder::{Responder, makes, opens};
use super::harness::{Gateway, fresh, soon};

/// Three questions, one of each kind; the last two for who reports something else.
const FIELDS: &str = "agency.fields = [\
{ id = \"building\", label = { en = \"Which building?\", fr = \"Quel bâtiment ?\" }, kind = \"text\", max_chars = 40 }, \
{ id = \"floor\", label = { en = \"Which floor?\" }, kind = \"choice\", categories = [\"other\"], \
options = [{ id = \"ground\", label = { en = \"Ground\", fr = \"Rez-de-chaussée\" } }, { id = \"above\", label = { en = \"Above\" } }] }, \
{ id = \"gas\", label = { en = \"Do you smell gas?\" }, kind = \"yes_no\", categories = [\"other\"] }]\n";

fn answer(field: &str, value: &str) -> ResidentCommand {
    ResidentCommand::AnswerField {
        field: field.parse().unwrap(),
        value: value.to_owned(),
        language: None,
    }
}

fn in_french(field: &str, value: &str) -> ResidentCommand {
    ResidentCommand::AnswerField {
        field: field.parse().unwrap(),
        value: value.to_owned(),
        language: Some("fr-CA".to_owned()),
    }
}

fn names(fields: &[FieldInfo]) -> Vec<&str> {
    fields.iter().map(|info| info.field.as_str()).collect()
}

#[tokio::test]
async fn answers_stand_in_the_log_in_the_words_in_which_they_were_asked() {
    let gateway = Gateway::with(FIELDS).await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    let welcomed = ann.wire.record().all();
    let fields = welcomed.iter().find_map(|m| match m {
        ToResident::Welcome { agency, .. } => Some(agency.fields.clone()),
        _ => None,
    });
    assert_eq!(names(&fields.unwrap()), ["building", "floor", "gas"]);
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;

    let id = fresh();
    ann.submit(id, in_french("building", "<script>le moulin</script>"));
    let receipt = ann.answer(id).await.unwrap();
    ann.submit(id, in_french("building", "<script>le moulin</script>"));
    assert_eq!(ann.answer(id).await.unwrap(), receipt, "twice is once");
    ann.does(in_french("floor", "ground")).await;
    ann.does(answer("gas", "yes")).await;
    ann.does(answer("gas", "no")).await;
    let no = |event: &Event| {
        matches!(
            event,
            Event::FieldAnswered {
                answer: FieldAnswer::YesNo { yes: false },
                ..
            }
        )
    };
    tina.entry(session, no).await;
    let told: Vec<_> = tina
        .entries(session)
        .into_iter()
        .filter_map(|entry| match entry.event {
            Event::FieldAnswered {
                field,
                label,
                asked,
                answer,
            } => Some((field.to_string(), label, asked, answer)),
            _ => None,
        })
        .collect();
    let text = |text: &str| FieldAnswer::Text {
        text: text.to_owned(),
    };
    let entry = |field: &str, label: &str, asked: Option<&str>, answer| {
        (
            field.to_owned(),
            label.to_owned(),
            asked.map(str::to_owned),
            answer,
        )
    };
    let gas = |yes| entry("gas", "Do you smell gas?", None, FieldAnswer::YesNo { yes });
    let ground = FieldAnswer::Choice {
        option: "ground".parse().unwrap(),
        label: "Ground".to_owned(),
        asked: Some("Rez-de-chaussée".to_owned()),
    };
    assert_eq!(
        told,
        [
            entry(
                "building",
                "Which building?",
                Some("Quel bâtiment ?"),
                text("<script>le moulin</script>")
            ),
            entry("floor", "Which floor?", None, ground),
            gas(true),
            gas(false),
        ]
    );
    // Answers are read as texts are: responders who follow read them too.
    let link = makes(&tina, session, 60_000).await;
    let token = opens(&gateway, &link).await.expect("opened");
    let unit = Responder::welcomed(&gateway, &token, 0).await;
    unit.wire
        .wait(|m| matches!(m, ToResponder::Entry { event, .. } if no(event)).then_some(()))
        .await;
}

#[tokio::test]
async fn what_is_no_answer_is_refused_with_its_code_and_the_report_goes_on() {
    let gateway = Gateway::with(FIELDS).await;
    let ann = gateway.resident().await;
    ann.open("A dog barks").await;
    for (command, code) in [
        (answer("nothing", "x"), ErrorCode::NoSuchField),
        (answer("building", " "), ErrorCode::TextEmpty),
        (answer("building", &"x".repeat(41)), ErrorCode::TextTooLong),
        (
            answer("building", &"x".repeat(10_240)),
            ErrorCode::TextTooLong,
        ),
        (answer("floor", "Ground"), ErrorCode::NoSuchChoice),
        (answer("floor", "\u{202e}dnuorg"), ErrorCode::NoSuchChoice),
        (answer("gas", "perhaps"), ErrorCode::NoSuchChoice),
    ] {
        assert_eq!(ann.is_refused(command).await, code);
    }
    ann.does(answer("building", &"ü".repeat(40))).await;
    ann.says("and again").await;
}

#[tokio::test]
async fn another_set_of_questions_is_asked_without_a_restart_and_the_record_stays_as_it_was() {
    let mut gateway = Gateway::with(FIELDS).await;
    let ann = gateway.resident().await;
    let session = ann.open("A dog barks").await;
    ann.does(answer("gas", "yes")).await;
    gateway.configure("agency.fields = [{ id = \"gas\", label = { en = \"Is there gas?\" }, kind = \"yes_no\", categories = [\"fire\"] }, { id = \"dog\", label = { en = \"Whose dog?\" }, kind = \"text\" }]\n");
    let told = ann.wire.wait(|m| match m {
        ToResident::AgencyChanged { agency } => Some(agency.fields.clone()),
        _ => None,
    });
    assert_eq!(names(&told.await), ["gas", "dog"]);
    ann.does(answer("dog", "the neighbour's")).await;
    // Removed, and no longer asked of this report: what was written can still be sent as a message.
    for field in ["building", "gas"] {
        assert_eq!(
            ann.is_refused(answer(field, "yes")).await,
            ErrorCode::NoSuchField
        );
    }
    ann.says("Which building? The mill").await;
    let tina = gateway.console("tina").await;
    tina.takes(session).await;
    tina.follows(session, 0).await;
    let first = tina.entry(session, |event| {
        matches!(event, Event::FieldAnswered { .. })
    });
    let Event::FieldAnswered { label, .. } = first.await.event else {
        unreachable!()
    };
    assert_eq!(label, "Do you smell gas?");
    let staff = tina.wire.record().all();
    let welcomed = staff.iter().any(
        |m| matches!(m, ToStaff::Welcome { agency, .. } if names(&agency.fields) == ["gas", "dog"]),
    );
    assert!(welcomed, "staff know what is asked");
    let line =
        "agency.fields = [{ id = \"gas\", label = { fr = \"Du gaz ?\" }, kind = \"yes_no\" }]";
    gateway.configure(line);
    let place = format!("callbox.toml:{}", gateway.line_of(line));
    let told = async {
        loop {
            let log = gateway.log();
            if log.contains(&place) && log.contains("needs English") {
                break;
            }
            gateway.metric("callbox_config_refused").await;
        }
    };
    soon(told).await;
    ann.does(answer("dog", "mine")).await;
}

//! `docs/protocol.md` names everything, its reference is what the types say, and its examples are messages.

use callbox_proto::codec::Encoding;
use callbox_proto::error::{CloseCode, ErrorCode};
use callbox_proto::event::Event;
use callbox_proto::message::{
    FromResident, FromResponder, FromStaff, ToResident, ToResponder, ToStaff,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::files::{document, samples, schema};
use crate::{Failure, Outcome, committed};

/// Enums with a reference of their own in the document.
const REFERENCES: [&str; 11] = [
    "FromResident",
    "ToResident",
    "FromStaff",
    "ToStaff",
    "FromResponder",
    "ToResponder",
    "ResidentCommand",
    "StaffCommand",
    "Event",
    "Actor",
    "TransferTarget",
];

#[test]
fn the_reference_is_what_the_types_say_now() -> Outcome {
    let text = committed(document::PATH)?;
    assert_eq!(
        document::refreshed(&text, &schema::schema())?,
        text,
        "run `cargo xtask generate`"
    );
    for name in REFERENCES
        .iter()
        .chain(&["records", "words", "errors", "closes", "bounds"])
    {
        assert!(
            text.contains(&format!("<!-- generated: {name} -->")),
            "no reference of {name}"
        );
    }
    Ok(())
}

#[test]
fn every_kind_of_message_command_and_event_is_explained_in_the_prose_too() -> Outcome {
    let prose = prose(&committed(document::PATH)?);
    let schema = schema::schema();
    for name in &REFERENCES[..9] {
        for variant in schema["$defs"][name]["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let kind = variant["properties"]["kind"]["const"]
                .as_str()
                .unwrap_or_default();
            assert!(
                prose.contains(&format!("`{kind}`")),
                "{name} {kind} is not in the prose"
            );
        }
    }
    Ok(())
}

#[test]
fn every_error_code_and_close_code_has_its_row() -> Outcome {
    let text = committed(document::PATH)?;
    for code in ErrorCode::ALL {
        let name = serde_json::to_value(code)?;
        let row = format!(
            "| {} | `{}` |",
            code.number(),
            name.as_str().unwrap_or_default()
        );
        assert!(text.contains(&row), "{row}");
        assert!(text.contains(code.sentence()), "{row}");
    }
    for code in CloseCode::ALL {
        let row = format!("| {} | `{}` |", code.number(), code.reason());
        assert!(text.contains(&row), "{row}");
    }
    Ok(())
}

#[test]
fn the_place_for_the_roles_is_marked() -> Outcome {
    let text = committed(document::PATH)?;
    assert!(text.contains("<!-- roles -->") && text.contains("<!-- /roles -->"));
    Ok(())
}

/// The document without its generated parts.
fn prose(text: &str) -> String {
    let mut parts = text.split("<!-- generated: ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |prose, part| {
        prose
            + part
                .split_once("<!-- end -->")
                .map_or("", |(_, after)| after)
    })
}

/// A line of a transcript: who sends, and what.
struct Line<'a> {
    who: &'a str,
    json: &'a str,
}

/// How the lines of a transcript begin: whose client it is, and whether it sends (`>`) or receives (`<`).
const SENDERS: [&str; 6] = [
    "resident > ",
    "resident < ",
    "staff > ",
    "staff < ",
    "responder > ",
    "responder < ",
];

/// The lines of the document's transcripts: `resident > {…}`.
fn transcript(text: &str) -> Vec<Line<'_>> {
    let sent = |line| {
        SENDERS.iter().find_map(|who| {
            Some(Line {
                who,
                json: str::strip_prefix(line, who)?,
            })
        })
    };
    text.lines().filter_map(sent).collect()
}

fn is_canonical<T: Serialize + DeserializeOwned>(json: &str) -> Outcome {
    let refused = |code: ErrorCode| format!("{}: {json}", code.sentence());
    let message: T = Encoding::Json.decode(json.as_bytes()).map_err(refused)?;
    let again: Value = serde_json::from_slice(&Encoding::Json.encode(&message).map_err(refused)?)?;
    let given: Value = serde_json::from_str(json)?;
    // Nothing in the example was ignored: it says no more than the message does.
    for field in given.as_object().into_iter().flat_map(|map| map.keys()) {
        assert!(again.get(field).is_some(), "{field} is no field: {json}");
    }
    Ok(())
}

#[test]
fn every_line_of_the_transcripts_is_a_message() -> Outcome {
    let text = committed(document::PATH)?;
    let lines = transcript(&text);
    assert!(lines.len() > 40, "only {} lines of transcript", lines.len());
    for who in SENDERS {
        assert!(lines.iter().any(|line| line.who == who), "no line {who}");
    }
    for Line { who, json } in lines {
        match who {
            "resident > " => is_canonical::<FromResident>(json)?,
            "resident < " => is_canonical::<ToResident>(json)?,
            "staff > " => is_canonical::<FromStaff>(json)?,
            "staff < " => is_canonical::<ToStaff>(json)?,
            "responder > " => is_canonical::<FromResponder>(json)?,
            "responder < " => is_canonical::<ToResponder>(json)?,
            other => return Err(format!("whose is {other}?").into()),
        }
    }
    Ok(())
}

#[test]
fn the_table_of_what_residents_see_is_true() -> Outcome {
    let text = committed(document::PATH)?;
    for (_, stored) in &samples::all()?.stored {
        let event: Value = serde_json::to_value(&stored.event)?;
        let kind = event["kind"].as_str().unwrap_or_default();
        let mut row = row_of(&text, kind)?;
        if answer_of(row) == Some("as what it was") {
            row = row_of(&text, event["was"].as_str().unwrap_or_default())?;
        }
        let says = match answer_of(row) {
            Some(answer) if answer.starts_with("yes") => true,
            Some(answer) if answer.starts_with("no") => false,
            other => return Err(format!("{kind}: {other:?} is neither yes nor no").into()),
        };
        assert_eq!(says, Event::visible_to_resident(&stored.event), "{kind}");
    }
    Ok(())
}

/// Whether residents see it, as the last column says.
fn answer_of(row: &str) -> Option<&str> {
    row.rsplit('|').nth(1).map(str::trim)
}

fn row_of<'a>(text: &'a str, kind: &str) -> Result<&'a str, Failure> {
    let start = format!("| event `{kind}` |");
    let row = text.lines().find(|line| line.starts_with(&start));
    row.ok_or_else(|| format!("no row {start}").into())
}

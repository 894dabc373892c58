//! Answers to an agency's own questions.
//!
//! Owns: whether an answer fits the question as the agency asks it now, and what the log keeps of both. Must not: require one: nobody
//! who reports is held up. Called by: `decide`.

use callbox_proto::bounds::LANGUAGE_MAX_CHARS;
use callbox_proto::error::ErrorCode;
use callbox_proto::event::Event;
use callbox_proto::field::{FieldAnswer, FieldInfo, FieldKind, Labels, in_language};
use callbox_proto::ids::FieldId;

use super::{Context, Session, check};

/// What is answered, as it came.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    pub field: &'a FieldId,
    pub value: &'a str,
    /// Language of the words on the resident's screen.
    pub language: Option<&'a str>,
}

/// The fact that follows, with the words in which it was asked.
pub(super) fn answered(
    session: &Session,
    context: Context<'_>,
    answer: Answer<'_>,
) -> Result<Event, ErrorCode> {
    let language = answer.language.unwrap_or(&session.language);
    let tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !(1..=LANGUAGE_MAX_CHARS).contains(&language.len()) || !language.bytes().all(tag) {
        return Err(ErrorCode::OutOfRange);
    }
    let asked =
        |info: &&FieldInfo| info.field == *answer.field && info.is_asked_of(session.category);
    let info = context.policy.fields().iter().find(asked);
    let info = info.ok_or(ErrorCode::NoSuchField)?;
    let (label, asked) = words(&info.label, language);
    Ok(Event::FieldAnswered {
        field: info.field.clone(),
        label,
        asked,
        answer: checked(&info.answer, answer.value, language)?,
    })
}

/// What triage reads of an answer: what the resident wrote, and no words of the agency's.
pub(super) fn written(event: &Event) -> Option<&str> {
    match event {
        Event::FieldAnswered {
            answer: FieldAnswer::Text { text },
            ..
        } => Some(text),
        _ => None,
    }
}

fn checked(kind: &FieldKind, value: &str, language: &str) -> Result<FieldAnswer, ErrorCode> {
    match kind {
        FieldKind::Text { max_chars } => {
            check::text(value, *max_chars as usize)?;
            Ok(FieldAnswer::Text {
                text: value.to_owned(),
            })
        }
        FieldKind::Choice { options } => {
            let chosen = options.iter().find(|one| one.option.as_str() == value);
            let chosen = chosen.ok_or(ErrorCode::NoSuchChoice)?;
            let (label, asked) = words(&chosen.label, language);
            Ok(FieldAnswer::Choice {
                option: chosen.option.clone(),
                label,
                asked,
            })
        }
        FieldKind::YesNo {} => match value {
            "yes" => Ok(FieldAnswer::YesNo { yes: true }),
            "no" => Ok(FieldAnswer::YesNo { yes: false }),
            _ => Err(ErrorCode::NoSuchChoice),
        },
    }
}

/// In English, and as the resident read it where that is something else.
fn words(labels: &Labels, language: &str) -> (String, Option<String>) {
    let (english, read) = (in_language(labels, "en"), in_language(labels, language));
    let other = (read != english).then(|| read.to_owned());
    (english.to_owned(), other)
}

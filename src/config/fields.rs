//! The list `agency.fields`: questions of an agency's own.
//!
//! Owns: their keys and bounds, and their form on the wire. Must not: judge an answer: `domain` does. Read by: `app`, for what residents are
//! asked and for what is taken as an answer.

use std::collections::BTreeSet;

use callbox_proto::bounds::{
    FIELD_LABEL_MAX_CHARS, FIELD_OPTION_MAX_CHARS, FIELD_OPTIONS_MAX, FIELD_TEXT_MAX_CHARS,
    FIELDS_MAX,
};
use callbox_proto::field::{FieldInfo, FieldKind as Kind, FieldOption, Labels};
use callbox_proto::ids::{FieldId, IdError};
use callbox_proto::vocabulary::Category;
use serde::{Deserialize, Serialize};

use super::words::fault_of_labels;

/// A question of an agency's own, asked once the session is open. Nobody has to answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its id: 1 to 64 characters out of `a-z 0-9 . _ -`. Records carry it.
    pub id: String,
    /// The question by language: `label.en`, `label.fr` and so on. English is needed, and stands in for what is missing.
    pub label: Labels,
    /// What an answer is.
    pub kind: FieldKind,
    /// Most characters of a `text`. Default 200, at most 500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// What can be chosen of a `choice`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// Asked of these only. Unset: of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Words.
    Text,
    /// One of the options.
    Choice,
    /// Yes or no.
    YesNo,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its id among the others. Records carry it.
    pub id: String,
    /// What it says, by language as the question.
    pub label: Labels,
}

impl Field {
    const DEFAULT_MAX_CHARS: u32 = 200;

    /// The question on the wire.
    ///
    /// # Errors
    /// When an id is not plain.
    pub fn info(&self) -> Result<FieldInfo, IdError> {
        let option = |choice: &Choice| {
            Ok(FieldOption {
                option: choice.id.parse()?,
                label: choice.label.clone(),
            })
        };
        let answer = match self.kind {
            FieldKind::Text => Kind::Text {
                max_chars: self.max_chars.unwrap_or(Self::DEFAULT_MAX_CHARS),
            },
            FieldKind::Choice => Kind::Choice {
                options: self
                    .options
                    .iter()
                    .map(option)
                    .collect::<Result<_, IdError>>()?,
            },
            FieldKind::YesNo => Kind::YesNo {},
        };
        Ok(FieldInfo {
            field: self.id.parse()?,
            label: self.label.clone(),
            answer,
            categories: self.categories.clone(),
        })
    }

    fn fault(&self) -> Option<(&'static str, String)> {
        if self.id.parse::<FieldId>().is_err() {
            return Some(("id", not_plain()));
        }
        if let Some(why) = fault_of_labels(&self.label, FIELD_LABEL_MAX_CHARS) {
            return Some(("label", why));
        }
        let bound = self.max_chars.is_none_or(|chars| {
            self.kind == FieldKind::Text
                && (1..=FIELD_TEXT_MAX_CHARS as u64).contains(&u64::from(chars))
        });
        if !bound {
            let why = format!(
                "is for kind = \"text\" only, and must be from 1 to {FIELD_TEXT_MAX_CHARS}"
            );
            return Some(("max_chars", why));
        }
        self.fault_of_options().map(|why| ("options", why))
    }

    fn fault_of_options(&self) -> Option<String> {
        if self.kind != FieldKind::Choice {
            let none = self.options.is_empty();
            return (!none).then(|| "are for kind = \"choice\" only".to_owned());
        }
        if !(2..=FIELD_OPTIONS_MAX).contains(&self.options.len()) {
            return Some(format!("must be 2 to {FIELD_OPTIONS_MAX}"));
        }
        if self
            .options
            .iter()
            .any(|one| one.id.parse::<FieldId>().is_err())
        {
            return Some(format!("an id {}", not_plain()));
        }
        let ids: BTreeSet<&str> = self.options.iter().map(|one| one.id.as_str()).collect();
        if ids.len() < self.options.len() {
            return Some("two have the same id".to_owned());
        }
        let labels = self.options.iter().map(|one| &one.label);
        let fault = |labels| fault_of_labels(labels, FIELD_OPTION_MAX_CHARS);
        let fault = labels.filter_map(fault).next();
        fault.map(|why| format!("a label {why}"))
    }
}

/// The first thing that is wrong with an agency's questions, with its key.
pub(super) fn fault(fields: &[Field]) -> Option<(String, String)> {
    if fields.len() > FIELDS_MAX {
        let why = format!("must be at most {FIELDS_MAX}: nobody in danger answers more questions");
        return Some(("fields".to_owned(), why));
    }
    let mut ids = BTreeSet::new();
    for (place, field) in fields.iter().enumerate() {
        if let Some((key, why)) = field.fault() {
            return Some((format!("fields[{place}].{key}"), why));
        }
        if !ids.insert(field.id.as_str()) {
            let why = format!("{} is the id of another question already", field.id);
            return Some((format!("fields[{place}].id"), why));
        }
    }
    None
}

fn not_plain() -> String {
    "must be 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'".to_owned()
}

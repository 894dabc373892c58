//! An agency's own questions: what it asks whoever reports, beside what every report says.
//!
//! Owns: the form of a question and of an answer, and which of its words a language gets. Must not: say whether an answer fits (that is
//! `domain`). Used by: messages, `domain`, and `app`, which makes them from the configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::bounds::LANGUAGE_MAX_CHARS;
use crate::ids::FieldId;
use crate::redacted::debug_kind_only;
use crate::vocabulary::Category;

/// Words by language tag in lower case (`en`, `fr`, `pt-br`). English is always among them.
pub type Labels = BTreeMap<String, String>;

/// A question of an agency's own. Nobody has to answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct FieldInfo {
    /// Names it.
    pub field: FieldId,
    /// The question, in each language.
    pub label: Labels,
    /// What an answer is.
    pub answer: FieldKind,
    /// Asked of these only; of all where left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Category>>", optional)]
    pub categories: Vec<Category>,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// Words.
    Text {
        /// Most characters.
        max_chars: u32,
    },
    /// One of these.
    Choice {
        /// What can be chosen.
        options: Vec<FieldOption>,
    },
    /// Yes or no.
    YesNo {},
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
pub struct FieldOption {
    /// Names it among the others.
    pub option: FieldId,
    /// What it says, in each language.
    pub label: Labels,
}

/// What was answered, in words that a later change of the settings does not change.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldAnswer {
    /// Words.
    Text {
        /// As they were written.
        text: String,
    },
    /// One of several.
    Choice {
        /// Which one.
        option: FieldId,
        /// What it says, in English.
        label: String,
        /// What it said on the resident's screen, where that was something else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        asked: Option<String>,
    },
    /// Yes or no.
    YesNo {
        /// Yes.
        yes: bool,
    },
}

debug_kind_only!(FieldAnswer {
    Text,
    Choice,
    YesNo
});

impl FieldInfo {
    /// Whether it is asked of who reports this.
    #[must_use]
    pub fn is_asked_of(&self, category: Category) -> bool {
        self.categories.is_empty() || self.categories.contains(&category)
    }
}

/// Whether words can stand under this tag: it has the form of one, in lower case.
#[must_use]
pub fn is_language(tag: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=LANGUAGE_MAX_CHARS).contains(&tag.len()) && tag.bytes().all(plain)
}

/// The words of a language: its own, else those of the language without its region, else English.
#[must_use]
pub fn in_language<'l>(labels: &'l Labels, language: &str) -> &'l str {
    let tag = language.to_ascii_lowercase();
    let plain = tag.split('-').next().unwrap_or_default();
    let found = [tag.as_str(), plain, "en"];
    let found = found.into_iter().find_map(|tag| labels.get(tag));
    found.map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_gets_its_own_words_or_those_of_its_family_or_english() {
        let labels = [("en", "Floor?"), ("fr", "Étage ?"), ("pt-br", "Andar?")];
        let labels: Labels = labels
            .map(|(tag, words)| (tag.to_owned(), words.to_owned()))
            .into();
        for (language, words) in [
            ("fr", "Étage ?"),
            ("fr-CA", "Étage ?"),
            ("pt-BR", "Andar?"),
            ("pt", "Floor?"),
            ("ar", "Floor?"),
            ("", "Floor?"),
        ] {
            assert_eq!(in_language(&labels, language), words, "{language}");
        }
    }
}

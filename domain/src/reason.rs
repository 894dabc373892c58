//! Why a rule holds, in the languages of its file.
//!
//! Owns: the two forms in which a file may say it, and whether it can be meant. Must not: choose a language for a page: logs and rows say it
//! in English, and pages that are told of all languages (`Rules::reasons`) put their own in its place. Called by: `triage` and `suspicion`.

use std::fmt;

use callbox_proto::field::{Labels, in_language, is_language};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

/// Why a rule holds: a sentence in English, or sentences by language with English among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Labels);

impl Reason {
    /// In English: what logs and rows say.
    #[must_use]
    pub fn english(&self) -> &str {
        in_language(&self.0, "en")
    }

    /// In every language it has.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.0
    }

    /// Whether English is there, and each language is named by its tag and has 1 to `max_chars` characters.
    pub(crate) fn is_sound(&self, max_chars: usize) -> bool {
        let sound = |(tag, words): (&String, &String)| {
            is_language(tag) && (1..=max_chars).contains(&words.trim().chars().count())
        };
        self.0.contains_key("en") && self.0.iter().all(sound)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Reason {
    fn from(labels: [(&str, &str); N]) -> Self {
        Self(
            labels
                .map(|(tag, words)| (tag.to_owned(), words.to_owned()))
                .into(),
        )
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Reason;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sentence, or sentences by language")
            }

            fn visit_str<E: Error>(self, english: &str) -> Result<Reason, E> {
                Ok(Reason::from([("en", english)]))
            }

            fn visit_map<M: MapAccess<'de>>(self, labels: M) -> Result<Reason, M::Error> {
                Labels::deserialize(MapAccessDeserializer::new(labels)).map(Reason)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        because: Reason,
    }

    fn read(text: &str) -> Result<Reason, toml::de::Error> {
        toml::from_str::<File>(text).map(|file| file.because)
    }

    #[test]
    fn a_sentence_is_english_and_a_table_is_by_language() {
        assert_eq!(
            read("because = \"Smoke\"").unwrap(),
            Reason::from([("en", "Smoke")])
        );
        let both = read("because.en = \"Smoke\"\nbecause.fr = \"Fumée\"").unwrap();
        assert_eq!(both, Reason::from([("en", "Smoke"), ("fr", "Fumée")]));
        assert_eq!(both.english(), "Smoke");
        let neither = read("because = 3").unwrap_err().to_string();
        assert!(
            neither.contains("a sentence, or sentences by language"),
            "{neither}"
        );
    }

    #[test]
    fn what_has_no_english_no_words_or_no_language_cannot_be_meant() {
        assert!(Reason::from([("en", "Smoke"), ("pt-br", "Fumaça")]).is_sound(6));
        for (of, max_chars) in [
            (Reason::from([("fr", "Fumée")]), 6),
            (Reason::from([("en", "Smoke"), ("fr", " ")]), 6),
            (Reason::from([("en", "Smoke"), ("FR", "Fumée")]), 6),
            (Reason::from([("en", "Smoke")]), 4),
        ] {
            assert!(!of.is_sound(max_chars), "{of:?}");
        }
    }
}

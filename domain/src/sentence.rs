//! What an agency says in a file of its own: why a rule holds, what a report reaches; in the languages that it has.
//!
//! Owns: the two forms in which a file may say it, and whether it can be meant. Must not: choose a language for a page: logs and rows say it
//! in English, and pages that are told of all languages (`Rules::reasons`, `AgencyInfo::banner_in`) put their own in its place. Called by:
//! `triage`, `suspicion`, and the settings of an agency.

use std::fmt;

use callbox_proto::field::{Labels, in_language, is_language};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// A sentence in English, or sentences by language with English among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence(Labels);

impl Sentence {
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

    /// In every language but English.
    #[must_use]
    pub fn besides_english(&self) -> Labels {
        let mut labels = self.0.clone();
        labels.remove("en");
        labels
    }

    /// Whether English is there, and each language is named by its tag and has 1 to `max_chars` characters.
    #[must_use]
    pub(crate) fn is_sound(&self, max_chars: usize) -> bool {
        let sound = |(tag, words): (&String, &String)| {
            is_language(tag) && (1..=max_chars).contains(&words.trim().chars().count())
        };
        self.0.contains_key("en") && self.0.iter().all(sound)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Sentence {
    fn from(labels: [(&str, &str); N]) -> Self {
        Self(
            labels
                .map(|(tag, words)| (tag.to_owned(), words.to_owned()))
                .into(),
        )
    }
}

/// As a file says it: what is in English alone is a sentence.
impl Serialize for Sentence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.len() == 1 && self.0.contains_key("en") {
            serializer.serialize_str(self.english())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Sentence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Sentence;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sentence, or sentences by language")
            }

            fn visit_str<E: Error>(self, english: &str) -> Result<Sentence, E> {
                Ok(Sentence::from([("en", english)]))
            }

            fn visit_map<M: MapAccess<'de>>(self, labels: M) -> Result<Sentence, M::Error> {
                Labels::deserialize(MapAccessDeserializer::new(labels)).map(Sentence)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct File {
        because: Sentence,
    }

    fn read(text: &str) -> Result<Sentence, toml::de::Error> {
        toml::from_str::<File>(text).map(|file| file.because)
    }

    #[test]
    fn a_sentence_is_english_and_a_table_is_by_language() {
        assert_eq!(
            read("because = \"Smoke\"").unwrap(),
            Sentence::from([("en", "Smoke")])
        );
        let both = read("because.en = \"Smoke\"\nbecause.fr = \"Fumée\"").unwrap();
        assert_eq!(both, Sentence::from([("en", "Smoke"), ("fr", "Fumée")]));
        assert_eq!(both.english(), "Smoke");
        let neither = read("because = 3").unwrap_err().to_string();
        assert!(
            neither.contains("a sentence, or sentences by language"),
            "{neither}"
        );
    }

    #[test]
    fn it_is_written_as_it_was_read() {
        for text in [
            "because = \"Smoke\"\n",
            "[because]\nen = \"Smoke\"\nfr = \"Fumée\"\n",
        ] {
            let read: File = toml::from_str(text).unwrap();
            assert_eq!(toml::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn what_has_no_english_no_words_or_no_language_cannot_be_meant() {
        assert!(Sentence::from([("en", "Smoke"), ("pt-br", "Fumaça")]).is_sound(6));
        for (of, max_chars) in [
            (Sentence::from([("fr", "Fumée")]), 6),
            (Sentence::from([("en", "Smoke"), ("fr", " ")]), 6),
            (Sentence::from([("en", "Smoke"), ("FR", "Fumée")]), 6),
            (Sentence::from([("en", "Smoke")]), 4),
        ] {
            assert!(!of.is_sound(max_chars), "{of:?}");
        }
    }
}

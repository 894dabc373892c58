//! What is wrong with a rules file, beyond its syntax.
//!
//! Owns: the list of problems. Must not: stop intake: a file with problems still judges, and the shell decides whether to keep
//! the old one. Called by: `callbox check-config` and the reload.

use std::collections::{BTreeMap, BTreeSet};

use callbox_proto::ids::QueueId;

use super::words::{PHRASE_WORDS_MAX, words};
use super::{DEFAULT_RULE, Rule, Rules};
use crate::suspicion;

/// Rules that are reasonable in one file: every text is held against all of them.
pub const RULES_MAX: usize = 500;

/// Characters of a rule's name and of its reason: they travel with every row of the queue.
const ID_CHARS_MAX: usize = 64;
const BECAUSE_CHARS_MAX: usize = 200;

/// What all reasons that stand in more languages than English may come to, in bytes: each sign-in of a person carries them. As much as 500 rules
/// in two languages, in some 60 characters each.
pub const REASONS_MAX_BYTES: usize = 64 * 1_024;

/// Something in the rules that cannot be meant. `rule` is the rule's name as written, or its place where it has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Judgements could not be told apart.
    #[error("the version is empty")]
    NoVersion,
    /// More than [`RULES_MAX`].
    #[error("{count} rules are more than 500")]
    TooManyRules {
        /// How many.
        count: usize,
    },
    /// More than [`REASONS_MAX_BYTES`].
    #[error("the reasons in all their languages are {bytes} bytes, more than 65536")]
    TooManyWords {
        /// How many.
        bytes: usize,
    },
    /// Two rules of one name cannot be told apart in the log.
    #[error("rule {rule}: there are two of this name")]
    DuplicateId {
        /// Its name.
        rule: String,
    },
    /// Empty, too long, or taken by the built-in default.
    #[error("rule {rule}: a name is 1 to 64 characters and not \"default\"")]
    BadId {
        /// Its name.
        rule: String,
    },
    /// A telecommunicator could not see why.
    #[error(
        "rule {rule}: `because` is 1 to 200 characters, by language with English (en) among them"
    )]
    BadBecause {
        /// Its name.
        rule: String,
    },
    /// It would fire always, so it never does.
    #[error("rule {rule}: no condition is given; it never fires")]
    NoConditions {
        /// Its name.
        rule: String,
    },
    /// Nothing can be one of an empty list.
    #[error("rule {rule}: the list of `{condition}` is empty; it never fires")]
    EmptyCondition {
        /// Its name.
        rule: String,
        /// Which condition.
        condition: &'static str,
    },
    /// The agency has no such queue.
    #[error("rule {rule}: the agency has no queue {queue}")]
    UnknownQueue {
        /// Its name.
        rule: String,
        /// The queue it proposes.
        queue: QueueId,
    },
    /// Nobody writes a word without letters.
    #[error("rule {rule}: {phrase:?} has no letters")]
    NoLetters {
        /// Its name.
        rule: String,
        /// As written in the file.
        phrase: String,
    },
    /// Only the beginning is matched.
    #[error("rule {rule}: {phrase:?} has more than 8 words; only the first 8 are matched")]
    PhraseTooLong {
        /// Its name.
        rule: String,
        /// As written in the file.
        phrase: String,
    },
    /// Not the form of a language tag.
    #[error("rule {rule}: {tag:?} is not a language tag")]
    NotALanguage {
        /// Its name.
        rule: String,
        /// As written in the file.
        tag: String,
    },
    /// A rule of suspicion.
    #[error(transparent)]
    Suspicion(#[from] suspicion::Problem),
}

impl Problem {
    /// The rule it is about, as it is named in the text of the problem; `None` where it is about the file.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::NoVersion | Self::TooManyRules { .. } | Self::TooManyWords { .. } => None,
            Self::Suspicion(problem) => problem.rule(),
            Self::DuplicateId { rule }
            | Self::BadId { rule }
            | Self::BadBecause { rule }
            | Self::NoConditions { rule }
            | Self::EmptyCondition { rule, .. }
            | Self::UnknownQueue { rule, .. }
            | Self::NoLetters { rule, .. }
            | Self::PhraseTooLong { rule, .. }
            | Self::NotALanguage { rule, .. } => Some(rule),
        }
    }
}

impl Rules {
    /// Everything that cannot be meant, in the order of the file. `queues` are the agency's.
    #[must_use]
    pub fn check(&self, queues: &[QueueId]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.version.trim().is_empty() {
            problems.push(Problem::NoVersion);
        }
        if self.rules.len() > RULES_MAX {
            let count = self.rules.len();
            problems.push(Problem::TooManyRules { count });
        }
        let reasons = self.reasons();
        let bytes = reasons
            .iter()
            .flat_map(BTreeMap::values)
            .map(String::len)
            .sum();
        if bytes > REASONS_MAX_BYTES {
            problems.push(Problem::TooManyWords { bytes });
        }
        let mut seen = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let name = match rule.id.trim() {
                "" => format!("number {}", index + 1),
                id => id.to_owned(),
            };
            if !seen.insert(rule.id.as_str()) {
                problems.push(Problem::DuplicateId { rule: name.clone() });
            }
            check_rule(rule, &name, queues, &mut problems);
        }
        let of_suspicion = suspicion::problems(&self.suspicion);
        problems.extend(of_suspicion.into_iter().map(Problem::from));
        problems
    }
}

fn check_rule(rule: &Rule, name: &str, queues: &[QueueId], problems: &mut Vec<Problem>) {
    let rule_name = || name.to_owned();
    let id_chars = rule.id.trim().chars().count();
    if !(1..=ID_CHARS_MAX).contains(&id_chars) || rule.id == DEFAULT_RULE {
        problems.push(Problem::BadId { rule: rule_name() });
    }
    if !rule.because.is_sound(BECAUSE_CHARS_MAX) {
        problems.push(Problem::BadBecause { rule: rule_name() });
    }
    if let Some(queue) = rule.queue.as_ref().filter(|queue| !queues.contains(queue)) {
        let queue = queue.clone();
        problems.push(Problem::UnknownQueue {
            rule: rule_name(),
            queue,
        });
    }
    check_conditions(rule, name, problems);
    for (language, phrases) in rule.words.iter().flatten() {
        check_tag(language, name, problems);
        for phrase in phrases {
            check_phrase(phrase, name, problems);
        }
    }
    for tag in rule.language.iter().flatten() {
        check_tag(tag, name, problems);
    }
}

fn check_conditions(rule: &Rule, name: &str, problems: &mut Vec<Problem>) {
    let no_words = |lists: &std::collections::BTreeMap<_, Vec<String>>| {
        lists.is_empty() || lists.values().any(Vec::is_empty)
    };
    let empty = [
        ("category", rule.category.as_ref().map(Vec::is_empty)),
        ("words", rule.words.as_ref().map(no_words)),
        ("language", rule.language.as_ref().map(Vec::is_empty)),
        ("silent", rule.silent.map(|_| false)),
        ("has_location", rule.has_location.map(|_| false)),
    ];
    if empty.iter().all(|(_, given)| given.is_none()) {
        problems.push(Problem::NoConditions {
            rule: name.to_owned(),
        });
    }
    for (condition, _) in empty.iter().filter(|(_, empty)| *empty == Some(true)) {
        problems.push(Problem::EmptyCondition {
            rule: name.to_owned(),
            condition,
        });
    }
}

fn check_phrase(phrase: &str, name: &str, problems: &mut Vec<Problem>) {
    let (rule, written) = (name.to_owned(), phrase.to_owned());
    if !phrase.chars().any(char::is_alphabetic) {
        problems.push(Problem::NoLetters {
            rule,
            phrase: written,
        });
    } else if words(phrase.chars()).len() > PHRASE_WORDS_MAX {
        problems.push(Problem::PhraseTooLong {
            rule,
            phrase: written,
        });
    }
}

fn check_tag(tag: &str, name: &str, problems: &mut Vec<Problem>) {
    let primary = tag.split('-').next().unwrap_or_default();
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric());
    let good = (2..=8).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_alphabetic())
        && tag.split('-').all(|part| !part.is_empty() && plain(part));
    if !good {
        problems.push(Problem::NotALanguage {
            rule: name.to_owned(),
            tag: tag.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_in_many_words_of_many_languages_are_too_much_for_a_sign_in() {
        let rules = |fr: &str| -> Rules {
            let words = "x".repeat(200);
            let rule = |n| {
                format!(
                    "[[rule]]\nid = \"r{n}\"\nbecause.en = \"{words}\"\n{fr}priority = 3\nsilent = true\n"
                )
            };
            let rules: String = (0..400).map(rule).collect();
            toml::from_str(&format!("version = \"1\"\n{rules}")).unwrap()
        };
        assert_eq!(rules("").check(&[]), [], "English alone is told by rows");
        let long = format!("because.fr = \"{}\"\n", "é".repeat(200));
        assert!(matches!(
            rules(&long).check(&[])[..],
            [Problem::TooManyWords { bytes }] if bytes > 400 * 600
        ));
    }

    #[test]
    fn everything_that_cannot_be_meant_is_told() {
        let rules: Rules = toml::from_str(
            r#"
            version = " "
            [[rule]]
            id = "one"
            because = "b"
            priority = 1
            queue = "attic"
            words = { en = ["?!", "a b c d e f g h i"], "E!" = ["x"] }
            [[rule]]
            id = "one"
            because = ""
            priority = 2
            [[rule]]
            id = "default"
            because = "b"
            priority = 2
            category = []
            words = { en = [] }
            "#,
        )
        .unwrap();
        let queues = ["police".parse().unwrap()];
        let told: Vec<String> = rules
            .check(&queues)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "the version is empty",
                "rule one: the agency has no queue attic",
                "rule one: \"E!\" is not a language tag",
                "rule one: \"?!\" has no letters",
                "rule one: \"a b c d e f g h i\" has more than 8 words; only the first 8 are matched",
                "rule one: there are two of this name",
                "rule one: `because` is 1 to 200 characters, by language with English (en) among them",
                "rule one: no condition is given; it never fires",
                "rule default: a name is 1 to 64 characters and not \"default\"",
                "rule default: the list of `category` is empty; it never fires",
                "rule default: the list of `words` is empty; it never fires",
            ]
        );
    }
}

//! What is wrong with rules of suspicion, beyond their syntax.
//!
//! Owns: the list of problems. Must not: stop intake: a rule with a problem does no harm meanwhile. Called by: `triage`'s check of the file.

use std::collections::BTreeSet;

use super::Rule;

/// Rules that are reasonable: every session of a list is held against all of them.
pub const SUSPICION_RULES_MAX: usize = 16;

/// Characters of a rule's name and of its reason: they stand in every row of a list.
const ID_CHARS_MAX: usize = 64;
const BECAUSE_CHARS_MAX: usize = 100;

/// Something in a rule of suspicion that cannot be meant. `rule` is the rule's name as written, or its place where it has none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// More than [`SUSPICION_RULES_MAX`].
    #[error("{count} rules of suspicion are more than 16")]
    TooManyRules {
        /// How many.
        count: usize,
    },
    /// Two rules of one name cannot be told apart in the log.
    #[error("suspicion {rule}: there are two of this name")]
    DuplicateId {
        /// Its name.
        rule: String,
    },
    /// Empty, too long, or not plain.
    #[error("suspicion {rule}: a name is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'")]
    BadId {
        /// Its name.
        rule: String,
    },
    /// A telecommunicator could not see why.
    #[error(
        "suspicion {rule}: `because` is 1 to 100 characters, by language with English (en) among them"
    )]
    BadBecause {
        /// Its name.
        rule: String,
    },
    /// A number is 0 to 100.
    #[error("suspicion {rule}: `points` are 1 to 100")]
    BadPoints {
        /// Its name.
        rule: String,
    },
    /// It would hold always, so it never does.
    #[error("suspicion {rule}: no condition is given; it never holds")]
    NoConditions {
        /// Its name.
        rule: String,
    },
    /// One session alone is no crowd, and the same words from one place are a real event.
    #[error("suspicion {rule}: `{condition}` needs at least {least} in `{of}`")]
    TooLittle {
        /// Its name.
        rule: String,
        /// Which condition.
        condition: &'static str,
        /// Which number of it.
        of: &'static str,
        /// The least that makes sense.
        least: u32,
    },
}

impl Problem {
    /// The rule it is about, as it is named in the text of the problem; `None` where it is about the file.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::TooManyRules { .. } => None,
            Self::DuplicateId { rule }
            | Self::BadId { rule }
            | Self::BadBecause { rule }
            | Self::BadPoints { rule }
            | Self::NoConditions { rule }
            | Self::TooLittle { rule, .. } => Some(rule),
        }
    }
}

/// Everything that cannot be meant, in the order of the file.
pub(crate) fn problems(rules: &[Rule]) -> Vec<Problem> {
    let mut problems = Vec::new();
    if rules.len() > SUSPICION_RULES_MAX {
        let count = rules.len();
        problems.push(Problem::TooManyRules { count });
    }
    let mut seen = BTreeSet::new();
    for (index, rule) in rules.iter().enumerate() {
        let name = match rule.id.trim() {
            "" => format!("number {}", index + 1),
            id => id.to_owned(),
        };
        if !seen.insert(rule.id.as_str()) {
            problems.push(Problem::DuplicateId { rule: name.clone() });
        }
        check_rule(rule, &name, &mut problems);
    }
    problems
}

fn check_rule(rule: &Rule, name: &str, problems: &mut Vec<Problem>) {
    let named = || name.to_owned();
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if !(1..=ID_CHARS_MAX).contains(&rule.id.len()) || !rule.id.bytes().all(plain) {
        problems.push(Problem::BadId { rule: named() });
    }
    if !rule.because.is_sound(BECAUSE_CHARS_MAX) {
        problems.push(Problem::BadBecause { rule: named() });
    }
    if !(1..=100).contains(&rule.points) {
        problems.push(Problem::BadPoints { rule: named() });
    }
    if rule.outside_km.is_none() && rule.alike.is_none() && rule.opened.is_none() {
        problems.push(Problem::NoConditions { rule: named() });
    }
    let alike = rule.alike.iter().flat_map(|asked| {
        [
            ("alike", "sessions", asked.sessions, 2),
            ("alike", "within_min", asked.within_min, 1),
            ("alike", "apart_km", asked.apart_km, 20),
        ]
    });
    let opened = rule.opened.iter().flat_map(|asked| {
        [
            ("opened", "sessions", asked.sessions, 2),
            ("opened", "within_min", asked.within_min, 1),
        ]
    });
    let too_little = alike
        .chain(opened)
        .filter(|(_, _, given, least)| given < least);
    for (condition, of, _, least) in too_little {
        problems.push(Problem::TooLittle {
            rule: named(),
            condition,
            of,
            least,
        });
    }
}

//! Triage: turns what is known into a priority, with the rules that fired.
//!
//! Owns: the rules as data and how they are read against a session. Must not: read files (the shell parses
//! `config/triage.toml` into [`Rules`]), refuse anybody, or lower a priority. Called by: `session`, when a session opens and
//! when its resident writes; by `check-config`, which prints [`Rules::check`].
//!
//! Words are matched as whole words, whatever the case and the accents, in every language of the file: people write in
//! another language than their device is set to. Negation is not understood: "not bleeding" reads like "bleeding", because
//! urgent is the safe side. Writing without spaces between words (Chinese, Japanese, Thai) is not matched.
//!
//! Everything fails open: a rule that makes no sense does not fire and is reported by the check; no rules at all give every
//! session the default priority.

mod check;
#[cfg(test)]
mod shipped;
mod words;

pub(crate) use words::words;

use std::collections::{BTreeMap, BTreeSet};

use callbox_proto::field::Labels;
use callbox_proto::ids::QueueId;
use callbox_proto::vocabulary::{Category, Priority, RuleFired};
use serde::Deserialize;

pub use check::{Problem, REASONS_MAX_BYTES, RULES_MAX};
use words::Phrases;

use crate::sentence::Sentence;
use crate::suspicion;

/// How much of one text is read for words: as long as the longest text that is taken (`text_chars` of the limits). A
/// larger one costs more per message and finds nothing more.
pub const TEXT_CHARS_MAX: usize = callbox_proto::bounds::TEXT_MAX_CHARS;

/// Rules listed for one session, so that a row of the queue stays small. The most urgent ones are kept.
pub const FIRED_MAX: usize = callbox_proto::bounds::RULES_FIRED_MAX;

/// The name of the rule that stands for the category's default or, where nothing fires, for [`Priority::PROMPT`].
pub const DEFAULT_RULE: &str = "default";

/// Why, where the category's default stands.
const CATEGORY_STARTS: [(&str, &str); 2] = [
    ("en", "What this kind of report starts with"),
    ("fr", "Ce par quoi commence ce genre de signalement"),
];

/// Why, where nothing fires.
const NOTHING_FITS: [(&str, &str); 2] = [
    ("en", "No rule fits: prompt until a person has looked"),
    (
        "fr",
        "Aucune règle ne convient\u{a0}: rapide jusqu’à ce que quelqu’un ait regardé",
    ),
];

/// The name of the rule that marks a session as written under duress, whatever its priority: an agency gives its word for it in a rule
/// of this name.
pub const DURESS_RULE: &str = "duress";

/// What has to hold for a rule to fire: all of the conditions given. A rule without conditions never fires.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name; told to telecommunicators and kept in the log.
    pub id: String,
    /// Why, in words for a telecommunicator.
    pub because: Sentence,
    /// The priority it asks for.
    pub priority: Priority,
    /// The queue it proposes.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// The category is one of these.
    #[serde(default)]
    pub category: Option<Vec<Category>>,
    /// The text holds one of these words or phrases; by language, for people who read the file.
    #[serde(default)]
    pub words: Option<BTreeMap<String, Vec<String>>>,
    /// The resident cannot talk and must not be heard, or can.
    #[serde(default)]
    pub silent: Option<bool>,
    /// A place is known, or is not.
    #[serde(default)]
    pub has_location: Option<bool>,
    /// The session's language is one of these; `es` covers `es-MX`.
    #[serde(default)]
    pub language: Option<Vec<String>>,
}

/// The shape of the file: `version`, `[defaults]` by category, `[[rule]]` and `[[suspicion]]` in order.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    version: String,
    #[serde(default)]
    defaults: BTreeMap<Category, Priority>,
    #[serde(default)]
    rule: Vec<Rule>,
    #[serde(default)]
    suspicion: Vec<suspicion::Rule>,
}

/// All rules, ready to be read against sessions. `Rules::default()` has none and gives everybody the default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "RulesFile")]
pub struct Rules {
    version: String,
    defaults: BTreeMap<Category, Priority>,
    rules: Vec<Rule>,
    suspicion: Vec<suspicion::Rule>,
    phrases: Phrases,
}

/// The same rules in the same order; the phrases follow from them.
impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        (&self.version, &self.defaults, &self.rules, &self.suspicion)
            == (
                &other.version,
                &other.defaults,
                &other.rules,
                &other.suspicion,
            )
    }
}

impl From<RulesFile> for Rules {
    fn from(file: RulesFile) -> Self {
        let mut phrases = Phrases::default();
        for (index, rule) in file.rule.iter().enumerate() {
            for phrase in rule.words.iter().flat_map(BTreeMap::values).flatten() {
                phrases.add(phrase, index);
            }
        }
        Self {
            version: file.version,
            defaults: file.defaults,
            rules: file.rule,
            suspicion: file.suspicion,
            phrases,
        }
    }
}

impl Rules {
    /// The version written in the file; kept with every session it judged.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rules in the order of the file.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules of suspicion, in the order of the file.
    #[must_use]
    pub fn suspicion(&self) -> &[suspicion::Rule] {
        &self.suspicion
    }

    /// The reasons that stand in more languages than English, the built-in ones too: a page finds one by its English, which is what logs and
    /// rows say.
    #[must_use]
    pub fn reasons(&self) -> Vec<Labels> {
        let rules = self.rules.iter().map(|rule| &rule.because);
        let suspicion = self.suspicion.iter().map(|rule| &rule.because);
        let built_in = [CATEGORY_STARTS, NOTHING_FITS].map(Sentence::from);
        let all = rules
            .chain(suspicion)
            .chain(&built_in)
            .map(Sentence::labels);
        all.filter(|labels| labels.len() > 1).cloned().collect()
    }

    /// Whether there is a word for duress.
    #[must_use]
    pub fn knows_duress(&self) -> bool {
        self.rules.iter().any(|rule| rule.id == DURESS_RULE)
    }

    /// The least urgent priority a category is ever given, where the file has one.
    #[must_use]
    pub fn category_default(&self, category: Category) -> Option<Priority> {
        self.defaults.get(&category).copied()
    }
}

/// What is known about a session when it is judged.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// What the resident says is happening.
    pub category: Category,
    /// Language tag (BCP 47).
    pub language: &'a str,
    /// The resident cannot talk and must not be heard.
    pub silent: bool,
    /// A place is known.
    pub located: bool,
    /// The opening text, or a later message; only the first [`TEXT_CHARS_MAX`] characters are read.
    pub text: &'a str,
}

impl std::fmt::Debug for Facts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Facts")
    }
}

/// What triage came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Triage {
    /// The most urgent priority of what fired.
    pub priority: Priority,
    /// The queue proposed by the most urgent rule that proposes one; the agency's default where `None`.
    pub queue: Option<QueueId>,
    /// What fired, most urgent first, in the order of the file where equal; 1 to [`FIRED_MAX`].
    pub fired: Vec<RuleFired>,
    /// The version of the rules.
    pub version: String,
}

/// Judges what is known. Never refuses; its cost is bounded by the length of the text, whatever it says.
#[must_use]
pub fn triage(rules: &Rules, facts: &Facts<'_>) -> Triage {
    let spoken = rules.phrases.rules_in(facts.text, TEXT_CHARS_MAX);
    let mut fired: Vec<&Rule> = (rules.rules.iter().enumerate())
        .filter(|(index, rule)| fires(rule, *index, facts, &spoken))
        .map(|(_, rule)| rule)
        .collect();
    fired.sort_by_key(|rule| rule.priority);
    let queue = fired.iter().find_map(|rule| rule.queue.clone());

    let mut fired: Vec<RuleFired> = fired.into_iter().take(FIRED_MAX).map(told).collect();
    let most_urgent = fired.first().map(|first| first.priority);
    if let Some(default) = default_rule(rules.category_default(facts.category), most_urgent) {
        fired.truncate(FIRED_MAX - 1);
        fired.insert(0, default);
    }
    Triage {
        priority: fired
            .first()
            .map_or(Priority::PROMPT, |first| first.priority),
        queue,
        fired,
        version: rules.version.clone(),
    }
}

/// Whether a later judgement changes the priority: only upwards. That people's own changes stand is `session`'s to see to.
#[must_use]
pub fn raises(current: Priority, new: Priority) -> bool {
    new < current
}

fn told(rule: &Rule) -> RuleFired {
    RuleFired {
        rule: rule.id.clone(),
        priority: rule.priority,
        because: rule.because.english().to_owned(),
    }
}

/// The default as a rule that fired, where nothing else did or all that did is less urgent than the category.
fn default_rule(category: Option<Priority>, most_urgent: Option<Priority>) -> Option<RuleFired> {
    let (priority, because) = match (category, most_urgent) {
        (Some(default), Some(most_urgent)) if default >= most_urgent => return None,
        (Some(default), _) => (default, CATEGORY_STARTS),
        (None, Some(_)) => return None,
        (None, None) => (Priority::PROMPT, NOTHING_FITS),
    };
    Some(RuleFired {
        rule: DEFAULT_RULE.to_owned(),
        priority,
        because: Sentence::from(because).english().to_owned(),
    })
}

fn fires(rule: &Rule, index: usize, facts: &Facts<'_>, spoken: &BTreeSet<usize>) -> bool {
    let conditions = [
        (rule.category.as_ref()).map(|list| list.contains(&facts.category)),
        rule.words.as_ref().map(|_| spoken.contains(&index)),
        rule.silent.map(|silent| silent == facts.silent),
        rule.has_location.map(|located| located == facts.located),
        (rule.language.as_ref()).map(|list| list.iter().any(|tag| covers(tag, facts.language))),
    ];
    let mut given = conditions.into_iter().flatten().peekable();
    given.peek().is_some() && given.all(|holds| holds)
}

/// Whether a language tag of a rule is the session's tag or the beginning of it, up to a hyphen (RFC 4647 basic filtering).
fn covers(range: &str, tag: &str) -> bool {
    let Some((start, rest)) = tag.split_at_checked(range.len()) else {
        return false;
    };
    start.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: &str = r#"
        version = "t1"
        [defaults]
        fire = 2
        [[rule]]
        id = "late"
        because = "It is over"
        priority = 5
        words = { en = ["over"] }
        [[rule]]
        id = "breath"
        because = { en = "No breath", fr = "Ne respire pas" }
        priority = 1
        queue = "emergency"
        words = { en = ["can't breathe"], fr = ["ne respire plus"] }
        [[rule]]
        id = "quiet"
        because = "Must not be heard"
        priority = 2
        queue = "police"
        silent = true
        category = ["violence", "other"]
        has_location = false
        language = ["es"]
        [[rule]]
        id = "nothing"
        because = "Asks for nothing"
        priority = 1
    "#;

    fn rules() -> Rules {
        toml::from_str(RULES).unwrap()
    }

    fn facts(category: Category, text: &str) -> Facts<'_> {
        Facts {
            category,
            language: "en",
            silent: false,
            located: true,
            text,
        }
    }

    fn fired(triage: &Triage) -> Vec<&str> {
        triage
            .fired
            .iter()
            .map(|fired| fired.rule.as_str())
            .collect()
    }

    #[test]
    fn where_nothing_fires_the_default_says_so() {
        let judged = triage(&rules(), &facts(Category::Other, "good morning"));
        assert_eq!(judged.priority, Priority::PROMPT);
        assert_eq!(fired(&judged), ["default"]);
        assert_eq!(judged.version, "t1");
    }

    #[test]
    fn no_rules_at_all_stop_nobody() {
        let judged = triage(
            &Rules::default(),
            &facts(Category::Medical, "he can't breathe"),
        );
        assert_eq!((judged.priority, judged.queue), (Priority::PROMPT, None));
    }

    #[test]
    fn a_session_is_never_less_urgent_than_its_category() {
        let judged = triage(&rules(), &facts(Category::Fire, "It is over."));
        assert_eq!(judged.priority.number(), 2);
        assert_eq!(fired(&judged), ["default", "late"]);
    }

    #[test]
    fn the_most_urgent_rule_gives_priority_and_queue() {
        let judged = triage(&rules(), &facts(Category::Other, "over! I CANT\nBREATHE"));
        assert_eq!(judged.priority.number(), 1);
        assert_eq!(judged.queue.unwrap().as_str(), "emergency");
        assert_eq!(judged.fired[0].rule, "breath");
        assert_eq!(judged.fired[1].rule, "late");
    }

    #[test]
    fn rows_and_logs_say_why_in_english_and_pages_find_the_other_languages_by_it() {
        let judged = triage(&rules(), &facts(Category::Other, "he can't breathe"));
        assert_eq!(judged.fired[0].because, "No breath");
        let reasons = rules().reasons();
        let french = |english: &str| {
            let found = reasons.iter().find(|labels| labels["en"] == english);
            found.map(|labels| labels["fr"].as_str())
        };
        assert_eq!(french("No breath"), Some("Ne respire pas"));
        assert_eq!(french("It is over"), None, "it has English only");
        // What is built in is found the same way.
        for category in [Category::Fire, Category::Other] {
            let judged = triage(&rules(), &facts(category, "good morning"));
            assert_eq!(judged.fired[0].rule, DEFAULT_RULE);
            assert!(french(&judged.fired[0].because).is_some());
        }
    }

    #[test]
    fn every_condition_given_must_hold() {
        let quiet = Facts {
            category: Category::Violence,
            language: "es-MX",
            silent: true,
            located: false,
            text: "",
        };
        assert_eq!(fired(&triage(&rules(), &quiet)), ["quiet"]);
        for broken in [
            Facts {
                category: Category::Fire,
                ..quiet
            },
            Facts {
                language: "est",
                ..quiet
            },
            Facts {
                silent: false,
                ..quiet
            },
            Facts {
                located: true,
                ..quiet
            },
        ] {
            assert_eq!(fired(&triage(&rules(), &broken)), ["default"]);
        }
    }

    #[test]
    fn a_later_text_only_raises() {
        let [one, two] = [1, 2].map(|number| Priority::new(number).unwrap());
        assert!(raises(two, one));
        assert!(!raises(one, two) && !raises(two, two));
    }

    #[test]
    fn words_after_the_bound_are_not_read() {
        let far = format!("{} can't breathe", "a ".repeat(TEXT_CHARS_MAX / 2));
        assert_eq!(
            fired(&triage(&rules(), &facts(Category::Other, &far))),
            ["default"]
        );
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line() {
        let error = toml::from_str::<Rules>("version = \"1\"\npriorty = 3").unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn at_most_sixteen_rules_are_told_the_most_urgent_ones() {
        let many = (0..40).map(|n| {
            let priority = 2 + n % 4;
            format!(
                "[[rule]]\nid = \"r{n}\"\nbecause = \"b\"\npriority = {priority}\nsilent = false\n"
            )
        });
        let rules: Rules =
            toml::from_str(&format!("version = \"1\"\n{}", many.collect::<String>())).unwrap();
        let judged = triage(&rules, &facts(Category::Other, ""));
        assert_eq!(judged.fired.len(), FIRED_MAX);
        assert!(judged.fired.is_sorted_by_key(|fired| fired.priority));
        assert_eq!(judged.fired[0].rule, "r0");
    }

    proptest! {
        #[test]
        fn any_text_gives_a_priority_and_a_reason(
            text in any::<String>(), language in any::<String>(),
            which in 0..Category::ALL.len(), silent: bool, located: bool
        ) {
            let category = Category::ALL[which];
            let known = Facts { category, language: &language, silent, located, text: &text };
            let judged = triage(&rules(), &known);
            prop_assert!((1..=5).contains(&judged.priority.number()));
            prop_assert!((1..=FIRED_MAX).contains(&judged.fired.len()));
            prop_assert_eq!(judged.fired[0].priority, judged.priority);
            if let Some(default) = rules().category_default(category) {
                prop_assert!(judged.priority <= default);
            }
        }

        #[test]
        fn the_order_of_rules_and_words_changes_no_priority(
            shuffled in Just(rules().rules).prop_shuffle(),
            text in "(over|can't|breathe|ne|respire|plus| |, |a){0,12}", silent: bool
        ) {
            let mut mixed = shuffled;
            for list in mixed.iter_mut().filter_map(|rule| rule.words.as_mut()) {
                list.values_mut().for_each(|phrases| phrases.reverse());
            }
            let file = RulesFile { version: "t1".into(), defaults: rules().defaults, rule: mixed, suspicion: Vec::new() };
            let known = Facts { silent, ..facts(Category::Violence, &text) };
            let (one, other) = (triage(&rules(), &known), triage(&file.into(), &known));
            prop_assert_eq!(one.priority, other.priority);
            prop_assert_eq!(one.queue, other.queue);
        }
    }
}

//! Finding words and phrases in what people write.
//!
//! Owns: folding of letters, cutting into words, and a tree of phrases that is walked once along a text. Must not: know what
//! a rule is beyond its index. Called by: `triage` only.
//!
//! Cost: each word of a text is looked up once, and from each word at most [`PHRASE_WORDS_MAX`] steps are walked down the
//! tree, however many phrases there are. No text makes it slower than that.

use std::collections::{BTreeMap, BTreeSet};

/// Words of a phrase that are matched: what bounds the walk from each word of a text. A longer phrase matches by its
/// beginning, which is the urgent side, and is reported by the check.
pub(super) const PHRASE_WORDS_MAX: usize = 8;

type WordId = u32;
type NodeId = u32;

const ROOT: NodeId = 0;

/// Phrases of all rules in one tree, word by word.
#[derive(Debug, Clone, Default)]
pub(super) struct Phrases {
    words: BTreeMap<Box<str>, WordId>,
    steps: BTreeMap<(NodeId, WordId), NodeId>,
    /// Rules whose phrase ends at a node.
    ends: BTreeMap<NodeId, BTreeSet<usize>>,
}

impl Phrases {
    /// Adds a phrase of a rule. One without any letter or digit is left out.
    pub(super) fn add(&mut self, phrase: &str, rule: usize) {
        let mut node = ROOT;
        for word in words(phrase.chars()).into_iter().take(PHRASE_WORDS_MAX) {
            let next_word = self.words.len() as WordId;
            let word = *self.words.entry(word.into()).or_insert(next_word);
            let next_node = self.steps.len() as NodeId + 1;
            node = *self.steps.entry((node, word)).or_insert(next_node);
        }
        if node != ROOT {
            self.ends.entry(node).or_default().insert(rule);
        }
    }

    /// The rules that have a phrase in the first `chars_max` characters of the text.
    pub(super) fn rules_in(&self, text: &str, chars_max: usize) -> BTreeSet<usize> {
        self.walk(text, chars_max).0
    }

    /// The rules found, and how many steps it took.
    fn walk(&self, text: &str, chars_max: usize) -> (BTreeSet<usize>, usize) {
        let mut found = BTreeSet::new();
        let mut steps = 0;
        if self.ends.is_empty() {
            return (found, steps);
        }
        let ids: Vec<Option<WordId>> = words(text.chars().take(chars_max))
            .iter()
            .map(|word| self.words.get(word.as_str()).copied())
            .collect();
        let mut reached = BTreeSet::new();
        for start in 0..ids.len() {
            let mut node = ROOT;
            for word in ids[start..].iter().map_while(|id| *id) {
                steps += 1;
                let Some(next) = self.steps.get(&(node, word)) else {
                    break;
                };
                node = *next;
                reached.insert(node);
            }
        }
        for rules in reached.iter().filter_map(|node| self.ends.get(node)) {
            found.extend(rules);
        }
        (found, steps)
    }
}

/// The folded words of a text: runs of letters and digits. `n't` stays one word with what is before it ("can't" is "cant",
/// as many write it); every other apostrophe parts ("l'immeuble" is "l" and "immeuble").
pub(crate) fn words(text: impl Iterator<Item = char>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut after_apostrophe = false;
    for letter in text.flat_map(char::to_lowercase).chain([' ']) {
        if is_silent(letter) {
            continue;
        }
        if letter.is_alphanumeric() {
            fold(letter, &mut word);
            continue;
        }
        if !word.is_empty() {
            match words.last_mut() {
                Some(last) if after_apostrophe && word == "t" && last.ends_with('n') => {
                    last.push('t');
                    word.clear();
                }
                _ => words.push(std::mem::take(&mut word)),
            }
        }
        after_apostrophe = matches!(
            letter,
            '\'' | '\u{2019}' | '\u{2018}' | '\u{2bc}' | '`' | '´'
        );
    }
    words
}

/// Marks that people do not type on purpose inside a word: combining accents, soft hyphens, zero-width characters.
const fn is_silent(letter: char) -> bool {
    matches!(
        letter,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
    )
}

/// Appends a small letter without its accent: the letters of Latin-1 and Latin Extended-A, and Romanian ș and ț.
fn fold(letter: char, word: &mut String) {
    let plain = match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' | 'ħ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'æ' => return word.push_str("ae"),
        'œ' => return word.push_str("oe"),
        'ß' => return word.push_str("ss"),
        other => other,
    };
    word.push(plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(list: &[&str]) -> Phrases {
        let mut phrases = Phrases::default();
        for (index, phrase) in list.iter().enumerate() {
            phrases.add(phrase, index);
        }
        phrases
    }

    fn found(list: &[&str], text: &str) -> Vec<usize> {
        phrases(list).rules_in(text, 8_000).into_iter().collect()
    }

    #[test]
    fn case_and_accents_and_apostrophes_do_not_matter() {
        assert_eq!(
            words("N’Arrête PAS, l'Œuvre e\u{301}tait".chars()).join(" "),
            "n arrete pas l oeuvre etait"
        );
        assert_eq!(
            words("can't CAN’T cant isn't".chars()).join(" "),
            "cant cant cant isnt"
        );
        assert_eq!(found(&["dejó de respirar"], "DEJO DE RESPIRAR!"), [0]);
    }

    #[test]
    fn only_whole_words_match() {
        assert!(found(&["gun", "viol"], "The violin begun; gunny").is_empty());
        assert_eq!(found(&["gun"], "a \"gun\"."), [0]);
    }

    #[test]
    fn phrases_that_share_a_beginning_are_all_found() {
        let list = ["not", "not breathing", "not breathing well", "breathing"];
        assert_eq!(found(&list, "he is not breathing"), [0, 1, 3]);
    }

    #[test]
    fn a_phrase_without_letters_never_matches() {
        assert!(found(&["", " ?! "], "anything ?!").is_empty());
    }

    #[test]
    fn a_hostile_text_costs_no_more_steps_than_its_words_allow() {
        let deep = ["a a a a a a a b", "a a a a b", "a a a a a a a a a a a a"];
        let text = "a ".repeat(100_000);
        let (found, steps) = phrases(&deep).walk(&text, 8_000);
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [2],
            "matched by its beginning"
        );
        assert!(steps <= 4_000 * (PHRASE_WORDS_MAX + 1), "{steps} steps");
    }
}

//! What somebody says, as few numbers, so that two texts can be compared without keeping either.
//!
//! Owns: the sketch and when two of them are alike. Must not: know languages or meanings. Called by: `session` (the first words of a session),
//! `suspicion`.
//!
//! The sketch is the set of the text's words, each as a hash, and of those the smallest: short texts are kept whole, and of long ones it is
//! a fair sample (bottom-k sketch, Broder 1997). Whoever copies a text and adds a word is found; whoever says the same in own words is not.

use crate::triage::words;

/// Hashes kept of one text: 160 bytes in a session's row at most. A call for help that is copied is about as long.
pub const SKETCH_MAX_WORDS: usize = 32;
/// With fewer different words a text says nothing by being the same: "help", "there is a fire".
const WORDS_MIN: usize = 6;
/// Characters of a text that are looked at; more is the same sample.
const CHARS_MAX: usize = 2_000;

/// The sketch of a text, sorted; empty where it has too few words.
#[must_use]
pub fn sketch(text: &str) -> Vec<u32> {
    let mut hashes: Vec<u32> = words(text.chars().take(CHARS_MAX))
        .iter()
        .map(|word| hash(word))
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    if hashes.len() < WORDS_MIN {
        return Vec::new();
    }
    hashes.truncate(SKETCH_MAX_WORDS);
    hashes
}

/// Whether seven of ten words are the same, of all that either text has.
#[must_use]
pub fn alike(one: &[u32], other: &[u32]) -> bool {
    let whole = one.len().max(other.len()) < SKETCH_MAX_WORDS;
    // Of long texts the smallest of both together are a fair sample of both together.
    let looked_at_max = if whole { usize::MAX } else { SKETCH_MAX_WORDS };
    let (mut a, mut b) = (one.iter().peekable(), other.iter().peekable());
    let (mut looked_at, mut in_both) = (0usize, 0usize);
    while looked_at < looked_at_max {
        let (from_a, from_b) = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => (x <= y, y <= x),
            (left, right) => (left.is_some(), right.is_some()),
        };
        match (from_a, from_b) {
            (false, false) => break,
            (true, true) => in_both += 1,
            _ => {}
        }
        if from_a {
            a.next();
        }
        if from_b {
            b.next();
        }
        looked_at += 1;
    }
    looked_at > 0 && 10 * in_both >= 7 * looked_at
}

/// FNV-1a, stirred once more: the same on every node and in every version, which a hasher of the standard library does not promise.
fn hash(word: &str) -> u32 {
    let mut hash = word.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^ (hash >> 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str =
        "Please send police to Harbour Road 5, my friend is being attacked in her flat right now";

    #[test]
    fn a_copied_text_is_known_with_a_word_more_or_less_and_in_another_case() {
        let call = sketch(CALL);
        for copy in [
            CALL.to_uppercase(),
            format!("{CALL}!!! HELP"),
            CALL.replace("right now", "now"),
            format!("RT {CALL}"),
        ] {
            assert!(alike(&call, &sketch(&copy)), "{copy}");
        }
    }

    #[test]
    fn the_same_event_in_own_words_is_not_the_same_text() {
        let call = sketch(CALL);
        for other in [
            "Somebody attacks a woman on the second floor of Harbour Road 5, I hear her shouting",
            "There is a fight next door, please come quickly to the harbour",
        ] {
            assert!(!alike(&call, &sketch(other)), "{other}");
        }
    }

    #[test]
    fn what_everybody_writes_says_nothing() {
        assert!(sketch("help help HELP fire! please").is_empty());
        assert!(!alike(
            &sketch("there is a fire"),
            &sketch("there is a fire")
        ));
    }

    #[test]
    fn long_texts_are_compared_by_a_sample() {
        let long = |from: u32| {
            (from..from + 200)
                .map(|n| format!("word{n} "))
                .collect::<String>()
        };
        assert_eq!(sketch(&long(0)).len(), SKETCH_MAX_WORDS);
        assert!(alike(&sketch(&long(0)), &sketch(&long(5))));
        assert!(!alike(&sketch(&long(0)), &sketch(&long(150))));
    }
}

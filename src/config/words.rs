//! Words of operators that stand on pages: what none of them may be.
//!
//! Owns: the bounds of words by language, and which characters are not seen. Must not: know where on a page they stand. Used by: the
//! checks of an agency's banner, questions and map.

use callbox_proto::field::{Labels, is_language};

/// Languages of one thing that is said: more than the pages will ever speak.
const LANGUAGES_MAX: usize = 32;

/// Controls, and marks that turn the direction of what follows them.
pub(super) fn is_unseen(one: char) -> bool {
    one.is_control() || matches!(one, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is wrong with words by language of at most `max_chars` characters each, if anything.
pub(super) fn fault_of_labels(labels: &Labels, max_chars: usize) -> Option<String> {
    if !labels.contains_key("en") {
        return Some("needs English, under the key en".to_owned());
    }
    if labels.len() > LANGUAGES_MAX || !labels.keys().all(|tag| is_language(tag)) {
        return Some(format!(
            "must name up to {LANGUAGES_MAX} languages by their tags in lower case, such as en, fr or pt-br"
        ));
    }
    let sound = |words: &String| {
        !words.trim().is_empty()
            && words.chars().count() <= max_chars
            && !words.chars().any(is_unseen)
    };
    (!labels.values().all(sound)).then(|| {
        format!(
            "must be 1 to {max_chars} characters in one line in each language, without marks that turn the direction of writing"
        )
    })
}

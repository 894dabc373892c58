//! Which file of words a resident's page will ask for next, told with the page itself: on a slow link the words are on their way
//! while the script still is.
//!
//! Owns: reading `?lang=` and `Accept-Language` as the page does (`firstLanguage` in `web/resident/app.svelte.ts`), and the `Link` line.
//! Must not: choose anything: it is a hint, and a wrong one costs a small file. Called by: `pages`.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::ACCEPT_LANGUAGE;

/// Written by the build (`web/tools/languages.ts`): the file of each language but English, which is in the page's own script.
pub(super) const LANGUAGES: &str = "languages.json";

/// The language that needs no file.
const OWN: &str = "en";

/// Languages that are looked at, at most: browsers send a handful, and the first that is known counts.
const LOOKED_AT_MAX: usize = 16;

/// The line that asks for the words, where the first known language has a file of its own.
pub(super) fn words_ahead(
    listed: &[u8],
    query: Option<&str>,
    request: &HeaderMap,
) -> Option<HeaderValue> {
    let files: HashMap<String, String> = serde_json::from_slice(listed).ok()?;
    let accepted = request
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = wanted(query, accepted)
        .take(LOOKED_AT_MAX)
        .find(|tag| tag == OWN || files.contains_key(tag))?;
    let file = files.get(&first)?;
    HeaderValue::from_str(&format!("</{file}>; rel=modulepreload")).ok()
}

/// Two letters of each language, the asked one first, then the browser's in the order in which it sends them.
fn wanted<'a>(query: Option<&'a str>, accepted: &'a str) -> impl Iterator<Item = String> + 'a {
    let asked = query
        .unwrap_or_default()
        .split('&')
        .find_map(|part| part.strip_prefix("lang="));
    asked
        .into_iter()
        .chain(accepted.split(','))
        .filter_map(|tag| Some(tag.trim().get(..2)?.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &[u8] = br#"{"fr": "assets/resident-1.js", "es": "assets/resident-2.js"}"#;

    fn ahead(query: Option<&str>, accepted: &str) -> Option<String> {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT_LANGUAGE, accepted.parse().expect("a header"));
        let line = words_ahead(LISTED, query, &request)?;
        Some(line.to_str().expect("a plain line").to_owned())
    }

    #[test]
    fn the_first_language_that_is_known_has_its_words_sent_ahead() {
        let french = Some("</assets/resident-1.js>; rel=modulepreload".to_owned());
        assert_eq!(ahead(None, "fr-CH, fr;q=0.9, en;q=0.8"), french);
        assert_eq!(
            ahead(None, "de-DE,FR;q=0.5"),
            french,
            "what is not known is passed by"
        );
        assert_eq!(ahead(Some("test&lang=fr"), "en-GB"), french);
        assert_eq!(ahead(Some("lang=xx"), "fr"), french);
    }

    #[test]
    fn nothing_is_sent_ahead_for_english_and_for_what_nobody_speaks_here() {
        assert_eq!(ahead(None, "en-US,fr;q=0.5"), None);
        assert_eq!(ahead(Some("lang=en"), "fr"), None);
        for odd in ["", "*", "de", "f", ",;,", "日本"] {
            let mut request = HeaderMap::new();
            let value = HeaderValue::from_bytes(odd.as_bytes()).expect("a header");
            request.insert(ACCEPT_LANGUAGE, value);
            assert_eq!(words_ahead(LISTED, None, &request), None, "{odd}");
        }
        assert_eq!(
            words_ahead(b"no list", Some("lang=fr"), &HeaderMap::new()),
            None
        );
    }
}

//! Which pages a sign-in may lead back to.
//!
//! Owns: the one check. Must not: be lenient: what passes is written into a redirect. Called by: the module above.

use callbox_proto::ids::AgencyId;

/// Longest path with its query, in bytes.
const PLACE_MAX_BYTES: usize = 512;

/// Whether this is a page of the console or the supervisor, of this agency or of none that is named: a path and query on the own origin,
/// without anything that a browser could read as another place.
#[must_use]
pub fn is_staff_page(place: &str, agency: &AgencyId) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._~-?=&%+,:@".contains(&b);
    if place.len() > PLACE_MAX_BYTES || !place.bytes().all(plain) {
        return false;
    }
    let path = place.split('?').next().unwrap_or_default();
    let Some(steps) = path.strip_prefix('/') else {
        return false;
    };
    let mut steps: Vec<&str> = steps.split('/').collect();
    // The slash at the end makes an empty last step.
    if steps.last() == Some(&"") {
        steps.pop();
    }
    let climbs = |step: &&str| step.is_empty() || step.starts_with('.') || step.contains('%');
    if steps.iter().any(climbs) {
        return false;
    }
    let steps = match steps.as_slice() {
        ["a", named, rest @ ..] if *named == agency.as_str() => rest,
        ["a", ..] => return false,
        rest => rest,
    };
    matches!(steps.first(), Some(&"console" | &"supervisor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(place: &str) -> bool {
        is_staff_page(place, &"demo.example".parse().unwrap())
    }

    #[test]
    fn a_sign_in_leads_back_to_the_page_that_began() {
        for place in [
            "/console",
            "/console/",
            "/console/?panel=overview",
            "/supervisor/?wallboard=1&lang=fr",
            "/a/demo.example/console/session/7",
            "/a/demo.example/supervisor",
        ] {
            assert!(may(place), "{place}");
        }
    }

    #[test]
    fn and_to_no_other_place_however_it_is_written() {
        for place in [
            "",
            "/",
            "//evil.example/console/",
            "/\\evil.example/console/",
            "https://evil.example/console/",
            "console/",
            "/console//evil.example",
            "/console/../../evil",
            "/console/%2e%2e/x",
            "/console/\r\nLocation: https://evil.example",
            "/console/#code=1",
            "/a/other.example/console/",
            "/a/demo.example/",
            "/a",
            "/consolex",
            "/api/v1/agency",
            "/console/?x=\"<script>",
        ] {
            assert!(!may(place), "{place:?}");
        }
        assert!(!may(&format!("/console/?{}", "x".repeat(600))));
    }
}

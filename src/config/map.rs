//! Section `agency.map`: where the map of an agency's people stands while it has nothing to show, and the pictures behind it.
//!
//! Owns: its keys and defaults, and what an address of tiles may be. Must not: fetch a tile: the pages do. Read by: `app`, for what the pages are told
//! and for the content policy.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::WebOrigin;
use super::words::is_unseen;

/// Closest zoom of the pages' map: a house fills the screen.
const ZOOM_MAX: u8 = 19;
/// Closest zoom that tile servers have.
const TILES_ZOOM_MAX: u8 = 22;
/// As long as two lines under a map.
const ATTRIBUTION_MAX_CHARS: usize = 200;
/// Longer than any tile server's, with a key in it.
const TEMPLATE_MAX_BYTES: usize = 500;

/// The map of an agency's people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Map {
    /// Where the map stands while it has nothing to show. Unset: at the agency's area, or over the whole earth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre: Option<Centre>,
    /// How close it stands there. Default 11, about a city; each step doubles the scale, up to 19.
    pub zoom: u8,
    /// Where the pictures behind the map come from, such as `https://tiles.example/{z}/{x}/{y}.png`: squares of 256 pixels in the usual
    /// projection. Unset: a grid of latitude and longitude. Whoever runs that server learns where the agency's people look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tiles: Option<TileTemplate>,
    /// Closest zoom that the tile server has pictures of. Default 19; closer, the last ones are drawn larger.
    pub tiles_max_zoom: u8,
    /// Whose map it is, as plain text under the map. Needed with tiles.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attribution: String,
}

impl Default for Map {
    fn default() -> Self {
        Self {
            centre: None,
            zoom: 11,
            tiles: None,
            tiles_max_zoom: 19,
            attribution: String::new(),
        }
    }
}

/// A place on the earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centre {
    /// Degrees north, WGS 84.
    pub latitude: f64,
    /// Degrees east, WGS 84.
    pub longitude: f64,
}

impl Map {
    /// The first thing that is wrong, with its key.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let on_earth = |centre: &Centre| {
            (-90.0..=90.0).contains(&centre.latitude)
                && (-180.0..=180.0).contains(&centre.longitude)
        };
        if !self.centre.as_ref().is_none_or(on_earth) {
            let why = "must lie on the earth: latitude from -90 to 90, longitude from -180 to 180";
            return Some(("map.centre", why.to_owned()));
        }
        for (key, zoom, most) in [
            ("map.zoom", self.zoom, ZOOM_MAX),
            ("map.tiles_max_zoom", self.tiles_max_zoom, TILES_ZOOM_MAX),
        ] {
            if zoom > most {
                return Some((key, format!("must be from 0 to {most}")));
            }
        }
        let words = self.attribution.trim().chars().count();
        if self.tiles.is_some() && words == 0 {
            let why = "needs map.attribution: whose map it is, as the tile server wants it said";
            return Some(("map.tiles", why.to_owned()));
        }
        if words > ATTRIBUTION_MAX_CHARS || self.attribution.chars().any(is_unseen) {
            let why = format!(
                "must be plain text of up to {ATTRIBUTION_MAX_CHARS} characters in one line, without marks that turn the direction of writing"
            );
            return Some(("map.attribution", why));
        }
        None
    }
}

/// The address of tiles with `{z}`, `{x}` and `{y}` in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TileTemplate {
    text: String,
    origin: WebOrigin,
}

/// Why a text is no address of tiles.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{text:?} is no address of tiles: write https:// (http:// on the loopback address only), a name, and a path with {{z}}, {{x}} and {{y}} once each, \
     such as https://tiles.example/{{z}}/{{x}}/{{y}}.png"
)]
pub struct NotTiles {
    text: String,
}

impl TileTemplate {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it is fetched from.
    #[must_use]
    pub const fn origin(&self) -> &WebOrigin {
        &self.origin
    }
}

impl FromStr for TileTemplate {
    type Err = NotTiles;

    fn from_str(text: &str) -> Result<Self, NotTiles> {
        let origin = origin_of(text).ok_or_else(|| NotTiles {
            text: text.chars().take(TEMPLATE_MAX_BYTES).collect(),
        })?;
        Ok(Self {
            text: text.to_owned(),
            origin,
        })
    }
}

impl TryFrom<String> for TileTemplate {
    type Error = NotTiles;

    fn try_from(text: String) -> Result<Self, NotTiles> {
        text.parse()
    }
}

impl From<TileTemplate> for String {
    fn from(template: TileTemplate) -> Self {
        template.text
    }
}

fn origin_of(text: &str) -> Option<WebOrigin> {
    // What an address is made of, and the braces of the three numbers; quotes, spaces and anything beyond ASCII are no part of one.
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%{}".contains(&b);
    if text.len() > TEMPLATE_MAX_BYTES || !text.bytes().all(plain) {
        return None;
    }
    let path = text.find("://").map(|end| end + 3)?;
    let path = path + text.get(path..)?.find('/')?;
    let (origin, path) = text.split_at_checked(path)?;
    // Neither a name and password nor a number of the tile can stand in it.
    let origin: WebOrigin = origin.parse().ok()?;
    let host = origin.host();
    let local = ["localhost", "127.0.0.1"]
        .iter()
        .any(|name| host == *name || host.starts_with(&format!("{name}:")));
    // A content policy has no form for IPv6 addresses.
    if !(origin.is_secure() || local) || host.contains('[') {
        return None;
    }
    let rest = ["{z}", "{x}", "{y}"]
        .iter()
        .try_fold(path.to_owned(), |path, number| {
            (path.matches(number).count() == 1).then(|| path.replacen(number, "", 1))
        })?;
    (!rest.contains(['{', '}', '#'])).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_tiles_says_where_they_are_fetched_from() {
        for (text, origin) in [
            (
                "https://tiles.example/{z}/{x}/{y}.png",
                "https://tiles.example",
            ),
            (
                "https://Tiles.example:8443/osm/{z}/{y}/{x}?key=a-b_1",
                "https://tiles.example:8443",
            ),
            (
                "http://127.0.0.1:9000/{z}/{x}/{y}.webp",
                "http://127.0.0.1:9000",
            ),
            ("http://localhost/{z}/{x}/{y}", "http://localhost"),
        ] {
            let template: TileTemplate = text.parse().expect(text);
            assert_eq!(
                (template.as_str(), template.origin().as_str()),
                (text, origin)
            );
        }
    }

    #[test]
    fn what_is_no_address_of_tiles_is_refused() {
        for text in [
            "",
            "tiles.example/{z}/{x}/{y}.png",
            "/tiles/{z}/{x}/{y}.png",
            "http://tiles.example/{z}/{x}/{y}.png",
            "http://127.0.0.1.tiles.example/{z}/{x}/{y}.png",
            "http://localhost.tiles.example/{z}/{x}/{y}.png",
            "ftp://tiles.example/{z}/{x}/{y}.png",
            "file:///{z}/{x}/{y}.png",
            "data:image/png,{z}{x}{y}",
            "javascript://tiles.example/{z}/{x}/{y}",
            "javascript:alert('{z}{x}{y}')",
            "https://tiles.example",
            "https://tiles.example/{x}/{y}.png",
            "https://tiles.example/{z}/{x}.png",
            "https://tiles.example/{z}/{z}/{x}/{y}.png",
            "https://{x}.tiles.example/{z}/{x}/{y}.png",
            "https://{s}.tiles.example/{z}/{x}/{y}.png",
            "https://tiles.example/{z}/{x}/{y}{r}.png",
            "https://tiles.example/{z}/{x}/{y}.png#top",
            "https://tiles.example/{z}/{x}/{y}.png; script-src *",
            "https://tiles.example /{z}/{x}/{y}.png",
            "https://tiles.example/\"><script>{z}{x}{y}",
            "https://me:secret@tiles.example/{z}/{x}/{y}.png",
            "https://[2001:db8::1]/{z}/{x}/{y}.png",
            "https://tiles.example/\u{202e}{z}/{x}/{y}.png",
            "//tiles.example/{z}/{x}/{y}.png",
        ] {
            assert!(text.parse::<TileTemplate>().is_err(), "{text:?} was taken");
        }
        let long = format!(
            "https://tiles.example/{}/{{z}}/{{x}}/{{y}}",
            "a".repeat(500)
        );
        assert!(long.parse::<TileTemplate>().is_err());
    }
}

//! The made-up city: its streets, and the stories its residents tell.
//!
//! Owns: reading `config/demo/city.toml` and refusing what does not fit together. Must not: hold anything of a real person or
//! place. Called by: `demo`.

use anyhow::{Context as _, Result, ensure};
use callbox_proto::vocabulary::Category;
use serde::Deserialize;

use super::photo::Scenery;

/// The city that is built in.
const BUILT_IN: &str = include_str!("../../../config/demo/city.toml");

/// A made-up city.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// Its name.
    pub name: String,
    /// Streets that residents stand on or move along.
    #[serde(rename = "street")]
    pub streets: Vec<Street>,
    /// What happens.
    #[serde(rename = "story")]
    pub stories: Vec<Story>,
    /// What residents answer when they are written to.
    #[serde(rename = "answers")]
    pub answers: Vec<Answers>,
}

/// A street.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Street {
    /// Its name.
    pub name: String,
    /// Points along it: latitude, longitude.
    pub points: Vec<[f64; 2]>,
}

/// How a story ends, if nobody closes it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The resident stays for some minutes, then leaves.
    Stays,
    /// The resident leaves soon.
    Leaves,
    /// The link goes away without a word.
    Vanishes,
    /// The resident leaves by quick exit.
    QuickExit,
}

/// What one report tells.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// What the resident chooses.
    pub category: Category,
    /// Language tag.
    pub language: String,
    /// Cannot talk and must not be heard.
    #[serde(default)]
    pub silent: bool,
    /// First words; none when the resident only opens the session.
    #[serde(default)]
    pub opening: Option<String>,
    /// What follows, sentence by sentence.
    pub says: Vec<String>,
    /// Name of the street.
    pub street: String,
    /// Speed along it in metres per second; 0 stands still.
    #[serde(default)]
    pub speed_m_s: f64,
    /// Whether the place is told without being asked for.
    #[serde(default)]
    pub tells_place: bool,
    /// What the camera sees.
    pub scenery: Scenery,
    /// Photos sent without being asked for.
    #[serde(default)]
    pub photos: u32,
    /// Whether video is offered without being asked for, after the last sentence.
    #[serde(default)]
    pub films: bool,
    /// How it ends.
    pub ending: Ending,
}

impl Story {
    /// Whether video is sent when it is asked for. Whoever must not be heard does not hold up a camera.
    #[must_use]
    pub fn has_camera(&self) -> bool {
        !self.silent
    }
}

/// Answers in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Language tag.
    pub language: String,
    /// To what a telecommunicator writes.
    pub to_text: Vec<String>,
    /// When the camera or the microphone is asked for.
    pub no_camera: String,
    /// Before leaving.
    pub goodbye: String,
}

impl City {
    /// The city that is built in.
    #[must_use]
    pub fn built_in() -> Self {
        Self::read(BUILT_IN).expect("the built-in city is read by a test")
    }

    /// Reads a city.
    ///
    /// # Errors
    /// When a field is missing or unknown, or a story names a street or language that is not there.
    pub fn read(text: &str) -> Result<Self> {
        let city: Self = toml::from_str(text)?;
        ensure!(!city.stories.is_empty(), "a city needs a story");
        for street in &city.streets {
            ensure!(street.points.len() >= 2, "{} needs two points", street.name);
            let on_earth = |[lat, lon]: &[f64; 2]| lat.abs() <= 89.0 && lon.abs() <= 180.0;
            ensure!(
                street.points.iter().all(on_earth),
                "{} is not on the earth",
                street.name
            );
        }
        for story in &city.stories {
            city.street(&story.street)?;
            city.answers(&story.language)?;
            ensure!(
                (0.0..=60.0).contains(&story.speed_m_s),
                "a speed is 0 to 60 m/s"
            );
        }
        for answers in &city.answers {
            ensure!(
                !answers.to_text.is_empty(),
                "{} has no answers",
                answers.language
            );
        }
        Ok(city)
    }

    /// The n-th story, in turn.
    #[must_use]
    pub fn story(&self, n: u64) -> Story {
        let count = self.stories.len() as u64;
        self.stories[usize::try_from(n % count).unwrap_or(0)].clone()
    }

    /// A street by its name.
    ///
    /// # Errors
    /// When there is none.
    pub fn street(&self, name: &str) -> Result<&Street> {
        let found = self.streets.iter().find(|street| street.name == name);
        found.with_context(|| format!("there is no street {name}"))
    }

    /// Answers in a language.
    ///
    /// # Errors
    /// When there are none.
    pub fn answers(&self, language: &str) -> Result<&Answers> {
        let found = self
            .answers
            .iter()
            .find(|answers| answers.language == language);
        found.with_context(|| format!("there are no answers in {language}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_built_in_city_is_whole_and_has_every_category_and_ending() {
        let city = City::read(BUILT_IN).unwrap();
        let categories: HashSet<_> = city.stories.iter().map(|s| s.category).collect();
        assert_eq!(categories.len(), Category::ALL.len());
        for ending in [
            Ending::Stays,
            Ending::Leaves,
            Ending::Vanishes,
            Ending::QuickExit,
        ] {
            assert!(
                city.stories.iter().any(|s| s.ending == ending),
                "{ending:?}"
            );
        }
        assert!(city.stories.iter().any(|s| s.language == "fr"));
        assert!(city.stories.iter().any(|s| s.speed_m_s > 0.0));
        assert!(city.stories.iter().any(|s| s.films && s.has_camera()));
    }

    #[test]
    fn a_story_on_a_street_that_is_not_there_is_refused() {
        let text = BUILT_IN.replacen("street = \"Harbour Road\"", "street = \"Nowhere\"", 1);
        let refused = City::read(&text).unwrap_err().to_string();
        assert!(refused.contains("Nowhere"), "{refused}");
    }
}

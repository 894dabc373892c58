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
    /// What happens when, one after another, for ever.
    #[serde(rename = "act")]
    pub acts: Vec<Act>,
    /// What happens.
    #[serde(rename = "story")]
    pub stories: Vec<Story>,
    /// What residents answer when they are written to.
    #[serde(rename = "answers")]
    pub answers: Vec<Answers>,
}

/// A part of the city's day.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Stories name it.
    pub id: String,
    /// What is told when it begins.
    pub title: String,
    /// What there is to see.
    pub words: String,
    /// How many reports come.
    pub reports: u32,
    /// They begin within so many seconds.
    pub arrive_s: u32,
    /// The next act begins after so many seconds.
    pub lasts_s: u32,
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
    /// The act it belongs to.
    pub act: String,
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
    /// Latitude and longitude of something to stand around, instead of on the street.
    #[serde(default)]
    pub near: Option<[f64; 2]>,
    /// How far around it, in metres.
    #[serde(default)]
    pub spread_m: f64,
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
    /// Whether video and sound are sent when they are asked for. Whoever must not be heard does neither.
    #[must_use]
    pub fn is_open_to_live(&self) -> bool {
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
    /// When the camera or the microphone is asked for, and there is none to give.
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
        ensure!(!city.acts.is_empty(), "a city needs an act");
        for act in &city.acts {
            ensure!(
                city.told_in(&act.id).next().is_some(),
                "no story belongs to the act {}",
                act.id
            );
            ensure!(
                act.reports > 0 && act.arrive_s <= act.lasts_s && act.lasts_s > 0,
                "the act {} needs reports that come while it lasts",
                act.id
            );
        }
        for story in &city.stories {
            ensure!(
                city.acts.iter().any(|act| act.id == story.act),
                "there is no act {}",
                story.act
            );
            ensure!(
                (0.0..=5_000.0).contains(&story.spread_m),
                "people stand around within 5 km"
            );
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

    /// The stories of an act.
    fn told_in(&self, act: &str) -> impl Iterator<Item = &Story> {
        self.stories.iter().filter(move |story| story.act == act)
    }

    /// The n-th story of an act, in turn.
    #[must_use]
    pub fn story(&self, act: &Act, n: u64) -> Option<Story> {
        let count = self.told_in(&act.id).count().max(1) as u64;
        let place = usize::try_from(n % count).unwrap_or(0);
        self.told_in(&act.id).nth(place).cloned()
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
        assert!(city.stories.iter().any(|s| s.films && s.is_open_to_live()));
    }

    #[test]
    fn the_built_in_day_has_a_quiet_hour_a_fire_seen_by_thirty_and_one_silent_call() {
        let city = City::built_in();
        let reports: Vec<_> = city.acts.iter().map(|a| (&*a.id, a.reports)).collect();
        assert_eq!(
            reports,
            [("quiet", 7), ("fire", 30), ("silent", 1), ("copied", 6)]
        );
        let fire = &city.acts[1];
        assert!((0..30).all(|n| city.story(fire, n).unwrap().near.is_some()));
        assert!(city.story(&city.acts[2], 7).unwrap().silent);
        // The rules of suspicion want the same words from at least four places far from town and from each other.
        let copied = &city.acts[3];
        let told: Vec<_> = (0..6).map(|n| city.story(copied, n).unwrap()).collect();
        let words: HashSet<_> = told.iter().map(|s| s.opening.clone()).collect();
        assert_eq!(words.len(), 1);
        assert!(told.iter().all(|s| s.tells_place));
        assert_eq!(told.iter().filter(|s| s.near.is_some()).count(), 5);
    }

    #[test]
    fn an_act_without_a_story_is_refused() {
        let text = BUILT_IN.replacen("act = \"silent\"", "act = \"quiet\"", 1);
        let refused = City::read(&text).unwrap_err().to_string();
        assert!(refused.contains("silent"), "{refused}");
    }

    #[test]
    fn a_story_on_a_street_that_is_not_there_is_refused() {
        let text = BUILT_IN.replacen("street = \"Harbour Road\"", "street = \"Nowhere\"", 1);
        let refused = City::read(&text).unwrap_err().to_string();
        assert!(refused.contains("Nowhere"), "{refused}");
    }
}

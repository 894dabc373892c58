//! Suspicion: how much speaks against a session being what it says, as a number with its reasons.
//!
//! Owns: the rules as data, and how a session is held against them and against other sessions. Must not: refuse, delay or hide anybody,
//! change a priority or an order, or read files (`[[suspicion]]` stands beside the rules of triage). Called by: the node, for the sessions
//! of its lists; `session`, which keeps the words' sketch; `check-config`.
//!
//! A help-seeker with many followers is the case to keep in mind: people all over the world report one event that none of them sees. A
//! real fire is the other one: thirty people who stand around it say the same too. So what is alike counts only between places outside the
//! agency's area that are far from each other, and what is not known speaks against nobody: no place, no area, no words, no suspicion.

mod check;
mod sketch;

use std::collections::{HashMap, HashSet};

use callbox_proto::bounds::SUSPICION_REASONS_MAX;
use callbox_proto::ids::{ResidentId, SessionId};
use callbox_proto::message::RowPlace;
use callbox_proto::vocabulary::{Millis, Suspicion, SuspicionReason};
use serde::{Deserialize, Serialize};

use crate::sentence::Sentence;

pub(crate) use check::problems;
pub use check::{Problem, SUSPICION_RULES_MAX};
pub use sketch::{SKETCH_MAX_WORDS, alike, sketch};

/// Sessions that one is compared with word by word: those outside the area, the newest ones. More cost more time and find nothing new: three
/// are enough for most rules.
pub const COMPARED_MAX: usize = 128;

/// The largest number.
const NUMBER_MAX: u8 = 100;

/// The mean radius of the earth, in km.
const EARTH_RADIUS_KM: f64 = 6_371.0;

/// The largest radius of an area: from a pole to the equator. More would be no area.
const RADIUS_MAX_KM: f64 = 10_000.0;

const MS_PER_MIN: u64 = 60_000;

/// The area that an agency answers for, as a circle around its middle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Degrees north of its middle, WGS 84.
    pub latitude: f64,
    /// Degrees east of its middle, WGS 84.
    pub longitude: f64,
    /// From the middle to the edge, in km.
    pub radius_km: f64,
}

impl Area {
    /// Whether it lies on the earth and leaves something outside.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        (-90.0..=90.0).contains(&self.latitude)
            && (-180.0..=180.0).contains(&self.longitude)
            && self.radius_km > 0.0
            && self.radius_km <= RADIUS_MAX_KM
    }
}

/// Other sessions that say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alike {
    /// At least so many others, each of another device.
    pub sessions: u32,
    /// They entered within so many minutes before or after.
    pub within_min: u32,
    /// Their places are so far from this one and from each other, in km.
    pub apart_km: u32,
}

/// Sessions that the same device opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedBefore {
    /// At least so many, this one counted.
    pub sessions: u32,
    /// They entered within so many minutes before this one.
    pub within_min: u32,
}

/// A rule: all conditions that are given must hold. One without any never holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name; told to telecommunicators and kept in the log.
    pub id: String,
    /// Why, in words for a telecommunicator.
    pub because: Sentence,
    /// What it adds to the number, 1 to 100.
    pub points: u8,
    /// The place lies at least so many km beyond the edge of the agency's area, whatever its uncertainty.
    #[serde(default)]
    pub outside_km: Option<u32>,
    /// Others outside the area say the same, from places far apart. Holds only outside the area.
    #[serde(default)]
    pub alike: Option<Alike>,
    /// The device opened many sessions.
    #[serde(default)]
    pub opened: Option<OpenedBefore>,
}

impl Rule {
    /// Whether it looks at places.
    const fn looks_at_places(&self) -> bool {
        self.outside_km.is_some() || self.alike.is_some()
    }

    /// Whether it looks at other sessions, which may have gone out of sight since.
    const fn looks_at_others(&self) -> bool {
        self.alike.is_some() || self.opened.is_some()
    }
}

/// What is held against the rules of one session.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    /// Which session.
    pub session: SessionId,
    /// Whose device.
    pub resident: ResidentId,
    /// When it entered.
    pub entered_ms: Millis,
    /// Where it is, as lists tell it.
    pub place: Option<RowPlace>,
    /// The sketch of its first words; empty where there are too few.
    pub words: &'a [u32],
    /// Somebody tries the line out: it is neither judged nor counted.
    pub test: bool,
}

impl std::fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Report({})", self.session)
    }
}

/// Sessions of one agency, ready to be held against each other.
#[derive(Debug)]
pub struct Reports<'a> {
    rules: &'a [Rule],
    area: Option<Area>,
    /// When each device opened which sessions.
    by_device: HashMap<ResidentId, Vec<(Millis, SessionId)>>,
    /// Those outside the area that say enough to be compared, newest first.
    outside: Vec<Report<'a>>,
}

impl<'a> Reports<'a> {
    /// Puts them together. `all` are the sessions there are, in any order.
    #[must_use]
    pub fn new(rules: &'a [Rule], area: Option<Area>, all: Vec<Report<'a>>) -> Self {
        let all: Vec<_> = all.into_iter().filter(|report| !report.test).collect();
        let comparable = |report: &&Report<'_>| {
            !report.words.is_empty() && outside_km(area, report.place).is_some_and(|km| km > 0.0)
        };
        let mut outside: Vec<_> = all.iter().filter(comparable).copied().collect();
        outside.sort_by_key(|report| (std::cmp::Reverse(report.entered_ms), report.session));
        outside.truncate(COMPARED_MAX);
        let mut by_device: HashMap<_, Vec<_>> = HashMap::with_capacity(all.len());
        for report in &all {
            let opened = by_device.entry(report.resident).or_default();
            opened.push((report.entered_ms, report.session));
        }
        Self {
            rules,
            area,
            by_device,
            outside,
        }
    }

    /// How suspicious a session is, `before` being what was said of it last. The same reasons with the same points are answered as they were
    /// said. What was found among other sessions stays found when these have gone out of sight; what is said of the place follows the place,
    /// until a person has said where help should go.
    #[must_use]
    pub fn judge(&self, about: &Report<'_>, before: &Suspicion) -> Suspicion {
        if about.test {
            return Suspicion::default();
        }
        let place_is_settled = about.place.is_some_and(|place| place.service);
        let mut reasons: Vec<_> = (self.rules.iter())
            .filter_map(|rule| {
                let earlier = before.reasons.iter().find(|one| one.rule == rule.id);
                if place_is_settled && rule.looks_at_places() {
                    return earlier.cloned();
                }
                let found = self.reason(rule, about);
                let stays = rule.looks_at_others() && self.place_allows(rule, about);
                found.or_else(|| earlier.filter(|_| stays).cloned())
            })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.points));
        reasons.truncate(SUSPICION_REASONS_MAX);
        if said_alike(&reasons, &before.reasons) {
            return before.clone();
        }
        let sum: u32 = reasons.iter().map(|reason| u32::from(reason.points)).sum();
        Suspicion {
            number: u8::try_from(sum).unwrap_or(NUMBER_MAX).min(NUMBER_MAX),
            reasons,
        }
    }

    /// Whether the place speaks for what a rule says of it; true where it says nothing of places.
    fn place_allows(&self, rule: &Rule, about: &Report<'_>) -> bool {
        if !rule.looks_at_places() {
            return true;
        }
        let least = f64::from(rule.outside_km.unwrap_or(0));
        outside_km(self.area, about.place).is_some_and(|km| km > 0.0 && km >= least)
    }

    fn reason(&self, rule: &Rule, about: &Report<'_>) -> Option<SuspicionReason> {
        let given = rule.looks_at_places() || rule.looks_at_others();
        if !given || !self.place_allows(rule, about) {
            return None;
        }
        let opened = match &rule.opened {
            Some(asked) => Some(self.opened(asked, about)?),
            None => None,
        };
        let alike = match &rule.alike {
            Some(asked) => Some(self.alike(asked, about)?),
            None => None,
        };
        let km = rule.outside_km.and(outside_km(self.area, about.place));
        Some(SuspicionReason {
            rule: rule.id.clone(),
            points: rule.points.clamp(1, NUMBER_MAX),
            because: rule.because.english().to_owned(),
            outside_km: km.map(|km| km as u32),
            sessions: alike.or(opened),
        })
    }

    /// How many sessions the device opened, if they are enough.
    fn opened(&self, asked: &OpenedBefore, about: &Report<'_>) -> Option<u32> {
        let since = about
            .entered_ms
            .saturating_sub(u64::from(asked.within_min) * MS_PER_MIN);
        let by_it = self.by_device.get(&about.resident).into_iter().flatten();
        let others = by_it.filter(|(entered_ms, session)| {
            *session != about.session && (since..=about.entered_ms).contains(entered_ms)
        });
        let count = 1 + u32::try_from(others.count()).unwrap_or(u32::MAX - 1);
        (count >= asked.sessions).then_some(count)
    }

    /// How many others say the same from places far apart, as soon as they are enough.
    fn alike(&self, asked: &Alike, about: &Report<'_>) -> Option<u32> {
        let here = about.place?;
        let within_ms = u64::from(asked.within_min) * MS_PER_MIN;
        let apart_km = f64::from(asked.apart_km);
        let mut places = vec![here];
        let mut devices = HashSet::from([about.resident]);
        for other in &self.outside {
            let Some(place) = other.place else { continue };
            if other.entered_ms.abs_diff(about.entered_ms) <= within_ms
                && !devices.contains(&other.resident)
                && places.iter().all(|one| km_between(one, &place) >= apart_km)
                && alike(about.words, other.words)
            {
                places.push(place);
                devices.insert(other.resident);
                if places.len() > asked.sessions as usize {
                    return Some(asked.sessions);
                }
            }
        }
        None
    }
}

/// Whether two lists name the same rules with the same points.
fn said_alike(new: &[SuspicionReason], old: &[SuspicionReason]) -> bool {
    let same =
        |(a, b): (&SuspicionReason, &SuspicionReason)| a.rule == b.rule && a.points == b.points;
    new.len() == old.len() && new.iter().zip(old).all(same)
}

/// How far beyond the edge of the area a place is at least, in km; 0 or less where it may be inside. `None` where one of them is not known.
fn outside_km(area: Option<Area>, place: Option<RowPlace>) -> Option<f64> {
    let (area, place) = (area?, place?);
    let middle = (area.latitude, area.longitude);
    let away = great_circle_km(middle, (place.latitude, place.longitude));
    Some(away - area.radius_km - place.uncertainty_m / 1_000.0)
}

/// The least distance of two places, in km.
fn km_between(one: &RowPlace, other: &RowPlace) -> f64 {
    let from = (one.latitude, one.longitude);
    let away = great_circle_km(from, (other.latitude, other.longitude));
    away - (one.uncertainty_m + other.uncertainty_m) / 1_000.0
}

/// By the haversine formula, which is exact enough for near places too.
fn great_circle_km((lat_a, lon_a): (f64, f64), (lat_b, lon_b): (f64, f64)) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let across = lat_a.to_radians().cos() * lat_b.to_radians().cos();
    let h = half(lat_b - lat_a) + across * half(lon_b - lon_a);
    2.0 * EARTH_RADIUS_KM * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests;

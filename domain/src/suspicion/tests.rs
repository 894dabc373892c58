//! Sentences about who becomes suspicious, and above all who does not.

use proptest::prelude::*;

use super::*;

/// A town of 20 km.
const AREA: Area = Area {
    latitude: 37.1,
    longitude: -94.9,
    radius_km: 20.0,
};
const CALL: &str =
    "Please send police to Harbour Road 5, my friend is being attacked in her flat right now";
const TOWN: (f64, f64) = (37.10, -94.91);
/// Five places all over the world.
const FAR: [(f64, f64); 5] = [
    (43.61, -116.20),
    (39.90, 116.40),
    (51.50, -0.12),
    (-33.87, 151.21),
    (19.43, -99.13),
];
const MIN_MS: u64 = 60_000;

const RULES: &str = r#"
far = { id = "far", because = "far outside", points = 30, outside_km = 100 }
alike = { id = "alike", because = "the same words", points = 40, alike = { sessions = 3, within_min = 30, apart_km = 300 } }
many = { id = "many", because = "many from one device", points = 30, opened = { sessions = 4, within_min = 15 } }
"#;

fn rules() -> Vec<Rule> {
    let table: std::collections::BTreeMap<String, Rule> = toml::from_str(RULES).unwrap();
    ["far", "alike", "many"]
        .map(|name| table[name].clone())
        .to_vec()
}

/// A session that was opened.
#[derive(Clone)]
struct Opened {
    number: u128,
    device: u128,
    entered_ms: u64,
    place: Option<RowPlace>,
    words: Vec<u32>,
    test: bool,
}

impl Opened {
    fn report(&self) -> Report<'_> {
        Report {
            session: SessionId::from_u128(self.number).unwrap(),
            resident: ResidentId::from_u128(self.device).unwrap(),
            entered_ms: self.entered_ms,
            place: self.place,
            words: &self.words,
            test: self.test,
        }
    }
}

fn at((latitude, longitude): (f64, f64)) -> Option<RowPlace> {
    Some(RowPlace {
        latitude,
        longitude,
        uncertainty_m: 30.0,
        service: false,
    })
}

fn opened(number: u128, place: Option<RowPlace>, text: &str) -> Opened {
    Opened {
        number,
        device: number,
        entered_ms: 1_000 * MIN_MS + number as u64,
        place,
        words: sketch(text),
        test: false,
    }
}

fn judged_after(all: &[Opened], about: usize, before: &Suspicion) -> Suspicion {
    let rules = rules();
    let reports = all.iter().map(Opened::report).collect();
    let reports = Reports::new(&rules, Some(AREA), reports);
    reports.judge(&all[about].report(), before)
}

fn judged(all: &[Opened], about: usize) -> Suspicion {
    judged_after(all, about, &Suspicion::default())
}

fn named(suspicion: &Suspicion) -> Vec<&str> {
    (suspicion.reasons.iter())
        .map(|reason| reason.rule.as_str())
        .collect()
}

/// The same call from all over the world.
fn crowd() -> Vec<Opened> {
    let from = |(n, place)| opened(n as u128 + 1, at(place), CALL);
    FAR.into_iter().enumerate().map(from).collect()
}

#[test]
fn a_place_far_outside_the_area_speaks_against_a_session_and_one_inside_does_not() {
    let far = judged(&[opened(1, at(FAR[0]), "A car has hit a tree")], 0);
    assert_eq!((far.number, named(&far)), (30, vec!["far"]));
    assert_eq!(far.reasons[0].outside_km, Some(1_917));
    for near in [TOWN, (37.4, -94.9), (37.9, -94.9)] {
        let near = judged(&[opened(1, at(near), CALL)], 0);
        assert_eq!(near, Suspicion::default());
    }
}

#[test]
fn what_is_not_known_speaks_against_nobody() {
    let mut all = crowd();
    all.push(opened(9, None, CALL));
    assert_eq!(judged(&all, 5), Suspicion::default(), "no place");
    let vague = RowPlace {
        uncertainty_m: 99_000.0,
        ..at((38.0, -94.9)).unwrap()
    };
    all.push(opened(10, Some(vague), CALL));
    assert_eq!(judged(&all, 6), Suspicion::default(), "it may be inside");
    let rules = rules();
    let reports = Reports::new(&rules, None, all.iter().map(Opened::report).collect());
    for one in &all {
        let found = reports.judge(&one.report(), &Suspicion::default());
        assert_eq!(found, Suspicion::default(), "no area");
    }
}

#[test]
fn the_same_words_from_all_over_the_world_speak_against_each_of_them() {
    let all = crowd();
    for about in 0..all.len() {
        let found = judged(&all, about);
        assert_eq!(
            (found.number, named(&found)),
            (70, vec!["alike", "far"]),
            "{about}"
        );
        assert_eq!(found.reasons[0].sessions, Some(3));
    }
}

#[test]
fn the_one_in_town_whom_the_world_copies_is_not_suspicious() {
    let mut all = crowd();
    all.insert(0, opened(50, at(TOWN), CALL));
    assert_eq!(judged(&all, 0), Suspicion::default());
}

#[test]
fn thirty_people_around_one_fire_are_not_suspicious_inside_or_outside_the_area() {
    for (latitude, longitude) in [TOWN, (37.35, -94.9)] {
        let around = |n: u32| {
            let here = (latitude + f64::from(n) * 1e-4, longitude);
            opened(u128::from(n) + 1, at(here), CALL)
        };
        let all: Vec<_> = (0..30).map(around).collect();
        assert!((0..30).all(|about| judged(&all, about) == Suspicion::default()));
    }
    // A town of one's own, far away: it is far, and its people are no crowd from all over the world. A lone copy elsewhere makes none of them.
    let mut all: Vec<_> = (1..=30).map(|n| opened(n, at(FAR[0]), CALL)).collect();
    all.push(opened(99, at(FAR[1]), CALL));
    for about in 0..all.len() {
        assert_eq!(named(&judged(&all, about)), ["far"], "{about}");
    }
}

#[test]
fn one_device_is_one_voice_and_old_calls_are_not_counted() {
    let mut all = crowd();
    for one in &mut all[1..] {
        one.device = 77;
    }
    assert_eq!(named(&judged(&all, 0)), ["far"]);
    let mut all = crowd();
    for one in &mut all[1..] {
        one.entered_ms -= 31 * MIN_MS;
    }
    assert_eq!(named(&judged(&all, 0)), ["far"]);
}

#[test]
fn a_device_that_opens_many_sessions_in_a_short_time_is_told_with_their_number() {
    let mut all: Vec<_> = (1..=5).map(|n| opened(n, None, "hello")).collect();
    for one in &mut all {
        one.device = 7;
    }
    assert_eq!(judged(&all, 2), Suspicion::default(), "three so far");
    let fifth = judged(&all, 4);
    assert_eq!((fifth.number, fifth.reasons[0].sessions), (30, Some(5)));
    all[0].entered_ms -= 16 * MIN_MS;
    all[1].entered_ms -= 16 * MIN_MS;
    assert_eq!(judged(&all, 4), Suspicion::default(), "long ago");
}

#[test]
fn trials_are_neither_judged_nor_counted() {
    let mut all = crowd();
    for one in &mut all[1..] {
        one.test = true;
    }
    assert_eq!(named(&judged(&all, 0)), ["far"]);
    assert_eq!(judged(&all, 1), Suspicion::default());
}

#[test]
fn a_reason_follows_the_place_and_stays_when_others_go_out_of_sight() {
    let mut all = crowd();
    let found = judged(&all, 0);
    let alone = [all[0].clone()];
    assert_eq!(
        judged_after(&alone, 0, &found),
        found,
        "the others are gone"
    );
    all[0].place = at(TOWN);
    assert_eq!(
        judged_after(&all, 0, &found),
        Suspicion::default(),
        "the first fix was wrong"
    );
    let settled = |place| RowPlace {
        service: true,
        ..at(place).unwrap()
    };
    all[0].place = Some(settled(TOWN));
    assert_eq!(
        judged_after(&all, 0, &found),
        found,
        "where help goes says nothing about the device"
    );
    all[0].place = Some(settled(FAR[0]));
    assert_eq!(judged(&all, 0), Suspicion::default());
}

#[test]
fn the_same_reasons_stay_as_they_were_said() {
    let mut one = opened(1, at(FAR[0]), "hello");
    let found = judged(&[one.clone()], 0);
    one.place = at((43.7, -116.2));
    assert_eq!(judged_after(&[one], 0, &found), found);
}

#[test]
fn rules_that_cannot_be_meant_are_told() {
    let file = r#"
        version = "1"
        suspicion = [
            { id = "A b", because = "", points = 0 },
            { id = "x", because = "b", points = 1, alike = { sessions = 1, within_min = 0, apart_km = 1 } },
            { id = "x", because = "b", points = 1, opened = { sessions = 1, within_min = 1 } },
        ]
    "#;
    let rules: crate::triage::Rules = toml::from_str(file).unwrap();
    let told: Vec<String> = rules.check(&[]).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "suspicion A b: a name is 1 to 64 characters out of a-z, 0-9, '.', '_' and '-'",
            "suspicion A b: `because` is 1 to 100 characters, by language with English (en) among them",
            "suspicion A b: `points` are 1 to 100",
            "suspicion A b: no condition is given; it never holds",
            "suspicion x: `alike` needs at least 2 in `sessions`",
            "suspicion x: `alike` needs at least 1 in `within_min`",
            "suspicion x: `alike` needs at least 20 in `apart_km`",
            "suspicion x: there are two of this name",
            "suspicion x: `opened` needs at least 2 in `sessions`",
        ]
    );
}

proptest! {
    #[test]
    fn any_sessions_get_a_number_with_the_reasons_that_make_it(
        seeds in prop::collection::vec((1u128..6, 0u64..120, -90.0..90.0f64, -180.0..180.0f64, any::<bool>()), 1..40)
    ) {
        let all: Vec<_> = seeds.iter().enumerate().map(|(n, (device, min, latitude, longitude, known))| Opened {
            number: n as u128 + 1,
            device: *device,
            entered_ms: 1_000 * MIN_MS + min * MIN_MS,
            place: at((*latitude, *longitude)).filter(|_| *known),
            words: sketch(CALL),
            test: false,
        }).collect();
        let mut backwards = all.clone();
        backwards.reverse();
        for about in 0..all.len() {
            let found = judged(&all, about);
            let sum: u32 = found.reasons.iter().map(|reason| u32::from(reason.points)).sum();
            prop_assert_eq!(u32::from(found.number), sum.min(100));
            prop_assert!(found.reasons.len() <= SUSPICION_REASONS_MAX);
            prop_assert_eq!(&found, &judged(&backwards, all.len() - 1 - about), "the order of the list says nothing");
            prop_assert_eq!(&found, &judged_after(&all, about, &found), "judged again it is the same");
        }
    }
}

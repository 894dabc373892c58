//! The rules that are shipped, against sentences people might write: every rule in each of its languages, and a harmless
//! sentence that must leave it silent.

use std::collections::BTreeSet;

use Category::{
    Fire, Hazard, Medical, MissingPerson, Other, PropertyCrime, Traffic, Violence, Welfare,
};

use super::*;

const SHIPPED: &str = include_str!("../../../config/triage.toml");

/// Rule; category; what fires it in English, French and Spanish; what must not.
type Sentences = (&'static str, Category, [&'static str; 3], &'static str);

const SENTENCES: &[Sentences] = &[
    (
        "not-breathing",
        Medical,
        [
            "My dad isn’t breathing!!",
            "Il ne RESPIRE plus",
            "mi abuela no respira",
        ],
        "We were breathing fresh air by the lake",
    ),
    (
        "unconscious",
        Medical,
        [
            "she won't wake up",
            "Mon voisin est inconscient",
            "Se desmayo en la calle",
        ],
        "I woke up early and feel dizzy",
    ),
    (
        "chest-pain",
        Medical,
        [
            "I have chest pain since noon",
            "une douleur dans la poitrine",
            "me duele el pecho",
        ],
        "I put the chest of drawers in the hall",
    ),
    (
        "heavy-bleeding",
        Medical,
        [
            "his arm is bleeding badly",
            "elle perd beaucoup de sang",
            "está sangrando mucho",
        ],
        "He has a small bleeding cut",
    ),
    (
        "bleeding",
        Medical,
        [
            "her knee is bleeding",
            "il saigne du nez",
            "le sangra la nariz",
        ],
        "I would like to donate blood",
    ),
    (
        "stroke",
        Medical,
        [
            "grandma's face is drooping",
            "je pense à un AVC",
            "tiene la boca torcida",
        ],
        "A stroke of luck",
    ),
    (
        "seizure",
        Medical,
        [
            "he is having a seizure",
            "elle a des convulsions",
            "tiene convulsiones",
        ],
        "The court ordered the goods seized",
    ),
    (
        "severe-allergy",
        Medical,
        [
            "bee sting, her throat is closing",
            "réaction allergique forte",
            "una reacción alérgica",
        ],
        "I am allergic to cats",
    ),
    (
        "childbirth",
        Medical,
        [
            "the baby is coming now",
            "ma femme va accoucher",
            "mi esposa está de parto",
        ],
        "It is my birthday",
    ),
    (
        "overdose",
        Medical,
        [
            "I think he overdosed",
            "il a pris trop de médicaments",
            "tomó demasiadas pastillas",
        ],
        "I need my pills from the pharmacy",
    ),
    (
        "suicide",
        Other,
        ["I want to die", "je veux mourir", "quiero morir"],
        "My phone died",
    ),
    (
        "fallen",
        Medical,
        [
            "mom can't get up from the floor",
            "elle ne peut pas se relever",
            "no puede levantarse",
        ],
        "I get up at six",
    ),
    (
        "people-in-fire",
        Fire,
        [
            "there are people inside",
            "il y a quelqu'un dedans",
            "hay niños adentro",
        ],
        "Everybody is out and safe",
    ),
    (
        "building-on-fire",
        Fire,
        [
            "my neighbour's house is on fire",
            "La maison brûle",
            "la casa en llamas",
        ],
        "The fire station is nice",
    ),
    (
        "fire-seen",
        Fire,
        [
            "a car is on fire",
            "une poubelle a pris feu",
            "hay fuego en el bosque",
        ],
        "The fire station is nice",
    ),
    (
        "smoke",
        Fire,
        [
            "I see smoke over the trees",
            "il y a de la fumée",
            "sale humo del techo",
        ],
        "Where may I smoke?",
    ),
    (
        "gas",
        Hazard,
        ["it smells like gas here", "ça sent le gaz", "huele a gas"],
        "The gas station is closed",
    ),
    (
        "explosion",
        Other,
        [
            "we heard an explosion",
            "il y a eu une explosion",
            "explotó un tanque",
        ],
        "Sales figures grow fast",
    ),
    (
        "gun",
        Violence,
        ["the man has a gun", "il a une arme", "oí disparos"],
        "We begun early",
    ),
    (
        "knife",
        Violence,
        [
            "he came with a knife",
            "il a un couteau",
            "tiene un cuchillo",
        ],
        "A knife and fork, please",
    ),
    (
        "being-attacked",
        Violence,
        [
            "he keeps hitting me",
            "mon mari me frappe",
            "mi pareja me pega",
        ],
        "He plays the violin",
    ),
    (
        "followed",
        Violence,
        [
            "a man is following me",
            "un homme me suit",
            "un hombre me sigue",
        ],
        "I follow the news",
    ),
    (
        "intruder",
        PropertyCrime,
        [
            "I think someone is in my house",
            "quelqu'un est chez moi",
            "hay alguien en mi casa",
        ],
        "My house is for sale",
    ),
    (
        "property-now",
        PropertyCrime,
        [
            "they are stealing my car",
            "ils cassent la vitrine en ce moment",
            "están robando la moto",
        ],
        "My bicycle was stolen",
    ),
    (
        "property-past",
        PropertyCrime,
        [
            "my bike was stolen yesterday",
            "mon vélo a été volé hier",
            "ayer me robaron el bolso",
        ],
        "Somebody sprays paint on the wall",
    ),
    (
        "crash-trapped",
        Traffic,
        [
            "the driver is trapped",
            "le conducteur est coincé",
            "el chofer está atrapado",
        ],
        "The traffic light is dark",
    ),
    (
        "crash-injured",
        Traffic,
        [
            "two people are injured",
            "un piéton renversé",
            "hay dos heridos",
        ],
        "Only the bumper is scratched",
    ),
    (
        "drowning",
        Hazard,
        [
            "a boy is drowning",
            "quelqu'un se noie",
            "un niño cayó al río",
        ],
        "The river is beautiful",
    ),
    (
        "wires-water-chemicals",
        Hazard,
        [
            "wires down across the road",
            "un câble électrique au sol",
            "hay cables caídos",
        ],
        "My internet line is slow",
    ),
    (
        "missing-child",
        MissingPerson,
        [
            "my daughter did not come home",
            "mon fils a disparu",
            "no encuentro a mi hija",
        ],
        "My uncle did not come home",
    ),
    (
        "missing-vulnerable",
        MissingPerson,
        [
            "grandpa has dementia and left",
            "ma mère a Alzheimer",
            "mi padre tiene demencia",
        ],
        "My brother is late",
    ),
    (
        "no-answer",
        Welfare,
        [
            "my aunt is not answering",
            "ma tante ne répond pas",
            "mi vecina no contesta",
        ],
        "My aunt seems sad",
    ),
    (
        "information",
        Other,
        [
            "what are your opening hours",
            "juste une question",
            "tengo una pregunta",
        ],
        "Come quickly",
    ),
];

/// Rules without words, which the sentences cannot reach.
const WORDLESS: [&str; 3] = ["unheard", "unheard-no-place", "violence-unheard"];

const HARMLESS: [&str; 9] = [
    "The fire station is nice",
    "Thank you for your help last year",
    "The street lamp flickers",
    "La caserne des pompiers est jolie",
    "Bonjour, merci beaucoup",
    "Le lampadaire clignote",
    "La estación de bomberos es bonita",
    "¿Cómo te llamas?",
    "La farola parpadea",
];

fn shipped() -> Rules {
    toml::from_str(SHIPPED).unwrap()
}

fn spoken(category: Category, text: &str) -> Facts<'_> {
    Facts {
        category,
        language: "en",
        silent: false,
        located: true,
        text,
    }
}

fn fired(facts: &Facts<'_>) -> Vec<String> {
    triage(&shipped(), facts)
        .fired
        .into_iter()
        .map(|fired| fired.rule)
        .collect()
}

#[test]
fn the_shipped_rules_have_no_problems() {
    let queues = ["emergency", "police", "fire-medical", "information"];
    let problems = shipped().check(&queues.map(|queue| queue.parse().unwrap()));
    assert_eq!(problems, []);
}

#[test]
fn every_shipped_reason_stands_in_the_languages_of_the_staff_pages() {
    let rules = shipped();
    let triage = rules.rules().iter().map(|rule| (&rule.id, &rule.because));
    let suspicion = rules.suspicion().iter();
    let suspicion = suspicion.map(|rule| (&rule.id, &rule.because));
    for (id, because) in triage.chain(suspicion) {
        let languages: Vec<_> = because.labels().keys().collect();
        assert_eq!(languages, ["en", "fr"], "{id}");
    }
}

#[test]
fn each_rule_fires_in_each_of_its_languages_and_not_on_harmless_words() {
    for (rule, category, sentences, harmless) in SENTENCES {
        for sentence in sentences {
            let fired = fired(&spoken(*category, sentence));
            assert!(
                fired.iter().any(|one| one == rule),
                "{rule}: {sentence}: {fired:?}"
            );
        }
        let fired = fired(&spoken(*category, harmless));
        assert!(!fired.iter().any(|one| one == rule), "{rule}: {harmless}");
    }
}

#[test]
fn every_shipped_rule_has_sentences_in_three_languages() {
    let tested: BTreeSet<_> = (SENTENCES.iter().map(|one| one.0))
        .chain(WORDLESS)
        .collect();
    let rules = shipped();
    let all: BTreeSet<_> = rules.rules().iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(tested, all);
    for lists in rules.rules().iter().filter_map(|rule| rule.words.as_ref()) {
        assert!(lists.keys().eq(["en", "es", "fr"]));
    }
}

#[test]
fn harmless_sentences_fire_nothing() {
    for text in HARMLESS {
        assert_eq!(fired(&spoken(Other, text)), ["default"], "{text}");
    }
}

#[test]
fn who_must_not_be_heard_is_urgent_and_with_violence_most_urgent() {
    let quiet = |category, located| Facts {
        silent: true,
        located,
        ..spoken(category, "")
    };
    assert_eq!(fired(&quiet(Welfare, true)), ["unheard"]);
    assert_eq!(
        fired(&quiet(Violence, true)),
        ["violence-unheard", "unheard"]
    );
    assert_eq!(fired(&quiet(Other, false)), ["unheard-no-place", "unheard"]);
}

#[test]
fn a_crime_that_is_over_waits_and_one_that_happens_does_not() {
    let priority = |text| {
        triage(&shipped(), &spoken(PropertyCrime, text))
            .priority
            .number()
    };
    assert_eq!(priority("my bike was stolen yesterday"), 4);
    assert_eq!(priority("somebody sprays the wall"), 3);
    assert_eq!(priority("my bike was stolen and they are still here"), 2);
}

#[test]
fn a_question_goes_to_information_unless_a_life_is_at_risk() {
    let asked = triage(&shipped(), &spoken(Other, "I have a question"));
    assert_eq!(asked.priority.number(), 5);
    assert_eq!(asked.queue.unwrap().as_str(), "information");
    let urgent = triage(
        &shipped(),
        &spoken(Other, "I have a question, he is not breathing"),
    );
    assert_eq!(urgent.priority.number(), 1);
    assert_eq!(urgent.queue.unwrap().as_str(), "fire-medical");
}

#[test]
fn negation_is_not_understood_because_urgent_is_the_safe_side() {
    assert!(fired(&spoken(Medical, "he is not bleeding")).contains(&"bleeding".to_owned()));
}

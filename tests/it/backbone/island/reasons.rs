//! What whoever runs it reads of a tier that does not take what it is sent: the tier's own words, for as long as they are true.

use callbox::backbone::{Appended, Backbone, Guarantee};

use super::tier::Mood;
use super::{Node, put, until};
use crate::backbone::make::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_island_says_why_it_is_one() {
    for (mood, says) in [
        (Mood::Hangs, "the shared tier does not answer"),
        (Mood::Fails, "so the test wants"),
        (Mood::Full, "the shared tier is full"),
    ] {
        let node = Node::start().await;
        node.tier.is(mood);
        until(|| node.island.guarantee().is_island()).await;
        let told = node.island.guarantee().to_string();
        assert!(told.starts_with(&format!("island: {says}")), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_an_island_is_the_one_it_has_now() {
    let node = Node::start().await;
    let says = |words: &str| node.island.guarantee().to_string().contains(words);
    node.tier.is(Mood::Full);
    until(|| says("island: the shared tier is full")).await;
    node.tier.is(Mood::Fails);
    until(|| says("island: so the test wants")).await;
    node.tier.is(Mood::Hangs);
    until(|| says("island: the shared tier does not answer")).await;
    node.tier.is(Mood::Well);
    until(|| node.island.guarantee().is_safe()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tier_that_answers_and_takes_no_appends_is_told_until_nothing_waits_for_it() {
    let node = Node::start().await;
    put(&node, first(1, waiting("main", 1))).await;
    node.tier.is(Mood::Refuses);
    let kept = append(&*node.island, next(1, 1, 2)).await;
    assert_eq!(kept, Ok(Appended::Kept { first: 2, last: 2 }));
    let weaker = Guarantee::Weaker {
        reason: "so the test wants".into(),
    };
    until(|| node.island.guarantee() == weaker).await;
    node.tier.is(Mood::Well);
    node.is_drained().await;
    until(|| node.island.guarantee().is_safe()).await;
}

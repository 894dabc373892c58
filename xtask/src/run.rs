//! `cargo xtask run`: pages, gateway, and made-up residents if asked for.
//!
//! Owns: the order: pages, programs, gateway, residents. Must not: hold a word of the welcome: the gateway says it. Called by: `main`.

use std::process::Command;

use anyhow::Context as _;

use crate::gateway::{Running, admin_address, build, built, wait_until_ready, watch, welcome};
use crate::signals::Stops;
use crate::web;

/// Where Port Lindgren is: `config/demo/city.toml`.
const CITY: &str = "agency.area={ latitude = 37.1, longitude = -94.9, radius_km = 40 }";
/// Where its map stands while nobody reports: over its streets.
const CENTRE: &str = "agency.map={ centre = { latitude = 37.1, longitude = -94.902 }, zoom = 13 }";

/// Builds everything, starts it, says where it is, and ends everything together.
pub fn run(demo: bool, flags: &[String]) -> anyhow::Result<()> {
    let flags = &with_area(demo, flags);
    web::build()?;
    let program = build()?;
    let words = welcome(&program, flags)?;
    let admin = admin_address(&program, flags)?;
    let stops = Stops::follow()?;
    let mut gateway = Running::start(
        "the gateway",
        Command::new(&program).arg("serve").args(flags),
    )?;
    wait_until_ready(&mut gateway, admin, &stops)?;
    println!("\nCallbox is ready.\n\n{words}");
    println!("  Ctrl-C stops everything; once more stops at once.\n");
    let mut children = vec![gateway];
    if demo {
        let url = resident_url(&words).context("the welcome names no address")?;
        let mut residents = Command::new(built("callbox-loadtests")?);
        let residents = Running::start("the demo", residents.args(["demo", "--url", url]))?;
        // First in the list: residents leave before the gateway drains.
        children.insert(0, residents);
    }
    watch(children, &stops)
}

/// The made-up city is the area of the demo's agency, so that who reports from far away is told as that. What somebody sets stands.
fn with_area(demo: bool, flags: &[String]) -> Vec<String> {
    let ours: &[&str] = if demo {
        &["--set", CITY, "--set", CENTRE]
    } else {
        &[]
    };
    let ours = ours.iter().copied().map(str::to_owned);
    ours.chain(flags.iter().cloned()).collect()
}

/// The first address in the welcome: the resident page.
fn resident_url(words: &str) -> Option<&str> {
    words
        .split_whitespace()
        .find(|word| word.starts_with("http"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_demo_has_an_area_and_what_somebody_sets_comes_after_it() {
        let own = ["--set".to_owned(), "agency.area={}".to_owned()];
        assert_eq!(with_area(false, &own), own);
        assert_eq!(with_area(true, &own)[4..], own);
    }

    #[test]
    fn the_demo_goes_to_the_resident_page() {
        let words =
            "  Resident page   http://127.0.0.1:8911/\n  Console  http://127.0.0.1:8911/console\n";
        assert_eq!(resident_url(words), Some("http://127.0.0.1:8911/"));
    }
}

//! `cargo xtask test`: everything that must be true, in groups. A group that fails ends the run after its last step.
//!
//! A missing tool fails the run; nothing is skipped. The last line is `N passed, N failed`.

mod browser;
mod chaos;
mod count;
mod packages;
mod rust;
mod step;
mod tree;
mod web;

use std::process::{Command, ExitCode};
use std::thread;
use std::time::Instant;

use self::count::Count;
use self::step::Step;

/// Steps that belong together.
struct Group {
    name: &'static str,
    order: Order,
    steps: Vec<Step>,
}

/// How the steps of a group run.
enum Order {
    /// One after the other.
    InTurn,
    /// All together: what one leaves of the processors, because it waits or keeps one of them busy, the others take.
    AtOnce,
}

impl Group {
    const fn in_turn(name: &'static str, steps: Vec<Step>) -> Self {
        Self {
            name,
            order: Order::InTurn,
            steps,
        }
    }

    const fn at_once(name: &'static str, steps: Vec<Step>) -> Self {
        Self {
            name,
            order: Order::AtOnce,
            steps,
        }
    }

    /// What each step came to, in the order of the steps.
    fn run(&self) -> Vec<Count> {
        match self.order {
            Order::InTurn => self.steps.iter().map(Step::run).collect(),
            Order::AtOnce => thread::scope(|scope| {
                let running: Vec<_> = (self.steps.iter())
                    .map(|step| scope.spawn(|| step.run()))
                    .collect();
                let end = |step: thread::ScopedJoinHandle<_>| step.join().unwrap_or(Count::FAILED);
                running.into_iter().map(end).collect()
            }),
        }
    }
}

/// Runs everything and tells the outcome.
pub fn run() -> ExitCode {
    if !rust::is_linted() {
        return in_a_linted_run();
    }
    let start = Instant::now();
    let mut total = Count::default();
    let mut failures = Vec::new();
    for group in groups() {
        for (step, count) in group.steps.iter().zip(group.run()) {
            if count.failed > 0 {
                failures.push(format!("{}: {}", group.name, step.name));
            }
            total += count;
        }
        if !failures.is_empty() {
            println!("\nThe run stops after the group \"{}\".", group.name);
            break;
        }
    }
    println!(
        "\nThe whole run took {:.0} s.",
        start.elapsed().as_secs_f64()
    );
    for failure in &failures {
        println!("FAILED {failure}");
    }
    println!("{total}");
    if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The same command once more, in which every cargo, also one that a script of the pages starts, compiles with the linter.
fn in_a_linted_run() -> ExitCode {
    let again = std::env::current_exe().map(Command::new);
    match again.and_then(|mut again| rust::linted(again.arg("test")).status()) {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: the run cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What is quick comes first: a page that is too large is known after minutes, not after everything else.
fn groups() -> Vec<Group> {
    vec![
        Group::in_turn("tools", vec![packages::step(), web::install()]),
        Group::in_turn("form", vec![rust::format()]),
        Group::at_once("pages", vec![web::types(), web::units(), web::build()]),
        Group::in_turn("sizes of the pages", vec![web::budgets()]),
        Group::in_turn("Rust", vec![rust::lints()]),
        Group::at_once(
            "Rust tests",
            vec![
                rust::integration(),
                rust::units(),
                rust::doc_tests(),
                chaos::short(),
                rust::simulation(),
            ],
        ),
        Group::in_turn("generated files", vec![tree::generated()]),
        Group::in_turn("stories", vec![browser::first_run(), browser::stories()]),
        Group::in_turn("dependencies", vec![tree::duplicates()]),
    ]
}

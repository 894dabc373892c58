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
use std::time::Instant;

use self::count::Count;
use self::step::Step;

/// Steps that belong together, in the order they run.
struct Group {
    name: &'static str,
    steps: Vec<Step>,
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
        for step in group.steps {
            let name = step.name;
            let count = step.run();
            if count.failed > 0 {
                failures.push(format!("{}: {name}", group.name));
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
        Group {
            name: "tools",
            steps: vec![packages::step()],
        },
        Group {
            name: "form",
            steps: vec![rust::format()],
        },
        Group {
            name: "pages",
            steps: vec![
                web::install(),
                web::types(),
                web::units(),
                web::build(),
                web::budgets(),
            ],
        },
        Group {
            name: "Rust",
            steps: vec![
                rust::lints(),
                rust::tests(),
                rust::simulation(),
                rust::doc_tests(),
            ],
        },
        Group {
            name: "generated files",
            steps: vec![tree::generated()],
        },
        Group {
            name: "stories",
            steps: vec![browser::first_run(), browser::stories()],
        },
        Group {
            name: "chaos",
            steps: vec![chaos::short()],
        },
        Group {
            name: "dependencies",
            steps: vec![tree::duplicates()],
        },
    ]
}

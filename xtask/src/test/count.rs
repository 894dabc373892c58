//! Numbers of tests, read from what the test programs print.
//!
//! Owns: reading those lines. Must not: take silence for success: what printed no number is no number. Called by: every step.

use std::ops::AddAssign;

/// How many passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
}

impl Count {
    /// One check that holds.
    pub const PASSED: Self = Self {
        passed: 1,
        failed: 0,
    };
    /// One check that does not hold.
    pub const FAILED: Self = Self {
        passed: 0,
        failed: 1,
    };

    /// One check.
    pub fn of(holds: bool) -> Self {
        if holds { Self::PASSED } else { Self::FAILED }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// What a run of Rust tests printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RustTests {
    /// The tests that ran.
    pub count: Count,
    /// Tests marked to be left out.
    pub ignored: u64,
}

/// Adds up the `test result:` lines of a `cargo test`.
pub fn rust_tests(text: &str) -> RustTests {
    let mut sum = RustTests::default();
    for line in text.lines() {
        let Some(result) = line.trim().strip_prefix("test result: ") else {
            continue;
        };
        sum.count += Count {
            passed: number_before(result, "passed"),
            failed: number_before(result, "failed"),
        };
        sum.ignored += number_before(result, "ignored");
    }
    sum
}

/// The last line of the form `N passed, N failed`, as the scripts of the pages print it.
pub fn last_line(text: &str) -> Option<Count> {
    text.lines().rev().find_map(|line| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        Some(Count {
            passed: passed.parse().ok()?,
            failed: failed.strip_suffix(" failed")?.parse().ok()?,
        })
    })
}

fn number_before(text: &str, word: &str) -> u64 {
    let words: Vec<&str> = text
        .split([' ', ';', '.'])
        .filter(|word| !word.is_empty())
        .collect();
    words
        .windows(2)
        .find_map(|pair| match pair {
            [number, found] if *found == word => number.parse().ok(),
            _ => None,
        })
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_all_test_programs_are_added_up() {
        let text = "running 2 tests\n\
            test result: ok. 34 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test a ... FAILED\n\
            test result: FAILED. 39 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 2.22s\n";
        let expected = RustTests {
            count: Count {
                passed: 73,
                failed: 1,
            },
            ignored: 2,
        };
        assert_eq!(rust_tests(text), expected);
        assert_eq!(rust_tests("error: could not compile"), RustTests::default());
    }

    #[test]
    fn the_last_such_line_counts() {
        let text = "3 passed, 1 failed\n  12 passed, 0 failed \n\n";
        assert_eq!(
            last_line(text),
            Some(Count {
                passed: 12,
                failed: 0
            })
        );
        assert_eq!(last_line("Tests 12 passed (12)"), None);
    }

    #[test]
    fn the_outcome_is_one_line() {
        let mut count = Count::PASSED;
        count += Count::of(false);
        assert_eq!(count.to_string(), "1 passed, 1 failed");
    }
}

//! The short form of chaos: a cluster under twenty-five faults, judged, and the negative control.

use super::count::Count;
use super::step::Step;
use crate::chaos;

pub fn short() -> Step {
    Step::new("chaos, short form", || {
        chaos::run_with(&["--short".to_owned()])?;
        Ok(Count::PASSED)
    })
}

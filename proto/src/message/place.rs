//! Where a session is, as a row of a list tells it.
//!
//! Owns: the record. Must not: say when it changes (`domain::session::place` does). Used through [`crate::message`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Where a session is, for a map of many sessions and for finding reports of one event. It follows the device in steps of some 50 m;
/// the log has every fix.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize, TS, JsonSchema)]
pub struct RowPlace {
    /// Degrees north, WGS 84.
    pub latitude: f64,
    /// Degrees east, WGS 84.
    pub longitude: f64,
    /// Radius in metres of the circle that holds the device with 95 % confidence; 0 to 100,000.
    pub uncertainty_m: f64,
    /// Where help should go, set by a person; else a fix of the device.
    pub service: bool,
}

impl std::fmt::Debug for RowPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RowPlace")
    }
}

//! The place that lists tell of a session.
//!
//! Owns: when it follows a fix. Must not: hold more than one place: the log has them all. Called by: `apply`.

use callbox_proto::message::RowPlace;
use callbox_proto::vocabulary::{Location, LocationMethod};

/// A device that has moved less than this, in degrees either way, has not moved for lists: at most 55 m. Less would write and tell a row with
/// every fix of somebody who walks; more would part reports of one event.
const STEP_DEGREES: f64 = 0.0005;

/// The place after a location: where help should go (`service`) stands above what the device says, and a device is followed in steps, or
/// where it knows its place twice as well as before.
#[must_use]
pub fn after(before: Option<RowPlace>, location: &Location, service: bool) -> Option<RowPlace> {
    // What a photo claims was not measured: it says where something is only while nobody else does.
    if before.is_some() && !service && location.method == LocationMethod::Claimed {
        return before;
    }
    if let Some(known) = before
        && !service
    {
        let moved = (location.latitude - known.latitude).abs() > STEP_DEGREES
            || (location.longitude - known.longitude).abs() > STEP_DEGREES;
        let better = location.uncertainty_m <= known.uncertainty_m / 2.0;
        if known.service || !(moved || better) {
            return before;
        }
    }
    Some(RowPlace {
        latitude: rounded(location.latitude),
        longitude: rounded(location.longitude),
        uncertainty_m: location.uncertainty_m.round(),
        service,
    })
}

/// To six places, some 10 cm. What was written down in JSON may come back with another last bit, and the state must be the same.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, method: LocationMethod) -> Location {
        Location {
            latitude,
            longitude: -94.9,
            uncertainty_m: 5.0,
            method,
            age_ms: 0,
            words: None,
        }
    }

    #[test]
    fn what_a_photo_claims_is_the_place_only_while_nothing_else_is_known() {
        let claimed = after(None, &at(37.1, LocationMethod::Claimed), false);
        assert_eq!(claimed.map(|place| place.latitude), Some(37.1));
        let measured = after(claimed, &at(37.2, LocationMethod::Gnss), false);
        assert_eq!(measured.map(|place| place.latitude), Some(37.2));
        let again = after(measured, &at(37.3, LocationMethod::Claimed), false);
        assert_eq!(again.map(|place| place.latitude), Some(37.2));
    }
}

//! The place that lists tell of a session.

use callbox_proto::command::{ResidentCommand, StaffCommand};
use callbox_proto::vocabulary::Location;

use super::desk::{Desk, opening, place, policy};

fn at(north: f64, uncertainty_m: f64) -> Location {
    Location {
        latitude: 52.5 + north,
        uncertainty_m,
        ..place()
    }
}

fn latitude(desk: &Desk) -> Option<f64> {
    let row = desk.session.row(SESSION.parse().unwrap(), true);
    row.place.map(|place| place.latitude)
}

const SESSION: &str = "0000000000000000000000000000005e";

#[test]
fn a_row_follows_the_device_in_steps() {
    let mut begins = opening("hello");
    begins.location = Some(at(0.0, 40.0));
    let mut desk = Desk::open_with(policy(), &begins).unwrap();
    assert_eq!(latitude(&desk), Some(52.5));
    let mut moves = |north, uncertainty_m| {
        let location = at(north, uncertainty_m);
        desk.by_resident(ResidentCommand::Locate { location })
            .unwrap();
        latitude(&desk)
    };
    assert_eq!(moves(0.000_3, 40.0), Some(52.5), "33 m are no step");
    assert_eq!(moves(0.000_6, 40.0), Some(52.500_6));
    assert_eq!(
        moves(0.000_7, 20.0),
        Some(52.500_7),
        "it knows its place twice as well"
    );
}

#[test]
fn where_help_should_go_stands_above_what_the_device_says() {
    let mut desk = Desk::owned();
    assert_eq!(latitude(&desk), None);
    desk.by_tina(StaffCommand::SetServiceLocation {
        location: at(0.1, 30.0),
        from: None,
    })
    .unwrap();
    desk.by_resident(ResidentCommand::Locate {
        location: at(0.2, 5.0),
    })
    .unwrap();
    assert_eq!(latitude(&desk), Some(52.6));
    assert!(desk.session.place.is_some_and(|place| place.service));
    assert!(desk.session.located);
}

//! Where a made-up resident is: a place on a street, or a way along it.
//!
//! Owns: the geometry and the noise of a device's fixes. Called by: `life`.

use callbox_proto::vocabulary::{Location, LocationMethod};
use rand::Rng;

/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

/// A way along a street, there and back.
#[derive(Debug)]
pub struct Track {
    points: Vec<[f64; 2]>,
    speed_m_s: f64,
    start_m: f64,
}

impl Track {
    /// Along these points at this speed, from a random place.
    #[must_use]
    pub fn new(points: &[[f64; 2]], speed_m_s: f64, rng: &mut impl Rng) -> Self {
        let mut track = Self {
            points: points.to_vec(),
            speed_m_s,
            start_m: 0.0,
        };
        track.start_m = track.length_m() * rng.random::<f64>();
        track
    }

    /// Standing somewhere within so many metres of a point.
    #[must_use]
    pub fn around([latitude, longitude]: [f64; 2], spread_m: f64, rng: &mut impl Rng) -> Self {
        // The root spreads them evenly over the circle instead of crowding its middle.
        let away = spread_m * rng.random::<f64>().sqrt() / DEGREE_M;
        let turn = rng.random_range(0.0..std::f64::consts::TAU);
        let east = away * turn.sin() / latitude.to_radians().cos();
        Self {
            points: vec![[latitude + away * turn.cos(), longitude + east]; 2],
            speed_m_s: 0.0,
            start_m: 0.0,
        }
    }

    /// Whether it moves.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.speed_m_s > 0.0
    }

    /// A device's fix after so many seconds.
    #[must_use]
    pub fn fix(&self, seconds: f64, rng: &mut impl Rng) -> Location {
        let [latitude, longitude] = self.place(seconds);
        let uncertainty_m = rng.random_range(6.0..45.0_f64).round();
        // Within the circle, mostly: 95 % of true fixes are.
        let off = |rng: &mut _| Rng::random_range(rng, -0.4..0.4) * uncertainty_m / DEGREE_M;
        let east = off(rng) / latitude.to_radians().cos();
        let tidy = |degrees: f64| (degrees * 1e6).round() / 1e6;
        Location {
            latitude: tidy(latitude + off(rng)),
            longitude: tidy(longitude + east),
            uncertainty_m,
            method: LocationMethod::Device,
            age_ms: rng.random_range(0..1_500),
            words: None,
        }
    }

    /// The true place after so many seconds.
    fn place(&self, seconds: f64) -> [f64; 2] {
        let length = self.length_m().max(1.0);
        let gone = (self.start_m + seconds * self.speed_m_s) % (2.0 * length);
        let mut left = if gone > length {
            2.0 * length - gone
        } else {
            gone
        };
        for leg in self.points.windows(2) {
            let leg_m = distance_m(leg[0], leg[1]);
            if left <= leg_m {
                let share = left / leg_m.max(f64::MIN_POSITIVE);
                return [0, 1].map(|i| leg[0][i] + share * (leg[1][i] - leg[0][i]));
            }
            left -= leg_m;
        }
        self.points.last().copied().unwrap_or_default()
    }

    fn length_m(&self) -> f64 {
        self.points
            .windows(2)
            .map(|leg| distance_m(leg[0], leg[1]))
            .sum()
    }
}

/// Distance in metres between near places; the earth is flat within a city.
fn distance_m(from: [f64; 2], to: [f64; 2]) -> f64 {
    let north = (to[0] - from[0]) * DEGREE_M;
    let east = (to[1] - from[1]) * DEGREE_M * from[0].to_radians().cos();
    north.hypot(east)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    const STREET: [[f64; 2]; 3] = [[37.1, -94.9], [37.11, -94.9], [37.11, -94.88]];

    #[test]
    fn one_moves_at_the_given_speed_and_turns_at_the_end() {
        let mut rng = StdRng::seed_from_u64(1);
        let track = Track::new(&STREET, 10.0, &mut rng);
        for second in 0..2_000 {
            let (from, to) = (
                track.place(f64::from(second)),
                track.place(f64::from(second + 1)),
            );
            assert!(distance_m(from, to) <= 10.01, "second {second}");
        }
        assert!(distance_m(track.place(0.0), track.place(30.0)) > 1.0);
    }

    #[test]
    fn fixes_are_possible_places_near_the_street() {
        let mut rng = StdRng::seed_from_u64(2);
        let track = Track::new(&STREET, 0.0, &mut rng);
        for _ in 0..1_000 {
            let fix = track.fix(0.0, &mut rng);
            let away = distance_m([fix.latitude, fix.longitude], track.place(0.0));
            assert!(away <= fix.uncertainty_m, "{away} m");
        }
    }
}

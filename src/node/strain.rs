//! What alarms and pictures ask of people: counted while they work, forgotten after.
//!
//! Owns: one agency's counts. Must not: write them anywhere: they are in memory, for who looks after people now. Called by: `roster`.

use std::collections::HashMap;

use callbox_proto::ids::StaffId;
use callbox_proto::vocabulary::Millis;

/// Alarms are counted over so many minutes.
const ALARM_MINUTES: usize = 10;
const MINUTE_MS: u64 = 60_000;
/// After a pause of this length another shift begins: longer than any break, shorter than a night.
const SHIFT_ENDS_AFTER_MS: u64 = 4 * 60 * MINUTE_MS;
/// Alarms and time in one telling that are believed: an hour's, more than any page tells at once.
const ALARMS_MAX: u32 = 1_200;
const EXPOSED_MAX_MS: u64 = 60 * MINUTE_MS;

/// What is asked of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// Alarms that sounded in the last ten minutes.
    pub alarms: u32,
    /// Time of this shift with a revealed photo or a live picture in view, in ms.
    pub exposed_ms: u64,
}

#[derive(Debug, Default)]
struct Shift {
    last_ms: Millis,
    exposed_ms: u64,
    /// Alarms by minute, and which minute each is of.
    alarms: [(u64, u32); ALARM_MINUTES],
}

/// One agency's counts.
#[derive(Debug, Default)]
pub struct Strain {
    people: HashMap<StaffId, Shift>,
}

impl Strain {
    /// A page tells. People who have not been heard for a shift's pause are forgotten.
    pub fn tell(&mut self, staff: &StaffId, alarms: u32, exposed_ms: u64, now_ms: Millis) {
        self.people
            .retain(|_, shift| now_ms.saturating_sub(shift.last_ms) < SHIFT_ENDS_AFTER_MS);
        let shift = self.people.entry(staff.clone()).or_default();
        shift.last_ms = now_ms;
        shift.exposed_ms += exposed_ms.min(EXPOSED_MAX_MS);
        let minute = now_ms / MINUTE_MS;
        if let Some(slot) = shift.alarms.get_mut(slot(minute)) {
            if slot.0 != minute {
                *slot = (minute, 0);
            }
            slot.1 = slot.1.saturating_add(alarms.min(ALARMS_MAX));
        }
    }

    /// What is asked of a person now.
    #[must_use]
    pub fn of(&self, staff: &StaffId, now_ms: Millis) -> Asked {
        let known = self.people.get(staff);
        let Some(shift) = known.filter(|s| now_ms.saturating_sub(s.last_ms) < SHIFT_ENDS_AFTER_MS)
        else {
            return Asked::default();
        };
        let minute = now_ms / MINUTE_MS;
        let recent = |(of, _): &&(u64, u32)| minute.saturating_sub(*of) < ALARM_MINUTES as u64;
        let alarms = shift.alarms.iter().filter(recent).map(|(_, count)| count);
        Asked {
            alarms: alarms.sum(),
            exposed_ms: shift.exposed_ms,
        }
    }
}

fn slot(minute: u64) -> usize {
    usize::try_from(minute % ALARM_MINUTES as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_count_for_ten_minutes_and_pictures_for_a_shift() {
        let (mut strain, tina): (Strain, StaffId) = (Strain::default(), "tina".parse().unwrap());
        strain.tell(&tina, 2, 5_000, 100 * MINUTE_MS);
        strain.tell(&tina, 3, 5_000, 104 * MINUTE_MS);
        let at = |strain: &Strain, minute| {
            let asked = strain.of(&tina, minute * MINUTE_MS);
            (asked.alarms, asked.exposed_ms)
        };
        assert_eq!(at(&strain, 109), (5, 10_000));
        assert_eq!(at(&strain, 110), (3, 10_000));
        assert_eq!(at(&strain, 114), (0, 10_000));
        assert_eq!(at(&strain, 104 + 240), (0, 0), "another shift");
        strain.tell(&tina, 0, 1_000, 400 * MINUTE_MS);
        assert_eq!(at(&strain, 400), (0, 1_000));
    }

    #[test]
    fn a_page_that_tells_nonsense_counts_for_an_hour_at_most() {
        let (mut strain, tina): (Strain, StaffId) = (Strain::default(), "tina".parse().unwrap());
        strain.tell(&tina, u32::MAX, u64::MAX, 0);
        let asked = strain.of(&tina, 0);
        assert_eq!(
            (asked.alarms, asked.exposed_ms),
            (ALARMS_MAX, EXPOSED_MAX_MS)
        );
    }
}
